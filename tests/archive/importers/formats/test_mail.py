"""Newsletters: messages and mailboxes, HTML before plain text, inline images, layout tables; broken mail."""

from __future__ import annotations

import os
from base64 import b64encode
from email.message import EmailMessage
from pathlib import Path

import pytest
from importing import count_items, import_twice

from backfile.archive.importers.article_builder import build_article
from backfile.archive.importers.formats.mail import mailbox as mail
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.importers.markdown.email_html import email_to_markdown
from backfile.archive.importers.sources.registry import probe
from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.archive.report import Problem

PNG = b"\x89PNG\r\n\x1a\nfake"
ATTACHED = "*(attached, not imported: menu.pdf)*"
HTML = """<html><body><div style="display:none">Preview \u034f \u200c</div>
<table role="presentation"><tr><td><table><tr><td>
<h2>The ferry</h2><p>It left at <b>nine</b>.</p></td></tr></table>
</td><td><img src="cid:pic-1" alt="The ship"><img src="https://t.example/open" width="1" height="1"></td></tr></table>
<table><tr><th>Port</th><th>Time</th></tr><tr><td>Halbury</td><td>9</td></tr></table>
<p><a href="https://x.example/u">Unsubscribe</a> from this list</p></body></html>"""


def letter(**headers: str) -> EmailMessage:
    message = EmailMessage()
    values = {"From": "Édna Marsh <edna@post.example>", "Subject": "The night ferry — again"}
    values |= {"Date": "Thu, 14 Mar 2019 23:30:00 -0500", "Message-ID": "<42@post.example>"}
    for name, value in (values | {name.replace("_", "-"): value for name, value in headers.items()}).items():
        message[name] = value
    message.set_content("It left at *nine*.\n")
    return message


def with_html() -> EmailMessage:
    message = letter(List_Id='"The Harbour Post" <post.example>', Archived_At="<https://post.example/42>")
    message.add_alternative(HTML, subtype="html")
    part = list(message.iter_parts())[1]
    assert isinstance(part, EmailMessage)
    part.add_related(PNG, "image", "png", cid="<pic-1>", filename="../ship.exe")
    message.add_attachment(b"%PDF", "application", "pdf", filename="menu.pdf")
    return message


def read(tmp_path: Path, content: bytes) -> list[ImportEvent]:
    path = tmp_path / "mail"
    path.write_bytes(content)
    return list(mail.read(path, ImportContext()))


def test_a_plain_letter(tmp_path: Path) -> None:
    assert read(tmp_path, bytes(letter())) == [
        Item(
            origin="mid:42@post.example",
            metadata=ArticleMetadata(
                title="The night ferry — again",
                authors=("Édna Marsh",),
                date=PartialDate(2019, 3, 14),
                source=Source("Édna Marsh"),
            ),
            body="It left at \\*nine\\*.",
        )
    ]


def test_html_goes_first_and_brings_its_pictures(tmp_path: Path) -> None:
    (item,) = read(tmp_path, bytes(with_html()))
    assert isinstance(item, Item)
    table = "| Port | Time |\n| --- | --- |\n| Halbury | 9 |"
    assert item.body == f"## The ferry\n\nIt left at **nine**.\n\n![The ship](ship-1.png)\n\n{table}\n\n{ATTACHED}"
    assert item.metadata.source == Source("The Harbour Post", "https://post.example/42")
    assert [(asset.name, asset.load()) for asset in item.assets] == [("ship-1.png", PNG)]
    assert item.notes == ("left out what is attached: menu.pdf",)


