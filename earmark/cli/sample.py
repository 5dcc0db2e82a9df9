"""The settings file that ``earmark init`` writes."""

__all__ = ["settings_text"]


def settings_text(contact: str | None = None) -> str:
    """Return the text of a new earmark.toml, with a comment for each key."""
    said = f'contact = "{contact}"' if contact else '# contact = "you@company.example"'
    return _SAMPLE.replace("{contact}", said)


_SAMPLE = """\
# How earmark runs in this folder. What your team decides (accounts, sources, rules) is in the database.
# Each key can be set from the environment too: EARMARK_HTTP__CONTACT, EARMARK_STORAGE__URL …
# No secret stands here: write "env:NAME", and set NAME in the environment.

[storage]
# url = "sqlite:///earmark.db"   # relative to this folder; or "env:NAME" that holds postgresql+psycopg://…

[http]
# Your e-mail or web address: each place that you poll can see it. Needed for polling.
{contact}
# allow = ["127.0.0.1:8123"]     # private addresses that may be polled: host:port or CIDR
# deadline = 30                  # seconds for one request, all told
# max_bytes = 10485760           # largest answer, after decompression
# per_host = 2                   # requests at a time to one host
# spacing = 1                    # seconds between two requests to one host

[monitor]
# tick = 15                      # seconds between two looks at what is due
# parallel = 32                  # polls at a time
# workers = 2                    # processes that parse what was fetched

[team]
# time_zone = "UTC"              # such as "Europe/Berlin"
# touches_a_day = 40             # accounts that the team can contact in a day

[secrets]
# hubspot = "env:HUBSPOT_TOKEN"
"""
