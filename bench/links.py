"""Links of archives: how many lead to a target, of those that name something in the tree; size and speed of the index.

    python -m bench links FOLDER...            # the archives in these folders
    python -m bench links --made 50000         # as many articles, made for this, with five links each
    python -m bench links FOLDER --dead 20     # and dead links that name something

A link names something in the tree if an article or a file has the last part of its path as its name, wherever it lies:
`/about/` names each `about.md`, so that not every such link has a target.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path

from backfile.archive.links.article_addresses import article_addresses
from backfile.archive.links.destinations import parse_destination, path_segments
from backfile.archive.links.link_index import BodyLink, LinkIndex
from backfile.archive.links.link_resolver import LinkResolver, resolve_open_links, target_name
from backfile.archive.model import ArticleMetadata
from backfile.archive.storage.library import Library
from backfile.index.sync.link_update import put_links, resolve_links
from backfile.index.sync.reader import read_documents

WORDS = [
    "quay",
    "ferry",
    "harbour",
    "tide",
    "pilot",
    "crane",
    "winter",
    "board",
    "strike",
    "timber",
    "lantern",
    "signal",
]
LOOKUPS = 2_000


def main() -> None:
    """Prints the figures of the folders, or of made articles."""
    parser = argparse.ArgumentParser(prog="python -m bench links", description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--dead", type=int, default=0, help="dead links to print that name something in the tree")
    parser.add_argument("--made", type=int, default=0, help="articles to make")
    given = parser.parse_args()
    for folder in given.folders:
        measure(folder, given.dead)
    if given.made:
        measure_made(given.made)


def measure(folder: Path, dead: int) -> None:
    """Prints the figures of one archive."""
    library = Library(folder)
    names = {_name(path) for path in library.walk_assets()}
    names |= {(path_segments(path) or ("",))[-1] for path in library.walk_sections()}
    articles, links = 0, []
    with LinkIndex.temporary() as index:
        for result in read_documents(library, sorted(map(attrgetter("path"), library.walk()))):
            put_links(index, result)
            links += [(result.path, link) for link in result.links]
            if result.document is not None:
                articles += 1
                names.add((path_segments(result.path) or ("",))[-1])
        began = time.process_time()
        resolve_links(index, library)
        spent = time.process_time() - began
        resolved, unresolved = index.count()
        lost = [(each.path, each.line, each.address) for each in index.unresolved() if _names(each.address, names)]
    named = sum(_names(link.address, names) for _, link in links)
    share = 100 * (1 - len(lost) / named) if named else 100
    print(
        f"{folder.name}: {articles:,} articles, {resolved:,} links lead to a target, {unresolved:,} are dead; "
        f"{named:,} name something in the tree, {share:.2f} % of them lead somewhere; "
        f"{1e6 * spent / max(1, len(links)):.0f} µs a link"
    )
    for path, line, address in lost[:dead]:
        print(f"  {path}:{line}: {address}")


def _names(address: str, names: set[str]) -> bool:
    destination = parse_destination(address)
    if destination is None or not (destination.segments or destination.files):
        return False
    return not {_name(address), *destination.segments[-1:]}.isdisjoint(names)


def _name(path: str) -> str:
    destination = parse_destination(path)
    return destination.files[-1] if destination and destination.files else ""


def measure_made(articles: int) -> None:
    """Prints size, build and lookup of the index of links of made articles."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "links.sqlite"
        began, before = time.process_time(), _memory()
        with LinkIndex.write(path) as index:
            index.begin()
            for article, links in _made(articles):
                index.put(article, article, article_addresses(article, ArticleMetadata(article), ()), links)
            index.commit()
            put = time.process_time() - began
            index.begin()
            resolve_open_links(index, LinkResolver(index))
            index.commit()
        resolved = time.process_time() - began - put
        print(
            f"{articles:,} articles, five links each: {path.stat().st_size / 2**20:.0f} MB, "
            f"put in {put:.1f} s, resolved in {resolved:.1f} s of processor time; {_memory() - before:.0f} MB of memory"
        )
        measure_lookups(path, articles)


def measure_lookups(path: Path, articles: int) -> None:
    """Prints how long a worker takes to open the index and to resolve a link."""
    sample = [(article, link) for article, links in _made(LOOKUPS, articles) for link in links]
    began, before = time.process_time(), _memory()
    found = 0
    with LinkIndex.read(path) as index:
        opened = time.process_time() - began
        resolver = LinkResolver(index)
        found = sum(target_name(resolver.target(article, link.kind, link.address)) != "" for article, link in sample)
    spent = time.process_time() - began - opened
    print(
        f"a worker: opened in {1e3 * opened:.2f} ms, {1e6 * spent / len(sample):.0f} µs a link ({found:,} of "
        f"{len(sample):,} found), {_memory() - before:.0f} MB of memory"
    )


def _made(articles: int, of: int = 0) -> Iterator[tuple[str, list[BodyLink]]]:
    """Yields path and links of made articles: to one by its path, its name, its address, a title, and to none."""
    chance = random.Random(1)
    of = of or articles
    for number in range(articles):
        others = [_path(chance.randrange(of)) for _ in range(4)]
        forms = (f"/{others[0]}", _stem(others[1]), f"/news/{_stem(others[2])}/", f"ref:{_stem(others[3])}", "gone.md")
        yield _path(number), [BodyLink(1, "link", form) for form in forms]


def _path(number: int) -> str:
    words = "-".join(WORDS[number // 12**power % 12] for power in range(3))
    return f"{1990 + number % 30}/{words}-{number}.md"


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".md")


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
