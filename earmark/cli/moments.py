"""Times as people write them on the command line: see ``review.moments``."""

from review.moments import backwards, read_moment

__all__ = ["backwards", "read_moment"]
