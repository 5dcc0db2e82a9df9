"""The web page: the same list as in the terminal, for triage by keys."""
