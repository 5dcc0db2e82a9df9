"""The time machine: stored history under other rules, on all cores, writing nothing.

Two rounds: first the events are read, slice by slice, and what matches is sorted into bundles of pasts;
then each bundle is lived through, for pasts know nothing of each other.
"""

import copyreg
import pickle
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import MappingProxyType
from typing import Any, Final, Self

from earmark.errors import EarmarkError
from earmark.types import Action, Lexicon, Match, Past
from matcher.corrections import Correction
from matcher.read import Matcher
from matcher.stories import key_of
from monitors.relive import Called, Epochs, Lived, Span, as_it_began, lived
from monitors.rereading import corrections_of
from storage import accounts, actions, judgements, lessons, merges, spans, transitions
from storage.engine import Engine, connect, reading
from storage.record import Said, over_time

__all__ = ["WARM_UP", "Replayed", "replay"]

WARM_UP: Final = timedelta(days=60)
"""How long before the span the replay begins, so that stories and stages stand as they would have."""

_SLICE: Final = 2_000
_BUNDLES: Final = 64
_ONLY_DECIDED: Final = replace(Lexicon(), accounts={})

Deed = tuple[datetime, str, Action]
Told = tuple[datetime, str, tuple[Match, ...]]
Tell = Callable[[str, int, int], None]


def _frozen(held: dict[Any, Any]) -> "MappingProxyType[Any, Any]":
    return MappingProxyType(held)


copyreg.pickle(MappingProxyType, lambda proxy: (_frozen, (dict(proxy),)))  # a lexicon goes to its processes


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of one lexicon: every past that anything happened to, and how many events were read."""

    pasts: tuple[Lived, ...]
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What each process needs: ``readers`` are the lexicons that read differently, ``reads`` says whose.

    ``corrections`` are those of single texts, by event; ``called`` is what merged accounts
    have under other names where they are one from the beginning.
    """

    url: str
    span: Span
    rules: tuple[Epochs, ...]
    readers: tuple[Lexicon, ...]
    reads: tuple[int, ...]
    corrections: Mapping[str, tuple[Correction, ...]]
    called: Called


class _Worker:
    """One process: its connection, and one matcher for each lexicon that reads differently."""

    def __init__(self, plan: _Plan) -> None:
        self.plan = plan
        self.engine = connect(plan.url)
        self._matchers: list[Matcher] | None = None

    def read(self, after: str, to: str | None) -> tuple[int, dict[int, bytes]]:
        """Read a slice; return how many events it held, and what matched, packed by bundle."""
        if self._matchers is None:
            self._matchers = [Matcher(lexicon) for lexicon in self.plan.readers]
        span, number = self.plan.span, 0
        bundles: dict[int, list[tuple[int, str, Told]]] = defaultdict(list)
        with reading(self.engine) as connection:
            for event in spans.events_between(connection, after, to, span.warm_from, span.until):
                number += 1
                for reader, matcher in enumerate(self._matchers):
                    corrected = self.plan.corrections.get(event.id, ())
                    if not corrected and not matcher.concerns(event):
                        continue
                    for key, matches in _by_key(matcher.read(event, corrected).matches).items():
                        told = event.seen_at, event.id, matches
                        bundles[_bundle(key)].append((reader, key, told))
        return number, {bundle: zlib.compress(pickle.dumps(held), 1) for bundle, held in bundles.items()}

    def live(self, packed: Sequence[bytes], deeds: Sequence[Deed]) -> list[list[Lived]]:
        """Live through the pasts of a bundle, by each of the rules."""
        told: dict[tuple[int, str], list[Told]] = defaultdict(list)
        for held in packed:
            for reader, key, one in pickle.loads(zlib.decompress(held)):  # noqa: S301 - we packed it
                told[reader, key].append(one)
        done: dict[str, list[tuple[datetime, Action]]] = defaultdict(list)
        for at, key, action in deeds:
            done[key].append((at, action))
        keys = sorted({key for _, key in told} | done.keys())
        result = []
        for reader, epochs in zip(self.plan.reads, self.plan.rules, strict=True):
            pasts = self._pasts(keys, epochs.lexicons[0])
            result.append(
                [
                    lived(
                        key,
                        past,
                        told.get((reader, key), ()),
                        done.get(key, ()),
                        epochs,
                        self.plan.span,
                        self.plan.called,
                    )
                    for key, past in pasts.items()
                    if (reader, key) in told or key in done
                ]
            )
        return result

    def _pasts(self, keys: Sequence[str], lexicon: Lexicon) -> dict[str, Past]:
        """Return each past as it began; an account that is on no list has none."""
        ids = [key[2:] for key in keys if key.startswith("a:")]
        listed = {name: lexicon.accounts[name] for name in ids if name in lexicon.accounts}
        with reading(self.engine) as connection:
            moves = transitions.of_accounts(connection, listed)
            people = accounts.contacts(connection, listed)
            kin = accounts.relatives(connection, listed.values())
        pasts = {key: Past(account=None) for key in keys if not key.startswith("a:")}
        for name, account in listed.items():
            began = as_it_began(account, moves.get(name, ()), self.plan.span.warm_from)
            pasts[f"a:{name}"] = Past(
                account=began, contacts=people.get(name, ()), relatives=kin.get(name, ())
            )
        return {key: pasts[key] for key in keys if key in pasts}