def test_a_mailbox_is_read_message_by_message_and_not_changed(tmp_path: Path) -> None:
    letters = [letter(Message_ID=f"<{number}@post.example>") for number in range(3)]
    answer = letter(Auto_Submitted="auto-replied")
    content = b"".join(b"From edna Thu Mar 14 23:30:00 2019\n" + bytes(each) + b"\n" for each in [*letters, answer])
    found = read(tmp_path, content)
    assert [each.origin for each in found if isinstance(each, Item)] == [
        f"mid:{number}@post.example" for number in range(3)
    ]
    assert found[3] == Skipped("mid:42@post.example", "an automatic answer")
    assert (tmp_path / "mail").read_bytes() == content
    assert mail.detect(probe(tmp_path / "mail")) == 96


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        b"\x00\xff\xfe",
        b"Subject: =?utf-8?b?////?=\nFrom: <<>>\n\n",
        b"Subject: a\nContent-Type: text/html; charset=nonsense\n\n<p>b",
        b"Subject: a\nContent-Type: multipart/mixed; boundary=x\n\n--x\n--x",
        b"Subject: a\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n!!!",
        b'Subject: a\nDate: soon\nMessage-ID: <<[>\nFrom: "a\n\nb',
        b"Subject: a\nContent-Type: text/html\n\n" + b"<table><tr><td>" * 3000,
        b"From x\nFrom: \xff\nSubject: \xfe\n\nb\nFrom y\n",
    ],
)
def test_broken_mail_never_crashes(tmp_path: Path, content: bytes) -> None:
    assert all(isinstance(each, Item | Skipped | Problem) for each in read(tmp_path, content))


def test_a_letter_in_an_unknown_encoding_keeps_its_text(tmp_path: Path) -> None:
    (item,) = read(tmp_path, "Subject: a\nContent-Type: text/plain; charset=x-none\n\nCafé".encode())
    assert isinstance(item, Item)
    assert item.body == "Café"


def test_a_bad_date_is_noted(tmp_path: Path) -> None:
    (item,) = read(tmp_path, b"Subject: a\nDate: soon\n\nText")
    assert isinstance(item, Item)
    assert item.metadata.date is None
    assert len(item.notes) == 1


def part(kind: str, text: str, *headers: str) -> str:
    return "\n".join([f"Content-Type: {kind}", *headers, "", text, ""])


def parts(kind: str, *inner: str) -> str:
    boundary = f"b{sum(map(len, inner))}"
    return f"Content-Type: multipart/{kind}; boundary={boundary}\n\n--{boundary}\n" + (
        f"\n--{boundary}\n".join(inner) + f"\n--{boundary}--\n"
    )


def body(tmp_path: Path, content: str) -> Item:
    """Article of a message whose headers go on in `content`."""
    (item,) = read(
        tmp_path, f"From: Edna Marsh <e@post.example>\nSubject: Ferry\nMIME-Version: 1.0\n{content}".encode()
    )
    assert isinstance(item, Item)
    return item


PICTURE = b64encode(PNG).decode()
PIER = part("image/png; name=pier.png", PICTURE, "Content-Disposition: inline", "Content-Transfer-Encoding: base64")
FULL = "The ferry left the harbour a little after eleven, and nobody on the pier waved at it. " * 3


def test_texts_and_pictures_follow_each_other_as_in_the_message(tmp_path: Path) -> None:
    item = body(tmp_path, parts("mixed", part("text/plain", "First."), PIER, part("text/html", "<p>Second.</p>")))
    assert item.body == "First.\n\n![](pier-1.png)\n\nSecond."
    assert [(asset.name, asset.load()) for asset in item.assets] == [("pier-1.png", PNG)]


@pytest.mark.parametrize(
    "blank", ["<html><body><div>&nbsp;</div></body></html>", "<p><img src='cid:x'></p>", " ", "<p>Hi"]
)
def test_a_full_plain_text_goes_before_a_blank_page(tmp_path: Path, blank: str) -> None:
    plain = part("text/plain", FULL)
    assert body(tmp_path, parts("alternative", plain, part("text/html", blank))).body == FULL.strip()
    assert body(tmp_path, parts("alternative", part("text/html", blank), plain)).body == FULL.strip()


def test_html_goes_before_plain_text_wherever_it_stands_and_amp_is_passed_over(tmp_path: Path) -> None:
    html, amp = part("text/html", "<p>It <b>left</b>.</p>"), part("text/x-amp-html", "<p>Amp</p>")
    for order in ((part("text/plain", "It left."), amp, html), (html, part("text/plain", "It left."))):
        item = body(tmp_path, parts("alternative", *order))
        assert (item.body, item.notes) == ("It **left**.", ())


