"""Triage: each verdict, each outcome, each taken back; what was learned; a noisy kind throttles itself."""

from tests.days.pages import Entry, rss
from tests.days.team import RULES
from tests.days.work import Work

__all__ = ["day"]

NAMES: tuple[str, ...] = (
    "Norvik Labs",
    "Oskarion Freight",
    "Tallowick Health",
    "Quillmarsh Software",
    "Zephyrine Bio",
)
NAMES += ("Castellan Security", "Lumenforge", "Pebbleworks", "Fennelworks")
NOISY: tuple[str, ...] = (
    "Aldermoor",
    "Birkenhall",
    "Cloverdown",
    "Drumlochy",
    "Eskerfield",
    "Fossgate",
    "Garthwick",
)
NOISY += ("Holmbury", "Inverdale", "Jorvale", "Kestermoor", "Lochinvar", "Marrowby")
ACCOUNTS = "account id,name,domain,industry,employees,country,owner\n" + "".join(
    f"{key},{name},{key}.example,Software,{120 + 10 * number},Norway,Ann Lind\n"
    for number, name in enumerate((*NAMES, *NOISY))
    for key in (name.split()[0].lower(),)
)
OLD = Entry(title="Weather holds", link="https://marketwire.example/weather", at="2026-03-16T07:00:00")


def _news(number: int, name: str, at: str) -> Entry:
    title = f"{name} Raises ${10 + number} Million Series A"
    return Entry(
        title=title,
        link=f"https://marketwire.example/{number}",
        text=f"{name} today announced that it has raised ${10 + number} million in Series A funding.",
        at=at,
    )


def _launch(number: int, at: str) -> Entry:
    name = NOISY[number]
    return Entry(
        title=f"{name} launches a desk planner",
        link=f"https://noise.example/{number}",
        text=f"{name} has launched a desk planner.",
        at=at,
    )


def day(work: Work) -> None:
    work.begin("2026-03-16T08:00:00", ACCOUNTS, RULES)
    work.publish("wire", rss("Market Wire", [OLD]))
    work.publish("noise", rss("Noise", [OLD]))
    work.poll()
    work.at("2026-03-17T08:00:00")
    news = [_news(number, name, "2026-03-17T06:00:00") for number, name in enumerate(NAMES, start=1)]
    work.publish("wire", rss("Market Wire", [*news, OLD]))
    work.poll()
    work.look()
    _verdicts(work)
    work.do("learned")
    _outcomes(work)
    _noise(work)


def _verdicts(work: Work) -> None:
    """Give each verdict, and take each but the first back."""
    work.at("2026-03-17T08:10:00")
    of = {name: work.trigger(name, "funding_early") for name in ("norvik", "oskarion", "tallowick")}
    work.do("accept", of["norvik"], "--text", "my old colleague works there")
    work.do("dismiss", of["oskarion"], "--reason", "wrong_account")
    work.do("undo", of["oskarion"])
    for minute, reason in enumerate(
        ("off_topic", "too_old", "duplicate", "customer_or_open_deal", "not_now", "other"), start=11
    ):
        work.at(f"2026-03-17T08:{minute}:00")
        work.do("dismiss", of["tallowick"], "--reason", reason)
        assert "tallowick" not in {row["account"] for row in work.json("today")}
        work.do("undo", "tallowick")
        assert "tallowick" in {row["account"] for row in work.json("today")}
    work.at("2026-03-17T08:20:00")
    work.do("dismiss", work.trigger("fennelworks", "funding_early"), "--reason", "too_old")
    work.do("dismiss", work.trigger("pebbleworks", "funding_early"), "--reason", "not_now", "--until", "10d")
    work.look()


def _outcomes(work: Work) -> None:
    """Make contact, and log what came of it; the last is taken back."""
    work.at("2026-03-17T09:00:00")
    for name in ("norvik", "oskarion", "quillmarsh", "zephyrine"):
        work.do("contacted", name, "--channel", "call")
    work.at("2026-03-18T09:00:00")
    before = work.json("show", "zephyrine")
    work.do("outcome", "norvik", "reply")
    work.do("outcome", "norvik", "meeting")
    work.do("outcome", "oskarion", "lost")
    work.do("outcome", "quillmarsh", "no_answer")
    work.do("outcome", "zephyrine", "won")
    work.do("undo", "zephyrine")
    after = work.json("show", "zephyrine")
    del before["transitions"], after["transitions"]
    assert before == after, "what was taken back leaves nothing but its history"
    work.poll()
    work.look()
    work.do("insights")


def _noise(work: Work) -> None:
    """Reject what a noisy source tells until it is throttled; a good source goes on."""
    work.at("2026-03-20T09:00:00")
    told = [_launch(number, "2026-03-20T08:00:00") for number in range(len(NOISY) - 1)]
    work.publish("noise", rss("Noise", [*told, OLD]))
    work.poll("noise")
    for name in NOISY[:-1]:
        trigger = work.trigger(name.lower(), "product_launch")
        work.do("dismiss", trigger, "--reason", "off_topic")
    work.at("2026-03-21T09:00:00")
    work.publish("noise", rss("Noise", [_launch(len(NOISY) - 1, "2026-03-21T08:00:00"), *told, OLD]))
    work.poll()
    work.do("learned", "--limit", "2")
    work.do("why", work.trigger(NOISY[-1].lower(), "product_launch"))
    assert work.stage(NOISY[-1].lower()) == "cold", "a throttled rule promotes nobody"
    work.look()
