"""Items that take too long: each has failed, and everything else of its source and of other sources comes in."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from email.message import EmailMessage
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from backfile.archive.errors import ArchiveError
from backfile.archive.importers import item_reader
from backfile.archive.importers.import_report import Action, ImportReport
from backfile.archive.importers.importer import Importer
from backfile.archive.importers.item import Asset, FetchResponse, ImportContext, ImportEvent, Item
from backfile.archive.importers.sources import registry
from backfile.archive.importers.sources.detection import ImportSource, open_sources
from backfile.archive.model import ArticleMetadata
from backfile.archive.storage.library import Library

SECONDS = 1.5
FORMATS = "backfile.archive.importers.formats"
TEXT = "The night ferry leaves the harbour at ten and comes back with the tide before the sun has risen. "
PAGE = "<!DOCTYPE html><title>{0}</title><body><article><h1>{0}</h1><p>{1}</p></article></body>"
POST = "<item><title>{0}</title><guid>{0}</guid><content:encoded><![CDATA[<p>{1}</p>]]></content:encoded></item>"
WXR = (
    '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:wp="http://wordpress.org/export/1.2/"><channel><title>S</title>{}</channel></rss>'
)
LETTER = "From a@example.org Thu Mar 14 10:00:00 2019\nFrom: a@example.org\nTo: b@example.org\nSubject: {0}\n\n{1}\n\n"


def hang() -> None:
    """Stays in C, with the lock of the interpreter, for more than the age of the world."""
    re.match("(?:a|a)*b", "a" * 100)


def texts() -> Iterator[tuple[str, str]]:
    for number, name in enumerate(("First", "Second", "Slow", "Fourth", "Slow", "Sixth")):
        yield f"{name} {number}", f"{name} text {number}: " + (TEXT + f"Number {number * 7919}. ") * 2 * (number + 1)


def in_files(root: Path, suffix: str, form: str) -> Path:
    folder = root / "site"
    folder.mkdir()
    for title, text in texts():
        (folder / f"{title.replace(' ', '-')}{suffix}").write_text(form.format(title, text))
    return folder


def in_one(root: Path, name: str, form: str, whole: str = "{}") -> Path:
    (root / name).write_text(whole.format("".join(form.format(*each) for each in texts())))
    return root / name


def bring(library: Path, *sources: Path, context: ImportContext | None = None) -> ImportReport:
    library.mkdir(exist_ok=True)
    with Importer(Library(library), today=date(2026, 1, 1), seconds=SECONDS) as importer:
        for path in sources:
            for source in open_sources(path):
                importer.count(source, ImportContext())
                importer.import_source(source, context or ImportContext())
    return importer.report


def slow_when_named(monkeypatch: pytest.MonkeyPatch, module: str, name: str) -> None:
    found: Any = import_module(f"{FORMATS}.{module}")
    real: Callable[..., Any] = getattr(found, name)

    def read(*arguments: Any, **options: Any) -> Any:
        if any("Slow" in str(each) for each in arguments):
            hang()
        return real(*arguments, **options)

    monkeypatch.setattr(found, name, read)


@pytest.mark.parametrize(
    ("make", "module", "name"),
    [
        pytest.param(lambda root: in_one(root, "x.xml", POST, WXR), "wordpress.wxr", "fragment_to_markdown", id="wxr"),
        pytest.param(
            lambda root: in_one(root, "x.mbox", LETTER), "mail.mailbox", "_event", id="mbox", marks=pytest.mark.long
        ),
        pytest.param(
            lambda root: in_files(root, ".html", PAGE), "web_pages", "read_page", id="pages", marks=pytest.mark.long
        ),
        pytest.param(
            lambda root: in_files(root, ".md", "# {}\n\n{}\n"),
            "markdown_tree.tree", "_read_article", id="tree", marks=pytest.mark.long,
        ),
    ],
)  # fmt: skip
def test_items_that_take_too_long_fail_and_the_others_come_in(
    make: Callable[[Path], Path], module: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make(tmp_path)
    slow_when_named(monkeypatch, module, name)
    if name == "_event":
        monkeypatch.setattr(f"{FORMATS}.mail.mailbox._event", _hang_at_numbers({3, 5}))
    report = bring(tmp_path / "library", source)
    failed = [result for result in report.results if result.action is Action.FAILED]
    assert report.counts == {Action.ADDED: 4, Action.FAILED: 2}
    assert all("takes too long to read" in result.reason for result in failed)


def _hang_at_numbers(numbers: set[int]) -> Callable[..., ImportEvent]:
    def event(message: EmailMessage, number: int) -> ImportEvent:
        if number in numbers:
            hang()
        return Item(f"m{number}", ArticleMetadata(title=str(message["Subject"])), f"Letter {number}. {TEXT * number}")

    return event


class _Given:
    """Format that reads the items it was made with."""

    KIND = TITLE = "given"

    def __init__(self, events: Callable[[ImportContext], Iterator[ImportEvent]]) -> None:
        self._events = events

    def read(self, path: Path, context: ImportContext) -> Iterator[ImportEvent]:
        return self._events(context)

    def count(self, path: Path, context: ImportContext) -> int | None:
        return None


def read_given(
    monkeypatch: pytest.MonkeyPatch,
    events: Callable[[ImportContext], Iterator[ImportEvent]],
    context: ImportContext | None = None,
) -> list[ImportEvent]:
    given: Any = _Given(events)
    monkeypatch.setattr(registry, "load", lambda kind: given)
    reader = item_reader.ItemReader(SECONDS)
    try:
        return list(reader.read(ImportSource(Path("x"), "x", "given", False, given), context or ImportContext()))
    finally:
        reader.close()


def an_item(name: str, *assets: Asset) -> Item:
    return Item(name, ArticleMetadata(title=name), TEXT, assets=assets)


def test_a_source_that_takes_too_long_fails_and_the_next_one_comes_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, (_, text) in zip(("one", "slow", "three"), texts(), strict=False):
        (tmp_path / f"{name}.txt").write_text(f"{name}\n\n{text}\n")
    real = import_module(f"{FORMATS}.text_file").read
    monkeypatch.setattr(
        f"{FORMATS}.text_file.read", lambda path, context: hang() if path.stem == "slow" else real(path, context)
    )
    report = bring(tmp_path / "library", *sorted(tmp_path.glob("*.txt")))
    assert report.counts == {Action.ADDED: 2, Action.FAILED: 1}


def test_pages_are_fetched_by_the_parent_and_errors_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fetch(url: str) -> FetchResponse:
        asked.append(url)
        if "bad" in url:
            raise ArchiveError("there is no such host", hint="look at the address")
        return FetchResponse(url, "text/html", b"x")

    def events(context: ImportContext) -> Iterator[ImportEvent]:
        assert context.fetch is not None
        for url in ("good", "bad"):
            try:
                yield an_item(context.fetch(url).url)
            except ArchiveError as error:
                yield an_item(f"{error} {error.hint}")

    found = read_given(monkeypatch, events, ImportContext(fetch))
    assert asked == ["good", "bad"]
    assert [each.origin for each in found if isinstance(each, Item)] == [
        "good",
        "there is no such host look at the address",
    ]


def test_pictures_are_loaded_and_those_that_cannot_be_keep_their_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> bytes:
        raise PermissionError(13, "Permission denied")

    assets = [Asset("a.png", lambda: b"a"), Asset("b.png", broken), Asset("c.exe", broken)]
    (found,) = read_given(monkeypatch, lambda context: iter([an_item("x", *assets)]))
    assert isinstance(found, Item)
    assert [each.name for each in found.assets] == ["a.png", "b.png", "c.exe"]
    assert found.assets[0].load() == b"a"
    with pytest.raises(PermissionError):
        found.assets[1].load()
    assert found.assets[2].load() == b""  # left out by its name


@pytest.mark.parametrize("error", [ValueError("broken"), ArchiveError("refused", hint="no")])
def test_errors_of_a_format_are_raised_by_the_parent(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def events(context: ImportContext) -> Iterator[ImportEvent]:
        yield an_item("x")
        raise error

    with pytest.raises(type(error), match=str(error.args[0])):
        read_given(monkeypatch, events)


def test_a_mistake_in_a_format_is_the_failure_of_its_item(monkeypatch: pytest.MonkeyPatch) -> None:
    def events(context: ImportContext) -> Iterator[ImportEvent]:
        for number in range(3):
            try:
                context.begin()
                yield an_item(str(number or {}["none"]))
            except ArchiveError as error:
                yield an_item(str(error))

    found = read_given(monkeypatch, events)
    names = [each.origin for each in found if isinstance(each, Item)]
    assert names == ["reading it brought the process down", "1", "2"]


@pytest.mark.long
def test_of_a_book_only_the_files_that_take_too_long_are_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("One", "Two", "Slow", "Four", "", "Slow six", "Seven")  # the fifth file goes on with the fourth
    text = "".join(f"<p>{TEXT}</p>" for _ in range(3))
    files = {
        f"{n}.xhtml": f"<html><body>{f'<h1>{name}</h1>' if name else ''}<p>File {n}.</p>{text}</body></html>"
        for n, name in enumerate(names, 1)
    }
    with zipfile.ZipFile(tmp_path / "book.epub", "w") as book:
        book.writestr("mimetype", "application/epub+zip")
        book.writestr(
            "META-INF/container.xml", '<container><rootfiles><rootfile full-path="p.opf"/></rootfiles></container>'
        )
        book.writestr("p.opf", (
            "<package><metadata><title>Ferries</title></metadata><manifest>"
            + "".join(f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in files)
            + '<item id="toc" href="toc.ncx" media-type="application/x-dtbncx+xml"/></manifest><spine toc="toc">'
            + "".join(f'<itemref idref="{name}"/>' for name in files) + "</spine></package>"
        ))  # fmt: skip
        points = "".join(
            f'<navPoint><navLabel><text>{name}</text></navLabel><content src="{n}.xhtml"/></navPoint>'
            for n, name in enumerate(names, 1) if name
        )  # fmt: skip
        book.writestr("toc.ncx", f"<ncx><navMap>{points}</navMap></ncx>")
        for name, content in files.items():
            book.writestr(name, content)
    slow_when_named(monkeypatch, "epub.chapters", "parse_xhtml")
    report = bring(tmp_path / "library", tmp_path / "book.epub")
    failed = [result for result in report.results if result.action is Action.FAILED]
    assert [(result.origin, "takes too long" in result.reason) for result in failed] == [
        ("book.epub#3.xhtml", True), ("book.epub#6.xhtml", True),
    ], report.results  # fmt: skip
    texts_of = [path.read_text() for path in sorted((tmp_path / "library").rglob("*.md"))]
    assert report.counts == {Action.ADDED: 4, Action.FAILED: 2}
    assert sorted(re.findall(r"File (\d)", "".join(texts_of))) == ["1", "2", "4", "5", "7"]