def test_texts_of_apple_mail_within_an_alternative(tmp_path: Path) -> None:
    rich = parts("mixed", part("text/html", "<p>First.</p>"), PIER, part("text/html", "<p>Second.</p>"))
    item = body(tmp_path, parts("alternative", part("text/plain", "First. Second."), rich))
    assert item.body == "First.\n\n![](pier-1.png)\n\nSecond."


def test_a_picture_that_html_shows_is_shown_once_and_others_follow(tmp_path: Path) -> None:
    shown = PIER.replace("Content-Disposition", "Content-ID: <a@b>\nContent-Disposition")
    html = part("text/html", '<p>It left.</p><img src="cid:a@b" alt="Pier"><p>It came.</p>')
    item = body(tmp_path, parts("related", html, shown, PIER.replace("pier", "boat")))
    assert item.body == "It left.\n\n![Pier](pier-1.png)\n\nIt came.\n\n![](boat-2.png)"
    assert [asset.name for asset in item.assets] == ["pier-1.png", "boat-2.png"]


def test_a_picture_inside_the_html_is_kept(tmp_path: Path) -> None:
    content = b64encode(PNG * 30).decode()
    item = body(tmp_path, part("text/html", f'<p>Look:</p><img src="data:image/png;base64,{content}">'))
    assert item.body == "Look:\n\n![](embedded-1.png)"
    assert [asset.load() for asset in item.assets] == [PNG * 30]


def test_forwarded_messages_come_in_with_subject_sender_and_date(tmp_path: Path) -> None:
    head = "From: John Roe <j@x.example>\nSubject: The *old* one\nDate: Tue, 14 May 2019 10:00:00 +0000\n"
    old = part("message/rfc822", head + part("text/plain", "It was late."))
    item = body(tmp_path, parts("mixed", part("text/plain", "See below."), old))
    assert item.body == "See below.\n\n---\n\n**The \\*old\\* one**\\\nJohn Roe, 2019-05-14\n\nIt was late."
    assert body(tmp_path, parts("digest", old, old)).body.count("It was late.") == 2


def test_the_parts_of_a_digest_stand_below_their_subjects(tmp_path: Path) -> None:
    item = body(tmp_path, parts("mixed", *(part("text/html", f"<p>It {word}.</p>", f"Subject: The {word}")
                                           for word in ("left", "came"))))  # fmt: skip
    assert item.body == "**The left**\n\nIt left.\n\n**The came**\n\nIt came."


def test_what_is_not_read_is_named_for_the_report_and_for_readers(tmp_path: Path) -> None:
    calendar = part("text/calendar; method=REQUEST", "BEGIN:VCALENDAR")
    item = body(tmp_path, parts("mixed", parts("alternative", part("text/plain", "Come!"), calendar),
                                part("application/ms-tnef; name=winmail.dat", "x"),
                                part("text/plain; name=a.txt", "x", "Content-Disposition: attachment")))  # fmt: skip
    assert item.body == "Come!\n\n*(attached, not imported: text/calendar, winmail.dat, a.txt)*"
    assert item.notes == ("left out what is attached: text/calendar, winmail.dat, a.txt",)
    locked = parts("encrypted", part("application/pgp-encrypted", "Version: 1"), part("application/octet-stream", "x"))
    assert body(tmp_path, locked).notes == ("left out what is attached: its text, which is encrypted",)


def test_signed_messages_are_read_without_their_signature(tmp_path: Path) -> None:
    signature = part("application/pgp-signature; name=signature.asc", "-----BEGIN PGP SIGNATURE-----")
    item = body(tmp_path, parts("signed", part("text/plain", "It left."), signature))
    assert (item.body, item.notes) == ("It left.", ())
    inline = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA1\n\nIt left.\n- - Dash\n"
    inline += "-----BEGIN PGP SIGNATURE-----\n\niQ\n-----END PGP SIGNATURE-----"
    assert body(tmp_path, part("text/plain", inline)).body == "It left.\n\n\\- Dash"


