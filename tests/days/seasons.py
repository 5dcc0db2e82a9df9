"""Half a year of one account: a window that opens, a snooze over the change of the clock, and every end."""

from tests.days.pages import Entry, rss
from tests.days.team import RULES
from tests.days.work import Work

__all__ = ["day"]

ACCOUNTS = """\
account id,name,domain,industry,employees,country,tier,owner
zephyrine,Zephyrine Bio,zephyrine.example,Health care,340,Denmark,A,Ann Lind
quillmarsh,Quillmarsh Software,quillmarsh.example,Software,120,Ireland,B,Ann Lind
"""
OLD = Entry(title="Weather holds", link="https://marketwire.example/weather", at="2026-03-11T07:00:00")
HIRE = Entry(
    title="Zephyrine Bio appoints Mads Holm as chief financial officer",
    link="https://marketwire.example/zephyrine-cfo",
    text="COPENHAGEN - Zephyrine Bio has appointed Mads Holm as chief financial officer, effective today. He "
    "was finance director of a shipping company.",
    at="2026-03-12T07:00:00",
)
OUTAGE = Entry(
    title="Quillmarsh Software hit by outage for six hours",
    link="https://marketwire.example/quillmarsh-outage",
    text="Quillmarsh Software suffered an outage on Thursday that lasted six hours, the company said.",
    at="2026-03-12T15:00:00",
)


def day(work: Work) -> None:
    work.begin("2026-03-11T08:00:00", ACCOUNTS, RULES, zone="Europe/Berlin")
    work.publish("wire", rss("Market Wire", [OLD]))
    work.poll()
    work.at("2026-03-13T08:00:00")
    work.publish("wire", rss("Market Wire", [HIRE, OUTAGE, OLD]))
    work.poll()
    work.look()

    work.at("2026-03-26T08:00:00")  # the window of a new executive opens on the fourteenth day
    work.poll()
    work.look()
    work.do("snooze", "zephyrine", "--until", "2026-03-30")

    work.at("2026-03-29T21:30:00")  # 23:30 in Berlin, whose clock was put forward this morning
    work.poll()
    assert "zephyrine" not in {row["account"] for row in work.look()}
    work.at("2026-03-29T22:00:00")  # midnight there: an hour earlier in UTC than the day before
    work.poll()
    assert "zephyrine" in {row["account"] for row in work.look()}

    work.at("2026-03-30T08:00:00")
    work.do("contacted", "zephyrine", "--channel", "call")
    work.poll()
    work.look()
    work.at("2026-04-20T08:00:00")  # three weeks without an answer
    work.poll()
    work.look()
    work.at("2026-10-25T08:00:00")  # the clock was put back; nobody had looked for half a year
    work.poll()
    assert work.look() == []
    work.do("show", "zephyrine")
    work.do("show", "quillmarsh", "--at", "2026-03-20")
