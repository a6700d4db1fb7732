from __future__ import annotations

import base64
import gzip
import zipfile
from email.message import EmailMessage
from pathlib import Path

import brotli
import pytest

from backfile.archive.importers.article_builder import build_article
from backfile.archive.importers.formats import mhtml, url_list, warc, web_pages
from backfile.archive.importers.item import FetchResponse, ImportContext, ImportEvent, Item, Skipped
from backfile.archive.importers.sources import registry
from backfile.archive.model import PartialDate
from backfile.archive.report import Problem

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
) + bytes(400)
SENTENCE = (
    "The night ferry to the islands left the harbour of Marsh Bay a little after eleven, with ninety people aboard. "
)
URL = "https://harbour.example/2019/night-ferry"


def page(picture: str = "pier.png", title: str = "The night ferry") -> bytes:
    paragraphs = "".join(f"<p>{number}. {SENTENCE * 3}</p>" for number in range(6))
    return f"""<!DOCTYPE html><html lang="en"><head><title>{title} | The Harbour Post</title>
    <meta property="og:site_name" content="The Harbour Post"><link rel="canonical" href="{URL}">
    <script type="application/ld+json">{{"@type": "NewsArticle", "headline": "{title}", "keywords": ["Ferries", "Sea"],
    "author": [{{"@type": "Person", "name": "Edna Marsh"}}], "datePublished": "2019-03-14T08:00:00Z"}}</script></head>
    <body><nav><a href="/">Home</a> <a href="/news">News</a></nav><div class="cookie">We use cookies. Accept all</div>
    <main><article><h1>{title}</h1>{paragraphs}
    <figure><img src="{picture}" alt="The pier"><figcaption>The pier at night</figcaption></figure>
    <h2>What came after</h2><p>{SENTENCE * 4}</p><blockquote><p>{SENTENCE}</p></blockquote></article></main>
    <aside><h3>Read more</h3><ul><li><a href="/other">Another story about boats</a></li></ul></aside>
    <footer>Copyright The Harbour Post</footer></body></html>""".encode()


def only(found: list[ImportEvent]) -> Item:
    assert len(found) == 1
    assert isinstance(found[0], Item), found[0]
    return found[0]


def test_a_page_becomes_an_article(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(page())
    item = only(list(web_pages.read(tmp_path / "a.html", ImportContext())))
    assert (item.metadata.title, item.metadata.authors, item.metadata.date) == (
        "The night ferry",
        ("Edna Marsh",),
        PartialDate(2019, 3, 14),
    )
    assert (item.metadata.topics, item.metadata.language) == (("Ferries", "Sea"), "en")
    assert item.metadata.source is not None
    assert (item.metadata.source.name, item.metadata.source.url) == ("The Harbour Post", URL)
    assert "## What came after" in item.body
    assert "*The pier at night*" in item.body
    for piece in ("cookies", "Read more", "Copyright", "Home", "# The night ferry"):
        assert piece not in item.body.replace("## What", "")


def test_a_complete_page_brings_its_pictures(tmp_path: Path) -> None:
    (tmp_path / "Ferry.html").write_bytes(page("Ferry_files/pier.png"))
    (tmp_path / "Ferry_files").mkdir()
    (tmp_path / "Ferry_files" / "pier.png").write_bytes(PNG)
    (tmp_path / "Ferry_files" / "frame.html").write_bytes(b"<html>advertisement</html>")
    item = only(list(web_pages.read(tmp_path, ImportContext())))
    assert [asset.load() for asset in item.assets] == [PNG]
    assert item.assets[0].name in item.body


def test_single_file_pages_bring_their_pictures_and_address(tmp_path: Path) -> None:
    data = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    saved = b"<!--\n Page saved with SingleFile \n url: https://harbour.example/2019/x \n-->" + page(data)
    (tmp_path / "a.html").write_bytes(saved)
    item = only(list(web_pages.read(tmp_path / "a.html", ImportContext())))
    assert [asset.load() for asset in item.assets] == [PNG]
    assert "data:" not in item.body
    assert item.assets[0].name.startswith("https://harbour.example/2019/")


def test_pictures_are_never_read_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(PNG)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a_files").mkdir()
    (tmp_path / "in" / "a_files" / "link.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "in" / "a.html").write_bytes(page("a_files/../../secret.png"))
    assert only(list(web_pages.read(tmp_path / "in", ImportContext()))).assets == ()


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"<html><body><p>Too short.</p></body></html>", Skipped), (b"", Problem), (bytes(range(256)) * 20, Problem),
     (b"<div>" * 30_000 + b"x", Problem), (b"<html>" + b"<p>page</p>" * 2_000_000, Problem)],
)  # fmt: skip
def test_pages_without_an_article_are_reported(tmp_path: Path, content: bytes, kind: type) -> None:
    (tmp_path / "a.html").write_bytes(content)
    found = list(web_pages.read(tmp_path / "a.html", ImportContext()))
    assert len(found) == 1
    assert isinstance(found[0], kind)


