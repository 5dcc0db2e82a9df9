"""The address guard: what may be connected to, and what an address may look like."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import ConfigError, SourceRefused, SourceUnavailable
from monitors.guard import DENIED, PUBLIC_V6, Allow, admit, check_url, place, refusal, without_keys

NOTHING = Allow()

REFUSED = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.1.2.3
127.255.255.255 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.9
192.0.0.10 192.0.0.170 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1
198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 168.63.129.16
:: ::1 ::127.0.0.1 ::10.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.1.2.3 ::ffff:169.254.169.254
::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::7f00:1 64:ff9b:1::808:808
100::1 2001::1 2001:0:7f00:1::1 2001:2::1 2001:10::1 2001:20::1 2001:db8::1 2002:7f00:1:: 2002:a00:1::1
2002:c0a8:101::1 2002:a9fe:a9fe::1 3fff::1 5f00::1 fc00::1 fd00:ec2::254 fd20:ce::254 fd12:3456:789a::1
fe80::1 fe80::1%eth0 febf::1 fec0::1 feff::1 ff02::1 ff0e::1 2600::1%eth0 4000::1 e000::1
localhost example.com 127.1 0x7f000001 2130706433 0177.0.0.1
""".split()  # noqa: SIM905 - a table of words reads better

PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 93.184.215.14 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.3.0 192.167.255.255 192.169.0.0 198.17.255.255
198.20.0.0 203.0.114.0 223.255.255.255 ::ffff:8.8.8.8 64:ff9b::808:808 2001:200::1 2001:4860:4860::8888
2002:808:808::1 2400:cb00:2048:1::1 2606:4700:4700::1111 2620:fe::fe 2a00:1450:4001:80b::200e
""".split()  # noqa: SIM905 - a table of words reads better

CALLED_GLOBAL_BY_PYTHON_3_11_7 = """
64:ff9b::7f00:1 2002:7f00:1:: ::127.0.0.1 fec0::1 224.0.0.1 192.88.99.1 192.0.0.9 192.0.0.10 168.63.129.16
64:ff9b:1::7f00:1 3fff::1 ff02::1 5f00::1 ::ffff:0:127.0.0.1
""".split()  # noqa: SIM905 - a table of words reads better


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert refusal(address) is not None
    with pytest.raises(SourceRefused):
        admit("feeds.example", 443, [address], NOTHING)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_admitted(address: str) -> None:
    assert refusal(address) is None
    assert admit("feeds.example", 443, [address], NOTHING) == (address,)


@pytest.mark.parametrize("address", CALLED_GLOBAL_BY_PYTHON_3_11_7)
def test_the_table_does_not_rely_on_what_python_calls_global(address: str) -> None:
    assert refusal(address) is not None


def test_the_tables_hold_at_least_sixty_addresses() -> None:
    assert len({*REFUSED, *PUBLIC}) >= 60
    assert not set(REFUSED) & set(PUBLIC)


V4_NETWORKS = [network for network, _ in DENIED if isinstance(network, IPv4Network)]
V6_NETWORKS = [network for network, _ in DENIED if isinstance(network, IPv6Network)]


@st.composite
def denied_v4(draw: st.DrawFn) -> IPv4Address:
    network = draw(st.sampled_from(V4_NETWORKS))
    return network[draw(st.integers(0, network.num_addresses - 1))]


@st.composite
def denied_v6(draw: st.DrawFn) -> IPv6Address:
    network = draw(st.sampled_from(V6_NETWORKS))
    return network[draw(st.integers(0, network.num_addresses - 1))]


def v6(prefix: str, value: int) -> str:
    return str(IPv6Address(int(IPv6Address(prefix)) | value))


@given(denied_v4(), st.integers(0, 2**80 - 1), st.integers(0, 2**16 - 1))
def test_no_dress_makes_a_denied_ipv4_address_acceptable(
    address: IPv4Address, noise: int, flags: int
) -> None:
    inner = int(address)
    hidden = inner ^ 0xFFFFFFFF
    public = int(IPv4Address("8.8.8.8"))
    dressed = [
        str(address),
        v6("::", inner),
        v6("::ffff:0:0", inner),
        v6("64:ff9b::", inner),
        v6("64:ff9b:1::", inner),
        v6("2002::", inner << 80 | noise),
        v6("2001::", public << 64 | flags << 48 | hidden),
        v6("2001::", inner << 64 | flags << 48 | (public ^ 0xFFFFFFFF)),
    ]
    assert [form for form in dressed if refusal(form) is None] == []


@given(denied_v6())
def test_every_address_of_a_denied_ipv6_network_is_refused(address: IPv6Address) -> None:
    teredo = address.teredo
    if teredo is None:
        assert refusal(str(address)) is not None
    else:
        both_public = all(refusal(str(inner)) is None for inner in teredo)
        assert (refusal(str(address)) is None) == both_public


@given(st.integers(0, 2**128 - 1))
def test_an_ipv6_address_outside_of_public_space_needs_a_public_one_inside(value: int) -> None:
    address = IPv6Address(value)
    if refusal(str(address)) is None and address not in PUBLIC_V6:
        assert address.ipv4_mapped is not None or address in IPv6Network("64:ff9b::/96")


@given(st.integers(0, 2**32 - 1))
def test_an_ipv4_address_is_refused_exactly_when_a_network_of_the_table_holds_it(value: int) -> None:
    address = IPv4Address(value)
    assert (refusal(str(address)) is not None) == any(address in network for network in V4_NETWORKS)


def test_one_bad_answer_refuses_all_the_good_ones() -> None:
    with pytest.raises(SourceRefused, match=r"feeds\.example leads to a private address \(10\.0\.0\.5\)"):
        admit("feeds.example", 443, ["8.8.8.8", "10.0.0.5"], NOTHING)


def test_the_refusal_says_how_to_make_an_exception() -> None:
    with pytest.raises(SourceRefused, match=r'add "intranet\.example:8080" to allow under'):
        admit("intranet.example", 8080, ["192.168.1.4"], NOTHING)
    with pytest.raises(SourceRefused, match=r'add "\[::1\]:80" to allow'):
        admit("::1", 80, ["::1"], NOTHING)


def test_a_name_without_an_address_is_unavailable() -> None:
    with pytest.raises(SourceUnavailable, match=r"feeds\.example"):
        admit("feeds.example", 443, [], NOTHING)


@pytest.mark.parametrize(
    ("entry", "host", "port", "address"),
    [
        ("127.0.0.1:8123", "127.0.0.1", 8123, "127.0.0.1"),
        ("127.0.0.1:8123", "feeds.example", 8123, "127.0.0.1"),
        ("[::1]:8123", "::1", 8123, "::1"),
        ("intranet.example:80", "intranet.example", 80, "10.0.0.9"),
        ("Intranet.Example:80", "intranet.example.", 80, "10.0.0.9"),
        ("10.0.0.0/8", "anything.example", 9999, "10.20.30.40"),
        ("fd00::/8", "anything.example", 80, "fd00::1"),
        ("169.254.169.254:80", "169.254.169.254", 80, "169.254.169.254"),
    ],
)
def test_the_allow_list_makes_an_exception(entry: str, host: str, port: int, address: str) -> None:
    assert admit(host, port, [address], Allow.parse([entry])) == (address,)


@pytest.mark.parametrize(
    ("entry", "host", "port", "address"),
    [
        ("127.0.0.1:8123", "127.0.0.1", 8124, "127.0.0.1"),
        ("127.0.0.1:8123", "127.0.0.2", 8123, "127.0.0.2"),
        ("127.0.0.1:8123", "x.example", 8123, "::ffff:127.0.0.1"),
        ("127.0.0.1:8123", "x.example", 8123, "64:ff9b::7f00:1"),
        ("intranet.example:80", "evil.intranet.example", 80, "10.0.0.9"),
        ("intranet.example:80", "intranet.example", 80, "169.254.169.254"),
        ("10.0.0.0/8", "x.example", 80, "::ffff:10.0.0.1"),
        ("fe80::/10", "x.example", 80, "fe80::1%eth0"),
    ],
)
def test_an_exception_goes_no_further_than_it_says(entry: str, host: str, port: int, address: str) -> None:
    with pytest.raises(SourceRefused):
        admit(host, port, [address], Allow.parse([entry]))


@pytest.mark.parametrize(
    "entry",
    [
        "",
        ":80",
        "127.0.0.1",
        "localhost",
        "localhost:",
        "localhost:0",
        "localhost:65536",
        "localhost:http",
        "localhost:٨٠",
        "http://localhost:80",
        "*:80",
        "*.example:80",
        "user@host:80",
        "::1",
        "::1:8123",
        "[::1]",
        "[127.0.0.1]:80",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "0.0.0.0/0",
        "::/0",
        "private",
    ],
)
def test_a_bad_entry_is_named_with_what_to_write(entry: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Allow.parse(["127.0.0.1:8123", entry])
    assert f'"{entry}"' in str(caught.value)
    assert "host:port" in str(caught.value)


def check(url: str) -> None:
    scheme, _, rest = url.partition("://")
    host = rest.split("/")[0].split("?")[0].rpartition("@")[2]
    check_url(url, scheme=scheme.lower(), host=host)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://feeds.example/a",
        "gopher://feeds.example/a",
        "data:text/plain,a",
        "javascript:alert(1)",
        "//feeds.example/a",
        "feeds.example/a",
        "http://",
        "http:///a",
        "http://user@feeds.example/",
        "http://user:pass@feeds.example/",
        "http://feeds.example\\@127.0.0.1/",
        "http://feeds.example/a\\b",
        "http://feeds.example/a b",
        "http://feeds.example/\r\nHost: inside",
        "http://feeds.example/\x00",
        "http://feeds.example/\x7f",
        " http://feeds.example/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://127.1/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://127.0.0.0x1/",
        "http://%31%32%37.0.0.1/",
        "http://feeds.example/" + "a" * 8192,
    ],
)
def test_an_address_that_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(SourceRefused):
        check(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://feeds.example",
        "https://feeds.example/a?b=c@d#e",
        "https://feeds.example/@team/feed",
        "HTTPS://feeds.example/a",
        "http://127.0.0.1/",
        "http://xn--mller-kva.example/feed",
        "https://4chan.example/1",
    ],
)
def test_a_plain_web_address_passes(url: str) -> None:
    check(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://feeds.example/a/b.xml?token=hush#x", "https://feeds.example/a/b.xml"),
        ("https://user:hush@feeds.example:8443/a", "https://feeds.example:8443/a"),
        ("https://feeds.example/alerts/01234567890123456789/feed", "https://feeds.example/alerts/…/feed"),
        ("https://feeds.example/hush0hush1hush2hush3", "https://feeds.example/…"),
        ("https://feeds.example/0b8a8d1e-1111-2222-3333-444455556666/x", "https://feeds.example/…/x"),
        ("https://feeds.example/2026/11/21/norvik-labs-raises-20-million", None),
        ("data:text/plain,hush", "data:…"),
        ("http://[::1", "an unreadable address"),
    ],
)
def test_an_error_text_shows_an_address_without_its_secrets(url: str, shown: str | None) -> None:
    assert place(url) == (shown or url)


@given(st.text(max_size=300))
def test_any_text_can_be_shown_on_one_short_line(url: str) -> None:
    shown = place(url)
    assert len(shown) <= 200
    assert shown.isprintable()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://news.example/search?q=norvik%20labs", "https://news.example/search?q=norvik%20labs"),
        ("https://news.example/rss?token=abc123def", "https://news.example/rss?token=•••"),
        ("https://news.example/rss?u=a1b2c3d4e5f6a7b8c9d0", "https://news.example/rss?u=…"),
        ("https://a1b2c3d4e5f6a7b8c9d0.example/x", "https://a1b2c3d4e5f6a7b8c9d0.example/x"),
        ("https://news.example/u/a1b2c3d4e5f6a7b8c9d0/feed", "https://news.example/u/…/feed"),
        ("https://ada:pass@news.example/feed", "https://•••@news.example/feed"),
        ("https://[broken", "an unreadable address"),
    ],
)
def test_an_address_is_shown_whole_but_for_what_may_be_a_key(url: str, shown: str) -> None:
    assert without_keys(url) == shown
