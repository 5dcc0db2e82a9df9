"""One account: all that explains it, as it stood on a day, what it can't be seen of; taught and edited."""

import re
from collections.abc import Iterator
from dataclasses import replace

from earmark.types import Abstention, Account
from storage import accounts, events, readings, transitions
from storage.engine import Engine, reading, writing
from tests.builders import a_span, a_stored_event, an_account
from tests.review.page.served import Served


def an_active(engine: Engine) -> Account:
    """An account of the demo that has moved."""
    with reading(engine) as connection:
        moved = transitions.of_accounts(connection, accounts.every(connection))
        found = accounts.get(connection, next(iter(sorted(moved))))
    assert found is not None
    return found


def test_the_page_of_an_account_tells_stage_fit_reasons_and_history(page: Served, engine: Engine) -> None:
    account = an_active(engine)
    html = page.get(f"/accounts/{account.id}").text
    assert account.name in html
    assert "Reasons to call" in html
    assert "Timeline" in html
    assert account.stage.value.replace("_", " ") in html
    assert re.search(r'<li class="reason', html)
    assert re.search(r'<li class="move', html)
    told = re.sub(r"<[^>]+>", "", page.get("/accounts/tamarindhealth.example").text)
    assert re.search(r"opens an office or a market of \d\d \w{3}: Tamarind Health opens three clinics", told)


def test_a_rule_that_is_kept_is_marked_as_good_whether_it_is_wanted_or_not(page: Served) -> None:
    html = page.get("/accounts/norviklabs.example").text
    rules = re.findall(r"<li>([✓✗?]) ([^<]*)", html)
    assert [mark for mark, _ in rules] == ["✓", "✓", "✓"], rules
    assert any(words.startswith("does not apply: Tier C") for _, words in rules)
    assert html.count('href="#do"') == html.count('id="do"') == 1


def test_what_can_be_seen_is_told_in_few_rows(page: Served) -> None:
    html = page.get("/accounts/norviklabs.example?show=coverage").text
    assert "1 source watches it in particular: norvik-careers. " in " ".join(html.split())
    rows = re.findall(r'<th scope="row"[^>]*>([^<]*)</th><td>([^<]*)</td><td>([^<]*)', html)
    assert len(rows) <= 6
    by_feed = next(
        kinds for how, kinds, by in rows if how.startswith("if it tells of it") and by == "norvik-careers"
    )
    assert by_feed.count("raised money") == 1
    assert all(line.count("raised money") <= 1 for line in re.findall(r"<li>(.*?)</li>", html))
    assert not any("asked for a demo" in kinds for how, kinds, _ in rows if how != "no")


def test_an_account_as_it_stood_before_all_is_cold(page: Served, engine: Engine) -> None:
    account = an_active(engine)
    html = page.get(f"/accounts/{account.id}?at=2026-01-31").text
    assert "As it stood at the end of 2026-01-31" in html
    assert '<span class="chip">cold</span>' in html
    assert "Nothing has happened yet" in html
    assert 'action="/act"' not in html


def test_a_day_that_is_none_is_said(page: Served, engine: Engine) -> None:
    answer = page.get(f"/accounts/{an_active(engine).id}?at=someday")
    assert answer.status_code == 422
    assert "is no time" in answer.text


def test_an_account_without_sources_says_so_and_its_coverage_says_what_would_show_more(
    page: Served, engine: Engine
) -> None:
    with writing(engine) as connection:
        accounts.upsert(connection, [an_account("Tundra Looms")])
    assert "0 sources watch this account" in page.get("/accounts/tundra-looms").text
    html = page.get("/accounts/tundra-looms?show=coverage").text
    assert "0 sources watch this account" in html
    assert "What would show more" in html


def test_what_watches_an_account_is_counted(page: Served) -> None:
    assert "1 source watches" in page.get("/accounts/meridianfreight.example").text
    assert "1 source watches" in page.get("/accounts/meridianfreight.example?show=coverage").text


def test_an_account_that_is_not_listed_is_not_found(page: Served) -> None:
    assert page.get("/accounts/nobody.example").status_code == 404


def test_an_id_with_slashes_and_signs_has_a_page(page: Served, engine: Engine) -> None:
    for key in ("a/b", "50%&x=y", "ünï"):
        with writing(engine) as connection:
            accounts.upsert(connection, [an_account("Tundra Looms", id=key)])
        html = page.get("/accounts?q=tundra").text
        for where in re.findall(r'<th scope="row"><a href="(/accounts/[^"]*)"', html):
            assert page.get(where).status_code == 200, where