def saved_as_mhtml() -> bytes:
    message = EmailMessage()
    message["From"] = "<Saved by Blink>"
    message["Snapshot-Content-Location"] = URL
    message["MIME-Version"] = "1.0"
    message.set_content(page("https://harbour.example/pier.png").decode(), subtype="html")
    message["Content-Location"] = URL
    message.add_related(PNG, "image", "png", headers=["Content-Location: https://harbour.example/pier.png"])
    return message.as_bytes()


def test_mhtml_brings_page_and_pictures(tmp_path: Path) -> None:
    path = tmp_path / "ferry.mhtml"
    path.write_bytes(saved_as_mhtml())
    item = only(list(mhtml.read(path, ImportContext())))
    assert (item.metadata.title, item.metadata.source and item.metadata.source.url) == ("The night ferry", URL)
    assert [(asset.name, asset.load()) for asset in item.assets] == [("https://harbour.example/pier.png", PNG)]
    detected = registry.detect_format(registry.probe(path))
    assert detected is not None
    assert detected.format.KIND == "mhtml"


@pytest.mark.parametrize("content", [b"", b"Content-Type: multipart/related; boundary=x\n\n--x\n", bytes(range(256))])
def test_broken_mhtml_is_reported(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mhtml").write_bytes(content)
    assert all(isinstance(each, Skipped | Problem) for each in mhtml.read(tmp_path / "a.mhtml", ImportContext()))


def test_lists_of_addresses_are_fetched_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"# mine\n{URL}\nhttps://harbour.example/photo\n{URL}\nhttps://gone.example/\n", encoding="utf-8")

    def fetch(url: str) -> FetchResponse:
        if "gone" in url:
            raise OSError("no host")
        return FetchResponse(url, "image/png" if "photo" in url else "text/html; charset=utf-8", page())

    item, photo, gone = url_list.read(path, ImportContext(fetch=fetch))
    assert isinstance(item, Item)
    assert item.origin == URL
    assert isinstance(photo, Skipped)
    assert isinstance(gone, Problem)
    assert all(isinstance(each, Skipped) for each in url_list.read(path, ImportContext()))
    detected = registry.detect_format(registry.probe(path))
    assert detected is not None
    assert detected.format.KIND == "urls"


def crawl(*, packed: bool = True) -> bytes:
    """A WARC 1.1 file: the records one after the other, each packed by itself."""
    answers = [
        (URL, "200 OK", "text/html; charset=utf-8", page()),
        ("https://harbour.example/pier.png", "200 OK", "image/png", PNG),
        ("https://harbour.example/gone", "404 Not Found", "text/html", b"<html>gone</html>"),
        ("https://harbour.example/short", "200 OK", "text/html", b"<html>short</html>"),
    ]
    records = []
    for number, (url, status, kind, body) in enumerate(answers):
        answer = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        head = (
            f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2019-03-15T10:00:00Z\r\n"
            f"WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-00000000000{number}>\r\n"
            f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(answer)}\r\n\r\n"
        )
        records.append(head.encode() + answer + b"\r\n\r\n")
    return b"".join(gzip.compress(record) if packed else record for record in records)


