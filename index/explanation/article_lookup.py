"""Lookup of an article by what a person has of it: an address, a path, an id, or a title or a part of one.

Readers are told of an article what its own page tells them (`Library.get_public`), and nothing else: one that is under
an embargo or scheduled is not in the archive. The owner, at the command line, is told all.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote

from backfile.archive.addresses.redirects import Redirects
from backfile.archive.availability.states import READABLE, SECRET, State
from backfile.archive.errors import ArticleGone, ArticleNotFound, LinkIndexUnusable
from backfile.archive.links.destinations import path_segments
from backfile.archive.links.link_index import FILE_NAME, LinkIndex
from backfile.archive.model import Article
from backfile.archive.report import Problem
from backfile.archive.storage.file_titles import without_suffix
from backfile.archive.storage.library import Library
from backfile.archive.web_addresses import address_parts
from backfile.index.analysis.normalization import fold
from backfile.index.analysis.tokenizer import term_sequences
from backfile.index.engine import Engine, Filters, Hit, Request
from backfile.index.errors import QueryRefused
from backfile.index.explanation.edits import words_of_phrase
from backfile.index.query import InField, MatchAll, Node, Phrase, normalize
from backfile.index.sync.state import HeldArticle, SyncState, load_state

MAX_TYPED = 2_000  # characters
MAX_CHOICES = 10
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class Outcome(StrEnum):
    """Outcomes of a lookup. Only an article that is `INDEXED` can be explained."""

    INDEXED = "indexed"
    CHOICES = "choices"
    NOT_INDEXED = "not-indexed"
    UNREADABLE = "unreadable"
    LEFT_OUT = "left-out"
    UNLISTED = "unlisted"
    HELD = "held"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ArticleLookup:
    """Result of a lookup: the id and title of the article as far as they are known.

    `choices` are (id, title) of articles that may be meant, `more` says that there are others. `problems` are those of
    an unreadable file, `reason` why a file is no article (a draft). `state`, `since` and `until` are those of an
    article that is held back or gone.
    """

    outcome: Outcome
    article_id: str = ""
    title: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    more: bool = False
    problems: tuple[Problem, ...] = ()
    reason: str = ""
    state: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class ArticleFinder:
    """Lookup in one archive at a moment; `hosts` are those of its addresses, `root` the path that it is served under.

    `seconds` is the deadline of each of its searches. With `is_owner` it tells what readers are not to know.
    """

    engine: Engine
    library: Library
    folder: Path
    now: datetime
    hosts: frozenset[str] = frozenset()
    root: str = ""
    seconds: float = 1.5
    is_owner: bool = False

    def find(self, typed: str) -> ArticleLookup:
        """Article for a text. Raises `QueryRefused` for one of more than MAX_TYPED characters."""
        text = unicodedata.normalize("NFC", typed.strip())
        if len(text) > MAX_TYPED:
            raise QueryRefused(
                f"an address or title of more than {MAX_TYPED:,} characters cannot be looked up", hint="shorten it"
            )
        if not text:
            return ArticleLookup(Outcome.UNKNOWN)
        state = load_state(self.folder)
        for article_id in self._ids(text):
            if found := self._with_id(article_id, state):
                return found
        return self._at_address(text, state) or self._titled(text, state) or ArticleLookup(Outcome.UNKNOWN)

    def _ids(self, text: str) -> Iterator[str]:
        """Ids that a text may mean: of an address of this archive, of a path of its folder, or the text itself."""
        own = self._own_path(text)
        if own is None:
            return
        paths = [own, unquote(own)] if own != text or "%" in own else [own]
        roots = {f"{self.library.root}/", f"{self.library.root.resolve()}/"}
        for path in paths:
            inside = next((path.removeprefix(root) for root in roots if path.startswith(root)), path)
            plain = inside.removeprefix("./").strip("/")
            for each in dict.fromkeys((plain.removeprefix("article/"), plain)):
                yield each
                if without_suffix(each) != each:
                    yield without_suffix(each)

    def _own_path(self, text: str) -> str | None:
        """Path of an address of this archive below it, or the text itself; None for the address of another host."""
        if "://" not in text and not text.startswith("//"):
            path = text.partition("?")[0].partition("#")[0] if text.startswith("/") else text
            return path.removeprefix(self.root) if text.startswith("/") else path
        parts = address_parts(text)
        if (parts.hostname or "") not in self.hosts | LOCAL_HOSTS:
            return None
        return parts.path.removeprefix(self.root)

    def _with_id(self, article_id: str, state: SyncState) -> ArticleLookup | None:
        """The article with an id, as far as the asker may know of it."""
        if self.is_owner:
            return self._of_owner(article_id)
        if any(held.id == article_id and self._is_secret(held) for held in state.held.values()):
            return None  # without a look at its file, as for an id that no article has
        try:
            article, now = self.library.get_public(article_id, self.now)
        except ArticleGone as error:
            return ArticleLookup(
                Outcome.GONE, article_id, error.title, state=error.state, reason=error.reason, since=error.since
            )
        except ArticleNotFound:
            return self._unreadable(article_id, state)
        return self._readable(article, is_unlisted=now is State.UNLISTED)

    def _is_secret(self, held: HeldArticle) -> bool:
        until = datetime.fromisoformat(held.until) if held.until else None
        return held.state in SECRET and (until is None or self.now < until)

    def _readable(self, article: Article, *, is_unlisted: bool) -> ArticleLookup:
        outcome = Outcome.UNLISTED if is_unlisted else Outcome.NOT_INDEXED
        if not is_unlisted and self._is_indexed(article.id):
            outcome = Outcome.INDEXED
        return ArticleLookup(outcome, article.id, article.metadata.title)

    def _is_indexed(self, article_id: str) -> bool:
        request = Request(MatchAll(), Filters(ids=(article_id,)), page=2, per_page=1, deadline=self.seconds)
        return self.engine.search(request).total == 1

    def _unreadable(self, article_id: str, state: SyncState) -> ArticleLookup | None:
        """File that gave no article when it was indexed, and whose problems readers know; None for any other."""
        path = self.library.locate(article_id)
        known = tuple(problem for problem in state.public_problems() if problem.path == path)
        if path is None or not known:
            return None
        found = self.library.read(path, sections=True)
        if found.article is not None or found.left_out:
            return None
        return ArticleLookup(Outcome.UNREADABLE, article_id, problems=known)

    def _of_owner(self, article_id: str) -> ArticleLookup | None:
        path = self.library.locate(article_id)
        if path is None:
            return None
        found = self.library.read(path)
        if found.article is None and found.left_out:
            return ArticleLookup(Outcome.LEFT_OUT, article_id, reason=found.left_out)
        if found.article is None:
            return ArticleLookup(Outcome.UNREADABLE, article_id, problems=found.problems)
        article, availability = found.article, found.availability
        state, until = availability.state(self.now), availability.next_change(self.now)
        if state in SECRET:
            return ArticleLookup(Outcome.HELD, article.id, article.metadata.title, state=state, until=until)
        if state not in READABLE:
            since = availability.ends if state is State.EXPIRED else None
            reason = availability.withheld or ""
            return ArticleLookup(
                Outcome.GONE, article.id, article.metadata.title, state=state, since=since, reason=reason
            )
        return self._readable(article, is_unlisted=state is State.UNLISTED)

    def _at_address(self, text: str, state: SyncState) -> ArticleLookup | None:
        """Article that was once at an address or id, or that came from one.

        An address of another host whose path alone fits is no more than a choice.
        """
        if "/" not in text and any(sign.isspace() for sign in text):
            return None
        parts = address_parts(text)
        try:
            with LinkIndex.read(self.folder / FILE_NAME) as index:
                redirects = Redirects(index, self.library, self.now)
                if parts.hostname and (found := self._from_source(text, index, state)):
                    return found
                own = self._own_path(text)
                moved = redirects.of_id(own) if own else None
                moved = moved or redirects.of_path(parts.path if parts.hostname else own or text)
        except ArticleGone as error:
            return ArticleLookup(Outcome.GONE, "", error.title, state=error.state, since=error.since)
        except LinkIndexUnusable:
            return None
        found = self._with_id(moved, state) if moved else None
        if found is None or own is not None or not found.title:
            return found
        return ArticleLookup(Outcome.CHOICES, choices=((found.article_id, found.title),))

    def _from_source(self, address: str, index: LinkIndex, state: SyncState) -> ArticleLookup | None:
        """Article that states an address as its source, or was imported from it."""
        wanted = _comparable(address)
        for _, _, article_id in index.former("/".join(path_segments(unquote(address_parts(address).path)))):
            found = self._with_id(article_id, state)
            if found and found.title and wanted in map(_comparable, _origins(self.library.get(article_id))):
                return found
        return None

    def _titled(self, text: str, state: SyncState) -> ArticleLookup | None:
        """Article with a title, or those with a part of one."""
        if not term_sequences(text) or "://" in text:
            return None
        phrase = Phrase(" ".join(text.replace("*", " ").replace('"', " ").split()))
        for query in (phrase, words_of_phrase(phrase)):
            hits = self._in_titles(query)
            exact = [hit for hit in hits if _folded(hit.metadata.title) == _folded(text)]
            chosen = exact or hits
            if len(chosen) == 1:
                return self._with_id(chosen[0].id, state)
            if chosen:
                choices = tuple((hit.id, hit.metadata.title) for hit in chosen[:MAX_CHOICES])
                return ArticleLookup(Outcome.CHOICES, choices=choices, more=len(chosen) > MAX_CHOICES)
        return None

    def _in_titles(self, query: Node) -> Sequence[Hit]:
        if isinstance(query, MatchAll):
            return ()
        titled = normalize(InField("title", query))
        request = Request(titled, per_page=MAX_CHOICES + 1, passages=0, facet_size=0, deadline=self.seconds)
        return self.engine.search(request).hits


def _origins(article: Article) -> Iterator[str]:
    """Addresses from which an article came: its source, and those that an import recorded."""
    imported, further = article.extra.get("imported"), article.extra.get("also_at")
    stated: list[object] = [article.metadata.source.url if article.metadata.source else None]
    stated += [imported.get("from")] if isinstance(imported, Mapping) else []
    stated += further if isinstance(further, list) else [further]
    yield from (each for each in stated if isinstance(each, str))


def _folded(title: str) -> str:
    return " ".join(fold(title).split())


def _comparable(address: str) -> tuple[str, str, str]:
    """Host, path and query of an address, without what two writings of one address differ in."""
    parts = address_parts(address)
    return (parts.hostname or "").removeprefix("www."), unquote(parts.path).rstrip("/"), parts.query
