"""State machine: after any sequence of writes the index equals a dictionary."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from long_runs import examples
from whoosh_library import documents, fingerprint, read_postings, segment_of

from backfile.index.engine import Changes, Document, Fingerprint
from backfile.index.engines.whoosh import WhooshEngine
from backfile.index.engines.whoosh.indexing import merge_policy
from backfile.index.engines.whoosh.indexing.segment_merger import merge_segments
from backfile.index.engines.whoosh.storage.array_file import ArrayFile
from backfile.index.engines.whoosh.storage.index_layout import WORD_FIELDS
from backfile.index.errors import IndexUnusable

IDS = st.sampled_from([f"a{n}" for n in range(9)] + ["b/c", "é"])


class Index(RuleBasedStateMachine):
    """An index and the dictionary that it should equal."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.engine = WhooshEngine(self.folder / "index")
        self.model: dict[str, tuple[Document, Fingerprint]] = {}
        self.languages = ("en",)

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @rule(
        put=st.lists(documents(IDS), max_size=4),
        drop=st.lists(IDS, max_size=2),
        touch=st.lists(IDS, max_size=2),
    )
    def write(self, put: list[Document], drop: list[str], touch: list[str]) -> None:
        items = [(document, fingerprint(document)) for document in put]
        renewed = Fingerprint(len(self.model), 5, "renewed")
        put_ids = {document.id for document in put}
        self.engine.write(
            Changes(put=iter(items), drop=drop, touch=dict.fromkeys(touch, renewed), languages=self.languages)
        )
        for article_id in drop:
            self.model.pop(article_id, None)
        for article_id in set(touch) - put_ids & set(touch):
            if article_id in self.model:
                self.model[article_id] = (self.model[article_id][0], renewed)
        self.model |= {document.id: (document, print_) for document, print_ in items}

    @rule(old=IDS, new=IDS)
    def move(self, old: str, new: str) -> None:
        """A renamed file: one commit that drops the old id and puts the new one."""
        if old in self.model and old != new:
            document, print_ = self.model.pop(old)
            moved = replace(document, id=new, path=f"{new}.md")
            self.engine.write(Changes(put=[(moved, print_)], drop=[old], languages=self.languages))
            self.model[new] = (moved, print_)

    @rule()
    def reopen(self) -> None:
        self.engine.close()
        self.engine = WhooshEngine(self.folder / "index")

    @rule(languages=st.sampled_from([("en",), ("en", "fr"), ("de",)]))
    def change_languages(self, languages: tuple[str, ...]) -> None:
        self.languages = languages

    @rule()
    def merge_all(self) -> None:
        """Asserts that the merged segments equal, array for array, the same documents written at once."""
        segments = [segment for segment in self.engine.commit().segments if segment.live_count]
        if segments:
            listed = [s.document(n) for s in segments for n in range(s.size) if s.live_docs is None or s.live_docs[n]]
            merge_segments(self.folder / "merged", segments)
            fresh = segment_of(self.folder / "fresh", listed)
            merged = replace(fresh, data=type(fresh.data)("MAIN_b", ArrayFile.open(self.folder / "merged")))
            for field in WORD_FIELDS:
                assert read_postings(merged, field) == read_postings(fresh, field)
            (self.folder / "merged").unlink()
            (self.folder / "fresh").unlink()

    @rule()
    def rebuild_after_damage(self) -> None:
        files = sorted((self.folder / "index").glob("*.arrays"))
        if files:
            files[0].write_bytes(files[0].read_bytes()[:-1])
            with pytest.raises(IndexUnusable):
                WhooshEngine(self.folder / "index").fingerprints()
            shutil.rmtree(self.folder / "index")
            self.engine.write(Changes(put=list(self.model.values()), languages=self.languages))

    @invariant()
    def holds_what_the_dictionary_holds(self) -> None:
        assert self.engine.fingerprints() == {key: (d.path, print_) for key, (d, print_) in self.model.items()}
        assert {key: self.engine.document(key) for key in self.model} == {key: d for key, (d, _) in self.model.items()}
        commit = self.engine.commit()
        assert commit.live_count == len(self.model)
        assert len(commit.segments) <= merge_policy.MOST_SMALL + 1


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Index,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_an_index_is_a_dictionary():
    run(examples=6, steps=12)


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_an_index_is_a_dictionary_for_thousands_of_steps():
    run(examples=examples(1_000), steps=50)
