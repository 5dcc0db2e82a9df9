"""One round told by five outlets, its amount corrected, and a trade paper that tells it days later."""

from tests.days.pages import Entry, atom, json_feed, rss
from tests.days.team import RULES
from tests.days.work import Work

__all__ = ["day"]

ACCOUNTS = """\
account id,name,domain,industry,employees,country,tier,owner
norvik,Norvik Labs,norviklabs.example,Robotics,180,Norway,A,Ann Lind
oskarion,Oskarion Freight,oskarion.example,Logistics,640,Latvia,B,Ann Lind
"""
OLD = Entry(
    title="Harbour Fees Rise in Spring",
    link="https://marketwire.example/fees",
    text="Harbour fees rise in spring, the ports say.",
    at="2026-03-09T07:00:00",
)
WIRE = Entry(
    title="Norvik Labs Raises $42 Million Series B",
    link="https://marketwire.example/norvik-b",
    text="OSLO, Norway - Norvik Labs today announced that it has raised $42 million in Series B funding led "
    "by Fjordgate Capital. Norvik Labs will use the money to open an office in Chicago.",
    at="2026-03-10T07:00:00",
)
CORRECTED = Entry(
    title="Correction: Norvik Labs Raises $24 Million Series B",
    link="https://marketwire.example/norvik-b",
    text="OSLO, Norway - Norvik Labs today announced that it has raised $24 million in Series B funding led "
    "by Fjordgate Capital. An earlier version of this release gave a wrong amount.",
    at="2026-03-10T07:00:00",
)
GAZETTE = Entry(
    title="Fjordgate leads $42m Series B in Norvik Labs",
    link="https://gazette.example/norvik",
    text="Norvik Labs has secured $42m in a Series B round. Fjordgate Capital led.",
    at="2026-03-10T08:10:00",
    author="P. Oduya",
)
LEDGER = Entry(
    title="Norvik Labs secures $42M Series B",
    link="https://dealledger.example/2026/norvik",
    text="Norvik Labs, Oslo, Series B, $42M, lead Fjordgate Capital.",
    at="2026-03-10T08:30:00",
)
COPY = Entry(
    title="Norvik Labs Raises $42 Million Series B",
    link="https://portnews.example/norvik-b",
    text=WIRE.text,
    at="2026-03-10T09:00:00",
)
POST = Entry(
    title="Oslo's Norvik Labs raises USD 42 million from Fjordgate",
    link="https://nordicpost.example/norvik",
    text="The Oslo start-up Norvik Labs has raised USD 42 million. Chief executive Signe Dahl said the money "
    "goes into hiring.",
    at="2026-03-10T10:15:00",
)
LATE = Entry(
    title="Warehouse testing: Norvik Labs raised $24 million this month",
    link="https://forklift.example/norvik",
    text="Norvik Labs raised $24 million in a Series B round led by Fjordgate Capital earlier this month.",
    at="2026-03-13T06:00:00",
)


def day(work: Work) -> None:
    work.begin("2026-03-09T16:00:00", ACCOUNTS, 'targets = ["crm"]\n' + RULES, zone="Europe/Oslo")
    work.publish("wire", rss("Market Wire", [OLD]))
    work.publish("gazette", atom("Founders Gazette", [OLD]))
    work.publish("ledger", json_feed("Deal Ledger", [OLD]))
    work.publish("port", rss("Port News", [OLD]))
    work.publish("post", rss("Nordic Post", [OLD]))
    work.publish("forklift", atom("Forklift Weekly", [OLD]))
    work.poll()
    assert work.look() == []

    work.at("2026-03-10T07:20:00")
    work.publish("wire", rss("Market Wire", [WIRE, OLD]))
    work.poll()
    work.look()
    work.at("2026-03-10T10:30:00")
    work.publish("gazette", atom("Founders Gazette", [GAZETTE, OLD]))
    work.publish("ledger", json_feed("Deal Ledger", [LEDGER, OLD]))
    work.publish("port", rss("Port News", [COPY, OLD]))
    work.publish("post", rss("Nordic Post", [POST, OLD]))
    work.poll()
    (row,) = work.look()
    assert len(work.sent()) == 1, "five outlets are one reason, told once"

    work.at("2026-03-10T14:00:00")
    work.publish("wire", rss("Market Wire", [CORRECTED, OLD]))
    work.poll()
    work.look()
    work.do("why", row["trigger"])

    work.at("2026-03-13T07:00:00")
    work.publish("forklift", atom("Forklift Weekly", [LATE, OLD]))
    work.poll()
    (last,) = work.look()
    assert last["trigger"] == row["trigger"], "the late telling is the same reason"
    work.do("show", "norvik")
