"""Link resolver: every form of link that site builders and vaults have, and the links that must not be resolved."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import pytest

from backfile.archive.links.article_addresses import article_addresses, stated_addresses
from backfile.archive.links.link_index import LinkIndex
from backfile.archive.links.link_resolver import LinkResolver, target_name
from backfile.archive.markdown.renderer import read_body
from backfile.archive.model import ArticleMetadata, PartialDate

NFD = unicodedata.normalize("NFD", "Tidsrejser/Færgeåret.md")
BOARD = "content/news/2015/09/2015-09-04-harbour-board-meets.md"
ARTICLES: dict[str, dict[str, object]] = {
    "index.md": {"title": "Home"},
    "links.md": {"title": "Links"},
    "blog/foo.md": {"title": "Foo"},
    "blog/v5.1.1.md": {"title": "Release 5.1.1"},
    "blog/night-train/index.md": {"title": "The night train"},
    "blog/night-train.fr.md": {"title": "Le train de nuit"},
    "_posts/2019-03-14-night-ferry.md": {"title": "Night ferry", "redirect_from": ["/old/ferry.html", "/older/"]},
    "_posts/2020-01-02-night-ferry.md": {"title": "Night ferry again"},
    BOARD: {"title": "Board", "aliases": ["/2015/board/", "board"]},
    "content/en/guide/tides.md": {"title": "Tides", "slug": "tide-tables"},
    "content/fr/guide/tides.md": {"title": "Marées"},
    "docs/README.md": {"title": "Docs"},
    "docs/api/setup.md": {"title": "Setup", "permalink": "/manual/set-up.html"},
    "guide/index.md": {"title": "Guide"},
    "website/versioned_docs/version-0.7/harbour/quay.md": {"title": "Quay", "id": "the-quay"},
    "docs/harbour/quay.md": {"title": "Quay", "id": 17},
    "notes/about.md": {"title": "About the notes"},
    "notes/Two words.md": {"title": "Two words", "aliases": ["Second note", "zwei"]},
    "notes/sub/One.md": {"title": "One"},
    "notes/daily/daily.md": {"title": "Daily"},
    "notes/Salt & vinegar (1).md": {"title": "Salt"},
    "notes/50% off.md": {"title": "Sale"},
    "vault/Two words.md": {"title": "Other two"},
    NFD: {"title": "Året"},
}
FILES = [
    *(
        "images/a.png",
        "attachments/Chart 2020.png",
        "notes/sub/Chart 2020.png",
        "static/img/logo.svg",
        "files/price.pdf",
    ),
    *("blog/night-train/map.jpg", "other/map.jpg", unicodedata.normalize("NFD", "attachments/Übersicht.png")),
]
FACETS = {("topic", "open-data"): "Open data", ("author", "jane-doe"): "Jane Doe"}


@pytest.fixture(scope="module")
def resolver() -> Iterable[LinkResolver]:
    with LinkIndex.temporary() as index:
        for path, data in ARTICLES.items():
            metadata = ArticleMetadata(str(data["title"]), date=PartialDate(2020, 5, 6) if "v5" in path else None)
            addresses = article_addresses(path, metadata, stated_addresses(path, data))
            index.put(path, path.removesuffix(".md"), addresses)
        index.put_files(FILES)
        yield LinkResolver(index, lambda facet, key: FACETS.get((facet, key)))


def found(resolver: LinkResolver, path: str, markdown: str) -> str:
    """Target of the one link of a text."""
    ((kind, address),) = read_body(markdown).links
    return target_name(resolver.target(path, kind, address))


@pytest.mark.parametrize(
    ("path", "markdown", "target"),
    [
        # Pelican, Zola, Docusaurus, Hugo, Jekyll, Eleventy, MkDocs
        ("links.md", "[x]({filename}/blog/foo.md)", "blog/foo.md"),
        ("links.md", "[x](|filename|blog/foo.md#part)", "blog/foo.md"),
        ("blog/foo.md", "![x]({static}/images/a.png)", "images/a.png"),
        ("links.md", "![x]({attach}images/a.png)", "images/a.png"),
        ("links.md", "[x]({tag}open-data)", "topic:Open data"),
        ("links.md", "[x](@/blog/foo.md)", "blog/foo.md"),
        ("links.md", "[x](@site/blog/foo.md)", "blog/foo.md"),
        ("links.md", "[x](blog/foo.html)", "blog/foo.md"),
        ("links.md", '[x]({{< relref "foo.md" >}})', "blog/foo.md"),
        ("links.md", '[x]({{% ref "foo" %}})', "blog/foo.md"),
        ("links.md", '[x]({{< ref "/en/guide/tides.md" >}})', "content/en/guide/tides.md"),
        ("links.md", '[x]({{< relref path="sub/One" lang="en" >}})', "notes/sub/One.md"),
        ("links.md", "[x]({% link _posts/2019-03-14-night-ferry.md %})", "_posts/2019-03-14-night-ferry.md"),
        ("links.md", "[x]({{ site.url }}{% post_url 2020-01-02-night-ferry %})", "_posts/2020-01-02-night-ferry.md"),
        ("links.md", "[x]({{ site.baseurl }}/2019/03/14/night-ferry.html)", "_posts/2019-03-14-night-ferry.md"),
        ("links.md", '[x]({{ "/2015/09/04/harbour-board-meets/" | url }})', BOARD),
        ("links.md", "[x](/blog/)", ""),
        ("docs/api/setup.md", "[x](../README.md)", "docs/README.md"),
        ("docs/api/setup.md", "[x](..)", "docs/README.md"),
        ("links.md", "[x](/docs/0.7/harbour/the-quay)", "website/versioned_docs/version-0.7/harbour/quay.md"),
        ("links.md", "[x](/docs/0.7/harbour/quay)", "website/versioned_docs/version-0.7/harbour/quay.md"),
        ("links.md", "[x](/docs/next/harbour/quay)", "docs/harbour/quay.md"),
        (
            "website/versioned_docs/version-0.7/harbour/quay.md",
            "[x](/docs/next/harbour/quay)",
            "docs/harbour/quay.md",
        ),
        # addresses of the published site
        ("links.md", "[x](/2019/03/14/night-ferry/)", "_posts/2019-03-14-night-ferry.md"),
        ("links.md", "[x](/category/2020/01/night-ferry)", "_posts/2020-01-02-night-ferry.md"),
        ("links.md", "[x](/2018/01/01/night-ferry/)", ""),
        ("links.md", "[x](/2020/05/06/v5.1.1/)", "blog/v5.1.1.md"),
        ("links.md", "[x](/blog/v5.1.1/)", "blog/v5.1.1.md"),
        ("links.md", "[x](/blog/v5.1.2/)", ""),
        ("links.md", "[x](/old/ferry.html)", "_posts/2019-03-14-night-ferry.md"),
        ("links.md", "[x](/site/older)", ""),
        ("links.md", "[x](/2015/board)", BOARD),
        ("links.md", "[x](/guide/tide-tables/)", "content/en/guide/tides.md"),
        ("links.md", "[x](/manual/set-up.html?a=1#b)", "docs/api/setup.md"),
        ("links.md", "[x](/topics/open-data/)", "topic:Open data"),
        ("links.md", "[x](/authors/jane-doe)", "author:Jane Doe"),
        ("links.md", "[x](/topics/closed-data/)", ""),
        # folders
        ("index.md", "[x](guide/)", "guide/index.md"),
        ("index.md", "[x](guide)", "guide/index.md"),
        ("index.md", "[x](docs/)", "docs/README.md"),
        ("index.md", "[x](./)", "index.md"),
        ("guide/index.md", "[x](../)", "index.md"),
        ("guide/index.md", "[x](/)", "index.md"),
        ("index.md", "[x](notes/daily/)", "notes/daily/daily.md"),
        ("blog/foo.md", "[x](night-train/)", "blog/night-train/index.md"),
        ("blog/night-train/index.md", "![x](map.jpg)", "blog/night-train/map.jpg"),
        # vaults
        ("Three.md", "[[Two words]]", "notes/Two words.md"),
        ("vault/Three.md", "[[two words|alias]]", "vault/Two words.md"),
        ("Three.md", "[[vault/Two words#Heading|words]]", "vault/Two words.md"),
        ("Three.md", "[[two_words]]", "notes/Two words.md"),
        ("Three.md", "[[second note]]", "notes/Two words.md"),
        ("Three.md", "[[The night train]]", "blog/night-train/index.md"),
        ("Three.md", "[[One.md]]", "notes/sub/One.md"),
        ("Three.md", "[[Færgeåret]]", NFD),
        ("Three.md", "[[three things]]", ""),
        ("Three.md", "[[Salt & vinegar (1)#Absent|x]]", "notes/Salt & vinegar (1).md"),
        ("Three.md", "[x](<notes/Salt & vinegar (1).md>)", "notes/Salt & vinegar (1).md"),
        ("Three.md", "[x](Salt%20&%20vinegar%20(1).md)", "notes/Salt & vinegar (1).md"),
        ("Three.md", "[[50% off]]", "notes/50% off.md"),
        ("Three.md", "| a |\n|---|\n| [[Two words\\|x]] |", "notes/Two words.md"),
        ("Three.md", "![[Chart\u202f2020.png]]", "attachments/Chart 2020.png"),
        ("Three.md", "![[Chart 2020.png]]", "attachments/Chart 2020.png"),
        ("notes/sub/One.md", "![[chart 2020.png|300]]", "notes/sub/Chart 2020.png"),
        ("notes/sub/One.md", "![[attachments/Chart 2020.png|300]]", "attachments/Chart 2020.png"),
        ("Three.md", "![[übersicht.png]]", FILES[-1]),
        (BOARD, "[x](/2015/09/04/harbour-board-meets/#end)", BOARD),
        ("blog/foo.md", "[x](/de/foo)", ""),
        # files
        ("blog/foo.md", "![x](Chart%202020.png)", "attachments/Chart 2020.png"),
        ("blog/foo.md", "![x](/img/logo.svg)", "static/img/logo.svg"),
        ("links.md", "[price](files/price.pdf)", "files/price.pdf"),
        ("links.md", "![x](map.jpg)", ""),
        ("blog/night-train/index.md", "![x](/map.jpg)", "blog/night-train/map.jpg"),
        ("blog/night-train/index.md", "![x](../main/map.jpg?raw=true)", "blog/night-train/map.jpg"),
        # names elsewhere, and names that are no ones
        ("fr/a.md", "[x](harbour-board-meets)", BOARD),
        ("fr/a.md", "[x](/community/posts/harbour-board-meets)", ""),
        ("content/fr/a.md", "[x](/guide/tides)", "content/fr/guide/tides.md"),
        ("fr/a.md", "[x](foo.md)", "blog/foo.md"),
        ("fr/a.md", "[x](about)", ""),
        ("fr/a.md", "[x](/about/)", ""),
        ("fr/a.md", "[x](../elsewhere/setup.md)", ""),
        ("fr/a.md", "[x](foo.pdf)", ""),
        ("fr/a.md", "[x](?page=2)", ""),
    ],
)  # fmt: skip
def test_links_lead_where_they_led(resolver: LinkResolver, path: str, markdown: str, target: str) -> None:
    assert found(resolver, path, markdown) == target


def test_external_links_have_no_target(resolver: LinkResolver) -> None:
    for address in ("https://example.org/blog/foo", "//example.org/blog/foo", "mailto:a@example.org", "#part", "tel:1"):
        assert resolver.target("links.md", "link", address) is None


def test_placeholders_are_no_addresses() -> None:
    assert list(stated_addresses("a.md", {"permalink": "/:year/:title/", "slug": 12})) == ["/12"]
    assert list(stated_addresses("a.md", {"permalink": ":slug", "url": '"/b/"'})) == ["/b/"]
    assert list(stated_addresses("a/b/index.md", {"Slug": "c", "aliases": "one name"})) == ["one name", "/a/c"]
