"""Routing: who gets what nobody owns, and who hears of a hot reason that nobody takes, in working hours."""

from tests.days.pages import Entry, rss
from tests.days.team import RULES
from tests.days.work import Work

__all__ = ["day"]

ACCOUNTS = """\
account id,name,domain,industry,employees,country,territory
norvik,Norvik Labs,norviklabs.example,Robotics,180,Norway,North
oskarion,Oskarion Freight,oskarion.example,Logistics,640,Latvia,North
tallowick,Tallowick Health,tallowick.example,Health care,1200,United Kingdom,West
quillmarsh,Quillmarsh Software,quillmarsh.example,Software,120,Ireland,West
zephyrine,Zephyrine Bio,zephyrine.example,Health care,340,Denmark,North
castellan,Castellan Security,castellan.example,Software,500,Spain,South
"""
REPS = """
[hours]
zone = "Europe/Berlin"
begins = 09:00:00
ends = 17:30:00

[[reps]]
id = "ann"
name = "Ann Lind"
territories = ["North"]
most = 2
manager = "maud"

[[reps]]
id = "bo"
name = "Bo Frid"
territories = ["West"]
manager = "maud"

[[reps]]
id = "cem"
name = "Cem Aydin"
away = [[2026-03-16, 2026-03-17]]
manager = "maud"

[[reps]]
id = "dora"
name = "Dora Nagy"
manager = "maud"

[[reps]]
id = "maud"
name = "Maud Stern"
most = 0
"""
OLD = Entry(title="Weather holds", link="https://marketwire.example/weather", at="2026-03-15T07:00:00")


def _news(name: str) -> Entry:
    return Entry(
        title=f"{name} raises $20 million Series B",
        link=f"https://marketwire.example/{name[:6]}",
        text=f"{name} has raised $20 million in Series B funding.",
        at="2026-03-17T07:00:00",
    )


COMPLAINT = Entry(
    title="Spendaro lost our receipts again",
    link="https://board.example/t/77",
    text="I work at Tallowick Health and we use Spendaro for expenses. It is terrible: it lost our receipts "
    "for the third time, and closing the books takes us 15 days.",
    at="2026-03-17T16:20:00",
    author="tired_controller",
    comments="https://board.example/t/77",
)
DEMO = (
    '{"id": "d1", "signal": "demo_request", "company": "Castellan Security", "domain": "castellan.example", '
)
DEMO += '"text": "We would like to see it.", "time": "2026-03-18T10:00:00Z"}\n'


def day(work: Work) -> None:
    work.begin("2026-03-16T08:00:00", ACCOUNTS, RULES + REPS, zone="Europe/Berlin", touches=8)
    work.publish("wire", rss("Market Wire", [OLD]))
    work.publish("board", rss("Back office board", [OLD]))
    drop = work.file("drop/read-me.txt", "Forms are dropped here.").parent
    work.do("sources", "add", "inbox", f"path={drop}", "--id", "forms")
    work.poll()
    work.at("2026-03-17T08:00:00")
    told = ("Norvik Labs", "Oskarion Freight", "Zephyrine Bio", "Quillmarsh Software", "Castellan Security")
    work.publish("wire", rss("Market Wire", [*map(_news, told), OLD]))
    work.poll()
    work.look()
    work.look("ann")
    work.do("accounts", "list")

    work.at("2026-03-17T16:27:00")  # three working minutes before the end of the day in Berlin
    work.publish("board", rss("Back office board", [COMPLAINT, OLD]))
    work.poll()
    work.look("bo")
    work.at("2026-03-17T21:00:00")  # the evening is no working time
    work.poll("board")
    work.look("bo")
    work.at("2026-03-18T08:01:00")
    work.poll("board")
    assert work.json("today", "--owner", "bo")[0]["account"] == "tallowick", "it heads the morning"
    work.at("2026-03-18T08:02:30")  # five working minutes: on to the next
    work.poll("board")
    work.look()
    work.at("2026-03-18T08:08:00")  # and then to the manager
    work.poll("board")
    work.look("maud")
    work.do("accept", work.trigger("tallowick", "competitor_complaint"), "--by", "maud")
    work.do("assign", "tallowick", "dora", "--by", "maud")
    assert work.json("today", "--owner", "dora")[0]["account"] == "tallowick", "it is hers now"
    assert not work.json("today", "--owner", "maud")

    work.at("2026-03-18T10:05:00")
    work.file("drop/demo.jsonl", DEMO)
    work.poll()
    work.look()
    work.do("contacted", "castellan", "--by", "dora")
    work.at("2026-03-18T11:00:00")
    work.poll()
    work.look()
    work.do("show", "tallowick")
