"""One letter: who sent it, and what it tells."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.errors import SourceChanged
from sources.cards import cards_of, plain_cards_of, unwrapped
from sources.letters import Told, read_letter
from tests.builders import NOW
from tests.sources.dropped import DATA

SERVER = "mx.seller.example"


def letter(body: str = "Norvik Labs opens an office in Oslo", **headers: str) -> bytes:
    lines: dict[str, str] = {
        "Authentication-Results": f"{SERVER}; dkim=pass header.d=tide.example",
        "From": "The Tide <letter@tide.example>",
        "Subject": "The Tide, number 12",
        "Message-ID": "<tide-12@tide.example>",
        "Date": "Wed, 18 Nov 2026 08:00:00 +0000",
        "List-Id": "<tide.example>",
    }
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\n" for name, value in lines.items() if value)
    return f"{head}\n{body}\n".encode()


def html(body: str, **headers: str) -> bytes:
    return letter(body, Content_Type="text/html; charset=utf-8", **headers)


def read(raw: bytes, *listed: str, authserv: str | None = SERVER) -> Told:
    return read_letter(raw, authserv, listed, NOW)


# Whom to believe


def test_a_letter_whose_signature_the_receiving_server_found_good_counts() -> None:
    assert [event.title for event in read(letter()).events] == ["The Tide, number 12"]


@pytest.mark.parametrize(
    "results",
    [
        "",
        f"{SERVER}; dkim=fail header.d=tide.example",
        f"{SERVER}; dkim=none",
        f"{SERVER}; dkim=pass",  # by whom?
        f"{SERVER}; dkim=pass header.d=mailer.example",
        f"{SERVER}; dkim=pass header.d=eviltide.example",
        f"{SERVER}; dkim=pass header.d=example",
        f"{SERVER}; spf=pass smtp.mailfrom=tide.example",
        f"{SERVER}; none (dkim=pass header.d=tide.example)",
        f"{SERVER}; spf=fail (; dkim=pass header.d=tide.example)",
        "other.example; dkim=pass header.d=tide.example",
        f"{SERVER}.evil.example; dkim=pass header.d=tide.example",
        f"{SERVER}; dkim=pass header.d=tide.example; dmarc=fail header.from=tide.example",
        f'{SERVER}; spf=pass smtp.mailfrom="x; dkim=pass header.d=tide.example; y"@evil.example',
        f"{SERVER}; spf=pass (of (a) ; dkim=pass header.d=tide.example ; b) smtp.mailfrom=evil.example",
        f"{SERVER}; spf=pass (of (( ; dkim=pass header.d=tide.example",
        f'{SERVER}; spf=pass smtp.mailfrom="; dkim=pass header.d=tide.example',
        f"{SERVER}; spf=pass {'(' * 20_000}; dkim=pass header.d=tide.example",
    ],
)
def test_without_a_pass_of_the_senders_own_domain_a_letter_does_not_count(results: str) -> None:
    told = read(letter(Authentication_Results=results))
    assert told.events == ()
    assert told.refused in {
        "nothing proves its sender",
        "the receiving server says that its sender is forged",
    }
    assert told.sender == "letter@tide.example"


@pytest.mark.parametrize(
    "results",
    [
        f"{SERVER}; dkim=pass (2048-bit key; unprotected) header.d=tide.example header.i=@tide.example",
        f"{SERVER}; dkim=fail header.d=mailer.example; dkim=pass header.d=tide.example",
        f"{SERVER.upper()}; dkim=pass header.d=tide.example",
        f'{SERVER}; dkim=pass (key (2048) "x") header.d=tide.example; spf=none (no (spf))',
        f"{SERVER} 1; DKIM=Pass header.i=@TIDE.example",
        f"{SERVER}; dkim=pass header.d=mail.tide.example",
    ],
)
def test_the_forms_of_a_pass_are_understood(results: str) -> None:
    assert read(letter(Authentication_Results=results)).refused == ""


def test_only_the_topmost_header_of_the_server_is_believed() -> None:
    forged = f"Authentication-Results: {SERVER}; dkim=none\n".encode() + letter()
    assert read(forged).refused == "nothing proves its sender"


def test_without_a_named_server_no_header_is_believed() -> None:
    assert read(letter(), authserv=None).refused == "nothing proves its sender"


@pytest.mark.parametrize("listed", ["letter@tide.example", "tide.example", "@tide.example", "TIDE.example"])
def test_a_listed_sender_counts_without_proof(listed: str) -> None:
    assert read(letter(Authentication_Results=""), listed).events


@pytest.mark.parametrize("listed", ["tide", "other@tide.example", "de.example", "tide.example.org", ""])
def test_what_only_resembles_a_listed_sender_does_not(listed: str) -> None:
    assert read(letter(Authentication_Results=""), listed).events == ()


def test_a_listed_sender_that_the_server_calls_forged_does_not_count() -> None:
    told = read(letter(Authentication_Results=f"{SERVER}; dmarc=fail"), "tide.example")
    assert told.refused == "the receiving server says that its sender is forged"


@pytest.mark.parametrize(
    "sender",
    ["", "nobody", "a@tide.example, b@evil.example", '"letter@tide.example" <x@evil.example>', "<>", "a@b@c"],
)
def test_a_from_line_that_names_no_single_good_sender_does_not_count(sender: str) -> None:
    assert read(letter(From=sender)).events == ()


def test_two_from_lines_are_none() -> None:
    assert read(b"From: x@evil.example\n" + letter()).refused == "it names no single sender"


def test_a_personal_letter_is_nobodys_business_unless_its_sender_is_listed() -> None:
    personal = letter("Dinner at eight?", List_Id="")
    assert read(personal).refused == "it is a personal letter"
    assert len(read(personal, "letter@tide.example").events) == 1


# What it tells


def test_entries_are_dated_as_the_letter_is_and_never_in_the_future() -> None:
    body = '<a href="https://tide.example/1">Norvik Labs opens an office in Oslo</a>'
    dated = [
        [event.published_at is not None for event in read(html(body, Date=date)).events]
        for date in ("Wed, 18 Nov 2026 08:00:00 +0000", "Wed, 18 Nov 2031 08:00:00 +0000", "soon", "")
    ]
    assert dated == [[True], [False], [False], [False]]


def test_ids_are_the_letters_with_the_link_and_survive_another_delivery() -> None:
    body = '<a href="https://tide.example/1?utm_source=x">Norvik Labs opens an office in Oslo</a>'
    (first,) = read(html(body)).events
    (again,) = read(html(body.replace("utm_source=x", "utm_source=y"), Received="by mx2")).events
    assert first.external_id == again.external_id == "tide-12@tide.example https://tide.example/1"


def test_a_letter_without_an_id_is_known_by_its_bytes() -> None:
    one, other = (read(letter(body, Message_ID="")).events[0] for body in ("One", "Other"))
    assert one.external_id != other.external_id
    assert one == read(letter("One", Message_ID="")).events[0]


def test_a_button_takes_the_headline_above_it() -> None:
    body = (
        "<table><tr><td><p>Ines Korte is now COO at Mirefield Energy</p><p>Formerly at Tidemill</p>"
        '<a href="https://a.example/1">View profile</a></td></tr>'
        "<tr><td><p>Norvik Labs opens an office in Oslo</p>"
        '<a href="https://a.example/2">Read more</a></td></tr>'
        "</table>"
    )
    cards = cards_of(body)
    assert [card.title for card in cards] == [
        "Ines Korte is now COO at Mirefield Energy",
        "Norvik Labs opens an office in Oslo",
    ]
    assert cards[0].text == "Formerly at Tidemill"


def test_the_letters_own_business_is_left_out_and_headlines_with_its_words_are_not() -> None:
    body = "".join(
        f'<p><a href="https://a.example/{number}">{words}</a></p>'
        for number, words in enumerate(
            (
                "Unsubscribe from this list",
                "View this e-mail in your browser",
                "Manage your preferences",
                "Privacy policy of The Tide",
                "Norvik Labs names a chief privacy officer to settle the preferences of its clients",
                "Open banking firm Tallowick raises 5 million",
            )
        )
    )
    assert [card.link for card in cards_of(body)] == ["https://a.example/4", "https://a.example/5"]


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("https://www.google.com/url?rct=j&url=https://a.example/x%3Fid%3D7&ct=ga", "https://a.example/x?id=7"),
        ("https://f5bot.com/url?u=https%3A%2F%2Fa.example%2Fx&i=0", "https://a.example/x"),
        ("https://t.example/?q=https%3A%2F%2Fa.example%2F%3Furl%3Dhttps%253A%252F%252Fb.example%252F", "https://b.example/"),
        ("https://a.example/x?utm_source=l&id=7&utm_medium=mail", "https://a.example/x?id=7"),
        ("https://www.linkedin.com/in/ann?midToken=SECRET", "https://www.linkedin.com/in/ann"),
        ("https://t.example/c/0pAque", "https://t.example/c/0pAque"),
        ("https://t.example/?url=javascript:alert(1)", "https://t.example/?url=javascript:alert(1)"),
        ("javascript:alert(1)", None),
        ("mailto:a@b.example", None),
        ("http://[::1", None),
        ("", None),
    ],
)  # fmt: skip
def test_links_are_unwrapped_and_lose_what_names_the_reader(link: str, target: str | None) -> None:
    assert unwrapped(link) == target


def test_an_attachment_is_no_news() -> None:
    events = read((DATA / "mailbox" / "crunchbase-alert.eml").read_bytes()).events
    assert not any("billion" in event.title for event in events)


def test_a_google_alert_tells_the_union_of_rows_and_markup() -> None:
    link = {"type": "LINK", "title": "Norvik Labs moves - Tidewire", "url": "https://b.example/2"}
    markup = json.dumps({"cards": [{"widgets": [link, {"type": "LINK"}, 7]}, None]})
    body = (
        f'<script data-scope="inboxmarkup">{markup}</script><table><tr itemtype="http://schema.org/Article"><td>'
        '<a itemprop="url" href="https://a.example/1"><b>Norvik</b> Labs raises</a></td></tr></table>'
    )
    raw = html(
        body,
        From="googlealerts-noreply@google.com",
        Authentication_Results=f"{SERVER}; dkim=pass header.d=google.com",
    )
    told = [(event.title, event.publisher) for event in read(raw).events]
    assert told == [
        ("Norvik Labs raises", "google.com"),
        ("Norvik Labs moves", "Tidewire"),
    ]


def test_a_plain_letter_splits_at_its_links() -> None:
    text = "Hello.\n\nNorvik Labs moves to Bergen\nSoon.\nhttps://a.example/1.\n\nhttps://a.example/2\n"
    assert [(c.title, c.link, c.text) for c in plain_cards_of(text)] == [
        ("Norvik Labs moves to Bergen", "https://a.example/1", "Soon.")
    ]


@pytest.mark.parametrize("raw", [b"", b"<html><body>Log in</body></html>", b"\0\1\2", b"just words\n\nmore"])
def test_what_is_no_letter_is_told_as_a_change(raw: bytes) -> None:
    with pytest.raises(SourceChanged, match="no e-mail"):
        read(raw)


@pytest.mark.timeout(20)
def test_letters_made_to_keep_us_busy_are_read_in_a_moment() -> None:
    many = "<table><tr><td>" + "<a href='https://a.example/1'>Read more</a> Norvik Labs is here " * 2_000
    assert len(read(html(many)).events) == 1
    assert len(read(letter(Subject="=?utf-8?q?x?= " * 20_000)).events) == 1
    f5bot = {"From": "a@f5bot.com", "Authentication_Results": f"{SERVER}; dkim=pass header.d=f5bot.com"}
    assert len(read(letter("Reddit Posts (/r/x/): " + " " * 300_000, **f5bot)).events) == 1


def test_letters_within_letters_are_given_up() -> None:
    with pytest.raises(SourceChanged, match="too deeply"):
        read(letter("Content-Type: message/rfc822\n\n" * 3_000, Content_Type="message/rfc822"))


# Whatever the bytes

PIECES: Any = st.sampled_from(
    [
        *("From: letter@tide.example\n", "List-Id: <x>\n", "Date: x\n", "Subject: =?utf-8?b?/w==?=\n", "\n"),
        *("Content-Type: multipart/mixed; boundary=b\n", "--b\n", "--b--\n", "Content-Type: text/html\n"),
        *("Content-Transfer-Encoding: base64\n", "Content-Type: text/html; charset=x\n", "\xff", "<a href="),
        *(
            "'https://a.example/",
            "'>",
            "Norvik Labs raises a round",
            "</a>",
            "<table><tr><td>",
            "=?x?q?",
            "\0",
        ),
        "Content-Type: message/rfc822\n",
        f"Authentication-Results: {SERVER}; dkim=pass header.d=tide.example\n",
    ]
)


@given(st.lists(PIECES, max_size=30).map("".join))
def test_whatever_a_letter_holds_it_gives_clean_events_or_says_why_not(text: str) -> None:
    try:
        told = read(text.encode("latin-1"), "tide.example")
    except SourceChanged:
        return
    ids = [event.external_id for event in told.events]
    assert len(ids) == len(set(ids))
    assert all(event.title == " ".join(event.title.split()) != "" for event in told.events)


@given(st.binary(max_size=300))
def test_whatever_the_bytes_of_a_body_nothing_but_a_verdict_comes_out(body: bytes) -> None:
    told = read(letter("", Content_Type="text/html") + body)
    assert told.refused == ""