@pytest.mark.parametrize("packed", [True, False])
def test_a_warc_gives_its_articles_and_reports_what_it_leaves_out(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / ("a.warc.gz" if packed else "a.warc")
    path.write_bytes(crawl(packed=packed))
    item, gone, short = warc.read(path, ImportContext())
    assert isinstance(item, Item)
    assert (item.origin, item.metadata.title) == (URL, "The night ferry")
    assert item.extra["captured"] == "2019-03-15"
    assert gone == Skipped("https://harbour.example/gone", "the server answered 404")
    assert isinstance(short, Skipped)


def test_a_wacz_gives_the_articles_of_its_warcs(tmp_path: Path) -> None:
    path = tmp_path / "a.wacz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("datapackage.json", "{}")
        archive.writestr("archive/data.warc.gz", crawl())
    assert [type(each) for each in warc.read(path, ImportContext())] == [Item, Skipped, Skipped]
    detected = registry.detect_format(registry.probe(path))
    assert detected is not None
    assert detected.format.KIND == "warc"


@pytest.mark.parametrize("content", [b"", b"WARC/1.1\r\nnonsense", b"PK\x03\x04", bytes(range(256)) * 9])
def test_a_broken_warc_is_reported(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.warc").write_bytes(content)
    assert [type(each) for each in warc.read(tmp_path / "a.warc", ImportContext())] == [Problem]


def packed_record(url: str, headers: str, body: bytes) -> bytes:
    answer = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{headers}\r\n".encode() + body
    return (
        (
            f"WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2024-05-14T10:00:00Z\r\n"
            f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(answer)}\r\n\r\n"
        ).encode()
        + answer
        + b"\r\n\r\n"
    )


def test_packed_records_are_unpacked_and_a_broken_one_does_not_reach_the_next(tmp_path: Path) -> None:
    content = page()
    half = len(content) // 2
    chunks = b"%x\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (half, content[:half], len(content) - half, content[half:])
    (tmp_path / "a.warc").write_bytes(
        packed_record("https://post.example/1", "Content-Encoding: br\r\n", brotli.compress(content))
        + packed_record("https://post.example/2", "Content-Encoding: gzip\r\n", b"\x1f\x8bxxxxxxxxxxxxxxxx")
        + packed_record("https://post.example/3", "Transfer-Encoding: chunked\r\n", chunks)
        + packed_record("https://post.example/4", "Content-Encoding: gzip\r\n", gzip.compress(content)[:-8])
        + packed_record("https://post.example/5", "Content-Encoding: pack200\r\n", b"\xca\xfe\xd0\x0d")
    )
    first, second, third, fourth, fifth = warc.read(tmp_path / "a.warc", ImportContext())
    (whole,) = {event.body for event in (first, third, fourth) if isinstance(event, Item)}
    assert whole.count(SENTENCE.strip()) >= 6 * 3
    assert isinstance(second, Problem)
    assert (second.path, "is packed as gzip, and broken" in second.reason) == ("https://post.example/2", True)
    assert isinstance(fourth, Item)
    assert fourth.notes == ("is cut off in the archive: its end is missing",)
    assert isinstance(fifth, Problem)
    assert "is packed as pack200, which is not read" in fifth.reason


def test_a_truncated_warc_gives_its_complete_records(tmp_path: Path) -> None:
    (tmp_path / "a.warc").write_bytes(crawl(packed=False)[:-300])
    assert isinstance(next(iter(warc.read(tmp_path / "a.warc", ImportContext()))), Item)


def test_links_between_pages_of_a_folder_are_known(tmp_path: Path) -> None:
    (tmp_path / "news").mkdir()
    linking = page().replace(b"</article>", b"""<p>Of <a href="../the%20pier.html#top">the pier</a>, of <a href="/news">
    all</a> and of <a href="gone.html">what is gone</a> there is more to say than this.</p></article>""")  # fmt: skip
    (tmp_path / "news" / "ferry.html").write_bytes(linking)
    (tmp_path / "the pier.html").write_bytes(page())
    pier, ferry = web_pages.read(tmp_path, ImportContext())
    assert isinstance(ferry, Item)
    assert isinstance(pier, Item)
    assert list(ferry.links.values()) == ["the pier.html"]
    assert all(f"[the pier]({address})" in ferry.body for address in ferry.links)
    assert not pier.links  # what stands around the article leads nowhere from it


def test_a_title_is_never_a_row_of_layout(tmp_path: Path) -> None:
    row = '<table><tr><td>Together with</td><td><a href="/a"><img src="a.png" alt="Acme"></a></td></tr></table>'
    text = f"<p><a href='/all'>Read on the web</a></p><p>The ferry is back. {SENTENCE * 3}</p><p>{SENTENCE * 3}</p>"
    path = tmp_path / "a.html"
    path.write_text(f"<html><body><div>{row}{text}</div></body></html>", encoding="utf-8")
    article = build_article(only(list(web_pages.read(path, ImportContext()))))
    assert article is not None
    assert article.metadata.title.startswith("The ferry is back. The night ferry")
    path.write_text(f"<html><head><title>No. 4</title></head><body>{row}{text}</body></html>", encoding="utf-8")
    assert only(list(web_pages.read(path, ImportContext()))).metadata.title == "No. 4"


def test_a_record_that_is_cut_off_before_its_text_says_so(tmp_path: Path) -> None:
    content = gzip.compress(b"<html><body><p>The ferry</p>" + bytes(range(256)) * 90)[:200]
    (tmp_path / "a.warc").write_bytes(packed_record("https://post.example/1", "Content-Encoding: gzip\r\n", content))
    (event,) = warc.read(tmp_path / "a.warc", ImportContext())
    assert isinstance(event, Problem)
    assert (event.path, event.reason) == ("https://post.example/1", "is cut off in the archive: its end is missing")
