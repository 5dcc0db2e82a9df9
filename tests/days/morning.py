"""The first morning: the list comes from the CRM, the feeds bring their backfill, then live news."""

from tests.days.pages import Entry, atom, rss
from tests.days.team import RULES
from tests.days.work import Work

__all__ = ["day"]

# As HubSpot exports companies, with what such exports hold: a row twice, one without a name, a note.
CRM = """\
Record ID,Company name,Company Domain Name,Industry,Number of Employees,Country,Company owner,Stage,Territory
9001,Norvik Labs,norviklabs.example,Robotics,180,Norway,Ann Lind,Lead,North
9002,Oskarion Freight,oskarion.example,Logistics,640,Latvia,Bo Frid,Lead,East
9003,Zephyrine Bio AG,www.zephyrine.example,Health care,90,Denmark,Ann Lind,Lead,North
9004,Tallowick Health,tallowick.example,Health care,1200,United Kingdom,Ann Lind,Lead,West
9005,Quillmarsh Software,quillmarsh.example,Software,75,Ireland,Bo Frid,Lead,West
9006,,nameless.example,Software,20,Spain,Bo Frid,Lead,South
9002,Oskarion Freight,oskarion.example,Logistics,640,Latvia,Bo Frid,Lead,East
9007,Fennelworks,fennelworks.example,Food,45,Portugal,,Lead,South
"""
NEWER = CRM.replace(
    "Tallowick Health,tallowick.example,Health care,1200",
    "Tallowick Health,tallowick.example,Health care,1450",
)

WIRE = [
    Entry(
        title="Norvik Labs Raises $42 Million Series B to Automate Warehouse Testing",
        link="https://marketwire.example/norvik-series-b",
        text="OSLO, Norway - Norvik Labs, a maker of testing software for warehouses, today announced that "
        "it has raised $42 million in Series B funding. The round was led by Fjordgate Capital, with "
        "participation from Aldersund Partners. “Our customers stopped asking whether to automate,” said "
        "Signe Dahl, chief executive of Norvik Labs.",
        at="2026-02-27T08:00:00",
    ),
    Entry(
        title="Oskarion Freight Opens Office in Singapore",
        link="https://marketwire.example/oskarion-singapore",
        text="RIGA, Latvia - Oskarion Freight today announced the opening of an office in Singapore, its "
        "first in Asia. The office will employ 25 people.",
        at="2026-02-20T09:30:00",
    ),
    Entry(
        title="Tallowick Health Raises $15 Million Series A",
        link="https://marketwire.example/tallowick-2024",
        text="LONDON - Tallowick Health today announced that it has raised $15 million in Series A funding.",
        at="2024-03-05T08:00:00",
    ),
    Entry(
        title="Survey: Nine in Ten Managers Dislike Surveys",
        link="https://marketwire.example/survey",
        text="A survey of managers finds that managers dislike surveys.",
        at="2026-02-26T10:00:00",
    ),
]
GAZETTE = [
    Entry(
        title="Fjordgate leads $42m round in warehouse tester Norvik Labs",
        link="https://gazette.example/norvik",
        text="Norvik Labs has secured $42m in Series B financing. Fjordgate Capital led the round.",
        at="2026-02-27T15:10:00",
        author="P. Oduya",
    ),
    Entry(
        title="Zephyrine Bio appoints Mads Holm as chief financial officer",
        link="https://gazette.example/zephyrine-cfo",
        text="The Danish company Zephyrine Bio has appointed Mads Holm as its chief financial officer.",
        at="2026-02-10T12:00:00",
        author="P. Oduya",
    ),
    Entry(
        title="Quillmarsh Software launches Tidemark for small publishers",
        link="https://gazette.example/quillmarsh-tidemark",
        text="Quillmarsh Software has launched Tidemark, a royalty ledger for small publishers.",
        author="P. Oduya",
    ),
]
LIVE = Entry(
    title="Tallowick Health Acquires Brightwell Clinics",
    link="https://marketwire.example/tallowick-brightwell",
    text="LONDON - Tallowick Health today announced that it has acquired Brightwell Clinics, an operator of "
    "14 clinics in Wales. Terms were not disclosed.",
    at="2026-03-02T10:40:00",
)


def day(work: Work) -> None:
    work.begin("2026-03-02T08:00:00", CRM, 'targets = ["crm"]\n' + RULES, zone="Europe/London", touches=3)
    work.do("accounts", "import", "accounts.csv")
    work.publish("wire", rss("Market Wire", WIRE))
    work.publish("gazette", atom("Founders Gazette", GAZETTE))
    work.at("2026-03-02T08:05:00")
    work.poll()
    rows = work.look()
    assert {row["mark"] for row in rows} == {"backfill"}
    assert not work.sent(), "backfill is listed, never sent by itself"

    work.at("2026-03-02T11:00:00")
    work.publish("wire", rss("Market Wire", [LIVE, *WIRE]))
    work.poll()
    work.look()
    assert [one["account"] for one in work.sent()] == ["tallowick.example"]
    work.file("newer.csv", NEWER)
    work.do("accounts", "import", "newer.csv")
    work.poll()
    work.do("show", "tallowick.example")
    work.export()
