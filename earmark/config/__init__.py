"""How the machine runs: ``earmark.toml`` in the workspace, and ``EARMARK_*`` in the environment above it."""

from earmark.config.loading import DEMO, Settings, clock, clock_is_fixed, find_workspace, load
from earmark.config.tables import FILE, Http, Mail, Monitor, Page, Secrets, Storage, Team

__all__ = [
    "DEMO",
    "FILE",
    "Http",
    "Mail",
    "Monitor",
    "Page",
    "Secrets",
    "Settings",
    "Storage",
    "Team",
    "clock",
    "clock_is_fixed",
    "find_workspace",
    "load",
]