_worker: _Worker | None = None


def replay(
    engine: Engine,
    rules: Sequence[Lexicon],
    span: Span,
    *,
    processes: int = 1,
    tell: Tell = lambda _what, _done, _of: None,
) -> list[Replayed]:
    """Live through the span again by each of the rules; nothing is written.

    Events come in the order in which they were seen, each at the time at which it was, between what people
    did then; verdicts count from when they were given. ``rules`` come without what was learned.
    ``tell`` hears how far it is: what, done, of how many. EarmarkError when a process dies.
    """
    with reading(engine) as connection:
        total = spans.count(connection, span.warm_from, span.until)
        slices = [*pairwise([*spans.cuts(connection, _SLICE), None])]
        deeds = list(actions.keyed(connection, span.warm_from, span.until))
        said, anew = judgements.every(connection, taken_back=True), judgements.anew(connection)
        called = Called(triggers=merges.origins(connection), moves=merges.moments(connection))
        corrections = defaultdict(list)
        for event, correction in corrections_of(lessons.learned(connection)):
            corrections[event].append(correction)
    readers, reads = _readers(rules)
    plan = _Plan(
        url=engine.url.render_as_string(hide_password=False),
        span=span,
        rules=tuple(_epochs(lexicon, said, anew) for lexicon in rules),
        readers=readers,
        reads=reads,
        corrections={event: tuple(told) for event, told in corrections.items()},
        called=called,
    )
    done, packed = 0, defaultdict[int, list[bytes]](list)
    with _Crew(plan, processes) as crew:
        for number, bundles in crew.each(_read, slices):
            done += number
            tell("events read", done, total)
            for bundle, held in bundles.items():
                packed[bundle].append(held)
        by_bundle: dict[int, list[Deed]] = defaultdict(list)
        for deed in deeds:
            by_bundle[_bundle(deed[1])].append(deed)
        bundled = sorted(packed.keys() | by_bundle.keys())
        pasts: list[list[Lived]] = [[] for _ in rules]
        work = ((packed.pop(bundle, []), by_bundle.get(bundle, [])) for bundle in bundled)
        for number, found in enumerate(crew.each(_live, work), start=1):
            tell("bundles decided", number, len(bundled))
            for place, new in enumerate(found):
                pasts[place] += new
    return [Replayed(pasts=tuple(sorted(held, key=lambda one: one.key)), events=done) for held in pasts]


