"""Where triggers go: CRMs, files, chat."""
