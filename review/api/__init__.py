"""The API under /api/v1: what the page uses, as JSON, for programs with a token."""
