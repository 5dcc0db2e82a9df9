"""Where events come from: one file per kind, no network code, no database."""
