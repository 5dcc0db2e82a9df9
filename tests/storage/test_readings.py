from dataclasses import replace

from earmark.types import Abstention, Feature
from storage import audit, events, readings
from storage.audit import Deed
from storage.engine import Engine, writing
from tests.builders import NOW, a_span, ago
from tests.storage.nouns import some_events


def test_a_doubt_comes_back_with_its_event_and_its_reasons(engine: Engine) -> None:
    early, late = some_events(2)
    late, early = replace(late, seen_at=NOW), replace(early, seen_at=ago(1))
    span = a_span(late, "Norvik Labs")
    why = Feature(name="namesake", value=1, weight=-0.5, sentence="Two share the name.", spans=(span,))
    doubt = Abstention(event=late, account="norvik-labs", span=span, reason="Two accounts.", features=(why,))
    other = Abstention(event=early, account="osk", span=a_span(early, "Labs"), reason="A common word.")
    with writing(engine) as conn:
        events.insert(conn, [early, late])
        readings.abstain(conn, [doubt, other])
        assert readings.abstentions(conn) == [doubt, other]
        assert readings.abstentions(conn, "osk") == [other]
        assert readings.abstentions(conn, limit=1) == [doubt]
        again = replace(doubt, reason="Still two accounts.", confidence=0.4, features=())
        readings.abstain(conn, [again])
        assert readings.abstentions(conn, "norvik-labs") == [again]


def test_deeds_are_on_record(engine: Engine) -> None:
    deeds = [Deed(at=ago(1), by="Kim", verb="suppress", subject="norvik-labs", text="They asked."),
             Deed(at=NOW, by="Kim", verb="rules apply", subject="2")]  # fmt: skip
    with writing(engine) as conn:
        for deed in deeds:
            audit.record(conn, deed)
        assert audit.recent(conn) == deeds[::-1]
        assert audit.recent(conn, limit=1) == [deeds[1]]
