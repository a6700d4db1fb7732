"""Profiles on the pages of authors and topics: descriptions, pictures, and what is kept back."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from selectolax.lexbor import LexborHTMLParser
from synchronising import synchronise

from backfile.app import create_app
from backfile.archive.storage.library import Library
from backfile.archive.storage.library_settings import LibrarySettings
from backfile.archive.storage.profile_details import MAX_DESCRIPTION, ProfileDetails, read_details
from backfile.config import Settings
from backfile.index.engines import open_engine

PICTURE = b"\x89PNG\r\n\x1a\n"


def archive_of(tmp_path: Path, files: dict[str, str]) -> Flask:
    """Application on a library of these files; pictures get their signature as content."""
    library = tmp_path / "library"
    for path, text in files.items():
        (library / path).parent.mkdir(parents=True, exist_ok=True)
        is_picture = path.endswith((".png", ".jpg"))
        (library / path).write_bytes(PICTURE if is_picture else text.encode())
    settings = Settings(library=library, index=tmp_path / "cache", engine="memory")
    engine = open_engine("memory", settings.index_folder)
    synchronise(Library(library), engine, folder=settings.cache_folder)
    return create_app(settings, open_index=lambda: engine)


def profile(app: Flask, path: str, **environ: str) -> tuple[list[str], list[str]]:
    """Paragraphs and picture addresses of the profile on a page."""
    response = app.test_client().get(path, environ_overrides=environ)
    assert response.status_code == 200
    tree = LexborHTMLParser(response.text)
    pictures = [node.attributes["src"] or "" for node in tree.css(".profile img")]
    return [node.text() for node in tree.css(".profile p")], pictures


ARTICLE = "---\ntitle: Tides\nauthors: [ada, ben]\ntags: [sea]\ndate: 2019-03-14\n---\nWords of the tide.\n"


# Each case has a folder and an author of its own: `ada` and `Ada Quill` become `ada-3`, `Ada Quilld`.
DESCRIPTIONS = [
    ("authors/ada/_index.md", "---\nname: Ada Quill\nbio: Keeps *tide* tables.\n---\n", ["Keeps tide tables."]),
    ("content/authors/ada/_index.md", "---\nname: Ada Quill\n---\nShe [rows](x).\n\nMore.\n", ["She rows."]),
    ("_authors/ada.md", "---\nshort_name: ada\nname: Ada Quill\n---\n# A title\n\nShe rows.\n", ["She rows."]),
    ("_data/authors.yml", "ada:\n  name: Ada Quill\n  bio: |\n    One.\n\n    Two.\n", ["One.", "Two."]),
    ("blog/authors.yml", "ada: {name: Ada Quill, description: Rower, email: a@b.example}\n", ["Rower"]),
    ("authors/ada.md", "+++\nname = 'Ada Quill'\n[extra]\nsummary = 'Rower'\n+++\n", ["Rower"]),
    ("authors/ada.md", "---\nname: Ada Quill\nbio: <b>Bold</b><script>x</script> words\n---\n", ["Bold words"]),
    ("authors/ada.md", "---\nname: Ada Quill\ndraft: true\nbio: Not yet\n---\n", []),
    ("authors.yml", "ada: {name: Ada Quill, draft: true, bio: Not yet}\n", []),
    ("authors/ada.md", "---\nname: Ada Quill\nembargo: 2031-01-01\nbio: Not yet\n---\n", []),
    ("authors/ada.md", "---\nname: Ada Quill\nexpires: 2001-01-01\nbio: No longer\n---\n", []),
    ("authors/ada.md", "---\nname: Ada Quill\nunlisted: true\nbio: Hidden\n---\n", []),
    ("authors/ada.md", "---\nname: Ada Quill\nwithheld: asked to\nbio: Hidden\n---\n", []),
    ("authors/ada.md", "---\nname: Ada Quill\nemail: a@b.example\n---\n", []),
]
PICTURES = [
    ({"_data/authors.yml": "ada: {name: Ada Quill, avatar: /img/ada.png}"}, "/img/ada.png"),
    ({"authors.yml": "ada: {name: Ada Quill, image_url: img/ada.png}"}, "/img/ada.png"),
    ({"authors/ada/_index.md": "---\nname: Ada Quill\n---\nR", "authors/ada/avatar.jpg": ""}, "/avatar.jpg"),
    ({"authors/ada.md": "---\nname: Ada Quill\nimages: ['../img/ada.png']\n---\n"}, "/img/ada.png"),
    ({"authors/ada.md": "---\nname: Ada Quill\nphoto: {src: ../img/ada.png}\n---\n"}, "/img/ada.png"),
    ({"authors.yml": "ada: {name: Ada Quill, image_url: 'https://pictures.example/a.png'}"}, ""),
    ({"authors.yml": "ada: {name: Ada Quill, avatar: '//pictures.example/a.png'}"}, ""),
    ({"authors.yml": "ada: {name: Ada Quill, avatar: ../../../etc/passwd}"}, ""),
    ({"authors.yml": "ada: {name: Ada Quill, avatar: 'javascript:alert(1)'}"}, ""),
    ({"authors.yml": "ada: {name: Ada Quill, avatar: notes.pdf}", "notes.pdf": "%PDF"}, ""),
    ({"authors.yml": "ada: {name: Ada Quill, avatar: missing.png}"}, ""),
]


def name_of(case: int) -> str:
    return f"Ada Quill{chr(ord('a') + case)}"


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """Application on one library that holds all cases."""
    sources: list[dict[str, str]] = [{path: text} for path, text, _ in DESCRIPTIONS]
    sources += [{**files, "img/ada.png": ""} for files, _ in PICTURES]
    made = {}
    for case, files in enumerate(sources):
        for path, text in {**files, "a.md": ARTICLE}.items():
            named = (
                text.replace("Ada Quill", name_of(case)).replace("ada:", f"ada-{case}:").replace("[ada", f"[ada-{case}")
            )
            made[f"case{case}/{path.replace('authors/ada', f'authors/ada-{case}')}"] = named.replace(
                ": ada\n", f": ada-{case}\n"
            )
    return archive_of(tmp_path_factory.mktemp("profiles"), made)


@pytest.mark.parametrize("case", range(len(DESCRIPTIONS)))
def test_descriptions(cases: Flask, case: int) -> None:
    assert profile(cases, f"/author/{name_of(case)}") == (DESCRIPTIONS[case][2], [])


@pytest.mark.parametrize("case", range(len(PICTURES)))
def test_pictures_are_files_of_the_library(cases: Flask, case: int) -> None:
    picture, number = PICTURES[case][1], case + len(DESCRIPTIONS)
    shown = profile(cases, f"/author/{name_of(number)}")[1]
    assert len(shown) == bool(picture)
    for each in shown:
        assert each.startswith(f"/media/case{number}/")
        assert each.endswith(picture)
        response = cases.test_client().get(each)
        assert (response.status_code, response.data) == (200, PICTURE)
        response.close()


def test_remote_pictures_need_leave(tmp_path: Path) -> None:
    files = {"a.md": ARTICLE, "authors.yml": "ada: {name: Ada Quill, image_url: '//pictures.example/a.png'}"}
    app = archive_of(tmp_path, files | {"library.toml": "remote_images = true"})
    assert profile(app, "/author/Ada%20Quill")[1] == ["https://pictures.example/a.png"]


def test_topics_have_profiles_and_pictures_stay_below_the_path(tmp_path: Path) -> None:
    topic = "---\ntitle: The sea\ndescription: All of it.\nimage: /img/sea.png\n---\n"
    app = archive_of(tmp_path, {"a.md": ARTICLE, "topics/sea/_index.md": topic, "img/sea.png": ""})
    shown = profile(app, "/topic/the%20SEA", SCRIPT_NAME="/archive")
    assert shown == (["All of it."], ["/archive/media/img/sea.png"])


def test_a_name_of_the_settings_keeps_its_profile_and_an_excluded_one_has_none(tmp_path: Path) -> None:
    files = {"a.md": ARTICLE, "authors.yml": "ada: {name: Ada Q, bio: Rower}", "people/authors.yml": "ben: {bio: B}"}
    app = archive_of(tmp_path, files | {"library.toml": "exclude = ['people']\n[authors]\nada = 'Dr Ada Quill'\n"})
    assert profile(app, "/author/Dr%20Ada%20Quill")[0] == ["Rower"]
    assert profile(app, "/author/ben")[0] == []


def test_a_changed_description_shows_at_once_and_only_on_the_first_page(tmp_path: Path) -> None:
    articles = {f"{number}.md": ARTICLE for number in range(12)}
    app = archive_of(tmp_path, articles | {"authors.yml": "ada: {name: Ada Quill, bio: Rower}"})
    assert profile(app, "/author/Ada%20Quill")[0] == ["Rower"]
    assert profile(app, "/author/Ada%20Quill?page=2")[0] == []
    (tmp_path / "library/authors.yml").write_text("ada: {name: Ada Quill, bio: Maker of tables}")
    assert profile(app, "/author/Ada%20Quill")[0] == ["Maker of tables"]


def test_profiles_out_of_the_library_or_unreadable_have_no_details(tmp_path: Path) -> None:
    (tmp_path / "outside.md").write_text("Secret words")
    (tmp_path / "library").mkdir()
    (tmp_path / "library/ada.md").symlink_to(tmp_path / "outside.md")
    (tmp_path / "library/authors.yml").write_text("ada: [")
    for path in ("ada.md", "authors.yml", "missing.md"):
        assert read_details(tmp_path / "library", path, LibrarySettings()) == {}


def test_a_long_description_is_cut_between_words(tmp_path: Path) -> None:
    (tmp_path / "ada.md").write_text("---\nname: Ada\n---\n" + "words " * MAX_DESCRIPTION)
    (found,) = read_details(tmp_path, "ada.md", LibrarySettings()).values()
    assert found == ProfileDetails(found.description, True)
    assert found.description.endswith("words …")
    assert len(found.description) <= MAX_DESCRIPTION + 2
