"""Companies outside the list: their stories, what was decided about them, and who has their name."""

from typing import Any

from earmark.types import Changes, Story
from storage import accounts, events, history, suggestions
from storage.engine import Connection, Engine, writing
from storage.suggestions import Decision
from tests.builders import NOW, a_match, ago, an_account
from tests.storage.nouns import a_story, some_events


def tell(conn: Connection, *companies: str | None) -> list[Story]:
    told = some_events(len(companies))
    events.insert(conn, told)
    found = []
    for number, (event, company) in enumerate(zip(told, companies, strict=True)):
        account = None if company else "norvik-labs"
        match = a_match(event, account=account, company=company)
        found.append(a_story(match, id=f"story-{number}"))
    history.save(conn, Changes(stories=tuple(found)), NOW)
    return found


def a_decision(company: str = "quillby", **changes: Any) -> Decision:
    fields: dict[str, Any] = {
        "company": company,
        "state": suggestions.DISMISSED,
        "stories": ("story-0",),
        "first_at": ago(2),
        "last_at": ago(1),
        "by": "Kim",
        "decided_at": NOW,
    }
    return Decision(**(fields | changes))


def test_the_stories_of_unlisted_companies_come_by_company(engine: Engine) -> None:
    with writing(engine) as conn:
        stories = tell(conn, "quillby", "Åre verk", None, "quillby")
        found = suggestions.unlisted(conn, ago(30), ["funding_early"])
        assert suggestions.unlisted(conn, ago(30), ["layoffs"]) == {}
        assert suggestions.unlisted(conn, NOW, ["funding_early"]) == {}
    assert {company: [one.id for one in told] for company, told in found.items()} == {
        "quillby": ["story-3", "story-0"],
        "Åre verk": ["story-1"],
    }
    assert found["Åre verk"] == (stories[1],)


def test_a_decision_is_kept_and_the_latest_holds(engine: Engine) -> None:
    long = "q" * 900
    with writing(engine) as conn:
        suggestions.decide(conn, a_decision())
        suggestions.decide(conn, a_decision(long))
        suggestions.decide(conn, a_decision(state=suggestions.ADDED))
        found = suggestions.decisions(conn, ["quillby", long, "another"])
    assert found == {"quillby": a_decision(state=suggestions.ADDED), long: a_decision(long)}


def test_who_has_the_name_of_a_company_or_one_that_begins_so(engine: Engine) -> None:
    with writing(engine) as conn:
        accounts.upsert(
            conn,
            [
                an_account("Quillby Systems", id="q"),
                an_account("Norvik", id="n", aliases=("Fjordic AB",)),
                an_account("Oskarion", id="o", not_aliases=("Oskarion Shipping",)),
            ],
        )
        asked = ["quillby", "quillby systems", "fjordic ab", "oskarion shipping", "quill", "", "norvik labs"]
        assert suggestions.listed_among(conn, asked) == {
            "quillby": "q",
            "quillby systems": "q",
            "fjordic ab": "n",
        }
