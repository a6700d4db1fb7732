"""Random documents for the tests of the Whoosh engine's storage, and their expected postings."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from hypothesis import strategies as st

from backfile.archive.model import ArticleMetadata, PartialDate, Source
from backfile.index.analysis.term_ids import Encoder
from backfile.index.analysis.tokenizer import POSITION_GAP, tokenize
from backfile.index.engine import Document, Fingerprint
from backfile.index.engines.whoosh.indexing.segment_writer import write_segment
from backfile.index.engines.whoosh.storage.array_file import ArrayFile
from backfile.index.engines.whoosh.storage.index_layout import word_values
from backfile.index.engines.whoosh.storage.segment import Segment, SegmentData

WORDS = ["ferry", "ferries", "harbour", "harbours", "declared", "declaring", "declare", "the", "of", "night"]
WORDS += ["minister's", "e-mail", "C++", "AT&T", "U.S.", "1,000", "café", "cafe", "Straße", "l'avion", "node.js"]
WORDS += ["東京都", "한국어", "بيت", "наука"]

texts = st.lists(st.sampled_from(WORDS), max_size=30).map(" ".join)
names = st.sampled_from(["Ada Brook", "Brook Ada", "C. Dale", "東京", "Zoë O'Neil", "line\nbreak"])
dates = st.one_of(
    st.none(),
    st.builds(PartialDate, st.integers(1, 9999)),
    st.builds(PartialDate, st.integers(1900, 2030), st.integers(1, 12), st.integers(1, 28)),
)
sources = st.one_of(
    st.none(),
    st.just(Source("The Harbour Gazette", "https://gazette.example/2019/night-ferry")),
    st.just(Source(None, "https://example.org/a")),
    st.just(Source("Ship's log")),
)


def documents(ids: st.SearchStrategy[str]) -> st.SearchStrategy[Document]:
    """Documents with one of the ids."""

    def made(article_id: str, text: str, **fields: object) -> Document:
        return Document(article_id, f"{article_id}.md", ArticleMetadata(**fields), text)  # type: ignore[arg-type]

    return st.builds(
        made,
        ids,
        title=st.one_of(st.sampled_from(WORDS), texts.map(lambda text: text or "Untitled")),
        text=texts,
        authors=st.lists(names, max_size=3).map(tuple),
        topics=st.lists(st.sampled_from(["transport", "Local Government", "ferry"]), max_size=3).map(tuple),
        date=dates,
        updated=dates,
        summary=st.one_of(st.none(), texts),
        source=sources,
        language=st.sampled_from([None, "en", "pt-BR"]),
    )


libraries = st.lists(documents(st.text(min_size=1, max_size=8)), max_size=12, unique_by=lambda document: document.id)


def fingerprint(document: Document) -> Fingerprint:
    """A fingerprint that tells documents of different text or title apart."""
    return Fingerprint(len(document.text), 1_700_000_000_000_000_000 + len(document.metadata.title), document.text[:9])


def segment_of(path: Path, listed: list[Document], name: str = "MAIN_a") -> Segment:
    """Writes a segment of some documents and opens it."""
    write_segment(path, [(document, fingerprint(document)) for document in listed], Encoder())
    file = ArrayFile.open(path)
    return Segment(SegmentData(name, file), 0, file)


def expected_postings(listed: list[Document], field: str) -> dict[str, dict[int, list[int]]]:
    """Term → document → positions, worked out one token at a time."""
    found: defaultdict[str, defaultdict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, document in enumerate(listed):
        base = 0
        for value in word_values(document, field):
            position = -1
            for token in tokenize(value):
                position = token.position
                found[token.term][number].append(base + position)
            base += position + 1 + POSITION_GAP
    return {term: dict(sorted(postings.items())) for term, postings in sorted(found.items())}


def read_postings(segment: Segment, field: str) -> dict[str, dict[int, list[int]]]:
    """Postings read from a segment."""
    postings = segment.field(field)
    found: dict[str, dict[int, list[int]]] = {}
    for number, term in enumerate(postings.terms.texts()):
        docs, freqs = postings.postings(number)
        positions = iter(postings.positions(number).tolist())
        found[term] = {
            doc: [next(positions) for _ in range(freq)] for doc, freq in zip(docs.tolist(), freqs.tolist(), strict=True)
        }
        assert next(positions, None) is None
    return found
