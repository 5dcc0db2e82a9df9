"""Whom nobody calls: customers, opt-outs, open deals; and ways in: a parent, a known contact."""

from tests.days.pages import Entry, rss
from tests.days.team import RULES
from tests.days.work import Work

__all__ = ["day"]

ACCOUNTS = """\
Account ID,Account Name,Website,Industry,Employees,Billing Country,Account Owner,Parent Account
001A,Norvik Labs,norviklabs.example,Robotics,180,Norway,Ann Lind,
001B,Harrow Holding,harrow.example,Logistics,4000,United Kingdom,Ann Lind,
001C,Oskarion Freight,oskarion.example,Logistics,640,Latvia,Ann Lind,Harrow Holding
001D,Tallowick Health,tallowick.example,Health care,1200,United Kingdom,Ann Lind,
001E,Quillmarsh Software,quillmarsh.example,Software,120,Ireland,Ann Lind,
001F,Zephyrine Bio,zephyrine.example,Health care,340,Denmark,Ann Lind,
"""
RENAMED = ACCOUNTS.replace(
    "001F,Zephyrine Bio,zephyrine.example", "001F,Zephyrine Diagnostics,zephyrine.example"
)
CONTACTS = """\
Contact ID,First Name,Last Name,Title,Email,Account Name,Relation,Created Date
003A,Ines,Falk,Chief Technology Officer,ines.falk@norviklabs.example,Norvik Labs,,2024-05-02
003B,Per,Osei,Head of Finance,per.osei@harrow.example,Harrow Holding,referrer,2023-02-01
003C,Lena,Brix,Group Controller,lena.brix@tallowick.example,Tallowick Health,champion,2022-09-09
"""
CUSTOMERS = """\
Website,Reason,Until
harrow.example,customer,2027-06-30
quillmarsh.example,opt_out,
nobody.example,customer,
"""
OLD = Entry(title="Weather holds", link="https://marketwire.example/weather", at="2026-03-16T07:00:00")
NEWS = [
    Entry(
        title="Norvik Labs raises $20 million Series B",
        link="https://marketwire.example/norvik",
        text="Norvik Labs has raised $20 million in Series B funding. “We test what nobody wants to test,” "
        "said Ines Falk, chief technology officer of Norvik Labs.",
        at="2026-03-17T07:00:00",
    ),
    Entry(
        title="Harrow Holding opens Rotterdam office",
        link="https://marketwire.example/harrow",
        text="Harrow Holding has opened an office in Rotterdam.",
        at="2026-03-17T07:05:00",
    ),
    Entry(
        title="Oskarion Freight opens Singapore office",
        link="https://marketwire.example/oskarion",
        text="Oskarion Freight has opened an office in Singapore.",
        at="2026-03-17T07:10:00",
    ),
    Entry(
        title="Quillmarsh Software raises €9 million Series A",
        link="https://marketwire.example/quillmarsh",
        text="Quillmarsh Software has raised €9 million in Series A funding.",
        at="2026-03-17T07:15:00",
    ),
    Entry(
        title="Zephyrine Bio appoints Lena Brix as chief financial officer",
        link="https://marketwire.example/zephyrine",
        text="Zephyrine Bio has appointed Lena Brix as chief financial officer. She was group controller of "
        "Tallowick Health.",
        at="2026-03-17T07:20:00",
    ),
]
LATER = Entry(
    title="Zephyrine Bio opens laboratory in Lund",
    link="https://marketwire.example/zephyrine-lund",
    text="Zephyrine Bio, which now trades as Zephyrine Diagnostics, has opened an office in Lund.",
    at="2026-03-19T07:00:00",
)


def day(work: Work) -> None:
    work.begin("2026-03-16T08:00:00", ACCOUNTS, RULES)
    work.file("contacts.csv", CONTACTS)
    work.do("contacts", "import", "contacts.csv")
    work.file("customers.csv", CUSTOMERS)
    work.do("accounts", "suppress-list", "customers.csv", "--reason", "customer")
    work.publish("wire", rss("Market Wire", [OLD]))
    work.poll()
    work.at("2026-03-17T08:00:00")
    work.publish("wire", rss("Market Wire", [*NEWS, OLD]))
    work.poll()
    rows = work.look()
    assert not {"harrow.example", "quillmarsh.example"} & {row["account"] for row in rows}
    work.do("show", "oskarion.example")

    work.at("2026-03-18T08:00:00")
    work.do("suppress", "norviklabs.example", "open_deal", "--until", "2026-03-25")
    work.file("renamed.csv", RENAMED)
    work.do("accounts", "import", "renamed.csv")
    work.at("2026-03-19T08:00:00")
    work.publish("wire", rss("Market Wire", [LATER, *NEWS, OLD]))
    work.poll()
    work.look()
    work.do("show", "zephyrine.example")
    work.at("2026-03-26T08:00:00")  # the open deal has ended; the customer and the opt-out have not
    work.poll()
    rows = work.look()
    assert "norviklabs.example" in {row["account"] for row in rows}
    assert not {"harrow.example", "quillmarsh.example"} & {row["account"] for row in rows}
