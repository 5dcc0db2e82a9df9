"""Rules of any form over a few words, and events in which these words stand."""

from hypothesis import strategies as st

from earmark.types import StoredEvent
from tests.builders import a_stored_event

WORDS = st.sampled_from(
    ["call", "calls", "calling", "phone", "phoned", "week", "weeks", "the", "slow", "über"]
)
_SIDE = st.one_of(
    WORDS,
    st.lists(WORDS, min_size=1, max_size=3).map(lambda words: f'"{" ".join(words)}"'),
    st.lists(WORDS, min_size=2, max_size=2).map("-".join),
    st.sampled_from(["pho*", "wee*", "cal*", "call*"]),
)
_SIDES = _SIDE | st.lists(_SIDE, min_size=2, max_size=3).map(lambda sides: f"({' OR '.join(sides)})")
_TERMS = st.one_of(
    _SIDES,
    st.builds("{}:{}".format, st.sampled_from(["title", "text"]), _SIDES),
    st.builds("({} NEAR/{} {})".format, _SIDES, st.integers(0, 4), _SIDES),
    st.sampled_from(
        ["site:news.example", "author:ada", "language:en", "company:week", "company:norvik.example"]
    ),
)
RULES = st.recursive(
    _TERMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' AND '.join(parts)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"({' OR '.join(parts)})"),
        inner.map("NOT {}".format),
    ),
    max_leaves=5,
)
TEXTS = st.lists(WORDS, max_size=8).map(" ".join)
EVENTS: st.SearchStrategy[StoredEvent] = st.builds(
    lambda title, text, url, author, language: a_stored_event(
        title, text=text, url=url, author=author, language=language
    ),
    TEXTS,
    TEXTS,
    st.sampled_from([None, "https://news.example/a", "https://other.example/", "https://de.news.example/"]),
    st.sampled_from([None, "Ada Lind", "Bo"]),
    st.sampled_from([None, "en", "en-GB", "de"]),
)
