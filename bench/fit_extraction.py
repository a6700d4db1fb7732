"""Weights of the features of blocks, by logistic regression on html-pages and html-scrapinghub.

Each page is scored by weights fitted on the half of the pages without it (`bench.extraction.half`); these are the
figures for pages that were never seen. The weights that are written come from both halves.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from lxml.html import HtmlElement

from backfile.archive.importers.common.html_parser import parse_html
from backfile.archive.importers.extraction import block_weights
from backfile.archive.importers.extraction.article_blocks import article_element
from backfile.archive.importers.extraction.block_features import Features
from backfile.archive.importers.extraction.extractor import described_blocks, score_blocks
from backfile.archive.importers.extraction.page_blocks import PageBlock
from backfile.archive.importers.extraction.page_metadata import read_metadata
from bench import extraction as html_scrapinghub
from bench.page_strings import StringPage, StringScore, normal_form, string_pages

_PENALTY = 3.0
_STEPS = 40
_MOST_MATCHES = 2
"""Blocks with a string that tells which are the article's; a string in more of them tells nothing."""
_PAGE_WEIGHT = 8.0
_MOST_WEIGHT = 3.0
_CAPTION = "figcaption"


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """Blocks of a page: their features, and (position, whether it is the article's, weight) where that is known."""

    key: str
    title: str
    blocks: list[PageBlock]
    features: list[Features]
    labels: list[tuple[int, bool, float]]
    strings: StringPage | None
    truth: str


def labelled_pages() -> Iterator[LabelledPage]:
    """Pages of both sets. Captions have no label, because one set leaves out all of them."""
    for page in string_pages():
        title, blocks, features = _described(page.html, page.url)
        yield LabelledPage(page.url, title, blocks, features, _string_labels(blocks, page), page, "")
    for key, url, html, truth in html_scrapinghub.pages():
        title, blocks, features = _described(html, url)
        yield LabelledPage(key, title, blocks, features, _share_labels(blocks, truth), None, truth)


def _described(html: bytes, url: str) -> tuple[str, list[PageBlock], list[Features]]:
    tree = parse_html(html)
    metadata = read_metadata(tree, url).metadata
    return (metadata.title, *described_blocks(tree, metadata, url))


def _string_labels(blocks: list[PageBlock], page: StringPage) -> list[tuple[int, bool, float]]:
    texts = [normal_form(block.text) for block in blocks]
    labels = []
    for strings, is_article in ((page.wanted, True), (page.unwanted, False)):
        for string in strings:
            matches = [at for at, text in enumerate(texts) if string in text]
            if len(matches) <= _MOST_MATCHES:
                labels += [(at, is_article, 1.0) for at in matches if blocks[at].element.tag != _CAPTION]
    return labels


def _share_labels(blocks: list[PageBlock], truth: str) -> list[tuple[int, bool, float]]:
    true = html_scrapinghub.word_shingles(truth)
    labels = []
    for block in blocks:
        ours = html_scrapinghub.word_shingles(block.text)
        if len(block.words) < 4 or block.element.tag == _CAPTION or not ours:
            continue
        share = (ours & true).total() / ours.total()
        weight = _PAGE_WEIGHT * len(block.words) / max(1, true.total())
        if share > 0.7 or share < 0.3:
            labels.append((block.position, share > 0.7, weight if share > 0.7 else min(weight, _MOST_WEIGHT)))
    return labels


def fit(pages: list[LabelledPage], names: list[str]) -> dict[str, float]:
    """Weights by Newton's method with an L2 penalty on all but the bias."""
    rows = [(page.features[at], label, weight) for page in pages for at, label, weight in page.labels]
    matrix = np.array([[row.get(name, 0.0) for name in names] + [1.0] for row, _, _ in rows])
    truth, weight = (np.array([row[at] for row in rows], dtype=float) for at in (1, 2))
    penalty = np.full(matrix.shape[1], _PENALTY)
    penalty[-1] = 1e-6
    beta = np.zeros(matrix.shape[1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-matrix @ beta))
        slope = matrix.T @ (weight * (truth - chance)) - penalty * beta
        curve = (matrix.T * (weight * chance * (1 - chance))) @ matrix + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        beta += step
        if np.abs(step).max() < 1e-5:
            break
    return dict(zip([*names, block_weights.BIAS], map(float, beta), strict=True))


def measure_held_out(pages: list[LabelledPage], weights: Mapping[int, dict[str, float]]) -> None:
    """Prints the scores of the article of each page by the weights of the other half; uses up the trees."""
    strings = {half: StringScore() for half in (0, 1)}
    shares = []
    for page in pages:
        half = html_scrapinghub.half(page.key)
        score_blocks(page.blocks, page.features, weights[1 - half])
        body = article_element(page.blocks, page.title)
        if page.strings is not None:
            strings[half].add(page.strings, normal_form(body.text_content()) if body is not None else "")
        else:
            shares.append(html_scrapinghub.shares(page.truth, _text_without_captions(body)))
    for half, score in strings.items():
        print(f"html-pages, half {half} by weights of half {1 - half}  {score}")
    print(
        "html-scrapinghub, held out  F1 {:.4f}  precision {:.4f}  recall {:.4f}".format(
            *html_scrapinghub.average(shares)
        )
    )


def _text_without_captions(body: HtmlElement | None) -> str:
    if body is None:
        return ""
    for caption in list(body.iter(_CAPTION)):
        caption.drop_tree()
    return "\n".join(body.itertext())


def main() -> None:
    """Prints the held-out scores, and writes the weights of both halves."""
    parser = argparse.ArgumentParser(prog="python -m bench fit_extraction", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write archive/importers/extraction/block_weights.py")
    write = parser.parse_args().write
    pages = list(labelled_pages())
    names = sorted({name for page in pages for row in page.features for name in row})
    halves = {half: fit([page for page in pages if html_scrapinghub.half(page.key) == half], names) for half in (0, 1)}
    whole = fit(pages, names)
    measure_held_out(pages, halves)
    if write:
        path = Path(block_weights.__file__)
        before = path.read_text(encoding="utf-8").partition("WEIGHTS")[0]
        lines = "".join(f'    "{name}": {weight:.3f},\n' for name, weight in sorted(whole.items()))
        path.write_text(f"{before}WEIGHTS: Mapping[str, float] = {{\n{lines}}}\n", encoding="utf-8")
