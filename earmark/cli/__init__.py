"""The command line: verbs only; the work is done in the rooms, which are imported inside the verbs."""

from earmark.cli.verbs import app, main

__all__ = ["app", "main"]
