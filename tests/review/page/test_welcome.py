"""The first run: from a list to the first reason, and what is said on the way."""

import html
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from earmark.config import DEMO, load
from earmark.errors import ConfigError
from earmark.rulebook import parse
from monitors.beginning import begin
from review.page.keys import page_token
from review.settings_file import with_key
from review.welcome import Answers, answered, phrases_for, rules_of
from storage import accounts, polls, rulebook
from storage.engine import Engine, connect, reading, writing
from tests.builders import NOW, an_account
from tests.review.page.farm import Farm, a_list, domain_of, farmed, polled
from tests.review.page.served import Served, served
from tests.review.page.test_imports import taken, upload

pytestmark = pytest.mark.slow

CLOSE = {"problem": "month-end close", "offered": "month-end close"}
_SETTINGS = """\
# How it runs here.
[http]
contact = "sdr@tundralooms.example"
allow = ["127.0.0.0/8"]
spacing = 0
per_host = 16

[team]
# time_zone = "UTC"   # such as "Europe/Berlin"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace in which nothing was done yet."""
    made = tmp_path / "own"
    begin(made, "sdr@tundralooms.example")
    (made / "earmark.toml").write_text(_SETTINGS, "utf-8")
    return made


@pytest.fixture
def fresh(folder: Path) -> Iterator[Engine]:
    engine = connect(f"sqlite:///{folder / 'earmark.db'}")
    yield engine
    engine.dispose()


@pytest.fixture
def start(folder: Path, fresh: Engine) -> Iterator[Served]:
    """The page of that workspace."""
    with served(folder, fresh) as found:
        yield found


@pytest.fixture
def demo_folder(demo_workspace: Path, tmp_path: Path) -> Path:
    """The demo's workspace where the demo makes it."""
    folder = tmp_path / "team" / DEMO
    shutil.copytree(demo_workspace, folder)
    return folder


@pytest.fixture
def demo_page(demo_folder: Path) -> Iterator[Served]:
    """The page of the demo."""
    engine = connect(f"sqlite:///{demo_folder / 'earmark.db'}")
    with served(demo_folder, engine) as found:
        yield found
    engine.dispose()


def ticked(shown: str) -> dict[str, list[str]]:
    """Return what a form would send of its boxes as they stand."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="checkbox" name="(\w+)" value="([^"]*)" checked', shown):
        found.setdefault(name, []).append(value)
    return found


def until(condition: Callable[[], bool], seconds: float) -> float:
    """Wait for a condition as a person at the page would, and return how long that took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < seconds, "it took too long"
        time.sleep(0.2)  # as the page's own script does
    return time.monotonic() - begun


def test_a_new_workspace_asks_for_the_list_first(start: Served) -> None:
    html = start.get("/welcome").text
    assert "Whom do you want to call?" in html
    assert 'action="/accounts/import"' in html
    assert "Take a sample list" in html


def test_the_sample_list_goes_through_the_same_preview(start: Served, fresh: Engine) -> None:
    sent = start.post("/welcome/sample")
    assert "Norvik Labs" in start.get(sent.headers["location"]).text
    taken(start, sent.headers["location"])
    with reading(fresh) as connection:
        assert accounts.count(connection) > 20
    assert "Go on: three questions" in start.get(sent.headers["location"]).text


def test_the_answers_become_a_rulebook_and_a_time_zone(start: Served, fresh: Engine, folder: Path) -> None:
    with writing(fresh) as connection:
        accounts.upsert(
            connection, [an_account("Tundra Looms", country="Norway", industry="Textiles", size=120)]
        )
    html = start.get("/welcome?step=questions&words=month-end+close").text
    boxes = ticked(html)
    assert "month-end close" in boxes["phrase"]
    assert 'name="country" value="Norway"' in html
    answer = start.post(
        "/welcome/rules",
        {
            "problem": "month-end close",
            "offered": "month-end close",
            "phrase": boxes["phrase"],
            "more": "close the books",
            "rivals": "Billhaus",
            "country": ["Norway"],
            "at_least": "100",
            "zone": "Europe/Oslo",
        },
    )
    assert answer.headers["location"] == "/welcome?step=sources"
    with reading(fresh) as connection:
        newest = rulebook.latest(connection)
    assert newest is not None
    rules = parse(newest[1])
    assert rules.problems[0].rivals == ("Billhaus",)
    assert {"month-end close", "close the books"} <= set(rules.problems[0].phrases)
    assert [(one.field, one.op, one.value) for one in rules.icp] == [
        ("country", "in", ("Norway",)),
        ("size", "at_least", 100),
    ]
    assert rules.hours.zone == "Europe/Oslo"
    text = (folder / "earmark.toml").read_text("utf-8")
    assert text.startswith("# How it runs here.")
    assert load(folder).team.time_zone == "Europe/Oslo"
    assert load(folder).http.per_host == 16
    again = start.get("/welcome?step=questions").text
    assert 'name="zone" value="Europe/Oslo"' in again
    assert ticked(again)["country"] == ["Norway"]
    assert 'name="at_least" value="100"' in again
    assert "Looked for already: month-end close" in again