def test_files_encoded_in_the_text_are_named(tmp_path: Path) -> None:
    item = body(tmp_path, part("text/plain", "Look:\n\nbegin 644 pier.jpg\n#0V%T\n`\nend\n\nNice?"))
    assert item.body == "Look:\n\nNice?\n\n*(attached, not imported: pier.jpg)*"


def test_parts_in_parts_end(tmp_path: Path) -> None:
    deep = part("text/plain", "x")
    for _ in range(40):
        deep = parts("mixed", deep)
    assert body(tmp_path, deep).notes == ("left out what is attached: parts in parts",)


@pytest.mark.parametrize(
    ("kind", "text", "markdown"),
    [
        ("format=flowed", "A long \nline.\nAnother.", "A long line.\n\nAnother."),
        ("format=flowed; delsp=yes", "A Donau \ndampfer.", "A Donaudampfer."),
        ("format=flowed", "> One \n> two\n>> Three\n\nFour", "> One two\n>\n> > Three\n\nFour"),
        ("format=flowed", " From here.\n  Indented", "From here.\n\nIndented"),
        ("charset=utf-8", "Hi.\n-- \nEdna\nThe Post", "Hi.\n\nEdna\\\nThe Post"),
        ("format=flowed", "Hi there.\n-- \nEdna", "Hi there.\n\nEdna"),
        ("charset=utf-8", "See https://x.example/a <https://x.example/a>", "See https://x.example/a"),
    ],
)
def test_plain_text_as_it_was_written(tmp_path: Path, kind: str, text: str, markdown: str) -> None:
    assert body(tmp_path, part(f"text/plain; {kind}", text)).body == markdown


@pytest.mark.parametrize(
    ("kind", "encoding", "text"),
    [
        ("text/plain; charset=us-ascii", "utf-8", "Café am See"),
        ("text/plain; charset=iso-8859-1", "cp1252", "“Café” – 5 €"),
        ("text/plain; charset=gb2312", "gb18030", "漢字和繁體鎔"),
        ("text/plain; charset=iso-2022-jp", "iso-2022-jp", "夜のフェリー"),
        ("text/plain; charset=unknown-8bit", "koi8-r", "Ночной паром отошёл от причала в девять часов вечера"),
        ("text/html", "iso-8859-1", '<meta charset="iso-8859-1"><p>Søndag på øen</p>'),
        ("text/html; charset=utf-8", "iso-8859-2", '<meta charset="iso-8859-2"><p>Noční přívoz odplul</p>'),
    ],
)
def test_texts_are_decoded_as_they_are_and_not_as_they_say(tmp_path: Path, kind: str, encoding: str, text: str) -> None:
    head = f"Subject: a\nContent-Type: {kind}\nContent-Transfer-Encoding: 8bit\n\n".encode()
    (item,) = read(tmp_path, head + text.encode(encoding))
    assert isinstance(item, Item)
    assert item.body == text.rpartition("<p>")[2].removesuffix("</p>")


def test_the_mark_before_from_is_taken_away_in_mailboxes(tmp_path: Path) -> None:
    content = b"From edna Thu Mar 14 23:30:00 2019\nSubject: a\n\n>From the harbour.\n>>From here\n\n>Frome\n"
    (item,) = read(tmp_path, content)
    assert isinstance(item, Item)
    assert item.body == "From the harbour.\n\n> From here\n\n> Frome"


def test_a_message_of_apple_mail(tmp_path: Path) -> None:
    message = bytes(letter())
    path = tmp_path / "1.emlx"
    path.write_bytes(b"%d   \n" % len(message) + message + b'<?xml version="1.0"?><plist><dict/></plist>')
    assert mail.detect(probe(path)) == 88
    (item,) = mail.read(path, ImportContext())
    assert isinstance(item, Item)
    assert item.body == "It left at \\*nine\\*."


