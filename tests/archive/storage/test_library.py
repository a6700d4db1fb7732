"""Libraries: walking, reading, getting and putting, on real file systems."""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backfile.archive.errors import (
    ArchiveError,
    ArticleNotFound,
    ArticleUnreadable,
    FrontMatterInvalid,
    LibraryMissing,
    LibrarySettingsInvalid,
)
from backfile.archive.model import Article, ArticleMetadata, PartialDate, Source
from backfile.archive.storage.durable_files import MAX_BYTES
from backfile.archive.storage.library import Library

FRONT = "---\ntitle: The night ferry\nauthor: Ada Quill\ndate: 2019-03-14\n---\n\nThe ferry left at nine.\n"


def write(root: Path, path: str, content: str | bytes = FRONT) -> Path:
    full = root / path
    full.parent.mkdir(parents=True, exist_ok=True)
    full.write_bytes(content if isinstance(content, bytes) else content.encode())
    return full


def retitled(article: Article, title: str) -> Article:
    return replace(article, metadata=replace(article.metadata, title=title))


def walked(root: Path) -> list[str]:
    return sorted(entry.path for entry in Library(root).walk())


def reasons(root: Path, path: str) -> list[str]:
    return [problem.reason for problem in Library(root).read(path).problems]


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(LibraryMissing):
        Library(tmp_path / "nowhere")
    with pytest.raises(LibraryMissing):
        Library(write(tmp_path, "a.md"))


def test_walk_finds_articles_and_nothing_else(tmp_path: Path) -> None:
    articles = ["a.md", "b.markdown", "c.MD", "d.mdx", "deep/er/e.md", "post/index.md", "README.md"]
    others = [".hidden.md", ".git/x.md", ".backfile/y.md", "_index.md", "news/_index.fr.md", "notes.txt", "md", "x.md~"]
    for path in articles + others:
        write(tmp_path, path)
    assert walked(tmp_path) == sorted(articles)
    entry = next(entry for entry in Library(tmp_path).walk() if entry.path == "a.md")
    status = (tmp_path / "a.md").stat()
    assert (entry.size, entry.mtime_ns) == (status.st_size, status.st_mtime_ns)


def test_excluded_files_are_not_there(tmp_path: Path) -> None:
    for path in ("a.md", "drafts/b.md", "news/drafts/c.md", "old/d.md", "old/new/e.md", "news/x-2.md"):
        write(tmp_path, path)
    write(tmp_path, "library.toml", 'exclude = ["drafts", "old/*", "*-2.md"]\n')
    assert walked(tmp_path) == ["a.md"]
    with pytest.raises(ArticleNotFound):
        Library(tmp_path).get("drafts/b")


def test_reading(tmp_path: Path) -> None:
    write(tmp_path, "news/ferry.md")
    reading = Library(tmp_path).read("news/ferry.md")
    assert reading.problems == ()
    assert reading.article == Article(
        id="news/ferry",
        path="news/ferry.md",
        metadata=ArticleMetadata("The night ferry", authors=("Ada Quill",), date=PartialDate(2019, 3, 14)),
        body="\nThe ferry left at nine.\n",
    )
    assert reading.digest
    write(tmp_path, "news/ferry.md", FRONT + "More.")
    assert Library(tmp_path).read("news/ferry.md").digest != reading.digest


@pytest.mark.parametrize(
    ("path", "content", "why"),
    [
        ("a.md", "---\ndraft: true\n---\n", "draft"),
        ("_drafts/a.md", "Text", "draft"),
        ("authors/ada.md", "---\ndisplay_name: Ada Quill\n---\nBio", "profile page"),
    ],
)
def test_left_out_on_purpose(tmp_path: Path, path: str, content: str, why: str) -> None:
    write(tmp_path, path, content)
    reading = Library(tmp_path).read(path)
    assert (reading.article, reading.problems, reading.left_out) == (None, (), why)
    with pytest.raises(ArticleNotFound):
        Library(tmp_path).get(path.removesuffix(".md"))


def test_section_pages_are_no_articles_but_have_a_page(tmp_path: Path) -> None:
    write(tmp_path, "news/_index.md", FRONT)
    library = Library(tmp_path)
    reading = library.read("news/_index.md")
    assert (reading.article, reading.problems, reading.left_out) == (None, (), "section page")
    assert library.get("news/_index").path == "news/_index.md"
    assert list(library.walk_sections()) == ["news/_index.md"]
    assert list(library.walk()) == []


