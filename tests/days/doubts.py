"""What is no reason: namesakes, round-ups, law firms, rumours; and what a person teaches and takes back."""

from tests.days.pages import Entry, rss
from tests.days.team import RULES
from tests.days.work import Work

__all__ = ["day"]

ACCOUNTS = """\
account id,name,domain,industry,employees,country,owner,ticker,aliases
beacon,Beacon,beaconledger.example,Software,150,United Kingdom,Ann Lind,,
halden,Halden Group,haldengroup.example,Logistics,900,Norway,Ann Lind,HLDN,
mercury,Mercury Foods,mercuryfoods.example,Food,400,Italy,Ann Lind,,
norvik,Norvik Labs,norviklabs.example,Robotics,180,Norway,Ann Lind,,
oskarion,Oskarion Freight,oskarion.example,Logistics,640,Latvia,Ann Lind,,
tallowick,Tallowick Health,tallowick.example,Health care,1200,United Kingdom,Ann Lind,,
quillmarsh,Quillmarsh Software,quillmarsh.example,Software,120,Ireland,Ann Lind,,
zephyrine,Zephyrine Bio,zephyrine.example,Health care,340,Denmark,Ann Lind,,
fennelworks,Fennelworks,fennelworks.example,Food,45,Portugal,Ann Lind,,
pebbleworks,Pebbleworks,pebbleworks.example,Software,60,Spain,Ann Lind,,
castellan,Castellan Security,castellan.example,Software,500,Spain,Ann Lind,,Castellan
lumenforge,Lumenforge,lumenforge.example,Robotics,150,Germany,Ann Lind,,
"""
OLD = Entry(title="Weather holds", link="https://marketwire.example/weather", at="2026-03-16T07:00:00")
NAMES = (
    "Norvik Labs, Oskarion Freight, Tallowick Health, Quillmarsh Software, Zephyrine Bio, Fennelworks, "
    "Pebbleworks, Castellan Security, Lumenforge, Mercury Foods and Halden Group"
)
NEWS = [
    Entry(
        title="Beacon raises $12 million for lighthouse tours",
        link="https://coast.example/beacon",
        text="Beacon, a travel company in Maine, has raised $12 million to build lighthouse hotels.",
        at="2026-03-17T07:00:00",
    ),
    Entry(
        title="Halden prison opens new wing",
        link="https://coast.example/halden-prison",
        text="Halden prison in Norway has opened a new wing for 60 inmates.",
        at="2026-03-17T07:05:00",
    ),
    Entry(
        title="Mercury rises as summer nears",
        link="https://coast.example/mercury",
        text="Mercury is rising, and with it the price of ice cream.",
        at="2026-03-17T07:10:00",
    ),
    Entry(
        title="Eleven companies raised money this week",
        link="https://gazette.example/roundup",
        text=f"This week {NAMES} raised money.",
        at="2026-03-17T07:20:00",
    ),
    Entry(
        title="INVESTOR ALERT: Penn & Garrow Investigates Halden Group (HLDN) on Behalf of Shareholders",
        link="https://marketwire.example/alert",
        text="Penn & Garrow, a law firm, is investigating Halden Group (HLDN) for possible violations of "
        "securities laws. If you lost money, contact the firm. Lead plaintiff deadline: April 30.",
        at="2026-03-17T07:30:00",
    ),
    Entry(
        title="Castellan Security is in talks to be acquired by Brandt Industrie, sources say",
        link="https://gazette.example/castellan-rumour",
        text="Castellan Security is in talks to be acquired by Brandt Industrie, two people familiar with "
        "the matter said. Both companies declined to comment.",
        at="2026-03-17T08:00:00",
    ),
    Entry(
        title="Lumenforge denies that it will cut 40 jobs",
        link="https://gazette.example/lumenforge-denies",
        text="Lumenforge has denied reports that it will cut 40 jobs.",
        at="2026-03-17T08:10:00",
    ),
    Entry(
        title="Castellan opens office in Ghent",
        link="https://coast.example/castellan-ghent",
        text="Castellan, a brewer of dark beers, has opened an office in Ghent.",
        at="2026-03-17T08:15:00",
    ),
    Entry(
        title="Pebbleworks opens a pottery school in Leeds",
        link="https://coast.example/pebbleworks",
        text="Pebbleworks, run by two potters, has opened an office and a school in Leeds.",
        at="2026-03-17T08:20:00",
    ),
]


def day(work: Work) -> None:
    work.begin("2026-03-16T08:00:00", ACCOUNTS, RULES)
    work.publish("coast", rss("Coast Courier", [OLD]))
    work.poll()
    work.at("2026-03-17T09:00:00")
    work.publish("coast", rss("Coast Courier", [*NEWS, OLD]))
    work.poll()
    work.look()
    work.do("events", "--limit", "20")
    work.do("unsure")
    doubt = next(one for one in work.json("unsure") if one["account"] == "beacon")
    work.do("triggers")

    work.at("2026-03-17T10:00:00")
    work.do("teach", doubt["event"], "beacon", "--never-us", "--only-here")
    (ghent,) = work.json("events", "Ghent")
    work.do("teach", ghent["id"], "castellan", "--never-us")
    work.do("unsure")
    work.do("learned")
    assert "castellan" not in {row["account"] for row in work.look()}

    work.at("2026-03-17T10:05:00")
    for lesson in work.json("learned"):
        work.do("undo", lesson["id"])
    work.do("unsure")
    work.do("learned")
    assert "castellan" in {row["account"] for row in work.look()}, "what was taught is taken back"
    work.at("2026-03-17T10:10:00")
    work.do("dismiss", work.trigger("castellan", "new_office_or_market"), "--reason", "wrong_account")
    work.do("learned")
    work.look()
