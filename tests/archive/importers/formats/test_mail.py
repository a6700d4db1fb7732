"""Newsletters: messages and mailboxes, HTML before plain text, inline images, layout tables; broken mail."""

from __future__ import annotations

import os
from email.message import EmailMessage
from pathlib import Path

import pytest

from backfile.archive.importers.article_builder import build_article
from backfile.archive.importers.formats import mail
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Probe, Skipped
from backfile.archive.importers.markdown.email_html import email_to_markdown
from backfile.archive.importers.sources.registry import probe
from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.archive.report import Problem

PNG = b"\x89PNG\r\n\x1a\nfake"
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
    assert item.body == f"## The ferry\n\nIt left at **nine**.\n\n![The ship](ship-1.png)\n\n{table}"
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
