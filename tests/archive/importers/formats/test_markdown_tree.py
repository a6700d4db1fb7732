"""Trees of Markdown: rules of each site builder, pictures, names, files left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from backfile.archive.importers.formats.markdown_tree import tree as trees
from backfile.archive.importers.formats.markdown_tree.site_builders import detect_site
from backfile.archive.importers.item import ImportContext, ImportEvent, Item, Skipped
from backfile.archive.importers.sources.registry import probe
from backfile.archive.markdown.renderer import to_text
from backfile.archive.model import PartialDate
from backfile.archive.report import Problem

FRONT = "---\ntitle: The night ferry\nauthor: edna\ndate: 2019-03-14\n---\n"


def tree(root: Path, files: dict[str, str | bytes]) -> Path:
    for path, content in files.items():
        full = root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def read(root: Path) -> dict[str, ImportEvent]:
    found = list(trees.read(root, ImportContext()))
    return {each.path if isinstance(each, Problem) else each.origin: each for each in found}


def item(root: Path, path: str) -> Item:
    found = read(root)[path]
    assert isinstance(found, Item), found
    return found


def test_hugo(tmp_path: Path) -> None:
    bundle = '+++\ntitle = "Bundle"\n[params]\ntags = ["x"]\nmood = "calm"\n+++\n{{< figure src="a.png" alt="A" >}}\n'
    site = tree(
        tmp_path,
        {
            "hugo.toml": "",
            "README.md": "About",
            "themes/x/README.md": "Theme",
            "content/_index.md": "Section",
            "content/authors/edna/_index.md": "---\ntitle: Edna Marsh\n---\n",
            "content/news/ferry.md": FRONT + "![B](/img/b.png) ![C](c.png)\n",
            "content/news/draft.md": "---\ntitle: Not yet\ndraft: true\n---\n",
            "content/news/bundle/index.md": bundle,
            "content/news/bundle/a.png": b"a",
            "content/news/bundle/unnamed.jpg": b"u",
            "static/img/b.png": b"b",
        },
    )
    assert read(site).keys() == {"content/news/ferry.md", "content/news/draft.md", "content/news/bundle/index.md"}
    ferry = item(site, "content/news/ferry.md")
    assert (ferry.metadata.authors, ferry.metadata.date) == (("Edna Marsh",), PartialDate(2019, 3, 14))
    assert [(asset.name, asset.load()) for asset in ferry.assets] == [("/img/b.png", b"b")]
    assert ferry.notes == ("the picture c.png is not there",)
    bundled = item(site, "content/news/bundle/index.md")
    assert bundled.body.strip() == "![A](a.png)"
    assert [(asset.name, asset.load()) for asset in bundled.assets] == [("a.png", b"a"), ("unnamed.jpg", b"u")]
    assert (bundled.metadata.topics, bundled.extra) == (("x",), {"params": {"mood": "calm"}})
    assert isinstance(read(site)["content/news/draft.md"], Skipped)
    assert trees.detect(probe(site)) == 95


def test_jekyll(tmp_path: Path) -> None:
    body = "{% highlight python %}\nx = 1\n{% endhighlight %}\n\n![A]({{ site.baseurl }}/assets/a.png){: .wide }\n"
    site = tree(
        tmp_path,
        {
            "_config.yml": "",
            "_site/out.md": "Built",
            "_posts/2019-03-14-night-ferry.markdown": "---\ntitle: Ferry\ntags: a b\n---\n" + body,
            "_drafts/x.md": FRONT,
            "assets/a.png": b"a",
        },
    )
    assert read(site).keys() == {"_posts/2019-03-14-night-ferry.markdown", "_drafts/x.md"}
    post = item(site, "_posts/2019-03-14-night-ferry.markdown")
    assert (post.metadata.date, post.metadata.topics) == (PartialDate(2019, 3, 14), ("a", "b"))
    assert "x = 1" in to_text(post.body)
    assert "{" not in post.body
    assert [asset.name for asset in post.assets] == ["/assets/a.png"]


def test_docusaurus(tmp_path: Path) -> None:
    body = "import X from '@site/x';\n\n:::tip Mind\n\nText {/* gone */}\n\n:::\n"
    site = tree(
        tmp_path,
        {
            "docusaurus.config.js": "",
            "blog/authors.yml": "edna:\n  name: Edna Marsh\n",
            "blog/2019-03-14-ferry.mdx": "---\ntitle: Ferry\nauthors: [edna]\n---\n" + body,
        },
    )
    post = item(site, "blog/2019-03-14-ferry.mdx")
    assert post.metadata.authors == ("Edna Marsh",)
    assert to_text(post.body).split("\n") == ["Mind", "Text"]


def test_pelican(tmp_path: Path) -> None:
    site = tree(
        tmp_path,
        {
            "pelicanconf.py": "",
            "content/ferry.md": "Title: Ferry\nDate: 2019-03-14 10:00\nTags: a, b\n\n![A]({static}/images/a.png)\n",
            "content/old.rst": "Old\n###\n",
            "content/images/a.png": b"a",
        },
    )
    post = item(site, "content/ferry.md")
    assert (post.metadata.title, post.metadata.topics, post.body.strip()) == (
        "Ferry",
        ("a", "b"),
        "![A](/images/a.png)",
    )
    assert [asset.load() for asset in post.assets] == [b"a"]
    assert isinstance(read(site)["content/old.rst"], Item)


def test_obsidian(tmp_path: Path) -> None:
    vault = tree(
        tmp_path,
        {
            ".obsidian/app.json": "{}",
            "Notes/Ferry.md": "See [[Train|the train]] %%x%% ![[Pic One.png]]",
            "Files/Pic One.png": b"a",
        },
    )
    note = item(vault, "Notes/Ferry.md")
    assert note.metadata.title == "Ferry"
    assert note.body.strip() == "See [the train](Train)  ![](Pic%20One.png)"
    assert [asset.load() for asset in note.assets] == [b"a"]


def test_text_that_would_become_a_construct_is_unchanged(tmp_path: Path) -> None:
    body = "Write {% raw %}{{ page.title }}{% endraw %} here.\n"
    site = tree(tmp_path, {"a.md": FRONT + body})
    assert to_text(item(site, "a.md").body) == to_text(body)


def test_nothing_is_taken_from_outside_the_tree(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"s")
    site = tree(tmp_path / "site", {"a.md": FRONT + "![](../secret.png) ![](/../secret.png) ![](link.png)"})
    (site / "link.png").symlink_to(tmp_path / "secret.png")
    for asset in item(site, "a.md").assets:
        with pytest.raises(Exception, match="outside"):
            asset.load()


def test_one_bad_file_stops_nothing(tmp_path: Path) -> None:
    site = tree(tmp_path, {"a.md": b"\x00\x01\x02" * 99, "b.md": "---\ntitle: [\n---\nText", "c.md": FRONT})
    found = read(site)
    assert isinstance(found["a.md"], Problem)
    assert isinstance(found["b.md"], Item)
    assert found["b.md"].notes
    assert isinstance(found["c.md"], Item)


def test_a_single_file(tmp_path: Path) -> None:
    path = tree(tmp_path, {"x.md": FRONT + "![](a.png)", "a.png": b"a"}) / "x.md"
    (found,) = trees.read(path, ImportContext())
    assert isinstance(found, Item)
    assert (found.origin, found.metadata.title, [asset.load() for asset in found.assets]) == (
        "x.md",
        "The night ferry",
        [b"a"],
    )


def test_builders_are_detected_by_their_files() -> None:
    assert detect_site(["config.toml", "content/a.md"]).builder == "Hugo"
    assert detect_site(["config.toml", "a.md"]).builder == ""
    assert detect_site(["_posts/2019-03-14-a.md"]).builder == "Jekyll"


@pytest.mark.corpora
def test_a_real_blog_keeps_its_words(corpus) -> None:  # type: ignore[no-untyped-def]
    from backfile.archive.storage.library import Library

    root = corpus("jekyll-posts")
    library = Library(root)
    found = [each for each in trees.read(root, ImportContext()) if isinstance(each, Item)]
    assert len(found) == 102
    for each in found:
        reading = library.read(each.origin)
        assert reading.article is not None
        assert to_text(each.body) == to_text(reading.article.body), each.origin