def test_broken_front_matter_is_read_as_far_as_it_can_be(tmp_path: Path) -> None:
    write(tmp_path, "night-ferry.md", "---\ntitle: Ferries: a history\n---\nThe ferry left at nine.\n")
    reading = Library(tmp_path).read("night-ferry.md")
    assert reading.article is not None
    assert reading.article.metadata.title == "Ferries: a history"
    assert reading.article.body == "The ferry left at nine.\n"
    (problem,) = reading.problems
    assert (problem.path, problem.line) == ("night-ferry.md", 2)
    assert "quotes" in problem.hint


def test_a_problem_names_the_line_of_its_key(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "---\n# c\ntitle: x\ndate: soon\n---\n")
    (problem,) = Library(tmp_path).read("a.md").problems
    assert (problem.line, problem.reason) == (4, "not a date: 'soon'")


TEXT = "---\ntitle: Façade\n---\nÉlan\n"


@pytest.mark.parametrize(
    ("raw", "title", "warning"),
    [
        (TEXT.encode(), "Façade", None),
        (b"\xef\xbb\xbf" + TEXT.encode(), "Façade", None),
        (b"\xff\xfe" + TEXT.encode("utf-16-le"), "Façade", "UTF-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "Façade", "UTF-16"),
        (b"\xff\xfe\x00\x00" + TEXT.encode("utf-32-le"), "Façade", "UTF-32"),
        (TEXT.encode("utf-16-le"), "Façade", "without a byte order mark"),
        (TEXT.encode("latin-1"), "Façade", "Windows-1252"),
        (TEXT.encode("latin-1") + b"\x81", "Façade", "Latin-1"),
        (TEXT.encode() + "é".encode() * 5 + b"\xff", "Façade", "not valid UTF-8 in line 5"),
        (TEXT.encode() + b"\x00", "Façade", "NUL"),
    ],
    ids=["utf-8", "bom", "utf-16-le", "utf-16-be", "utf-32", "utf-16-bare", "cp1252", "latin-1", "bad-byte", "nul"],
)
def test_encodings(tmp_path: Path, raw: bytes, title: str, warning: str | None) -> None:
    write(tmp_path, "a.md", raw)
    reading = Library(tmp_path).read("a.md")
    assert reading.article is not None
    assert reading.article.metadata.title == title
    assert reading.article.body.startswith("Élan")
    assert "\x00" not in reading.article.body
    assert [warning in problem.reason for problem in reading.problems if warning] == ([True] if warning else [])


@pytest.mark.parametrize(
    "raw", [bytes(range(256)) * 20, b"\x00" * 100, b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x01\x02\x03\x04"]
)
def test_binary_files_are_reported(tmp_path: Path, raw: bytes) -> None:
    write(tmp_path, "a.md", raw)
    assert Library(tmp_path).read("a.md").article is None
    assert reasons(tmp_path, "a.md") == ["not a text file"]


def test_an_empty_file_is_an_article(tmp_path: Path) -> None:
    write(tmp_path, "empty.md", "")
    assert Library(tmp_path).get("empty").metadata.title == "Empty"


def test_a_file_beyond_the_limit(tmp_path: Path) -> None:
    with open(write(tmp_path, "a.md"), "r+b") as file:
        file.truncate(MAX_BYTES + 1)
    assert reasons(tmp_path, "a.md") == ["is larger than 32 MB"]


def test_odd_things_with_an_articles_name(tmp_path: Path) -> None:
    outside = write(tmp_path, "outside.md")
    root = tmp_path / "library"
    write(root, "real.md")
    write(root, "folder.md/inside.md")
    os.mkfifo(root / "pipe.md")
    (root / "dead.md").symlink_to("nowhere.md")
    (root / "loop.md").symlink_to("loop.md")
    (root / "out.md").symlink_to(outside)
    (root / "in.md").symlink_to("real.md")
    (root / "round").symlink_to(".")
    (root / "elsewhere").symlink_to(tmp_path)
    expected = ["dead.md", "elsewhere/", "folder.md/inside.md", "in.md", "loop.md", "out.md", "pipe.md", "real.md"]
    assert walked(root) == expected
    assert reasons(root, "pipe.md") == ["is not a regular file"]
    assert reasons(root, "out.md") == ["is a link to a file outside the library"]
    assert reasons(root, "elsewhere/") == ["is a link to a folder outside the library"]
    assert "cannot be read" in reasons(root, "dead.md")[0]
    assert "cannot be read" in reasons(root, "loop.md")[0]
    assert Library(root).read("in.md").article is not None
    assert reasons(root, "folder.md/inside.md") == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    write(tmp_path, "a.md").chmod(0)
    write(tmp_path, "closed/b.md")
    (tmp_path / "closed").chmod(0)
    assert walked(tmp_path) == ["a.md", "closed/"]
    assert "Permission denied" in reasons(tmp_path, "a.md")[0]
    assert reasons(tmp_path, "closed/") == ["the folder cannot be listed"]
    (tmp_path / "closed").chmod(0o700)


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    reading = Library(tmp_path).read("gone.md")
    assert reading.article is None
    assert "No such file" in reading.problems[0].reason


@pytest.mark.parametrize(
    "name", ["a\nb.md", "tab\there.md", "x" * 252 + ".md", "é.md", "💡.md", "\u202ertl.md", "%2e%2e.md", "a b.md"]
)
def test_odd_names(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, "Text")
    (path,) = walked(tmp_path)
    article = Library(tmp_path).read(path).article
    assert article is not None
    assert Library(tmp_path).get(article.id) == article


def test_a_name_that_is_not_utf8_is_listed(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/caf\xe9.md", "wb") as file:
        file.write(b"Text")
    (path,) = walked(tmp_path)
    (problem,) = Library(tmp_path).read(path).problems
    assert (problem.path, problem.reason) == ("caf\\xe9.md", "its name is not UTF-8")


def test_ids_are_nfc_and_lead_back(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "café/élan.md")
    write(tmp_path, decomposed)
    article = Library(tmp_path).get("café/élan")
    assert (article.id, article.path) == ("café/élan", decomposed)


def test_files_that_would_share_an_id_are_both_found(tmp_path: Path) -> None:
    names = ["a.md", "a.markdown", "a.mdx", "é.md", unicodedata.normalize("NFD", "é.md")]
    for number, name in enumerate(names):
        write(tmp_path, name, f"# Number {number}\n")
    library = Library(tmp_path)
    articles = [library.read(path).article for path in walked(tmp_path)]
    ids = {article.id: article for article in articles if article}
    assert sorted(ids) == ["a", "a.markdown", "a.mdx", "é", "é.md"]
    assert all(library.get(key) == article for key, article in ids.items())
    assert reasons(tmp_path, "a.md") == []
    assert "has the name of a.md" in reasons(tmp_path, "a.markdown")[0]


@pytest.mark.parametrize(
    "article_id",
    [
        "../secret",
        "a/../../secret",
        "/etc/passwd",
        "",
        ".",
        "..",
        ".hidden",
        "a/.git/x",
        "a\x00b",
        "link/secret",
        "a//b",
        "a/",
    ],
)
def test_no_id_leads_out_of_the_library(tmp_path: Path, article_id: str) -> None:
    write(tmp_path, "secret.md")
    root = tmp_path / "library"
    write(root, "a.md")
    write(root, ".hidden.md")
    write(root, "a/.git/x.md")
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(ArticleNotFound):
        Library(root).get(article_id)
    assert Library(root).get("a").metadata.title == "The night ferry"


@given(st.text(st.sampled_from("./\\a\x00~%2e\n"), max_size=12))
@settings(max_examples=60)
def test_any_id_is_an_article_or_not_found(tmp_path_factory: pytest.TempPathFactory, article_id: str) -> None:
    root = tmp_path_factory.getbasetemp() / "ids"
    write(root, "a.md")
    try:
        assert Library(root).get(article_id).path == "a.md"
    except ArticleNotFound:
        assert article_id != "a"


def test_languages_of_folders(tmp_path: Path) -> None:
    for path in ("en/a.md", "fr/b.md", "pt_BR/deep/c.md", "fr/it/d.md", "e.md"):
        write(tmp_path, path, "Text")
    library = Library(tmp_path)
    languages = {path: library.get(path).metadata.language for path in ("en/a", "fr/b", "pt_BR/deep/c", "fr/it/d", "e")}
    assert languages == {"en/a": "en", "fr/b": "fr", "pt_BR/deep/c": "pt-BR", "fr/it/d": "fr", "e": None}


def test_a_folder_that_only_looks_like_a_language(tmp_path: Path) -> None:
    for path in ("it/a.md", "news/b.md", "sport/c.md"):
        write(tmp_path, path, "Text")
    assert Library(tmp_path).get("it/a").metadata.language is None


def test_names_from_profiles_and_settings(tmp_path: Path) -> None:
    write(tmp_path, "content/authors/ada/_index.md", "---\ndisplay_name: Ada Quill\nslug: ada-quill\n---\n")
    write(tmp_path, "content/topics/sea.md", "---\ntitle: The sea\n---\n")
    write(tmp_path, "content/topics/night.md", "---\ntitle: Nights\n---\nAn article about nights.\n")
    write(tmp_path, "_data/authors.yml", "ben:\n  name: Ben Oar\n  url: https://example.org\ncy: Cy Pole\n")
    write(tmp_path, "blog/tags.yml", "harbour:\n  label: Harbours\n")
    write(tmp_path, "library.toml", '[authors]\nBen = "Benjamin Oar"\n')
    write(tmp_path, "a.md", "---\nauthors: [ada, ada-quill, ben, cy, di]\ntags: [sea, night, harbour, x]\n---\n")
    library = Library(tmp_path)
    article = library.get("a")
    assert article.metadata.authors == ("Ada Quill", "Benjamin Oar", "Cy Pole", "di")
    assert article.metadata.topics == ("The sea", "Nights", "Harbours", "x")
    assert library.read("content/topics/sea.md").left_out == "profile page"
    assert library.get("content/topics/night").metadata.title == "Nights"


def test_an_article_in_a_folder_of_profiles_is_an_article(tmp_path: Path) -> None:
    write(tmp_path, "topics/a.md")
    assert Library(tmp_path).get("topics/a").metadata.title == "The night ferry"


def test_refresh_sees_new_settings_and_names(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "---\nauthor: ada\n---\n")
    library = Library(tmp_path)
    assert library.get("a").metadata.authors == ("ada",)
    write(tmp_path, "library.toml", 'title = "Tides"\n[authors]\nada = "Ada Quill"\n')
    library.refresh()
    assert library.settings.title == "Tides"
    assert library.get("a").metadata.authors == ("Ada Quill",)


def test_settings(tmp_path: Path) -> None:
    text = 'title = "T"\ndescription = "D"\nlanguage = "fr"\nexclude = ["x"]\n'
    text += "public = true\nremote_images = true\nday_first = true\n"
    write(tmp_path, "library.toml", b"\xef\xbb\xbf" + text.encode())
    found = Library(tmp_path).settings
    assert (found.title, found.description, found.language, found.exclude) == ("T", "D", "fr", ("x",))
    assert (found.public, found.remote_images, found.day_first) == (True, True, True)


@pytest.mark.parametrize(
    ("text", "complaints"),
    [
        ("title = 3\n\ncolour = 'red'\n", ["line 1: title must be text", "line 3: colour is not a setting"]),
        ("public = 'yes'\n", ["public must be true or false"]),
        ("exclude = 'x'\n", ["exclude must be a list"]),
        ("[authors]\nada = 3\n", ["line 1: authors must be a table"]),
        ("title = \n", ["cannot be read"]),
        (b"\xff\xfe", ["cannot be read"]),
    ],
)
def test_wrong_settings_are_all_named(tmp_path: Path, text: str | bytes, complaints: list[str]) -> None:
    write(tmp_path, "library.toml", text)
    with pytest.raises(LibrarySettingsInvalid) as caught:
        Library(tmp_path)
    assert all(complaint in str(caught.value) for complaint in complaints)
    assert "library.toml" in str(caught.value)


ARTICLE = Article(
    id="news/ferry",
    path="news/ferry.md",
    metadata=ArticleMetadata(
        "Ferries: a history",
        authors=("Ada Quill", "Ben Oar"),
        topics=("sea", "local government, harbours"),
        date=PartialDate(2019, 3),
        updated=PartialDate(2020, 1, 2),
        summary="One: two",
        source=Source("The Gazette", "https://example.org/1"),
        language="en",
    ),
    body="\nThe ferry left at *nine*.\n",
    extra=MappingProxyType({"weight": 3, "nested": {"a": [1, 2]}}),
)


def test_put_and_get(tmp_path: Path) -> None:
    library = Library(tmp_path)
    library.put(ARTICLE)
    assert library.get("news/ferry") == ARTICLE
    text = (tmp_path / "news/ferry.md").read_text()
    assert "date: 2019-03\n" in text
    assert "source: {name: The Gazette, url: 'https://example.org/1'}\n" in text
    assert os.listdir(tmp_path / "news") == ["ferry.md"]


def test_put_changes_only_differing_keys(tmp_path: Path) -> None:
    old = "---\r\n# kept\r\ntags: [a, b] # why\r\nheadline: 'Old'\r\ncategory: c\r\nweight: 3\r\n---\r\nBody\r\n"
    full = write(tmp_path, "a.md", old)
    full.chmod(0o640)
    library = Library(tmp_path)
    article = library.get("a")
    library.put(article)
    assert full.read_bytes() == old.encode()
    library.put(replace(article, metadata=replace(article.metadata, title="New", topics=("x",))))
    expected = "---\r\n# kept\r\ntags: [x] # why\r\nheadline: New\r\nweight: 3\r\n---\r\nBody\r\n"
    assert full.read_bytes() == expected.encode()
    assert stat.S_IMODE(full.stat().st_mode) == 0o640
    library.put(replace(library.get("a"), extra={}, body="Other\n"))
    assert full.read_bytes() == b"---\r\n# kept\r\ntags: [x] # why\r\nheadline: New\r\n---\r\nOther\n"


@pytest.mark.parametrize("encoding", ["utf-16-le", "latin-1"])
def test_put_keeps_the_encoding(tmp_path: Path, encoding: str) -> None:
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b""
    full = write(tmp_path, "a.md", mark + TEXT.encode(encoding))
    library = Library(tmp_path)
    library.put(retitled(library.get("a"), "Élan"))
    assert full.read_bytes() == mark + TEXT.replace("Façade", "Élan").encode(encoding)


@pytest.mark.parametrize(
    "path", ["../x.md", "/etc/x.md", "x.txt", ".hidden/x.md", "a//x.md", "a/./x.md", "link/x.md", "_index.md"]
)
def test_put_never_leaves_the_library(tmp_path: Path, path: str) -> None:
    root = tmp_path / "library"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(ArchiveError):
        Library(root).put(replace(ARTICLE, path=path, id=path.removesuffix(".md")))
    assert [name for name in os.listdir(tmp_path) if name != "library"] == []


def test_put_refuses_files_that_it_would_damage(tmp_path: Path) -> None:
    library = Library(tmp_path)
    for raw, error in (
        (TEXT.encode() + "é".encode() * 5 + b"\xff", ArticleUnreadable),
        (b"---\na: b: c\n---\n", FrontMatterInvalid),
    ):
        full = write(tmp_path, "a.md", raw)
        with pytest.raises(error):
            library.put(retitled(library.get("a"), "New"))
        assert full.read_bytes() == raw
    with pytest.raises(ArchiveError):
        library.put(replace(ARTICLE, id="other"))


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = write(tmp_path, "a.md")
    library = Library(tmp_path)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        library.put(retitled(library.get("a"), "New"))
    assert full.read_text() == FRONT
    assert os.listdir(tmp_path) == ["a.md"]


@pytest.mark.parametrize(
    ("name", "make", "line"),
    [
        ("authors.yml", os.mkfifo, None),
        ("topics.yml", lambda path: path.symlink_to("/dev/zero"), None),
        ("tags.yaml", lambda path: path.symlink_to("nowhere"), None),
        ("_data/authors.yml", lambda path: path.write_text("ben: Ben\ncy: d: e\n"), 2),
        ("categories.yml", lambda path: path.write_bytes(bytes(1_000_001)), None),
    ],
)
def test_a_list_of_names_that_cannot_be_read_is_a_problem(
    name: str, make: Callable[[Path], object], line: int | None, tmp_path: Path
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    make(tmp_path / name)
    (problem,) = Library(tmp_path).profiles.problems
    assert (problem.path, problem.line) == (name, line)
    assert problem.reason.startswith("the list of names cannot be read: ")
    assert problem.hint
    write(tmp_path, "library.toml", f'exclude = ["{name}"]\n')
    assert not Library(tmp_path).profiles.problems
