"""The files to begin with: the settings that ``earmark init`` writes, and a rulebook to fill."""

__all__ = ["RULEBOOK", "settings_text"]


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
# per_day = 5000                 # requests to one host on one day (UTC)
# spacing = 1                    # seconds between two requests to one host

[monitor]
# tick = 15                      # seconds between two looks at what is due
# parallel = 32                  # polls at a time
# workers = 2                    # processes that parse what was fetched

[team]
# time_zone = "UTC"              # such as "Europe/Berlin"
# touches_a_day = 40             # accounts that the team can contact in a day

[page]
# address = "127.0.0.1:8787"     # where the page answers
# hosts = ["earmark.lan"]        # names under which others reach it
# url = "https://earmark.lan"    # its address as people see it, for links in mails and messages

[mail]                           # the mail server that sends the digest
# server = "smtp.company.example"
# port = 587                     # 587 with STARTTLS, 465 with TLS
# security = "starttls"          # starttls, tls or none
# user = "earmark"               # its password is the secret "mail"
# sender = "earmark@company.example"

[secrets]
# hubspot = "env:HUBSPOT_TOKEN"
"""

RULEBOOK = """\
# The rulebook: whom you sell to, which problems you solve, what you say. Take the # from what you need.
# Then: earmark rules apply FILE

# threshold = 20                 # score (0 to 100) from which a trigger makes an account outreach-ready

# [[icp]]                        # your ideal customer: each rule that holds raises the fit
# field = "size"                 # industry, size, country, tier, territory, or a column of your file
# op = "at_least"                # is, in, at_least, at_most, contains
# value = 100
# sentence = "At least 100 people."

# [[problems]]                   # a pain that you solve, in the words of those who have it
# id = "slow-close"
# name = "The month-end close is slow"
# phrases = ["month-end close", "close the books"]
# rivals = ["Billhaus"]

# [[plays]]                      # what to say for a kind of trigger; "*" is for all kinds
# id = "new-money"
# kind = "funding_early"
# personas = ["CFO"]
# talk = ["Investors want monthly figures sooner than before."]
# opener = "Congratulations on the {round}, {account}. How long does your month-end close take?"

# [kinds.exec_hire]              # change how long a kind counts
# half_life_days = 60
"""
