"""Where the fetcher goes: redirects, names and their addresses, certificates; and where it doesn't."""

import gc
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any

import pytest

from earmark.errors import SourceChanged, SourceRefused, SourceUnavailable
from monitors.http import MOST_REDIRECTS, Answer
from tests.monitors.hostile import CERTIFICATE, Handler, Hostile, a_fetcher, answer, raw

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def server() -> AsyncIterator[Hostile]:
    async with Hostile() as hostile:
        yield hostile


@pytest.fixture(scope="module", autouse=True)
def _no_socket_is_left_open() -> Iterator[None]:
    yield
    gc.collect()  # a socket left open warns when it is collected, and a warning is an error


def names(**addresses: str) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """Return a resolver that knows these names ("a_example" is a.example) and counts nothing else."""

    async def resolve(host: str, _: int) -> Sequence[str]:
        return addresses[host.replace(".", "_")].split()

    return resolve


def redirect(location: str, status: str = "302 Found") -> Handler:
    return answer(b"", f"Location: {location}", status=status)


async def fetch(server: Hostile, path: str = "/feed", **changes: Any) -> Answer:
    async with a_fetcher(server) as fetcher:
        return await fetcher.fetch("GET", server.url(path), **changes)


async def test_a_redirect_is_followed_and_the_end_is_reported(server: Hostile) -> None:
    server.pages |= {"/a": redirect("/b?x=1"), "/b": redirect("c"), "/c": answer(b"x", 'ETag: "c"')}
    got = await fetch(server, "/a")
    assert (got.url, got.body, got.etag, got.moved_to) == (server.url("/c"), b"x", '"c"', None)


async def test_only_redirects_that_are_all_permanent_move_a_source(server: Hostile) -> None:
    server.pages |= {
        "/a": redirect("/b", "301 Moved"),
        "/b": redirect("/c", "308 Moved"),
        "/c": answer(b"x"),
        "/d": redirect("/e", "301 Moved"),
        "/e": redirect("/c", "307 Later"),
        "/f": redirect("/g", "302 Found"),
        "/g": redirect("/c", "301 Moved"),
        "/gone": redirect("/nowhere", "301 Moved"),
    }
    assert (await fetch(server, "/a")).moved_to == server.url("/c")
    assert (await fetch(server, "/d")).moved_to is None
    assert (await fetch(server, "/f")).moved_to is None
    assert (await fetch(server, "/c")).moved_to is None
    with pytest.raises(SourceUnavailable):
        await fetch(server, "/gone")


async def test_validators_travel_with_a_redirect(server: Hostile) -> None:
    server.pages |= {"/a": redirect("/b"), "/b": raw(b"HTTP/1.1 304 Not Modified\r\n\r\n")}
    assert (await fetch(server, "/a", validators=('"v"', None))).not_modified
    assert server.seen[1].headers["if-none-match"] == '"v"'


@pytest.mark.parametrize("target", ["/a", "a#again", "?", "/b"])
async def test_a_redirect_loop_ends_with_a_clear_text(server: Hostile, target: str) -> None:
    server.pages |= {"/a": redirect(target), "/b": redirect("/a")}
    with pytest.raises(SourceChanged, match="redirects in a circle"):
        await fetch(server, "/a")
    assert len(server.seen) <= 2


async def test_so_many_redirects_are_followed_and_no_more(server: Hostile) -> None:
    for number in range(MOST_REDIRECTS + 1):
        server.pages[f"/{number}"] = redirect(f"/{number + 1}")
    server.pages[f"/{MOST_REDIRECTS + 1}"] = answer(b"x")
    assert (await fetch(server, "/1")).body == b"x"
    server.seen.clear()
    with pytest.raises(SourceChanged, match=f"more than {MOST_REDIRECTS} times"):
        await fetch(server, "/0")
    assert len(server.seen) == MOST_REDIRECTS + 1


async def test_a_redirect_that_leads_nowhere_says_so(server: Hostile) -> None:
    server.pages["/a"] = answer(status="302 Found")
    with pytest.raises(SourceChanged, match="without saying where to"):
        await fetch(server, "/a")


async def test_a_location_in_utf_8_or_with_a_blank_is_understood(server: Hostile) -> None:
    server.pages |= {
        "/a": raw("HTTP/1.1 302 Found\r\nLocation: /mü ller\r\nContent-Length: 0\r\n\r\n".encode()),
        "/m%C3%BC%20ller": answer(b"x"),
    }
    assert (await fetch(server, "/a")).body == b"x"


