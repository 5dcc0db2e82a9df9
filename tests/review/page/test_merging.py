"""Two accounts that are the same company, at the page: found, told, merged and parted; by managers."""

import re

from storage import accounts
from storage.engine import Engine, reading, writing
from tests.builders import an_account
from tests.review.page.served import Served
from tests.review.page.team import a_team, csrf_of, entered

NORVIK = "norviklabs.example"


def test_from_the_account_to_the_merge_and_back(page: Served, engine: Engine) -> None:
    with writing(engine) as connection:
        accounts.upsert(connection, [an_account("Norvik Robotics", owner="Ida Holm")])
    html = page.get(f"/accounts/{NORVIK}").text
    way = re.search(r'href="(/accounts/merge\?account=[^"]*)"', html)
    assert way
    html = page.get(f"{way[1]}&text=norvik+robotics").text
    other = re.search(r'href="(/accounts/merge\?account=[^"]*other=norvik-robotics)"', html)
    assert other
    html = page.get(other[1].replace("&amp;", "&")).text
    assert "Norvik Robotics (norvik-robotics) becomes part of Norvik Labs" in html
    assert html.count("Merge into") == 2, "whichever of the two stays"
    answer = page.post("/accounts/merge", {"keeps": NORVIK, "goes": "norvik-robotics"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/accounts/{NORVIK}")
    old = page.get("/accounts/norvik-robotics")
    assert (old.status_code, old.headers["location"]) == (303, f"/accounts/{NORVIK}")
    html = page.get(f"/accounts/{NORVIK}").text
    assert "norvik-robotics became part of it" in html
    assert "Merged: Norvik Robotics" in html
    assert "norvik-robotics" not in page.get("/accounts?q=norvik+robotics").text.replace("q=norvik", "")
    merge = re.search(r'name="merge" value="([0-9a-f]+)"', html)
    assert merge
    assert page.post("/accounts/part", {"merge": merge[1]}).status_code == 303
    assert page.get("/accounts/norvik-robotics").status_code == 200


def test_only_a_manager_merges(page: Served, engine: Engine) -> None:
    with writing(engine) as connection:
        accounts.upsert(connection, [an_account("Norvik Robotics")])
    a_team(engine)
    with entered(page, "rea") as rep:
        form = {"csrf": csrf_of(rep), "keeps": NORVIK, "goes": "norvik-robotics"}
        assert rep.post("/accounts/merge", data=form).status_code == 403
        assert rep.post("/accounts/part", data={"csrf": csrf_of(rep), "merge": "x"}).status_code == 403
        assert rep.get(f"/accounts/merge?account={NORVIK}").status_code == 403
    with reading(engine) as connection:
        assert accounts.get(connection, "norvik-robotics") == an_account("Norvik Robotics")
    with entered(page, "max") as manager:
        form = {"csrf": csrf_of(manager), "keeps": NORVIK, "goes": "norvik-robotics"}
        assert manager.post("/accounts/merge", data=form).status_code == 303
