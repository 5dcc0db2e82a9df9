"""Everything that a package can do wrong."""
