"""Documents of a batch that repeat an id: the last one counts, and the batch is read once, as a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from backfile.index.engine import FingerprintedDocument


@dataclass(slots=True)
class RepeatedIds:
    """Ids that a batch had so far (`seen`), and the last document of each id that it had again (`again`)."""

    seen: set[str] = field(default_factory=set)
    again: dict[str, FingerprintedDocument] = field(default_factory=dict)

    def first(self, items: Iterable[FingerprintedDocument]) -> Iterator[FingerprintedDocument]:
        """Yields the first document of each id; what has its id comes to `again`."""
        for item in items:
            if item[0].id in self.seen:
                self.again[item[0].id] = item
            else:
                self.seen.add(item[0].id)
                yield item
