"""Reader of many articles: files of a library → documents, by several processes when there are many."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext

from backfile.archive.availability.states import PUBLIC, Availability
from backfile.archive.errors import HelperEnded
from backfile.archive.helper_process import HelperProcess, begin_step, end_step, end_with_parent
from backfile.archive.languages import language_code
from backfile.archive.links.article_addresses import ArticleAddress, FormerAddress, article_addresses
from backfile.archive.links.body_links import body_links
from backfile.archive.links.link_index import BodyLink
from backfile.archive.markdown.headings import body_without_title
from backfile.archive.markdown.renderer import read_body, to_text
from backfile.archive.metadata.series import SeriesPart, read_series
from backfile.archive.model import Article, ArticleMetadata
from backfile.archive.report import Problem
from backfile.archive.storage.library import Library, printable
from backfile.archive.storage.readable_body import IncludedFile, readable_body
from backfile.index.analysis.language_detection import detect_language, is_written_in
from backfile.index.copies.shingles import ShingleReader, Signature
from backfile.index.engine import Document
from backfile.index.processes import cores, helper_context, not_started

MANY = 400  # fewer files are read sooner than processes start
_CHUNK = 64  # files handed to a process at a time
_AHEAD = 16  # chunks a process that may be in work or finished and not yet consumed: bounds the memory


@dataclass(frozen=True, slots=True)
class ReadResult:
    """Result of reading one file.

    `document` is None for files that are no articles (`left_out` gives the reason: a draft, a section page) and for
    unreadable ones (`problems` give the reason; `is_slow` if it takes too long: such a file is read again only when it
    has changed). `digest` is of the file and of the files `included` in it. `availability` says when the article is to
    be seen, `former` are its former addresses, `series` those that it is a part of. `signature` is
    that of the document's text, if it was asked for.
    """

    path: str
    document: Document | None
    problems: tuple[Problem, ...]
    digest: str
    left_out: str = ""
    is_slow: bool = False
    addresses: frozenset[ArticleAddress] = frozenset()
    former: frozenset[FormerAddress] = frozenset()
    availability: Availability = PUBLIC
    series: tuple[SeriesPart, ...] = ()
    links: tuple[BodyLink, ...] = ()
    included: tuple[IncludedFile, ...] = ()
    signature: Signature | None = None


def document_of(article: Article, text: str | None = None, *, library_language: str | None = None) -> Document:
    """Document of an article: its fields, its language where it states none, and the plain text of its body.

    `text` is that plain text when the caller has it already. The language is `library_language`, the library's setting,
    unless the article is written in another script; else the one that the text tells, if it does.
    """
    metadata = article.metadata
    shown = to_text(body_without_title(article.body, metadata.title)) if text is None else text
    if metadata.language is None:
        metadata = replace(metadata, language=_language(metadata, shown, library_language))
    return Document(article.id, article.path, metadata, shown)


def _language(metadata: ArticleMetadata, text: str, library_language: str | None) -> str | None:
    texts = (metadata.title, metadata.summary or "", text)
    set_language = language_code(library_language or "")
    if set_language and is_written_in(set_language, *texts):
        return set_language
    return detect_language(*texts)


def read_documents(
    library: Library,
    paths: Sequence[str],
    *,
    processes: int | None = None,
    seconds: float | None = None,
    preload: Sequence[str] = (),
    signed: bool = False,
) -> Iterator[ReadResult]:
    """Reads the files at `paths` (relative to the library) in their order, one `ReadResult` each.

    Many files are read by `processes` processes (by default one a core). A file that kills its process, or takes it
    longer than `seconds`, becomes a problem like any unreadable file; without `seconds` few files are read in this
    process. Processes that write afterwards are forked from the same server: `preload` names the modules they need.
    With `signed` the documents have signatures.
    Raises `SearchError` when no process starts.
    """
    processes = cores() if processes is None else processes
    reader = _FileReader(library, seconds, ShingleReader() if signed else None)
    if processes < 2 or len(paths) < MANY:
        if seconds is None:
            return reader.read(paths)
        return _read_singly(reader, paths)
    context = helper_context([__name__, *preload])
    return _read_in_processes(reader, paths, processes, context)


@dataclass(frozen=True)
class _FileReader:
    """Reader of the files of a library, as a process has it: with a limit of time and signatures, if wanted."""

    library: Library
    seconds: float | None
    shingles: ShingleReader | None

    def __reduce__(self) -> tuple[type[_FileReader], tuple[Library, float | None, ShingleReader | None]]:
        """Pickles it without what its shingle reader has seen."""
        return _FileReader, (self.library, self.seconds, self.shingles and ShingleReader())

    def read(self, paths: Sequence[str]) -> Iterator[ReadResult]:
        """Reads files; some at a time if they are to be signed, which is dear for a single one."""
        at_once = _CHUNK if self.shingles else 1
        for start in range(0, len(paths), at_once):
            yield from self._sign([_read(self.library, path) for path in paths[start : start + at_once]])

    def read_chunk(self, paths: Sequence[str]) -> list[ReadResult]:
        """Reads some files, each under the limit of time."""
        results = []
        for path in paths:
            begin_step(self.seconds)
            results.append(_read(self.library, path))
        end_step()
        return self._sign(results)

    def _sign(self, results: list[ReadResult]) -> list[ReadResult]:
        if self.shingles is None:
            return results
        texts = [each.document.text for each in results if each.document is not None]
        signatures = iter(self.shingles.signatures(texts))
        return [replace(each, signature=next(signatures)) if each.document else each for each in results]


def _read(library: Library, path: str) -> ReadResult:
    reading = library.read(path)
    article = reading.article
    if article is None:
        return ReadResult(path, None, reading.problems, reading.digest, reading.left_out)
    body = readable_body(library, article)
    content = read_body(body.text)
    return ReadResult(
        path,
        document_of(article, content.text, library_language=library.settings.language),
        (*reading.problems, *body.problems(path, reading.first_line)),
        body.digest(reading.digest),
        addresses=frozenset(article_addresses(path, article.metadata, reading.addresses)),
        former=reading.former,
        availability=reading.availability,
        series=read_series(article.extra),
        links=body_links(article.body, content.links, reading.first_line),
        included=body.included,
    )


def _read_in_processes(
    reader: _FileReader, paths: Sequence[str], processes: int, context: ForkServerContext
) -> Iterator[ReadResult]:
    chunks = deque(paths[start : start + _CHUNK] for start in range(0, len(paths), _CHUNK))
    while chunks:
        try:
            yield from _read_chunks(partial(_pool, context, reader), chunks, processes)
        except BrokenProcessPool:  # some file of the chunks in work ended its process: read them one by one
            suspects = [path for _ in range(min(processes * _AHEAD, len(chunks))) for path in chunks.popleft()]
            yield from _read_singly(reader, suspects, context)


def _read_chunks(start: StartPool, chunks: deque[Sequence[str]], processes: int) -> Iterator[ReadResult]:
    """Reads the chunks; removes each from the queue once it is read."""
    pool = start(processes)
    in_work: deque[Future[list[ReadResult]]] = deque()
    try:
        while chunks:
            while len(in_work) < min(processes * _AHEAD, len(chunks)):
                in_work.append(pool.submit(_read_chunk, chunks[len(in_work)]))
            results = in_work[0].result()
            in_work.popleft()
            chunks.popleft()
            yield from results
    finally:
        pool.shutdown(cancel_futures=True)


def _read_singly(
    reader: _FileReader, paths: Sequence[str], context: ForkServerContext | None = None
) -> Iterator[ReadResult]:
    """Reads the files in one process, which is replaced when it ends before it has read all."""
    waiting = deque(paths)
    while waiting:
        with HelperProcess.start(partial(_send_results, reader, tuple(waiting)), context) as helper:
            try:
                while waiting:
                    result = helper.receive()
                    waiting.popleft()
                    yield result
            except HelperEnded as error:
                path = waiting.popleft()
                problem = Problem(printable(path), None, str(error), error.hint)
                yield ReadResult(path, None, (problem,), "", is_slow=error.is_slow)


def _send_results(reader: _FileReader, paths: Sequence[str], connection: Connection) -> None:
    for path in paths:
        connection.send(reader.read_chunk([path])[0])


StartPool = Callable[[int], ProcessPoolExecutor]

_reader: _FileReader  # of a reading process, from its start on


def _pool(context: ForkServerContext, reader: _FileReader, processes: int) -> ProcessPoolExecutor:
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_start_reading, initargs=(reader,))
    try:
        pool.submit(_read_chunk, ()).result()
    except (BrokenProcessPool, OSError, EOFError) as error:
        pool.shutdown()
        raise not_started(error) from error
    return pool


def _start_reading(reader: _FileReader) -> None:
    global _reader  # noqa: PLW0603 - the state of a process that exists for nothing else
    _reader = reader
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends its children
    end_with_parent()


def _read_chunk(paths: Sequence[str]) -> list[ReadResult]:
    return _reader.read_chunk(paths)
