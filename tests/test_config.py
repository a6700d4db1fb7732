"""Settings: one table, four sources, all problems in one error."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backfile import config
from backfile.config import Settings, SettingsInvalid


def test_defaults_are_those_of_the_table() -> None:
    assert config.load(environ={}) == Settings()
    assert Settings().port == 8000
    assert Settings().cache_folder == Path("library/.backfile")
    assert Settings().index_folder == Path("library/.backfile/index")


def test_the_cache_folder_can_be_elsewhere() -> None:
    settings = config.load({"index": "/var/cache/paper"}, environ={})
    assert settings.cache_folder == Path("/var/cache/paper")
    assert settings.index_folder == Path("/var/cache/paper/index")


def test_flag_wins_over_variable_over_file_over_default(tmp_path: Path) -> None:
    file = tmp_path / "backfile.toml"
    file.write_text("port = 1001\nworkers = 3\nwait = 4")
    environ = {"BACKFILE_PORT": "1002", "BACKFILE_WORKERS": "5"}
    settings, origins = config.load_with_origins({"port": "1003"}, environ=environ, file=file)
    assert (settings.port, settings.workers, settings.wait) == (1003, 5, 4.0)
    assert origins["port"] == "--port"
    assert origins["workers"] == "BACKFILE_WORKERS"
    assert origins["wait"] == f"{file}: wait"
    assert origins["host"] == "default"


def test_one_error_lists_every_problem_of_every_source(tmp_path: Path) -> None:
    file = tmp_path / "backfile.toml"
    file.write_text('prot = 8080\nworkers = "many"\nproxies = true')
    environ = {"BACKFILE_WAIT": "-1", "BACKFILE_HOTS": "x", "OTHER": "y"}
    with pytest.raises(SettingsInvalid) as error:
        config.load({"deadline": "soon"}, environ=environ, file=file)
    assert error.value.problems == (
        f"{file}: there is no setting 'prot'",
        "BACKFILE_HOTS: there is no such setting",
        f"{file}: workers: 'many' is not a whole number",
        f"{file}: proxies: True is not a whole number",
        "BACKFILE_WAIT: '-1' is not from 0 to 86,400",
        "--deadline: 'soon' is not a number",
    )
    assert all(problem in str(error.value) for problem in error.value.problems)


@pytest.mark.parametrize(
    ("content", "message"), [("port = ", "Invalid value"), (b"\xff", "utf-8"), (None, "No such file")]
)
def test_an_invalid_file_is_named(tmp_path: Path, content: str | bytes | None, message: str) -> None:
    file = tmp_path / "mine.toml"
    if content is not None:
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(SettingsInvalid, match=message) as error:
        config.load(environ={"BACKFILE_CONFIG": str(file)})
    assert str(file) in str(error.value)


def test_the_file_of_the_current_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("backfile.toml").write_text("per_page = 25")
    assert config.load(environ={}).per_page == 25


def test_paths_in_a_file_are_relative_to_it(tmp_path: Path) -> None:
    file = tmp_path / "backfile.toml"
    file.write_text('library = "articles"\nindex = "/var/cache/x"')
    settings = config.load(environ={}, file=file)
    assert settings.library == tmp_path / "articles"
    assert settings.index == Path("/var/cache/x")


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("watch", "no", False),
        ("watch", "ON", True),
        ("trusted_hosts", "a.example, b.example,", ("a.example", "b.example")),
        ("trusted_hosts", ["a.example"], ("a.example",)),
        ("port", 80, 80),
        ("deadline", "0.5", 0.5),
        ("library", "~", Path.home()),
        ("base_url", "https://archive.example.org:8443/", "https://archive.example.org:8443"),
        ("base_url", "https://example.org/a/b/", "https://example.org/a/b"),
        ("base_url", "", ""),
        (
            "opensearch_url",
            "https://a.example:9200/, http://[::1]:9200",
            ("https://a.example:9200", "http://[::1]:9200"),
        ),
        ("opensearch_url", ["https://proxy.example/search"], ("https://proxy.example/search",)),
        ("opensearch_index", "news-2", "news-2"),
    ],
)
def test_values_of_every_type_are_parsed(name: str, value: object, read: object) -> None:
    assert getattr(config.load({name: value}, environ={}), name) == read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("watch", "maybe"),
        ("trusted_hosts", 5),
        ("port", "80.5"),
        ("port", 65_536),
        ("port", ""),
        ("deadline", True),
        ("library", ""),
        ("host", 127),
        ("base_url", "https://example.org/a//b"),
        ("base_url", "https://example.org/<b>"),
        ("base_url", "https://example.org/?a=1"),
        ("base_url", "archive.example.org"),
        ("base_url", "ftp://example.org"),
        ("engine", "no such engine"),
        ("workers", "²"),
        ("opensearch_url", ""),
        ("opensearch_url", "search.example:9200"),
        ("opensearch_url", "https://search.example/?a=1"),
        ("opensearch_url", "https://anna:s3cr3t@search.example"),
        *[
            ("opensearch_index", name)
            for name in ("", "News", "_news", "-news", "a/b", "a*", "a,b", "a b", "ä", "." * 2)
        ],
        ("opensearch_index", "a" * 101),
        ("opensearch_shards", 0),
    ],
)
def test_invalid_values_are_rejected(name: str, value: object) -> None:
    with pytest.raises(SettingsInvalid, match=config.flag(name)) as error:
        config.load({name: value}, environ={})
    assert "s3cr3t" not in str(error.value)


def test_secrets_have_no_flag_and_are_hidden(tmp_path: Path) -> None:
    file = tmp_path / "backfile.toml"
    file.write_text(
        'opensearch_password = "s3cr3t"\nopensearch_api_key_file = "key"\nopensearch_url = "https://a.example"'
    )
    settings = config.load(environ={"BACKFILE_OPENSEARCH_API_KEY": "k3y"}, file=file)
    assert not config.flag("opensearch_password")
    assert not {"s3cr3t", "k3y"} & set(repr(settings).replace("'", " ").split())
    assert "s3cr3t" not in f"{settings}{settings.engine_options}"
    options = settings.engine_options
    assert (options.url, options.password, options.api_key) == (("https://a.example",), "s3cr3t", "k3y")
    assert options.api_key_file == tmp_path / "key"
    file.write_text("opensearch_password = 5")
    with pytest.raises(SettingsInvalid, match="opensearch_password: the value is not text"):
        config.load(environ={}, file=file)


@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_a_file_of_settings_that_is_no_regular_file_is_refused_at_once(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "backfile.toml"
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "device":
        file.symlink_to("/dev/zero")
    else:
        file.mkdir()
    with pytest.raises(SettingsInvalid, match="is not a regular file"):
        config.load(environ={}, file=file)
