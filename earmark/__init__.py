"""earmark: watches public sources for reasons to call a company now."""