class _Crew:
    """Processes that share the work; with one, this process does it itself."""

    def __init__(self, plan: _Plan, processes: int) -> None:
        self._plan = plan
        self._most = processes
        self._pool: ProcessPoolExecutor | None = None
        self._handed: Path | None = None

    def __enter__(self) -> Self:
        if self._most > 1:
            # By a file: a process that dies at its start would leave us waiting to hand over a large plan.
            with NamedTemporaryFile(prefix="earmark-replay-", delete=False) as file:
                pickle.dump(replace(self._plan, url=""), file, pickle.HIGHEST_PROTOCOL)
            self._handed = Path(file.name)
            self._pool = ProcessPoolExecutor(
                self._most,
                mp_context=get_context("spawn"),
                initializer=_begin_from,
                initargs=(file.name, self._plan.url),
            )
        else:
            _begin(self._plan)
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
        else:
            _end()
        if self._handed is not None:
            self._handed.unlink(missing_ok=True)

    def each(self, work: Callable[..., Any], tasks: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
        """Yield the results as they come; few tasks wait at a time, so that memory stays small."""
        if self._pool is None:
            yield from (work(*task) for task in tasks)
            return
        try:
            yield from self._shared(self._pool, work, tasks)
        except BrokenProcessPool as error:
            raise EarmarkError(
                f"One of the {self._most} processes of the replay died, perhaps for want of memory. "
                "Nothing was written; try it again with --processes 1."
            ) from error

    def _shared(
        self, pool: ProcessPoolExecutor, work: Callable[..., Any], tasks: Iterable[tuple[Any, ...]]
    ) -> Iterator[Any]:
        running: set[Future[Any]] = set()
        for task in tasks:
            running.add(pool.submit(work, *task))
            if len(running) > 2 * self._most:
                ready, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (one.result() for one in ready)
        while running:
            ready, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (one.result() for one in ready)


def _begin(plan: _Plan) -> None:
    global _worker  # noqa: PLW0603 - the state of a worker process
    _worker = _Worker(plan)


def _begin_from(handed: str, url: str) -> None:
    with Path(handed).open("rb") as file:
        plan: _Plan = pickle.load(file)  # noqa: S301 - the process that began this one wrote it
    _begin(replace(plan, url=url))  # which may hold a password, so it is in no file


def _end() -> None:
    global _worker  # noqa: PLW0603 - the state of a worker process
    if _worker is not None:
        _worker.engine.dispose()
        _worker = None


def _read(after: str, to: str | None) -> tuple[int, dict[int, bytes]]:
    return _of_this_process().read(after, to)


def _live(packed: Sequence[bytes], deeds: Sequence[Deed]) -> list[list[Lived]]:
    return _of_this_process().live(packed, deeds)


def _of_this_process() -> _Worker:
    if _worker is None:
        raise RuntimeError("this process was not begun")
    return _worker


def _bundle(key: str) -> int:
    return zlib.crc32(key.encode("utf-8", "surrogatepass")) % _BUNDLES


def _by_key(matches: Iterable[Match]) -> Mapping[str, tuple[Match, ...]]:
    """Return the matches of accounts and conversations; other companies never come to a trigger."""
    by_key: dict[str, tuple[Match, ...]] = {}
    for match in matches:
        key = key_of(match)
        if not key.startswith("c:"):
            by_key[key] = (*by_key.get(key, ()), match)
    return by_key


def _readers(rules: Sequence[Lexicon]) -> tuple[tuple[Lexicon, ...], tuple[int, ...]]:
    """Return the lexicons that read differently, and which of them each of the rules reads with."""
    distinct: list[Lexicon] = []
    reads = []
    for lexicon in rules:
        # All that only decisions look at is put aside.
        alike = replace(
            _ONLY_DECIDED,
            accounts=dict(lexicon.accounts),
            companies=lexicon.companies,
            kinds=dict(lexicon.kinds),
            problems=lexicon.problems,
            champions=lexicon.champions,
        )
        if alike not in distinct:
            distinct.append(alike)
        reads.append(distinct.index(alike))
    return tuple(distinct), tuple(reads)


def _epochs(lexicon: Lexicon, said: Sequence[Said], anew: Mapping[str, int]) -> Epochs:
    """Return the lexicon as it learned: a new one after each verdict from which something follows."""
    lexicon = replace(lexicon, targets=())  # nothing is delivered, so no delivery need be made up
    begins, lexicons = [datetime.min.replace(tzinfo=UTC)], [lexicon]
    for moment, records, ages in over_time(said, lexicon.kinds, anew):
        begins.append(moment)
        lexicons.append(replace(lexicon, records=records, ages=ages))
    return Epochs(begins=tuple(begins), lexicons=tuple(lexicons))
