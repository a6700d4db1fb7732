"""Raw markup in passages: Markdown, shortcodes and tags that a reader sees in the passages of random queries.

    python -m bench markup [--passages N] [--seed N] [--list] [FOLDER or SET …]

draws passages of articles by random words of their texts and counts, by pattern, the signs of markup in them. Signs
that the article shows as code do not count. `--list` prints every passage with a sign in it.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser

from backfile.archive.markdown.headings import body_without_title
from backfile.archive.markdown.renderer import to_html
from backfile.archive.storage.library import Library
from backfile.index.highlight.highlighter import Highlighter
from backfile.index.highlight.hits import build_hit
from backfile.index.query import parse
from backfile.index.sync.reader import document_of
from bench import corpora_folder

SETS = (*("digitalgov", "do-tutorials", "nodejs-blog", "rust-blog", "publicdomain-md", "jekyll-posts", "reuters21578"),)
PASSAGES = 300
_SAMPLE = 2_000  # articles of one corpus that passages are drawn from

PATTERNS = {
    "picture": re.compile(r"!\[[^\]\n]{0,200}\]\s?[(\[]"),
    "link": re.compile(r"(?<!!)\[[^\[\]\n]{1,200}\](?:\([^()\s]{1,300}\)|\[[^\[\]\s]{0,100}\])"),
    "wiki link": re.compile(r"\[\[[^\[\]\n]{1,200}\]\]"),
    "footnote": re.compile(r"\[\^[^\]\s]{1,40}\]|\^\["),
    "strong": re.compile(r"(?<![*\w])\*\*(?=[^\s*])|(?<=[^\s*])\*\*(?![*\w])|(?<![_\w])__(?=[^\s_][^_]*__(?!\w))"),
    "strike or mark": re.compile(r"(?<!\w)(~~|==|\^\^)(?=\S)[^~=^\n]{1,200}(?<=\S)\1(?!\w)"),
    "heading": re.compile(r"^#{1,6} \S", re.MULTILINE),
    "fence": re.compile(r"```|^~~~", re.MULTILINE),
    "tag": re.compile(r"</?(?:a|b|br|div|em|figure|h[1-6]|i|img|li|p|pre|span|strong|su[bp]|table|td|tr|ul)\b[^<>]*+>"),
    "component": re.compile(r"</[A-Z][A-Za-z]+>|<[A-Z][a-z][A-Za-z]+(?:\s[\w-]+=[^<>]*)?/?>"),
    "entity": re.compile(r"&(?:#\d{2,6}|#x[0-9a-f]{2,6}|[a-z]{2,8});"),
    "comment": re.compile(r"<!--|-->|\{/\*|\*/\}|\{#[ -]|%%"),
    "liquid": re.compile(r"\{%|%\}|\{\{|\}\}"),
    "attributes": re.compile(r"\{:?\s?(?:[.#][\w-]+|[\w-]+=)[^{}\n]*\}"),
    "admonition": re.compile(r"^(?:!!!|\?\?\?\+?) \w|^:{3,}|^/{3} \w|\[!(?:note|tip|warning|info)\]", re.M | re.I),
    "tab": re.compile(r'^=== "', re.MULTILINE),
    "snippet": re.compile(r"--8<--|-{2,}\[?include"),
    "key": re.compile(r"\+\+[a-z0-9-]+(?:\+[a-z0-9-]+)*\+\+"),
    "icon": re.compile(r"(?<![\w:]):[a-z][a-z0-9_-]+:(?![\w:])"),
    "shortcode": re.compile(r"\[/?(?:caption|gallery|embed|youtube|vimeo|audio|video|gist|sourcecode)\b[^\]\n]*\]"),
    "contents": re.compile(r"\[TOC\]|\[\[_TOC_\]\]|\{:toc\}", re.IGNORECASE),
    "block id": re.compile(r"\s\^[a-z0-9]{6}$", re.MULTILINE),
}  # fmt: skip
"""Signs of raw markup, by the name under which they are counted."""


@dataclass(slots=True)
class RawMarkup:
    """Result of one archive: passages drawn, signs by pattern, and each passage that has one."""

    name: str
    passages: int = 0
    signs: Counter[str] = field(default_factory=Counter)
    found: list[tuple[str, str, str, str]] = field(default_factory=list)


def measure(folder: Path, passages: int = PASSAGES, seed: int = 1) -> RawMarkup:
    """Draws passages of the library in `folder` and counts the signs of markup in them."""
    outcome = RawMarkup(folder.name)
    for path, passage, code in _passages(folder, passages, random.Random(seed)):
        outcome.passages += 1
        for name, pattern in PATTERNS.items():
            for sign in pattern.finditer(passage):
                if sign[0].strip() not in code:
                    outcome.signs[name] += 1
                    outcome.found.append((name, path, sign[0], passage))
                    break
    return outcome


def _passages(folder: Path, number: int, draw: random.Random) -> Iterator[tuple[str, str, str]]:
    """Yields path, passage, and the code that the article shows; one passage for each word drawn."""
    library = Library(folder)
    articles = [entry.path for entry in library.walk()]
    draw.shuffle(articles)
    given, tries = 0, 0
    while given < number and tries < 20 * number and articles:
        path = articles[tries % len(articles)]
        tries += 1
        article = library.read(path).article
        if article is None:
            continue
        document = document_of(article)
        words = re.findall(r"[^\W\d_]{4,}", document.text)
        if not words:
            continue
        query = parse(draw.choice(words)).tree
        marks = Highlighter(query, ("en",)).highlight(document)
        if marks is None:
            continue
        passage = draw.choice(build_hit(document, marks, score=0.0, limit=3).passages)
        given += 1
        yield path, passage.text, _code(body_without_title(article.body, article.metadata.title))


def _code(body: str) -> str:
    """Text of all code of a body, as plain text gives it."""
    tree = LexborHTMLParser(to_html(body).html, is_fragment=True)
    texts = [node.text() for node in tree.css("pre, code, kbd, samp")]
    return "\n".join("\n".join(" ".join(line.split()) for line in text.split("\n")) for text in texts)


def _as_library(folder: Path, into: Path) -> Path:
    """Library of a corpus: its folder, or articles made of its `docs.jsonl`."""
    documents = folder / "docs.jsonl"
    if not documents.exists():
        return folder
    made = into / folder.name
    made.mkdir()
    with open(documents, encoding="utf-8") as lines:
        for number, line in zip(range(_SAMPLE), lines, strict=False):
            fields = json.loads(line)
            (made / f"{number}.md").write_text(f"# {fields['title']}\n\n{fields['text']}\n", encoding="utf-8")
    return made


def main() -> None:
    """Prints a line an archive: passages drawn, signs of raw markup by pattern."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", default=list(SETS), metavar="FOLDER or SET")
    parser.add_argument("--passages", type=int, default=PASSAGES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true", help="print every passage with a sign in it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        for name in options.folders:
            folder = Path(name) if Path(name).is_dir() else corpora_folder() / name
            outcome = measure(_as_library(folder, Path(temporary)), options.passages, options.seed)
            signs = ", ".join(f"{sign} {number}" for sign, number in outcome.signs.most_common()) or "none"
            print(f"{outcome.name:20}{outcome.passages:6} passages  raw markup: {signs}", flush=True)
            for sign, path, written, passage in outcome.found if options.list else ():
                print(f"    {sign}: {path}: {written!r}\n        {passage!r}")


if __name__ == "__main__":
    main()