def test_the_record_is_edited_and_a_former_name_kept(page: Served, engine: Engine) -> None:
    with writing(engine) as connection:
        accounts.upsert(connection, [an_account("Tundra Looms", owner="Ida Holm", aliases=("TL",))])
    form = {
        "account": "tundra-looms",
        "name": "Tundra Weaving",
        "domains": "tundraweaving.example; tundralooms.example",
        "aliases": "TL",
        "owner": "Bo Frid",
        "size": "51-200",
    }
    assert page.post("/accounts/edit", form).status_code == 303
    with reading(engine) as connection:
        found = accounts.get(connection, "tundra-looms")
    assert found == an_account(
        "Tundra Weaving",
        id="tundra-looms",
        domains=("tundraweaving.example", "tundralooms.example"),
        aliases=("TL", "Tundra Looms"),
        owner="Bo Frid",
        size=125,
    )
    wrong = page.post("/accounts/edit", form | {"domains": "gmail.com", "name": "Kept"})
    assert wrong.status_code == 422
    assert "free mail" in wrong.text
    assert 'value="Kept"' in wrong.text
    with reading(engine) as connection:
        assert accounts.get(connection, "tundra-looms") == found


def test_what_could_not_be_told_is_taught_by_one_click(page: Served, engine: Engine) -> None:
    account = an_account("Tundra Looms", domains=())
    text = a_stored_event("Tundra Weavers raises $20 million Series B", id="e" * 26, external_id="t")
    doubt = Abstention(
        event=text, account=account.id, span=a_span(text, "Tundra Weavers"), reason="It may be a namesake."
    )
    with writing(engine) as connection:
        accounts.upsert(connection, [account])
        events.insert(connection, [text])
        readings.abstain(connection, [doubt])
    html = page.get("/accounts/tundra-looms").text
    assert "It may be a namesake." in html
    answer = page.post(
        "/accounts/teach",
        {"account": account.id, "event": text.id, "own": "yes", "name": "Tundra Weavers"},
    )
    assert answer.status_code == 303
    with reading(engine) as connection:
        found = accounts.get(connection, account.id)
    assert found is not None
    assert found.aliases == ("Tundra Weavers",)
    assert "It may be a namesake." not in page.get("/accounts/tundra-looms").text


def forms_of(html: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each form that changes something, with what it sends where nobody chose; one per button."""
    for action, body in re.findall(
        r'<form method="post" action="([^"]*)"[^>]*>(.*?)</form>', html, re.DOTALL
    ):
        fields = dict(re.findall(r'<input (?:type="hidden" )?name="(\w+)" value="([^"]*)"', body))
        for name, options in re.findall(r'<select name="(\w+)">(.*?)</select>', body, re.DOTALL):
            first = re.search(r'<option(?: value="([^"]*)")?>([^<]*)', options)
            assert first
            fields[name] = first[1] or first[2]
        if "<textarea" in body:
            fields["text"] = "Ask again in spring."
        fields.pop("csrf", None)
        buttons = re.findall(r'<button[^>]* name="(\w+)" value="([^"]*)"', body) or [("", "")]
        yield from ((action, fields | ({name: value} if name else {})) for name, value in buttons)


def test_every_form_of_an_account_and_of_a_conversation_works_as_it_stands(
    page: Served, engine: Engine
) -> None:
    account = an_active(engine)
    talk = re.search(r'href="(/conversations/[0-9a-z]+)"', page.get("/conversations").text)
    assert talk
    done = 0
    for where in (f"/accounts/{account.id}", talk[1]):
        for action, fields in forms_of(page.get(where).text):
            if action.endswith("/link"):
                continue  # it needs the name of an account
            answer = page.post(action, fields)
            assert answer.status_code == 303, (action, fields, answer.text)
            assert answer.headers["location"] == where, (action, fields)
            done += 1
    assert done > 12


def test_what_was_done_is_told_in_the_timeline_and_undone(page: Served, engine: Engine) -> None:
    account = an_active(engine)
    where = f"/accounts/{account.id}"
    page.post("/act", {"account": account.id, "verb": "remark", "text": "Ask for Ida.", "back": where})
    page.post("/act", {"account": account.id, "verb": "contacted", "value": "call", "back": where})
    page.post("/act", {"account": account.id, "verb": "outcome", "value": "meeting", "back": where})
    html = page.get(where).text
    assert "Remark: Ask for Ida." in html
    assert "Contacted by call" in html
    assert "<strong>Outcome: meeting</strong>" in html
    page.post("/undo", {"account": account.id, "back": where})
    assert "<strong>Outcome: meeting</strong>" not in page.get(where).text


def test_hostile_names_are_text(page: Served, engine: Engine) -> None:
    name = "<script>alert(1)</script> \u202eevil\u200b"
    with writing(engine) as connection:
        accounts.upsert(connection, [replace(an_account("Tundra"), name=name, owner="<b>me</b>")])
    for where in ("/accounts/tundra", "/accounts?q=script", "/accounts/tundra?show=coverage"):
        html = page.get(where).text
        assert "<script>alert" not in html
        assert "\u202e" not in html
        assert "<b>me" not in html


def test_a_page_of_a_long_list_is_small(page: Served, engine: Engine) -> None:
    with writing(engine) as connection:
        accounts.upsert(connection, (an_account(f"Loom {number}") for number in range(3_000)))
    assert len(page.get("/accounts").content) < 60_000