FORBIDDEN = [
    "http://127.0.0.1:{other}/canary",
    "http://127.0.0.1.:{other}/canary",
    "http://2130706433:{other}/canary",
    "http://0x7f000001:{other}/canary",
    "http://0x7f.0.0.1:{other}/canary",
    "http://0177.0.0.1:{other}/canary",
    "http://127.1:{other}/canary",
    "http://0.0.0.0:{other}/canary",
    "http://0:{other}/canary",
    "http://localhost:{other}/canary",
    "http://LOCALHOST.:{other}/canary",
    "http://１２７.0.0.1:{other}/canary",
    "http://127。0。0。1:{other}/canary",
    "http://%31%32%37.0.0.1:{other}/canary",
    "http://[::1]:{other}/canary",
    "http://[::]:{other}/canary",
    "http://[::ffff:127.0.0.1]:{other}/canary",
    "http://[::ffff:7f00:1]:{other}/canary",
    "http://[::127.0.0.1]:{other}/canary",
    "http://[64:ff9b::7f00:1]:{other}/canary",
    "http://[2002:7f00:1::]:{other}/canary",
    "http://[fe80::1%25lo]:{other}/canary",
    "http://10.0.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://feeds.example@127.0.0.1:{other}/canary",
    "http://127.0.0.1:{other}\\@feeds.example/canary",
    "//127.0.0.1:{other}/canary",
    "\\\\127.0.0.1:{other}\\canary",
    "file:///etc/passwd",
    "file:/etc/passwd",
    "FILE:///etc/passwd",
    "ftp://127.0.0.1:{other}/",
    "gopher://127.0.0.1:{other}/_GET",
    "data:text/xml,<rss/>",
    "javascript:alert(1)",
    "unix:///var/run/docker.sock",
    "http://",
    "http:///canary",
    "http://[::1",
    "http://a:b:c/",
    "http://feeds.example:99999/",
    "http://feeds.example:0/",
    "///127.0.0.1:{other}/canary",
    "http://inside.example:{other}/canary",
]


@pytest.mark.parametrize("location", FORBIDDEN)
@pytest.mark.parametrize("redirected", [False, True])
async def test_nothing_private_is_reached_by_an_address_or_a_redirect(
    server: Hostile, location: str, *, redirected: bool
) -> None:
    async with Hostile({"/canary": answer(b"secret")}) as canary:
        target = location.format(other=canary.port)
        server.pages["/a"] = raw(f"HTTP/1.1 302 Found\r\nLocation: {target}\r\n\r\n".encode())
        url = server.url("/a") if redirected else target
        if target.startswith(("//", "\\")):
            url = server.url("/a")
        known = names(inside_example="127.0.0.1", localhost="127.0.0.1", localhost_="127.0.0.1")
        async with a_fetcher(server, resolve=known) as fetcher:
            with pytest.raises(SourceRefused):
                await fetcher.fetch("GET", url)
    assert canary.connections == 0


