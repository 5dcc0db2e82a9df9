"""The page where an SDR turns reasons into touches."""
