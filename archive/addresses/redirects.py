"""Redirects: the article that an address means at which there is none now.

An id is followed through the moves of its article; another path is looked up among the former addresses of articles.
The answer is always an article that can be read: one hop, never a chain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote

from backfile.archive.addresses.moves import Move, follow
from backfile.archive.errors import ArticleGone, ArticleNotFound
from backfile.archive.links.article_addresses import AddressKind, FormerRank
from backfile.archive.links.destinations import path_segments
from backfile.archive.links.link_index import ArticleCandidate, LinkIndex
from backfile.archive.storage.library import Library

_FOLDERS = ("", "content/", "docs/", "_posts/", "posts/", "src/pages/", "src/content/")
_ARTICLE = "article/"
_PAGE_SUFFIX = re.compile(r"(?:/(?:index\.html?)?|\.(?:html?|md|php))\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Redirects:
    """Redirects at a moment; the index of links must not change meanwhile. Methods may raise `LinkIndexUnusable`."""

    index: LinkIndex
    library: Library
    now: datetime

    def of_id(self, article_id: str) -> str | None:
        """Id of the readable article that was once at an id; None if none is known, or nobody is to know of it.

        Raises `ArticleGone` if it was deleted, is withheld or has expired. An id that is in use is never redirected.
        """
        if self._is_live(article_id):
            return None
        found = follow(article_id, self.index.leave, self._is_live)
        if isinstance(found, Move):
            if self._is_restored(found):
                return self._readable(found.old)
            raise _deleted(found)
        return self._readable(found) if found is not None else None

    def of_path(self, path: str) -> str | None:
        """Id of the readable article that a path of a former site means, below `/article/` as well; raises as `of_id`.

        Addresses that articles state come first, then places by path and date, then the former ids of moved articles,
        then the URLs of imports.
        """
        plain = unquote(path).strip("/")
        paths = [plain, plain.removeprefix(_ARTICLE)] if plain.startswith(_ARTICLE) else [plain]
        for each in paths:
            found = self._of_address(each)
            if found is not None:
                return found
        return None

    def _of_address(self, path: str) -> str | None:
        segments = path_segments(path)
        if not segments or ".." in segments:
            return None
        former = self.index.former("/".join(segments))
        for rank, _, article_id in former:
            if rank <= FormerRank.SLUG and (stated := self._readable(article_id)):
                return stated
        places = {each for rank, _, each in former if rank is FormerRank.PLACE} | set(self._places(segments))
        return (
            self._only(places)
            or self._moved(path)
            or self._only({each for rank, _, each in former if rank is FormerRank.SOURCE})
        )

    def _places(self, segments: tuple[str, ...]) -> Iterator[str]:
        """Yields the ids of articles that site builders put at a path, by their path or their date."""
        wanted = {f"{folder}{'/'.join(segments)}" for folder in _FOLDERS}
        date = [int(part) for part in segments[:-1] if part.isdecimal() and len(part) <= 4][-3:]
        for each in self.index.articles(segments[-1]):
            is_there = each.kind is AddressKind.PATH and "/".join(each.segments) in wanted
            if is_there or (each.kind is AddressKind.DATED and _has_date(each, date)):
                yield each.id

    def _moved(self, path: str) -> str | None:
        """Readable article that was at one of the ids which a path may mean."""
        name = _PAGE_SUFFIX.sub("", path)
        for folder in _FOLDERS:
            for place in (f"{folder}{name}", f"{folder}{name}/index"):
                if self.index.leave(place, None) is not None and (found := self.of_id(place)):
                    return found
        return None

    def _only(self, ids: set[str]) -> str | None:
        """Readable one of some articles; None if there are several, since a wrong one is worse than none."""
        readable = [each for each in sorted(ids) if self._is_readable(each)]
        return readable[0] if len(readable) == 1 else None

    def _is_readable(self, article_id: str) -> bool:
        try:
            self.library.get_public(article_id, self.now)
        except (ArticleNotFound, ArticleGone):
            return False
        return True

    def _readable(self, article_id: str) -> str | None:
        """The id, if its article can be read; None if nobody is to know of it. Raises `ArticleGone`."""
        try:
            self.library.get_public(article_id, self.now)
        except ArticleNotFound:
            return None
        return article_id

    def _is_live(self, article_id: str) -> bool:
        try:
            self.library.get(article_id)
        except ArticleNotFound:
            return False
        return True

    def _is_restored(self, deletion: Move) -> bool:
        """Whether a deleted article is back at its id, by its title."""
        try:
            return bool(deletion.title) and self.library.get(deletion.old).metadata.title == deletion.title
        except ArticleNotFound:
            return False


def _has_date(candidate: ArticleCandidate, date: list[int]) -> bool:
    """Whether a dated address has a date: year, month and day, or year and month."""
    own = [int(part) for part in candidate.segments[:3]]
    return len(date) >= 2 and own[: len(date)] == date


def _deleted(move: Move) -> ArticleGone:
    since = datetime.fromtimestamp(move.at / 1000, UTC)
    return ArticleGone(
        f"the article {move.old!r} was deleted", state="deleted", since=since, title=move.title, date=move.date
    )
