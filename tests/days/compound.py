"""A compound of the team: half of it, all of it, its guard; and the same news in another order."""

from tests.days.pages import Entry, rss
from tests.days.team import RULES
from tests.days.work import Work

__all__ = ["day"]

ACCOUNTS = """\
account id,name,domain,industry,employees,country,owner
norvik,Norvik Labs,norviklabs.example,Robotics,180,Norway,Ann Lind
quillmarsh,Quillmarsh Software,quillmarsh.example,Software,180,Ireland,Ann Lind
tallowick,Tallowick Health,tallowick.example,Health care,180,United Kingdom,Ann Lind
"""
COMPOUND = """
[[compounds]]
id = "money_and_sellers"
name = "New money and sellers wanted"
rule = "funding <= 60 d AND hiring_role(sales) <= 30 d AND NOT layoffs <= 45 d"
"""
OLD = Entry(title="Weather holds", link="https://marketwire.example/weather", at="2026-03-16T07:00:00")


def _money(name: str) -> Entry:
    return Entry(
        title=f"{name} raises $20 million Series B",
        link=f"https://marketwire.example/money/{name[:6]}",
        text=f"{name} has raised $20 million in Series B funding.",
        at="2026-03-17T08:00:00",
    )


def _sellers(name: str) -> Entry:
    return Entry(
        title=f"{name} is hiring an Account Executive",
        link=f"https://marketwire.example/sales/{name[:6]}",
        text=f"{name} is hiring an account executive for its sales team.",
        at="2026-03-17T20:00:00",
    )


def _cuts(name: str) -> Entry:
    return Entry(
        title=f"{name} lays off 30 employees",
        link=f"https://marketwire.example/cuts/{name[:6]}",
        text=f"{name} has laid off 30 employees, about a sixth of its staff.",
        at="2026-03-18T08:00:00",
    )


def day(work: Work) -> None:
    work.begin("2026-03-16T08:00:00", ACCOUNTS, RULES + COMPOUND)
    work.publish("wire", rss("Market Wire", [OLD]))
    work.poll()
    wire = [_money("Norvik Labs"), _money("Tallowick Health"), _cuts("Tallowick Health"), OLD]
    work.at("2026-03-18T09:00:00")
    work.publish("wire", rss("Market Wire", [_sellers("Quillmarsh Software"), *wire]))
    work.poll()
    work.look()
    work.do("show", "norvik")

    work.at("2026-03-19T09:00:00")
    late = [_sellers("Norvik Labs"), _sellers("Tallowick Health"), _sellers("Quillmarsh Software")]
    work.publish("wire", rss("Market Wire", [*late, *wire]))
    work.poll()
    work.look()
    work.do("show", "tallowick")

    work.at("2026-03-20T09:00:00")  # what was told first elsewhere comes last here
    work.publish("wire", rss("Market Wire", [_money("Quillmarsh Software"), *late, *wire]))
    work.poll()
    work.look()
    both = [_as_told(work, name) for name in ("norvik", "quillmarsh")]
    assert both[0] == both[1], "the order in which news comes makes no difference"
    assert not [
        kind for account, kind in work.open_kinds() if (account, kind) == ("tallowick", "money_and_sellers")
    ]

    work.at("2026-05-04T09:00:00")  # the layoffs are long ago, but so is the vacancy
    work.poll()
    work.do("show", "tallowick")


def _as_told(work: Work, account: str) -> list[tuple[object, ...]]:
    view = work.json("show", account)
    return sorted(
        (
            reason["trigger"]["kind"],
            reason["score"]["total"],
            reason["trigger"]["decays_from"],
            reason["trigger"]["expires_at"],
        )
        for reason in view["reasons"]
    )
