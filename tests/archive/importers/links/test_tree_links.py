"""Links of imported trees: to each other by paths, addresses and names, to their published site by URL."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from backfile.archive.importers.formats.markdown_tree import tree as trees
from backfile.archive.importers.formats.markdown_tree.site_builders import detect_site
from backfile.archive.importers.import_report import ImportReport
from backfile.archive.importers.importer import Importer
from backfile.archive.importers.item import ImportContext, Item
from backfile.archive.importers.links.site_url import read_site_url
from backfile.archive.importers.links.tree_links import TreeLinks
from backfile.archive.importers.sources.detection import open_sources
from backfile.archive.storage.library import Library

WORDS = "The ferry left late again, and nobody at the pier knew why it had. " * 3


def bring(source: Path, library: Path, day: int = 14) -> ImportReport:
    library.mkdir(exist_ok=True)
    with Importer(Library(library), today=date(2026, 3, day)) as importer:
        for each in open_sources(source):
            importer.import_source(each, ImportContext())
    return importer.report


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def article(title: str, text: str, day: str = "2019-03-14") -> str:
    return f"---\ntitle: {title}\ndate: {day}\n---\n{text} {title} says: {WORDS}\n"


def test_links_are_resolved_to_the_new_paths_of_articles(tmp_path: Path) -> None:
    source = tree(
        tmp_path / "site",
        {
            "a.md": article("Ferry", "See [the train](notes/train.md#Times) and [the bus](https://x.example/bus.md)."),
            "notes/train.md": article("Train", "See [the ferry](../a.md) and ![a map](map.png).", "2020-01-02"),
        },
    )
    library = tmp_path / "library"
    assert bring(source, library).summary() == "2 added"
    ferry = (library / "2019/2019-03-14-ferry.md").read_text()
    assert "[the train](../2020/2020-01-02-train.md#Times) and [the bus](https://x.example/bus.md)" in ferry
    train = (library / "2020/2020-01-02-train.md").read_text()
    assert "[the ferry](../2019/2019-03-14-ferry.md)" in train
    before = {path: path.read_bytes() for path in library.rglob("*.md")}
    assert bring(source, library, day=15).summary() == "2 unchanged"
    assert {path: path.read_bytes() for path in library.rglob("*.md")} == before


def test_links_to_later_articles_are_resolved_except_in_edited_articles(tmp_path: Path) -> None:
    source = tree(tmp_path / "site", {f"{n}.md": article(n, f"See [c](c.md) from {n * 9}.") for n in ("a", "b")})
    library = tmp_path / "library"
    bring(source, library)
    edited = library / "2019/2019-03-14-b.md"
    edited.write_text(edited.read_text() + "\nA person wrote this.\n")
    before = edited.read_bytes()
    tree(source, {"c.md": article("c", "Nothing else is like this one here.")})
    report = bring(source, library, day=15)
    assert report.summary() == "1 added, 2 unchanged"
    assert "[c](2019-03-14-c.md)" in (library / "2019/2019-03-14-a.md").read_text()
    assert edited.read_bytes() == before
    assert bring(source, library, day=16).summary() == "3 unchanged"


def test_jekyll_link_tags_are_resolved(tmp_path: Path) -> None:
    tags = ("{% post_url 2019-03-14-train %}", "{{ site.baseurl }}{% link _posts/2019-03-14-train.md %}#times")
    source = tree(
        tmp_path / "site",
        {
            "_config.yml": "title: Post",
            "_posts/2019-03-13-ferry.md": article("Ferry", f"See [a]({tags[0]}) and [b]({tags[1]}).", "2019-03-13"),
            "_posts/2019-03-14-train.md": article("Train", "Another text altogether, about trains."),
        },
    )
    bring(source, tmp_path / "library")
    text = (tmp_path / "library/2019/2019-03-13-ferry.md").read_text()
    assert "See [a](2019-03-14-train.md) and [b](2019-03-14-train.md#times)." in text


@pytest.mark.parametrize(
    ("sign", "path", "address", "target"),
    [
        ("hugo.toml", "content/blog/a.md", "b.md", "content/blog/b.md"),
        ("hugo.toml", "content/blog/a.md", "/blog/b", "content/blog/b.md"),
        ("hugo.toml", "content/blog/a.md", "blog/c/index.md", "content/blog/c/index.md"),
        ("hugo.toml", "content/blog/a.md", "/blog/c/", "content/blog/c/index.md"),
        ("hugo.toml", "content/blog/a.md", "../b/", "content/blog/b.md"),
        ("hugo.toml", "content/blog/a.md", "@/blog/b.md#part", "content/blog/b.md"),
        ("_config.yml", "_posts/2019-01-01-a.md", "2019-02-02-b", "_posts/2019-02-02-b.md"),
        ("_config.yml", "_posts/2019-01-01-a.md", "/2019/02/02/b.html", "_posts/2019-02-02-b.md"),
        ("_config.yml", "_posts/2019-01-01-a.md", "_posts/2019-02-02-b.md", "_posts/2019-02-02-b.md"),
        ("docusaurus.config.js", "docs/a.mdx", "./b.mdx?x=1#y", "docs/b.mdx"),
        ("docusaurus.config.js", "docs/a.mdx", "/docs/b", "docs/b.mdx"),
        (".obsidian/app.json", "Notes/a.md", "Night%20Ferry", "Deep/Night Ferry.md"),
        ("none", "v1.md", "/release/v5.1.1/", "release/v5.1.1.md"),
        ("none", "v1.md", "release", None),
        ("none", "v1.md", "../elsewhere/v5.1.1x.md", None),
        ("none", "v1.md", "/", None),
    ],
)
def test_links_are_resolved_by_the_rules_of_site_builders(
    sign: str, path: str, address: str, target: str | None
) -> None:
    paths = [
        *("content/blog/a.md", "content/blog/b.md", "content/blog/c/index.md"),
        *("_posts/2019-01-01-a.md", "_posts/2019-02-02-b.md", "docs/a.mdx", "docs/b.mdx", "Notes/a.md"),
        *("Deep/Night Ferry.md", "v1.md", "release/v5.1.1.md"),
    ]
    site = detect_site([sign, *(["content/blog"] if "content" in path else [])])
    tree_links = TreeLinks(site)
    tree_links.add_pages(each for each in paths if site.holds(each))
    assert tree_links.resolve(path, f"See [it]({address}).")[1] == ({address: target} if target else {})


def read_tree(root: Path, path: str) -> Item:
    return next(each for each in trees.read(root, ImportContext()) if isinstance(each, Item) and each.origin == path)


SETTINGS = {
    "hugo.toml": 'baseURL = "https://post.example/"',
    "config/_default/config.yaml": "baseURL: https://post.example",
    "_config.yml": "url: https://post.example # no slash\nbaseurl: ''",
    "docusaurus.config.ts": "export default {\n  url: 'https://post.example',\n  baseUrl: '/',\n};\n",
    "pelicanconf.py": "SITEURL = ''\n",
    "publishconf.py": "SITEURL = 'https://post.example'\n",
}


@pytest.mark.parametrize("name", [name for name in SETTINGS if name != "pelicanconf.py"])
def test_links_to_pages_that_are_not_imported_become_absolute(tmp_path: Path, name: str) -> None:
    folder = "_posts" if name == "_config.yml" else "content/blog"
    text = "See [us](/about/#team), [one](https://www.post.example/train/) and [two](/train). ![Map](/map.png)"
    others = {"pelicanconf.py": SETTINGS["pelicanconf.py"]} if name == "publishconf.py" else {}
    site = {name: SETTINGS[name], f"{folder}/2019-03-14-ferry.md": article("Ferry", text), **others}
    item = read_tree(tree(tmp_path / "site", site), f"{folder}/2019-03-14-ferry.md")
    for there in ("[us](https://post.example/about/#team)", "[two](https://post.example/train)"):
        assert there in item.body
    assert "![Map](https://post.example/map.png)" in item.body


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("/about", "https://post.example/about"),
        ("/", "https://post.example/"),
        ("/topics/_index.md?x=1#y", "https://post.example/topics/?x=1#y"),
        ("@/topics/_index.md", "https://post.example/topics/"),
        ("../topics/_index.md", "https://post.example/topics/"),
        ("_index.md", "https://post.example/blog/"),
        ("half.md", "https://post.example/blog/half/"),
        ("../../out.md", "../../out.md"),
        ("../about", "../about"),
        ("#part", "#part"),
        ("//cdn.example/x", "//cdn.example/x"),
        ("mailto:ada@post.example", "mailto:ada@post.example"),
    ],
)
def test_only_unambiguous_links_become_absolute(address: str, public: str) -> None:
    site = detect_site(["hugo.toml", "content/blog"])
    tree_links = TreeLinks(site, "https://post.example/")
    body = f"See [it]({address}) and `[it]({address})`."
    assert tree_links.with_absolute_links("content/blog/a.md", body, ()) == f"See [it]({public}) and `[it]({address})`."
    assert TreeLinks(site).with_absolute_links("content/blog/a.md", body, ()) == body


def test_a_site_below_its_host_and_imported_assets(tmp_path: Path) -> None:
    text = "See [a](/about), [b](/blog/2019/03/14/train.html), [c](/news/2019/03/14/train/) and [d](/price.pdf)."
    files = {
        "_config.yml": "url: https://post.example\nbaseurl: /blog/",
        "_posts/2019-03-13-ferry.md": article("Ferry", text, "2019-03-13"),
        "_posts/2019-03-14-train.md": article("Train", "Another text."),
        "price.pdf": "%PDF",
    }
    bring(tree(tmp_path / "site", files), tmp_path / "library")
    body = (tmp_path / "library/2019/2019-03-13-ferry.md").read_text()
    assert "[a](https://post.example/blog/about), [b](2019-03-14-train.md), [c](2019-03-14-train.md)" in body
    assert "[d](2019-03-13-ferry/price.pdf)" in body
    assert bring(tmp_path / "site", tmp_path / "library", day=15).summary() == "2 unchanged"


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("hugo.toml", 'baseURL = "http://localhost:1313/"'),
        ("hugo.toml", 'baseURL = "https://example.org/"'),
        ("hugo.toml", 'baseURL = "/"'),
        ("hugo.toml", "baseURL = = broken"),
        ("hugo.yaml", "- a list"),
        ("hugo.json", '{"baseURL": 3}'),
        ("_config.yml", "url: *alias"),
        ("_config.yml", "title: none"),
        ("docusaurus.config.js", "url: process.env.URL,"),
    ],
)
def test_settings_without_a_public_url_have_none(tmp_path: Path, name: str, settings: str) -> None:
    root = tree(tmp_path, {name: settings, "content/a.md": "x"})
    assert read_site_url(root, detect_site([name, "content/a.md"])) == ""


@pytest.mark.parametrize(
    ("front", "address"),
    [
        ("url: /services/night-train/", "/services/night-train"),
        ("permalink: 'https://post.example/x/train.html'", "/x/train.html"),
        ("path: 2019/03/14/train", "https://post.example/2019/03/14/train/#times"),
        ("slug: late-train", "/blog/late-train/"),
        ("aliases: [/old/train, '/older/train']", "/older/train"),
        ("redirect_from:\n  - /old/train.html # first\n  - /older/train", "/old/train.html"),
    ],
)
def test_links_to_permalinks_are_resolved(tmp_path: Path, front: str, address: str) -> None:
    train = article("Train", "Another text altogether.").replace("date:", f"{front}\ndate:", 1)
    files = {
        "hugo.toml": 'baseURL = "https://post.example/"',
        "content/blog/a.md": article("Ferry", f"See [it]({address})."),
        "content/blog/b.md": train,
    }
    source, library = tree(tmp_path / "site", files), tmp_path / "library"
    bring(source, library)
    fragment = "#times" if "#" in address else ""
    assert f"See [it](2019-03-14-train.md{fragment})." in (library / "2019/2019-03-14-ferry.md").read_text()
    assert bring(source, library, day=15).summary() == "2 unchanged"
