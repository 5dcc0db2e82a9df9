"""Saved views: kept, shown, renamed, put in order, removed."""

import re

from review import views
from review.views import Shown
from storage import views as stored
from storage.engine import Engine, reading, writing
from tests.builders import NOW
from tests.review.page.served import Served
from tests.review.page.team import a_team, entered


def _shown(engine: Engine, query: str = "", user: str = "owner") -> list[Shown]:
    with reading(engine) as conn:
        return [each for each in views.shown(conn, user, query) if each.id]


def _save(page: Served, name: str, query: str, **more: str) -> None:
    answer = page.post("/views", {"name": name, "query": query, **more})
    assert answer.status_code == 303, answer.text


def test_a_view_is_kept_as_it_is_filtered_and_is_an_address(page: Served, engine: Engine) -> None:
    _save(page, " Hot  in  Europe ", "?stage=hot&stage=warm&utm=x&after=rest~1~a&pick=b&state=today")
    [view] = _shown(engine)
    assert (view.name, view.query, view.is_own) == ("Hot in Europe", "stage=hot&stage=warm", True)
    assert "Hot in Europe" in page.get("/").text
    assert "Tamarind" in page.get(f"/?{view.query}").text
    assert _shown(engine, "stage=warm&stage=hot")[0].is_chosen, "whatever the order of its parts"
    assert not _shown(engine, "stage=hot")[0].is_chosen


def test_a_view_of_one_person_is_not_shown_to_another_and_one_of_the_team_is(
    page: Served, engine: Engine
) -> None:
    _save(page, "Mine alone", "tier=A")
    _save(page, "Ours", "tier=B", shared="yes")
    assert [view.name for view in _shown(engine, user="ada")] == ["Ours"]
    assert {view.name for view in _shown(engine)} == {"Ours", "Mine alone"}


def test_views_are_renamed_moved_and_removed(page: Served, engine: Engine) -> None:
    for name in ("One", "Two", "Three"):
        _save(page, name, f"q={name}")
    ids = {view.name: view.id for view in _shown(engine)}
    page.post(f"/views/{ids['Three']}", {"verb": "up"})
    page.post(f"/views/{ids['One']}", {"verb": "down"})
    assert [view.name for view in _shown(engine)] == ["Three", "One", "Two"]
    page.post(f"/views/{ids['Three']}", {"verb": "up"})
    page.post(f"/views/{ids['One']}", {"verb": "rename", "name": "First"})
    page.post(f"/views/{ids['Two']}", {"verb": "delete"})
    assert [view.name for view in _shown(engine)] == ["Three", "First"]


def test_what_can_not_be_a_view_says_why(page: Served, engine: Engine) -> None:
    _save(page, "One", "tier=A")
    for name, said in (("", "needs a name"), (" one ", "already"), ("\x00", "needs a name")):
        answer = page.post("/views", {"name": name, "query": ""})
        assert answer.status_code == 422
        assert said in answer.text
    assert page.post("/views", {"name": "Two", "query": "state=asleep"}).status_code == 422
    [view] = _shown(engine)
    assert page.post(f"/views/{view.id}", {"verb": "explode"}).status_code == 422
    assert page.post("/views/gone", {"verb": "delete"}).status_code == 404


def test_nobody_changes_the_view_of_another(page: Served, engine: Engine) -> None:
    with writing(engine) as conn:
        theirs = stored.create(conn, name="Hers", query="tier=A", user="ada", at=NOW)
    assert page.post(f"/views/{theirs.id}", {"verb": "delete"}).status_code == 404
    assert [view.name for view in _shown(engine, user="ada")] == ["Hers"]


def test_built_in_views_have_the_keys_of_the_page(page: Served) -> None:
    keys = re.findall(r'data-key="g ([a-z])"', page.get("/").text)
    assert keys == list("nmhscd")


def test_the_menu_of_the_list_changes_the_views_that_are_theirs(page: Served, engine: Engine) -> None:
    _save(page, "One", "q=One")
    _save(page, "Two", "q=Two")
    first, second = (view.id for view in _shown(engine))
    html = page.get("/?q=One").text
    for view in (first, second):
        form = html.partition(f'action="/views/{view}"')[2].partition("</form>")[0]
        assert [*re.findall(r'value="(rename|up|down|delete)"', form)] == ["rename", "up", "down", "delete"]
        assert 'name="back" value="/?q=One"' in form
    answer = page.post(f"/views/{second}", {"verb": "up", "name": "Two", "back": "/?q=One"})
    assert answer.headers["location"] == "/?q=One"
    assert [view.id for view in _shown(engine)] == [second, first]


def test_who_may_not_change_a_view_of_the_team_finds_no_form_for_it(page: Served, engine: Engine) -> None:
    _save(page, "Ours", "tier=B", shared="yes")
    [view] = _shown(engine)
    assert f'action="/views/{view.id}"' in page.get("/").text
    a_team(engine)
    for name, is_there in (("max", True), ("rea", False)):
        with entered(page, name) as client:
            shown = client.get("/").text
            assert "Ours" in shown
            assert (f'action="/views/{view.id}"' in shown) is is_there
