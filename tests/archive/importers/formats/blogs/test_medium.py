"""Medium: the archive of an account."""

from __future__ import annotations

from pathlib import Path

from importing import import_twice, write_tree

from backfile.archive.importers.formats.blogs import medium
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Skipped
from backfile.archive.importers.sources import registry
from backfile.archive.model import Source
from backfile.archive.report import Problem

PAGE = """<!DOCTYPE html><html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8">
<title>{title}</title><style>* {{ font-family: serif; }}</style></head><body><article class="h-entry">
<header><h1 class="p-name">{title}</h1></header>{summary}
<section data-field="body" class="e-content">
<section name="a1" class="section section--body section--first"><div class="section-divider">
<hr class="section-divider"></div><div class="section-content"><div class="section-inner sectionLayout--insetColumn">
{content}</div></div></section></section>
<footer>{footer}<p>Exported from <a href="https://medium.com">Medium</a> on May 1, 2019.</p></footer>
</article></body></html>
"""
HEADING = '<h3 name="b" id="b" class="graf graf--h3 graf--leading graf--title">The night ferry</h3>'
SUBTITLE = '<h4 name="c" class="graf graf--h4 graf-after--h3 graf--subtitle">It leaves at nine, late as ever</h4>'
SUMMARY = '<section data-field="subtitle" class="p-summary">\nIt leaves at nine, late…\n</section>'
FOOTER = """<p class="p-tags">Tagged in <a href="https://medium.com/tag/sea" class="p-tag">Sea</a></p>
<p>By <a href="https://medium.com/@edna" class="p-author h-card">Edna Marsh</a> on <a href="https://medium.com/p/{0}">
<time class="dt-published" datetime="2019-03-14T11:23:34.123Z">March 14, 2019</time></a>.</p>
<p><a href="https://medium.com/@edna/the-night-ferry-{0}" class="p-canonical">Canonical link</a></p>"""
TEXT = '<p name="d" class="graf graf--p">The ferry left the harbour a little after eleven.</p>'


def story(content: str = HEADING + SUBTITLE + TEXT, *, title: str = "The night ferry", summary: str = SUMMARY,
          number: str = "a1b2c3d4e5f6", footer: str = FOOTER) -> str:  # fmt: skip
    return PAGE.format(title=title, content=content, summary=summary, footer=footer.format(number))


def read(tmp_path: Path, page: str, name: str = "2019-03-14_The-night-ferry-a1b2c3d4e5f6.html") -> ImportEvent:
    folder = write_tree(tmp_path, {f"posts/{name}": page})
    (event,) = medium.read(folder, ImportContext())
    return event


def test_a_story(tmp_path: Path) -> None:
    item = read(tmp_path, story())
    assert isinstance(item, Item)
    assert item.origin == "https://medium.com/p/a1b2c3d4e5f6"
    assert item.metadata.title == "The night ferry"
    assert item.metadata.authors == ("Edna Marsh",)
    assert item.metadata.topics == ("Sea",)
    assert str(item.metadata.date) == "2019-03-14"
    assert item.metadata.summary == "It leaves at nine, late as ever"
    assert item.metadata.source == Source(None, "https://medium.com/@edna/the-night-ferry-a1b2c3d4e5f6")
    assert item.body == "The ferry left the harbour a little after eleven."


def test_parts_headings_code_and_pictures(tmp_path: Path) -> None:
    content = (
        HEADING + TEXT + '</div></div></section><section class="section section--body"><div class="section-divider">'
        '<hr class="section-divider"></div><div><h3 class="graf graf--h3">Part two</h3>'
        '<pre data-code-block-mode="1" data-code-block-lang="python" class="graf graf--pre graf--preV2">'
        '<span class="pre--content"><span class="hljs-keyword">if</span> late:<br />    wait()</span></pre>'
        '<figure class="graf graf--figure"><img class="graf-image" src="https://cdn.example/max/800/p.png">'
        '<figcaption class="imageCaption">The pier</figcaption></figure>'
    )
    item = read(tmp_path, story(content, summary=""))
    assert isinstance(item, Item)
    assert item.body.split("\n\n", 1)[1] == (
        "---\n\n## Part two\n\n```python\nif late:\n    wait()\n```\n\n"
        "![](https://cdn.example/max/800/p.png)\n\n*The pier*"
    )


def test_a_summary_that_is_the_beginning_of_the_text_is_none(tmp_path: Path) -> None:
    summary = SUMMARY.replace("It leaves at nine, late…", "The ferry left the harbour…")
    item = read(tmp_path, story(HEADING + TEXT, summary=summary))
    assert isinstance(item, Item)
    assert item.metadata.summary is None


def test_drafts_responses_and_pages_of_the_account_are_skipped(tmp_path: Path) -> None:
    response = story(TEXT, title="The ferry left the harbour a little…", summary="")
    draft = story(footer='<p><a href="https://medium.com/p/{0}">View original.</a></p>')
    files: dict[str, str | bytes] = {
        "posts/2019-03-14_The-ferry-left-a1b2c3d4e5f6.html": response,
        "posts/2019-03-15_nothing-a1b2c3d4e5f7.html": "<html><body>x</body></html>",
        "posts/2019-03-16_Late-a1b2c3d4e5f8.html": draft,
        "posts/2019-03-17_broken-a1b2c3d4e5f9.html": "",
        "posts/draft_Late-a1b2c3d4e5f9.html": draft,
        "profile/profile.html": "<html>",
        "claps/claps-0001.html": "<html>",
        "README.html": "<html>",
    }
    found = list(medium.read(write_tree(tmp_path, files), ImportContext()))
    assert [event.reason if isinstance(event, Skipped) else type(event) for event in found] == [
        "a response to another story: it has no title of its own",
        "has no text: is it a page of a profile?",
        "draft: it has neither a date of publication nor an address",
        Problem,
        "draft",
        "no stories, but pages of the account (1)",
        "no stories, but pages of the account (1)",
    ]


def test_a_single_story_is_detected(tmp_path: Path) -> None:
    path = write_tree(tmp_path, {"story.html": story()}) / "story.html"
    detection = registry.detect_format(registry.probe(path))
    assert detection is not None
    assert detection.format.KIND == "medium"
    (item,) = medium.read(path, ImportContext())
    assert isinstance(item, Item)
    assert item.origin == "https://medium.com/p/a1b2c3d4e5f6"


def test_an_archive_comes_in_twice_alike(tmp_path: Path) -> None:
    link = '<p class="graf">See <a href="https://medium.com/@edna/the-night-ferry-a1b2c3d4e5f6">the ferry</a>.</p>'
    files: dict[str, str | bytes] = {
        "posts/2019-03-14_The-night-ferry-a1b2c3d4e5f6.html": story(),
        "posts/2019-03-14_Tides--0a1b2c3d4e5f.html": story(link, title="Tides", summary="", number="0a1b2c3d4e5f"),
        "profile/profile.html": "<html>",
    }
    written = import_twice(tmp_path / "library", write_tree(tmp_path / "medium-export", files))
    assert list(written) == ["2019/2019-03-14-the-night-ferry.md", "2019/2019-03-14-tides.md"]
    assert written["2019/2019-03-14-tides.md"].endswith("\n\nSee [the ferry](2019-03-14-the-night-ferry.md).\n")