def test_letters_come_in_twice_alike_with_their_pictures(tmp_path: Path) -> None:
    path = tmp_path / "1.eml"
    content = parts("mixed", part("text/plain", "First."), PIER, part("text/plain", "Second."))
    path.write_text(
        f"From: Edna <e@x.example>\nSubject: Ferry\nMessage-ID: <1@x.example>\nMIME-Version: 1.0\n{content}"
    )
    written = import_twice(tmp_path / "library", path)
    assert written["undated/ferry.md"].endswith("\n\nFirst.\n\n![](ferry/pier-1.png)\n\nSecond.\n")
    assert written["undated/ferry/pier-1.png"] == f"{len(PNG)} bytes"


@pytest.mark.long
def test_ten_thousand_letters_take_no_more_memory_than_one(tmp_path: Path) -> None:
    path = tmp_path / "all.mbox"
    with path.open("w") as file:
        for number in range(10_000):
            content = parts("mixed", part("text/html", "<p>" + "It left at nine. " * 150), part("text/plain", "More."))
            file.write(f"From a Thu Mar 14 10:00:00 2019\nSubject: {number}\nMIME-Version: 1.0\n{content}\n")
    items, growth = count_items(mail, path)
    assert items == 10_000
    assert growth < 32 << 20, growth


def test_mail_is_recognised_and_pages_and_texts_are_not() -> None:
    def confidence(head: bytes) -> int:
        return mail.detect(Probe(Path("x"), False, head))

    assert confidence(bytes(letter())) == 88
    assert confidence(b"From: <Saved by Blink>\nSnapshot-Content-Location: x\nSubject: a\nDate: b\n\n") == 0
    assert confidence(b"Title: a\nDate: b\n\ntext") == confidence(b"From here on\nwe go") == confidence(b"") == 0


def test_a_notice_with_much_text_stays() -> None:
    long = "We write about how to unsubscribe from things. " * 10
    assert "unsubscribe" in email_to_markdown(f'<p>{long}<a href="x">a</a></p>', pictures={})


@pytest.mark.corpora
@pytest.mark.long
def test_the_newsletters_of_the_world_keep_no_layout(tmp_path: Path) -> None:
    root = Path(os.environ.get("CORPORA", Path.home() / ".cache/backfile-corpora")) / "imports-readlater/omnivore"
    if not root.is_dir():
        pytest.skip("the corpus imports-readlater is not on this machine")
    for path in sorted(root.rglob("*newsletter*.html")):
        message = letter()
        message.set_content(path.read_text(encoding="utf-8", errors="replace"), subtype="html")
        (item,) = read(tmp_path, bytes(message))
        assert isinstance(item, Item)
        assert len(item.body) > 1_000
        rows = [line for line in item.body.split("\n") if line.startswith("|")]
        assert not [row for row in rows if row.count("|") < 3 or "![" in row]  # tables of figures stay tables


@pytest.mark.parametrize(
    ("html", "title"),
    [
        ("<table><tr><td>Together with</td><td><img src='https://a.example/a.png' alt='Acme'></td></tr></table>"
         "<p><a href='https://a.example/'>Read online</a></p><p>The ferry left.</p>", "The ferry left."),
        ("<p>Dear all</p><p>The ferry left.</p>", "Dear all"),
        ("<h2>The ferry</h2><p>It left at nine.</p>", "The ferry"),
        ("<table><tr><th>Port</th><th>Time</th></tr><tr><td>Halbury</td><td>9</td></tr></table>", "Port Time"),
    ],
)  # fmt: skip
def test_a_letter_is_called_by_its_subject_else_by_how_its_text_begins(tmp_path: Path, html: str, title: str) -> None:
    for subject, expected in (("The subject", "The subject"), ("", title)):
        message = letter(Subject=subject)
        message.set_content(html, subtype="html")
        (item,) = read(tmp_path, bytes(message))
        assert isinstance(item, Item)
        article = build_article(item)
        assert article is not None
        assert article.metadata.title == expected
