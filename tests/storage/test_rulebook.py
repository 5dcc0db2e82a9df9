import pytest

from earmark.errors import ConfigError
from earmark.types import Changes
from storage import accounts, history, rulebook
from storage.engine import Engine, reading, writing
from storage.rulebook import Version
from tests.builders import NOW, ago, an_account, days


def test_a_new_database_decides_by_the_defaults(engine: Engine) -> None:
    with reading(engine) as conn:
        assert rulebook.latest(conn) is None
        assert rulebook.lexicon(conn).threshold == 20.0
        assert rulebook.lexicon(conn).version == 0


def test_every_version_stays_and_the_newest_counts(engine: Engine) -> None:
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account()])
        assert rulebook.save(conn, "threshold = 30.0", "Kim", ago(1)) == 1
        assert rulebook.save(conn, "threshold = 40.0", "Ada", NOW) == 2
        assert rulebook.latest(conn) == (2, "threshold = 40.0")
        assert rulebook.text_of(conn, 1) == "threshold = 30.0"
        assert rulebook.text_of(conn, 9) is None
        assert rulebook.versions(conn) == [
            Version(number=2, by="Ada", at=NOW),
            Version(number=1, by="Kim", at=ago(1)),
        ]
        lexicon = rulebook.lexicon(conn)
    assert lexicon.threshold == 40.0
    assert lexicon.accounts == {"norvik-labs": an_account()}
    assert lexicon.version == 3


def test_what_was_decided_by_the_former_rulebook_or_record_is_due_again(engine: Engine) -> None:
    with writing(engine) as conn:
        accounts.upsert(conn, [an_account(id="one"), an_account(id="two")])
        history.save(conn, Changes(due={"a:one": NOW + days(9), "a:two": NOW + days(9)}), NOW)
        accounts.upsert(conn, [an_account(id="one"), an_account(id="two", industry="Shipping")])
        assert history.due(conn, NOW) == ["a:two"]
        rulebook.save(conn, "threshold = 90.0", by="ada", at=NOW)
        assert sorted(history.due(conn, NOW)) == ["a:one", "a:two"]


def test_a_rulebook_that_is_wrong_is_not_stored(engine: Engine) -> None:
    with writing(engine) as conn:
        with pytest.raises(ConfigError, match="threshold"):
            rulebook.save(conn, "treshold = 30", "Kim", NOW)
        assert rulebook.latest(conn) is None
        assert rulebook.lexicon_version(conn) == 0