async def test_a_name_is_resolved_once_and_that_address_is_connected_to(server: Hostile) -> None:
    server.pages["/feed"] = answer(b"x")
    asked: list[str] = []

    async def rebinding(host: str, _: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    async with a_fetcher(server, resolve=rebinding) as fetcher:
        got = await fetcher.fetch("GET", server.url("/feed", host="feeds.example"))
        assert got.body == b"x"
        assert asked == ["feeds.example"]
        assert server.seen[0].headers["host"] == f"feeds.example:{server.port}"
        with pytest.raises(SourceRefused, match=r"10\.0\.0\.1"):
            await fetcher.fetch("GET", server.url("/feed", host="feeds.example"))


async def test_a_name_that_points_outside_and_inside_is_not_asked(server: Hostile) -> None:
    resolve = names(feeds_example="127.0.0.1 192.168.0.1")
    async with a_fetcher(server, resolve=resolve) as fetcher:
        with pytest.raises(SourceRefused, match=r"192\.168\.0\.1"):
            await fetcher.fetch("GET", server.url("/feed", host="feeds.example"))
    assert server.connections == 0


async def test_when_the_first_address_is_dead_the_next_one_is_tried(server: Hostile) -> None:
    server.pages["/feed"] = answer(b"x")
    resolve = names(feeds_example="127.0.0.2 127.0.0.1")
    async with a_fetcher(server, resolve=resolve, allow=["127.0.0.0/8"]) as fetcher:
        assert (await fetcher.fetch("GET", server.url("/feed", host="feeds.example"))).body == b"x"


async def test_the_system_is_asked_for_names_by_default(server: Hostile) -> None:
    server.pages["/feed"] = answer(b"x")
    async with a_fetcher(allow=[f"localhost:{server.port}"]) as fetcher:
        assert (await fetcher.fetch("GET", server.url("/feed", host="localhost"))).body == b"x"
        with pytest.raises(SourceUnavailable, match=r"No address was found for "):
            await fetcher.fetch("GET", f"http://{'a' * 70}.invalid/")


async def test_what_may_be_a_credential_stays_with_its_host(server: Hostile) -> None:
    secrets = {"Authorization": "Bearer hush", "Cookie": "a=b", "X-Api-Key": "hush", "Accept": "text/xml"}
    async with Hostile({"/b": answer(b"x")}) as other:
        server.pages |= {"/same": redirect("/end"), "/end": answer(b"x"), "/a": redirect(other.url("/b"))}
        async with a_fetcher(server, other) as fetcher:
            await fetcher.fetch("GET", server.url("/same"), headers=secrets)
            await fetcher.fetch("GET", server.url("/a"), headers=secrets)
    assert server.seen[1].headers["authorization"] == "Bearer hush"
    assert server.seen[1].headers["x-api-key"] == "hush"
    assert other.seen[0].headers["accept"] == "text/xml"
    assert not {"authorization", "cookie", "x-api-key"} & other.seen[0].headers.keys()


async def test_what_was_posted_is_not_carried_to_another_host(server: Hostile) -> None:
    async with Hostile({"/b": answer(b"x")}) as other:
        server.pages |= {"/a": redirect(other.url("/b"), "307 Later"), "/c": redirect("/d", "307 Later")}
        server.pages |= {"/d": answer(b"x"), "/e": redirect("/d", "303 See Other")}
        async with a_fetcher(server, other) as fetcher:
            with pytest.raises(SourceRefused, match="must not see what this request carries"):
                await fetcher.fetch("POST", server.url("/a"), json={"a": 1})
            await fetcher.fetch("POST", server.url("/c"), json={"a": 1})
            await fetcher.fetch("POST", server.url("/e"), json={"a": 1})
    assert other.connections == 0
    assert [(seen.method, seen.body) for seen in server.seen if seen.target == "/d"] == [
        ("POST", b'{"a":1}'),
        ("GET", b""),
    ]
    assert "content-type" not in server.seen[-1].headers


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(CERTIFICATE))


def serving() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


async def test_a_credential_does_not_go_from_https_to_http(server: Hostile) -> None:
    server.pages["/b"] = answer(b"x")
    safe = Hostile({"/a": redirect(server.url("/b"))}, tls=serving())
    async with safe, a_fetcher(server, safe, tls=trusting()) as fetcher:
        with pytest.raises(SourceRefused, match="must not see"):
            await fetcher.fetch("GET", safe.url("/a"), headers={"Authorization": "hush"})
        assert server.connections == 0
        assert (await fetcher.fetch("GET", safe.url("/a"))).body == b"x"


async def test_the_name_of_a_page_is_kept_for_tls_and_checked_there() -> None:
    context = serving()
    told: list[str | None] = []
    context.sni_callback = lambda _, name, __: told.append(name)
    async with Hostile({"/feed": answer(b"x")}, tls=context) as safe:
        resolve = names(feeds_example="127.0.0.1", other_example="127.0.0.1")
        async with a_fetcher(safe, tls=trusting(), resolve=resolve) as fetcher:
            assert (await fetcher.fetch("GET", safe.url("/feed", host="feeds.example"))).body == b"x"
            with pytest.raises(SourceUnavailable, match="certificate that can't be trusted"):
                await fetcher.fetch("GET", safe.url("/feed", host="other.example"))
    assert told == ["feeds.example", "other.example"]
    assert len(safe.seen) == 1


async def test_the_usual_authorities_are_trusted_by_default_and_nobody_else() -> None:
    async with Hostile({"/feed": answer(b"x")}, tls=serving()) as safe, a_fetcher(safe, tls=None) as fetcher:
        with pytest.raises(SourceUnavailable, match="can't be trusted"):
            await fetcher.fetch("GET", safe.url("/feed"))
    assert fetcher._tls.cert_store_stats()["x509_ca"] > 50


async def test_a_certificate_that_nobody_signed_is_refused_in_plain_words() -> None:
    async with Hostile({"/feed": answer(b"x")}, tls=serving()) as safe:
        with pytest.raises(SourceUnavailable, match=r"can't be trusted \(self-signed certificate\)"):
            await fetch(safe)
    assert safe.seen == []


async def test_plain_http_behind_https_is_told_apart() -> None:
    async with Hostile(greeting=b"HTTP/1.1 400 Bad Request\r\n\r\n") as plain, a_fetcher(plain) as fetcher:
        with pytest.raises(SourceUnavailable, match="could not agree on an encrypted connection"):
            await fetcher.fetch("GET", plain.url("/feed").replace("http:", "https:"))
