"""Command `quote`: finds a quotation in the articles, and tests the quotations of drafts."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from backfile.archive.errors import ArchiveError, ArticleGone, ArticleNotFound
from backfile.archive.storage.decoding import decode
from backfile.archive.storage.library import Library
from backfile.cli.query_options import open_index
from backfile.cli.terminal import as_json, masked, print_error, print_json, with_settings
from backfile.config import INDEX_SETTINGS, Settings
from backfile.index.engine import Engine
from backfile.index.errors import DeadlineExceeded
from backfile.index.quotations.alignment import Difference
from backfile.index.quotations.draft_quotations import SHORTEST, DraftQuotation, DraftQuotations, read_quotations
from backfile.index.quotations.marked_passages import (
    MarkedText,
    list_changes,
    mark_passages,
    passage_query,
    report_to_json,
)
from backfile.index.quotations.quotation_finder import (
    QuotationMatch,
    QuotationOrder,
    QuotationReport,
    Verdict,
    find_quotation,
)
from backfile.index.serialising import article_path

STDIN = "-"
_SHOWN = 10  # matches of one quotation
_BEGINNING = 70  # characters of a quotation that a line of a check shows
_UNTESTED = "untested"

FindReport = Callable[[str], QuotationReport]


@click.command()
@click.argument("texts", nargs=-1, metavar="TEXT|FILE...")
@with_settings("library", *INDEX_SETTINGS, "deadline", "wait", "base_url")
@click.option("--check", "is_check", is_flag=True, help="Test every quotation of drafts; the arguments are files.")
@click.option(
    "--sort",
    type=click.Choice([order.value for order in QuotationOrder]),
    default=QuotationOrder.BEST.value,
    show_default=True,
    help="The order; articles that have it word for word come first.",
)
@as_json
def quote(settings: Settings, *, texts: tuple[str, ...], is_check: bool, sort: str, as_json: bool) -> int:
    """Find a quotation in the articles, word for word or nearly; or test the quotations of a draft.

    With --check, every quotation of five words or more in the drafts is looked for: those in quotation marks of any
    style, and block quotations. The exit code is 1 unless all are found word for word; an ellipsis may stand for words
    left out. FILE is a draft in Markdown or plain text, - is standard input. Drafts are read and never stored.

    \b
    backfile quote "the night ferry sails again"
    backfile quote --check draft.md
    pandoc draft.docx -t markdown | backfile quote --check - --json
    """
    if not texts:
        raise click.UsageError("Name the text of a quotation, or with --check the files of drafts.")
    order = QuotationOrder(sort)
    with closing(open_index(settings)) as engine:
        find = _finder(engine, Library(settings.library), settings.deadline, order)
        if is_check:
            return _Checker(settings, find, as_json).check(texts)
        report = find(" ".join(texts))
    if as_json:
        print_json(report_to_json(report, lambda match: _url(settings, match)))
    else:
        _print_report(report, settings)
    return 0 if report.matches else 1


def _finder(engine: Engine, library: Library, deadline: float, order: QuotationOrder) -> FindReport:
    """Finder of quotations in articles that readers may see now."""

    def is_public(match: QuotationMatch) -> bool:
        with suppress(ArticleGone, ArticleNotFound):
            library.get_public(match.document.id, datetime.now(UTC))
            return True
        return False

    def find(text: str) -> QuotationReport:
        report = find_quotation(engine, text, order=order, deadline=deadline)
        return replace(report, matches=tuple(filter(is_public, report.matches[: 2 * _SHOWN]))[:_SHOWN])

    return find


@dataclass
class _Checker:
    """Test of drafts."""

    settings: Settings
    find: FindReport
    as_json: bool

    def check(self, names: Sequence[str]) -> int:
        """Tests the drafts with these names, prints what is found, and returns the exit code."""
        counts: Counter[str] = Counter()
        files = []
        for name in names:
            try:
                draft = read_quotations(_read(name))
            except (OSError, ArchiveError) as error:
                print_error(error)
                counts["unread"] += 1
                continue
            found = list(self._test(name, draft, counts))
            files.append({"path": name, "short": draft.short, "unclosed": list(draft.unclosed), "quotations": found})
            counts["unclosed"] += len(draft.unclosed)
            self._print_left_out(name, draft)
        totals = {verdict.value: counts[verdict.value] for verdict in Verdict} | {_UNTESTED: counts[_UNTESTED]}
        if self.as_json:
            print_json({"files": files, "totals": totals, "unread": counts["unread"]})
        else:
            click.echo(_summary(totals))
        is_good = sum(totals.values()) == totals[Verdict.VERBATIM.value]
        return 0 if is_good and not counts["unclosed"] and not counts["unread"] else 1

    def _test(self, name: str, draft: DraftQuotations, counts: Counter[str]) -> Iterator[dict[str, Any]]:
        """Tests the quotations of a draft; yields the JSON objects of the findings."""
        for quotation in draft.quotations:
            where = {"line": quotation.line}
            try:
                report = self.find(quotation.text)
            except DeadlineExceeded as error:
                counts[_UNTESTED] += 1
                if not self.as_json:
                    click.echo(masked(f"{name}:{quotation.line}: not tested, {error}: {_begun(quotation)}"))
                yield where | {"quotation": quotation.text, "verdict": _UNTESTED, "reason": str(error)}
                continue
            counts[report.verdict.value] += 1
            if not self.as_json:
                click.echo(f"{masked(name)}:{quotation.line}: {_verdict(report)}: {masked(_begun(quotation))}")
                for match in report.matches[:1]:
                    _print_match(match, report, self.settings, passages=match.verdict is Verdict.NEARLY)
            yield where | report_to_json(report, lambda match: _url(self.settings, match))

    def _print_left_out(self, name: str, draft: DraftQuotations) -> None:
        for line in draft.unclosed:
            message = f"{name}:{line}: a quotation mark has no partner, so that what it begins was not tested"
            click.echo(masked(message), err=True)
        if draft.short and not self.as_json:
            shorter = "quotation was" if draft.short == 1 else "quotations were"
            click.echo(masked(f"{name}: {draft.short:,} {shorter} shorter than {SHORTEST} words and not tested"))


def _read(name: str) -> str:
    raw = sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()
    return decode(raw).text.removeprefix("\ufeff")


def _begun(quotation: DraftQuotation) -> str:
    text = " ".join(quotation.text.split()).strip('“”„"«»')
    return f"“{text if len(text) <= _BEGINNING else text[: _BEGINNING - 1] + '…'}”"


def _verdict(report: QuotationReport) -> str:
    return _match_verdict(report.matches[0]) if report.matches else "not found"


def _match_verdict(match: QuotationMatch) -> str:
    if match.verdict is Verdict.NEARLY:
        return f"nearly, {match.percent} %"
    left_out = match.alignment.left_out
    return "word for word" + (f", {left_out:,} word{'s' if left_out > 1 else ''} left out" if left_out else "")


def _summary(totals: dict[str, int]) -> str:
    number = sum(totals.values())
    names = {"verbatim": "word for word", _UNTESTED: "not tested"}
    counted = ", ".join(
        f"{count:,} {names.get(name, name)}" for name, count in totals.items() if count or name != _UNTESTED
    )
    return f"{number:,} quotation{'s' if number != 1 else ''}: {counted}"


def _print_report(report: QuotationReport, settings: Settings) -> None:
    if not report.matches:
        click.echo("Not found, word for word or nearly.")
    for number, match in enumerate(report.matches):
        if number:
            click.echo()
        click.echo(_match_verdict(match))
        _print_match(match, report, settings)
    if report.articles > len(report.matches):
        click.echo(f"\n{report.articles:,} articles have these words; {len(report.matches)} of them are shown.")
    if report.is_cut:
        click.echo("Of very long articles only the beginning was compared.", err=True)


def _print_match(match: QuotationMatch, report: QuotationReport, settings: Settings, *, passages: bool = True) -> None:
    metadata, quotation = match.document.metadata, report.quotation
    source = metadata.source.name if metadata.source else None
    details = [metadata.title, ", ".join(metadata.authors), str(metadata.date or ""), source or ""]
    click.echo("    " + masked(" · ".join(detail for detail in details if detail)))
    for passage in mark_passages(match) if passages else ():
        click.echo("    " + _styled(passage))
    for change in list_changes(match, quotation.text, quotation.stream):
        click.echo("    " + masked(_CHANGES[change.difference].format(change.quoted, change.article)))
    click.echo("    " + click.style(masked(_url(settings, match)), dim=True))


_CHANGES = {
    Difference.MISSING: "missing in the quotation: “{1}”",
    Difference.ADDED: "not in the article: “{0}”",
    Difference.CHANGED: "changed: “{0}” instead of “{1}”",
}


def _styled(marked: MarkedText) -> str:
    """Passage in one line, what is the same in bold, what differs underlined."""
    pieces = []
    for kind, text in marked.parts:
        line = masked(" ".join(text.split("\n")))
        is_differing = kind in (Difference.MISSING, Difference.CHANGED)
        pieces.append(click.style(line, bold=kind is Difference.SAME, underline=is_differing) if kind else line)
    return ("… " if marked.begins_inside else "") + "".join(pieces) + (" …" if marked.ends_inside else "")


def _url(settings: Settings, match: QuotationMatch) -> str:
    """Address of the passage: with the setting `base_url` the whole, else its path."""
    return settings.base_url.rstrip("/") + article_path(match.document.id, passage_query(match))
