"""Redirects: former addresses as site builders and imports leave them, and never a guess between several."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from backfile.archive.addresses.moves import MAX_MOVES, Move, follow
from backfile.archive.addresses.redirects import Redirects
from backfile.archive.links.article_addresses import article_addresses
from backfile.archive.links.link_index import LinkIndex
from backfile.archive.storage.library import Library

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def redirect(root: Path, files: dict[str, str], path: str) -> str | None:
    """Id to which a path of a former site leads, in a library of files with these front matters."""
    with LinkIndex.temporary() as index:
        for name, head in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(f"---\ntitle: T\n{head}\n---\nText.\n")
        library = Library(root)
        for name in files:
            reading = library.read(name)
            assert reading.article is not None
            addresses = article_addresses(name, reading.article.metadata, reading.addresses)
            index.put(name, reading.article.id, addresses, former=reading.former)
        return Redirects(index, library, NOW).of_path(path)


@pytest.mark.parametrize(
    ("file", "head", "path"),
    [
        ("content/posts/ferry.md", "aliases: [/old/ferry/, /2012/ferry.html]", "/old/ferry"),  # Hugo
        ("content/posts/ferry.md", "aliases: [/old/ferry/, /2012/ferry.html]", "/2012/ferry"),
        ("content/posts/ferry.md", "aliases: [former-name]", "/posts/former-name/"),
        ("content/posts/ferry.md", "aliases: /one/", "/one/index.html"),
        ("content/posts/2019/ferry.md", "aliases: [../night/]", "/posts/night/"),
        ("content/posts/2019/ferry/index.md", "aliases: [./night]", "/posts/2019/night"),
        ("content/posts/ferry.md", "aliases: [/display/File+Formats]", "/display/File+Formats"),
        ("content/posts/ferry.md", "url: /blog/night-ferry.html", "/blog/night-ferry.html"),
        ("content/posts/ferry.md", "slug: night", "/posts/night/"),
        ("content/posts/ferry.md", "", "/posts/ferry/"),
        ("content/posts/ferry/index.md", "", "/posts/ferry/"),
        ("content/blog/ferry.md", "date: 2019-03-14", "/2019/03/14/ferry/"),
        ("_posts/2019-03-14-night-ferry.md", "", "/2019/03/14/night-ferry.html"),  # Jekyll
        ("_posts/2019-03-14-night-ferry.md", "categories: news", "/news/2019/03/14/night-ferry.html"),
        ("_posts/2019-03-14-night-ferry.md", "redirect_from:\n- /old/\n- post/123456789", "/post/123456789/"),
        ("_posts/2019-03-14-night-ferry.md", "redirect_from: /old.html", "/old.html"),
        ("_posts/2019-03-14-night-ferry.md", "permalink: /:year/x/", "/2019/03/14/night-ferry"),
        ("ferry.md", "slug: the-night-ferry\ndate: 2019-03-14", "/the-night-ferry/"),  # Ghost
        ("wp/ferry.md", "slug: the-night-ferry\ndate: 2019-03-14", "/2019/03/the-night-ferry/"),  # WordPress
        ("wp/ferry.md", "slug: the-night-ferry\ndate: 2019-03-14", "/2019/03/14/the-night-ferry/"),
        ("site/ferry.md", "source: {url: 'https://old.example.org/story/42/'}", "/story/42"),  # imports
        ("site/ferry.md", "imported: {from: 'https://old.example.org/x/y.html', kind: feed}", "/x/y.html"),
        ("site/ferry.md", "also_at: ['https://old.example.org/2/']", "/2"),
        ("site/ferry.md", "canonical_url: https://old.example.org/medium/abc-1", "/medium/abc-1"),
        ("docs/guide/ferry.md", "slug: /guide", "/guide"),  # Docusaurus
        ("docs/guide/ferry.md", "", "/docs/guide/ferry"),
        ("docs/guide/ferry.md", "", "/guide/ferry/"),  # MkDocs
        ("src/ferry.md", "permalink: /posts/ferry/index.html", "/posts/ferry/"),  # Eleventy
        ("ferry.md", "path: /blog/ferry", "/blog/ferry/"),  # Gatsby, Zola
        ("ferry.md", "aliases: [/Fähre/]", "/F%C3%A4hre"),
        ("ferry.md", "aliases: ['https://old.example.org/a?id=3#x']", "/a"),
        ("ferry.md", "aliases: [/article/old]", "/article/old"),
        ("2019/ferry.md", "aliases: [/old/ferry]", "/article/old/ferry"),
    ],
)
def test_found(tmp_path: Path, file: str, head: str, path: str) -> None:
    other = {"news/other.md": "date: 2019-03-14"}
    assert redirect(tmp_path, {file: head} | other, path) == file.removesuffix(".md")


@pytest.mark.parametrize("path", ["/", "//", "/nothing", "/../etc/passwd", "/2019/03/14/", "/%00", "/" + "a/" * 500])
def test_nothing(tmp_path: Path, path: str) -> None:
    assert redirect(tmp_path, {"a/b.md": "date: 2019-03-14"}, path) is None


def test_a_stated_address_goes_before_a_place_and_the_first_of_two(tmp_path: Path) -> None:
    files = {"posts/ferry.md": "", "b.md": "aliases: [/posts/ferry]", "c.md": "aliases: [/posts/ferry]"}
    assert redirect(tmp_path, files, "/posts/ferry/") == "b"


def test_nothing_is_guessed_between_several(tmp_path: Path) -> None:
    url = "source: {url: 'https://%s.example.org/story'}"
    assert redirect(tmp_path, {"a.md": url % "one", "b.md": url % "two"}, "/story") is None
    assert redirect(tmp_path, {"x/a.md": "slug: s", "y/b.md": "slug: s"}, "/s/") is None


def test_an_article_that_is_not_to_be_seen_is_no_target(tmp_path: Path) -> None:
    files = {"a.md": "aliases: [/old]\nembargo: 2131-01-01", "b.md": "aliases: [/old]"}
    assert redirect(tmp_path, files, "/old") == "b"


def test_an_article_that_moved_for_ever_is_not_followed_for_ever() -> None:
    asked: list[str] = []

    def leave(article_id: str, after: int | None) -> Move:
        asked.append(article_id)
        number = int(article_id)
        return Move(number, article_id, str(number + 1))

    assert follow("0", leave, lambda _: False) is None
    assert len(asked) == MAX_MOVES