def test_each_country_of_the_list_is_offered_once_however_it_is_spelled(start: Served, fresh: Engine) -> None:
    spelled = ["Germany", "Germany", "DE", "Deutschland", "US", "United States"]
    others = ["Norway", "Sweden", "Denmark", "Finland", "Iceland", "Estonia", "Latvia", "Poland", "Spain"]
    others += ["Portugal", "Italy", "Greece", "Malta"]
    with writing(fresh) as connection:
        accounts.upsert(
            connection,
            [an_account(f"Osk {n}", country=country) for n, country in enumerate([*spelled, *others])],
        )
    html = start.get("/welcome?step=questions").text
    offered = re.findall(r'name="country" value="([^"]+)"', html)
    assert offered[0] == "Germany"
    assert {"DE", "Deutschland"}.isdisjoint(offered)
    assert len({"US", "United States"} & set(offered)) == 1
    assert set(others) <= set(offered)
    assert re.search(r'value="Germany"> Germany <span class="quiet">4</span>', html)
    start.post("/welcome/rules", {"country": ["Deutschland"], "zone": "UTC"})
    again = start.get("/welcome?step=questions").text
    assert ticked(again)["country"] == ["Deutschland"], "what was ticked stays, as it was spelled"
    assert 'value="Germany"' not in again


def test_words_without_phrases_are_answered_with_them_and_nothing_typed_is_lost(
    start: Served, fresh: Engine
) -> None:
    with writing(fresh) as connection:
        accounts.upsert(connection, [an_account("Tundra Looms", country="Norway")])
    typed = {"country": ["Norway"], "at_least": "100", "zone": "Europe/Oslo"}
    shown = start.post("/welcome/rules", {"problem": "month-end close", **typed})
    assert shown.status_code == 200
    boxes = ticked(shown.text)
    assert "month-end close" in boxes["phrase"]
    assert boxes["country"] == ["Norway"]
    assert 'name="at_least" value="100"' in shown.text
    assert 'name="zone" value="Europe/Oslo"' in shown.text
    with reading(fresh) as connection:
        assert rulebook.latest(connection) is None
    longer = {**CLOSE, "problem": "month-end close, expense reports", "phrase": ["slow month-end close"]}
    boxes = ticked(start.post("/welcome/rules", {**longer, **typed, "rivals": "Billhaus"}).text)
    assert "slow month-end close" in boxes["phrase"]
    assert "month-end close" not in boxes["phrase"], "what was not picked before stays so"
    assert "expense reports" in boxes["phrase"]


def test_a_faulty_answer_comes_back_as_it_was_typed(start: Served, fresh: Engine) -> None:
    with writing(fresh) as connection:
        accounts.upsert(connection, [an_account("Tundra Looms", country="Norway")])
    form = {**CLOSE, "phrase": ["slow month-end close"], "more": "close the books", "rivals": "Billhaus"}
    again = start.post("/welcome/rules", {**form, "country": ["Norway"], "at_least": "many"})
    assert again.status_code == 422
    assert ticked(again.text) == {"phrase": ["slow month-end close"], "country": ["Norway"]}
    for value in ("close the books", "Billhaus", "many"):
        assert f'value="{value}"' in again.text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"problem": "month-end close", "offered": "month-end close"}, "Tick at least one phrase"),
        ({"zone": "Mars/Olympus"}, "no time zone"),
        ({"at_least": "many"}, "is no number of employees"),
        ({"at_least": "200", "at_most": "100"}, "Swap them"),
    ],
)
def test_an_answer_that_is_none_is_said_and_nothing_is_written(
    start: Served, fresh: Engine, folder: Path, form: dict[str, str], said: str
) -> None:
    with writing(fresh) as connection:
        accounts.upsert(connection, [an_account("Tundra Looms")])
    answer = start.post("/welcome/rules", form)
    assert answer.status_code == 422
    assert said in answer.text
    assert (folder / "earmark.toml").read_text("utf-8") == _SETTINGS
    with reading(fresh) as connection:
        assert rulebook.latest(connection) is None


