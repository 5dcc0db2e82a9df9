import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from earmark.config import load
from monitors.glance import glance
from monitors.hosts import day_of
from monitors.poll import Outcome
from storage import hosts
from storage.engine import connect, migrate, writing
from storage.polls import Configured
from tests.monitors.hostile import Hostile, answer

FEED = (
    b"<rss version='2.0'><channel><title>Wire</title><item><guid>1</guid>"
    b"<title>Norvik Labs hires</title><link>https://wire.example/1</link></item></channel></rss>"
)


def test_a_look_leaves_alone_a_host_that_asked_the_monitor_for_a_pause(tmp_path: Path) -> None:
    now = datetime.now(UTC)

    async def twice() -> tuple[Outcome, Outcome, int]:
        async with Hostile({"/a": answer(FEED)}) as server:
            (tmp_path / "earmark.toml").write_text(
                f'[http]\ncontact = "ops@norvik.example"\nallow = ["{server.allow}"]\nspacing = 0\n', "utf-8"
            )
            settings = load(tmp_path)
            engine = connect(settings.database_url)
            migrate(engine)
            source = Configured(id="a", kind="feed", options={"url": server.url("/a")}, next_poll_at=now)
            first = await glance(settings, source, now)
            with writing(engine) as connection:
                hosts.note(connection, day_of(now), {}, {"127.0.0.1": now + timedelta(hours=1)})
            second = await glance(settings, source, now)
            engine.dispose()
            return first, second, len(server.seen)

    first, second, asked = asyncio.run(twice())
    assert (first.result, len(first.events)) == ("new", 1)
    assert (second.result, asked) == ("waiting", 1)
    assert "asked for a pause until" in (second.error or "")