def test_suggestions_are_ticked_say_why_and_what_they_cost(start: Served, fresh: Engine) -> None:
    with writing(fresh) as connection:
        accounts.upsert(connection, [an_account("Tundra Looms", country="United States")])
    start.post("/welcome/rules", {**CLOSE, "phrase": ["month-end close"], "zone": "UTC"})
    html = start.get("/welcome").text
    picks = ticked(html)["pick"]
    assert {"funding-press", "edgar", "hackernews-problem"} <= set(picks)
    assert "requests for the first round" in html
    assert "Four outlets that tell of funding rounds." in html
    start.post("/welcome/sources", {"pick": ["hackernews-problem"]})
    with reading(fresh) as connection:
        assert [one.id for one in polls.every(connection)] == ["hackernews-problem"]
    assert "hackernews-problem" not in ticked(start.get("/welcome?step=sources").text).get("pick", [])


def test_one_click_also_looks_at_the_sites_and_adds_what_is_found(
    start: Served, fresh: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = a_list(3)
    with farmed(monkeypatch, names[:2], {}):
        with writing(fresh) as connection:
            accounts.upsert(connection, [an_account(name, domains=(domain_of(name),)) for name in names])
        assert "the sites of 3 of your best-fitting accounts" in start.get("/welcome?step=sources").text
        start.post("/welcome/sources", {"follow": "1"})
        until(lambda: not start.app.state.exploration.runs, 30)
    with reading(fresh) as connection:
        assert len(polls.every(connection)) == 2
    told = start.get("/welcome?step=sources").text
    assert "3 of 3 sites looked at, 1 of them did not answer" in told
    assert names[0] in told, "an account is called by its name"


def test_without_a_monitor_the_page_says_how_to_start_it(start: Served, fresh: Engine) -> None:
    with writing(fresh) as connection:
        accounts.upsert(connection, [an_account("Tundra Looms")])
    html = start.get("/welcome?step=watch").text
    assert "Nobody polls" in html
    assert "No source is watched yet" in html
    start.app.state.move = lambda: None
    html = start.get("/welcome?step=watch").text
    assert "The monitor is starting" in html, "the supervisor is about to begin it"
    assert "Nobody polls" not in html


def test_when_no_source_answers_that_is_said_and_not_that_nothing_happened(
    start: Served, folder: Path, fresh: Engine
) -> None:
    with writing(fresh) as connection:
        accounts.upsert(connection, [an_account("Tundra Looms")])
        polls.add(connection, "press", "feed", {"url": "http://127.0.0.1:9/feed.xml"}, NOW)
    with polled(folder, tick=timedelta(seconds=0.5)):
        until(lambda: "1 of 1" in start.get("/welcome?step=watch").text, 30)
    shown = start.get("/welcome?step=watch").text
    assert "None of them answered as it should: so nothing could be read" in shown
    assert 'href="/health"' in shown
    assert "nearest misses" not in shown


def from_upload_to_first_reason(
    start: Served, folder: Path, farm: Farm, *, tick: timedelta
) -> tuple[float, str]:
    """Go the whole way as a person does; return the seconds that it took, and the page at its end."""
    begun = time.monotonic()
    text = "Company name,Domain,Country,Employees\n" + "".join(
        f"{name},{domain_of(name)},Norway,120\n" for name in farm.names
    )
    with polled(folder, tick=tick):
        where = upload(start, text).headers["location"]
        taken(start, where)
        phrases = ticked(start.get("/welcome?step=questions&words=month-end+close").text)
        start.post(
            "/welcome/rules",
            {**CLOSE, "zone": "Europe/Oslo", "country": ["Norway"], **phrases},
        )
        assert start.post("/welcome/explore").status_code == 303
        part = {"x-earmark": "part"}
        until(lambda: "looked at" in start.get("/welcome?step=sources", headers=part).text, 30)
        offered = ticked(start.get("/welcome?step=sources").text).get("pick", [])
        own = [one for one in offered if "-example-" in one and not one.startswith("news-")]
        start.post("/welcome/sources", {"pick": own, "follow": "1"})
        shown = ""

        def is_there() -> bool:
            nonlocal shown
            shown = start.get("/welcome?step=watch", headers=part).text
            return "Your first reasons to call" in shown

        until(is_there, 120)
        took = time.monotonic() - begun
        until(lambda: not start.app.state.exploration.runs, 120)
    return took, shown


def test_from_a_list_to_the_first_reason_on_it(
    start: Served, folder: Path, fresh: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = a_list(12)
    with farmed(monkeypatch, names, {names[7]: f"{names[7]} raises $20 million in Series B"}) as farm:
        took, shown = from_upload_to_first_reason(start, folder, farm, tick=timedelta(seconds=0.5))
    assert names[7] in shown
    assert "$20 million" in shown
    assert "last 30 days" in shown
    assert took < 60
    with reading(fresh) as connection:
        assert len(polls.every(connection)) == 12


def test_when_nothing_matches_the_nearest_misses_are_shown_and_added(
    start: Served, folder: Path, fresh: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = a_list(2)
    outside = "Lumenforge"
    with farmed(monkeypatch, names, {names[0]: f"{outside} raises $12 million in Series A"}) as farm:
        with writing(fresh) as connection:
            accounts.upsert(connection, [an_account("Osk")])
            url = f"http://127.0.0.1:{farm.port}/{domain_of(names[0])}/feed.xml"
            polls.add(connection, "press", "feed", {"url": url}, NOW)
        with polled(folder, tick=timedelta(seconds=0.5)):
            until(lambda: "1 of 1" in start.get("/welcome?step=watch").text, 30)
    html = start.get("/welcome?step=watch").text
    assert "the nearest misses" in html
    assert "1 funding round this week outside your list" in html
    assert f"Add {outside}" in html
    start.post("/accounts/discovered/add", {"name": outside, "back": "/welcome?step=watch"})
    assert "Your first reasons to call" in start.get("/welcome?step=watch").text


def test_the_first_reason_among_200_accounts_comes_within_two_minutes(
    start: Served, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = a_list(200)
    with farmed(monkeypatch, names, {names[150]: f"{names[150]} raises $20 million in Series B"}) as farm:
        took, shown = from_upload_to_first_reason(start, folder, farm, tick=timedelta(seconds=15))
    print(f"first reason of 200 accounts after {took:.1f} s, {len(farm.asked):,} requests")  # noqa: T201 - a figure
    assert names[150] in shown
    assert took < 120


def test_one_click_on_any_page_of_the_demo_begins_a_workspace_beside_it(
    demo_page: Served, demo_folder: Path
) -> None:
    banner = re.search(r'role="note"><strong>Sample data:.*?</div>', demo_page.get("/health").text, re.DOTALL)
    assert banner
    assert 'action="/welcome/begin"' in banner[0]
    asked: list[bool] = []
    demo_page.app.state.move = lambda: asked.append(True)
    made = demo_page.post("/welcome/begin")
    assert made.status_code == 200
    assert asked == [True]
    own = load(demo_folder.parent)
    assert f"http://{own.page.address}" == demo_page.url, "the browser finds it where the demo was"
    assert f"/enter?token={page_token(own.workspace)}&amp;back=/welcome" in made.text
    text = (own.workspace / "earmark.toml").read_text("utf-8")
    assert demo_page.post("/welcome/begin").status_code == 200, "what is there is gone to"
    assert (own.workspace / "earmark.toml").read_text("utf-8") == text


def test_a_page_alone_says_how_to_start_what_it_began(demo_page: Served, demo_folder: Path) -> None:
    made = demo_page.post("/welcome/begin").text
    assert f"{sys.executable} -m earmark up" in made
    assert "token=" not in made
    assert load(demo_folder.parent).http.contact is None


def test_the_demo_of_earmark_up_gives_way_to_ones_own_page(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("EARMARK_")}
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "earmark", "up"],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(Path.cwd())},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        said = iter(process.stderr.readline, "")
        addresses = (found[1] for line in said if (found := re.search(r"The page: (\S+)", line)))
        first = urlsplit(next(addresses))
        with httpx.Client(
            base_url=f"http://{first.netloc}", trust_env=False, follow_redirects=True
        ) as client:
            until(lambda: is_up(client), 30)
            shown = client.get(f"{first.path}?{first.query}").text
            word = re.search(r'name="csrf" value="([0-9a-f]+)"', shown)
            assert word
            headers = {"origin": f"http://{first.netloc}"}
            made = client.post("/welcome/begin", data={"csrf": word[1]}, headers=headers).text
            way = re.search(r'data-to="([^"]+)"', made)
            assert way
            assert urlsplit(next(addresses)).netloc == first.netloc
            until(lambda: is_up(client), 30)
            assert "Whom do you want to call?" in client.get(html.unescape(way[1])).text
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0


def is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/").status_code == 401
    except httpx.TransportError:
        return False


def test_a_workspace_of_ones_own_is_never_begun_anew(start: Served, folder: Path) -> None:
    assert start.post("/welcome/begin", {"contact": "sdr@tundralooms.example"}).status_code == 404
    assert not (folder.parent / "earmark.toml").exists()


def test_phrases_are_made_of_the_words_and_the_likely_ones_ticked() -> None:
    found = dict(phrases_for("Month-end close, expense reports; CRM"))
    assert found["month-end close"]
    assert found["expense reports are a pain"]
    assert found["struggling with CRM"]
    assert not found["tool for CRM"]
    assert phrases_for(" , ;\n") == ()


def test_answers_add_to_a_rulebook_and_lose_nothing_of_it() -> None:
    before = parse('threshold = 30\n[[problems]]\nid = "old"\nname = "Old"\nphrases = ["old pain"]\n')
    after = rules_of(Answers(problem="New pain", phrases=("new pain",)), before)
    assert [one.id for one in after.problems] == ["old", "new-pain"]
    assert after.threshold == 30
    assert rules_of(Answers(problem=""), before) == before


def test_the_second_question_answered_anew_changes_its_own_rules_alone() -> None:
    before = parse(
        '[[icp]]\nfield = "country"\nop = "in"\nvalue = ["Norway"]\nsentence = "Home."\n'
        '[[icp]]\nfield = "size"\nop = "at_least"\nvalue = 50\n'
        '[[icp]]\nfield = "tier"\nop = "is"\nvalue = "C"\nweight = -1\n'
    )
    told = answered(before)
    assert (told.countries, told.at_least, told.at_most) == (("Norway",), 50, None)
    assert set(rules_of(told, before).icp) == set(before.icp)
    after = rules_of(Answers(problem="", countries=("Norway",), at_most=900), before)
    assert [(one.field, one.value) for one in after.icp] == [
        ("tier", "C"),
        ("country", ("Norway",)),
        ("size", 900),
    ]
    assert after.icp[1].sentence == "Home."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[team]\n",
        '[team]\n# time_zone = "UTC"  # such as\ntouches_a_day = 9\n',
        'top = 1\n[http]\ncontact = "a@b.example"\n',
        '[team]\ntime_zone = "UTC" # mine\n[[later]]\nx = 1\n',
        "[http]\n\n[team] # who\ntouches_a_day = 3\n",
    ],
)
def test_a_setting_is_written_and_nothing_else_changed(text: str) -> None:
    after = with_key(text, "team", "time_zone", "Europe/Oslo")
    wanted = tomllib.loads(text)
    wanted.setdefault("team", {})["time_zone"] = "Europe/Oslo"
    assert tomllib.loads(after) == wanted
    assert with_key(after, "team", "time_zone", "Europe/Oslo") == after
    kept = [line for line in text.splitlines() if "time_zone" not in line]
    assert [line for line in after.splitlines() if line in kept] == kept


@pytest.mark.parametrize(
    "text", ["team = { touches_a_day = 3 }\n", "team.touches_a_day = 3\n", '[team]\n"time_zone" = "UTC"\n']
)
def test_a_file_that_can_only_be_changed_by_hand_is_left_and_says_the_line(text: str) -> None:
    with pytest.raises(ConfigError, match=r'\[team\] time_zone = "Europe/Oslo"'):
        with_key(text, "team", "time_zone", "Europe/Oslo")


def test_the_list_of_a_new_workspace_leads_to_the_first_steps(start: Served) -> None:
    html = start.get("/").text
    assert "There are no accounts yet." in html
    assert 'href="/welcome"' in html
