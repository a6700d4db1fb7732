"""Table of settings: each field of `Settings` is a flag, a `BACKFILE_…` variable, a key of `backfile.toml` and a row of
`docs/settings.md`.

A flag wins over a variable, a variable over the file, the file over the default. `--config` or `BACKFILE_CONFIG` names
the file; without them `backfile.toml` of the current folder is read if it exists.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from backfile.archive.errors import ArticleUnreadable, BackfileError
from backfile.archive.storage.durable_files import read_bytes
from backfile.archive.web_addresses import address_parts
from backfile.index import engines
from backfile.index.engines.options import NO_OPTIONS, NO_SECRET, EngineOptions, Secret
from backfile.index.sync.state import FOLDER

PREFIX = "BACKFILE_"
FILE = "backfile.toml"
SOURCE_LANGUAGE = "en"
UI_LANGUAGES = (SOURCE_LANGUAGE, "de", "fr")  # catalogues are in web/translations
# Names the file; switches of the test suite.
_NOT_SETTINGS = {f"{PREFIX}{name}" for name in ("CONFIG", "REQUIRE_BROWSER", "REQUIRE_OPENSEARCH", "REQUIRE_PROXIES")}

_INDEX_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")


class SettingsInvalid(BackfileError):
    """Invalid settings; `problems` holds one sentence for each, from all sources."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems), hint="`backfile settings --help` names every setting")
        self.problems = problems


class SettingType(NamedTuple):
    """Type of a setting: its name in messages and documentation, and the parser of text and TOML values.

    `parse` raises `ValueError` with a sentence that begins with the invalid value.
    """

    name: str
    parse: Callable[[Any], Any]


def _parse_integer(value: Any) -> int:
    if isinstance(value, bool | float) or not str(value).strip().lstrip("-").isdecimal():
        raise ValueError(f"{value!r} is not a whole number")
    return int(value)


def _parse_number(value: Any) -> float:
    if not isinstance(value, bool):
        try:
            return float(value)
        except (TypeError, ValueError):
            pass
    raise ValueError(f"{value!r} is not a number")


def _parse_boolean(value: Any) -> bool:
    word = str(value).strip().lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise ValueError(f"{value!r} is neither true nor false")


def _parse_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(f"{value!r} is not text")


def _parse_path(value: Any) -> Path:
    if isinstance(value, str | Path) and str(value):
        return Path(value).expanduser()
    raise ValueError(f"{value!r} is not a path")


def _parse_list(value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if isinstance(parts, list | tuple) and all(isinstance(part, str) for part in parts):
        return tuple(part.strip() for part in parts if part.strip())
    raise ValueError(f"{value!r} is not a list of texts")


def _parse_choice(value: Any, choices: Collection[str]) -> str:
    if value in choices:
        return str(value)
    raise ValueError(f"{value!r} is not one of {', '.join(filter(None, choices))}")


SITE_PATH = re.compile(r"(/[\w.~-]+)*", re.ASCII)
"""Path that an archive is served under, empty for none."""


def _parse_site(value: Any) -> str:
    """Address of a site: a host, or a path of one. Returned without a final slash."""
    address = _parse_text(value).strip().rstrip("/")
    parts = address_parts(address)
    if address and not (parts.scheme in ("http", "https") and parts.netloc):
        raise ValueError(f"{value!r} is not an address such as https://archive.example.org")
    if parts.query or parts.fragment or not SITE_PATH.fullmatch(parts.path):
        raise ValueError(f"{value!r} is not an address such as https://example.org/archive")
    return address


def _parse_cluster_urls(value: Any) -> tuple[str, ...]:
    """Addresses of the nodes of a cluster. A value with a password is not repeated in the message."""
    urls = tuple(url.rstrip("/") for url in _parse_list(value))
    for url in urls:
        parts = address_parts(url)
        if "@" in parts.netloc:
            raise ValueError("an address holds a user or password; these have settings of their own")
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
            raise ValueError(f"{url!r} is not an address such as https://search.example.org:9200")
    if not urls:
        raise ValueError(f"{value!r} has no address")
    return urls


def _parse_index_name(value: Any) -> str:
    """Name of an index under the rules of OpenSearch, short enough for the endings that its parts get."""
    name = _parse_text(value)
    if not _INDEX_NAME.fullmatch(name):
        raise ValueError(
            f"{value!r} is not a name of 1 to 100 small letters, digits, hyphens and underscores that begins with a "
            "letter or digit"
        )
    return name


def _parse_secret(value: Any) -> Secret:
    if isinstance(value, str):
        return Secret(value)
    raise ValueError("the value is not text")


INTEGER = SettingType("whole number", _parse_integer)
NUMBER = SettingType("number", _parse_number)
BOOLEAN = SettingType("true or false", _parse_boolean)
TEXT = SettingType("text", _parse_text)
SITE = SettingType("address", _parse_site)
PATH = SettingType("path", _parse_path)
LIST = SettingType("list", _parse_list)
URLS = SettingType("list of addresses", _parse_cluster_urls)
INDEX_NAME = SettingType("name", _parse_index_name)
SECRET = SettingType("secret", _parse_secret)
ENGINE = SettingType("name", lambda value: _parse_choice(value, engines.names()))
ACCESS_LOG = SettingType("`json`", lambda value: _parse_choice(value, ("", "json")))
LANGUAGE = SettingType(
    " or ".join(f"`{code}`" for code in UI_LANGUAGES), lambda value: _parse_choice(value, ("", *UI_LANGUAGES))
)


def _setting(type_: SettingType, default: Any, help: str, bounds: tuple[float, float] | None = None) -> Any:
    return field(default=default, metadata={"type": type_, "help": help, "bounds": bounds})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of one run; those that `load` returns are valid. Times are in seconds."""

    library: Path = _setting(PATH, Path("library"), "The folder of articles.")
    index: Path | None = _setting(
        PATH, None, "The folder of the index and other caches, when the library cannot be written to. "
        "By default `.backfile` inside the library."
    )  # fmt: skip
    engine: str = _setting(ENGINE, engines.DEFAULT, "The search engine that keeps the index.")
    opensearch_url: tuple[str, ...] = _setting(
        URLS, NO_OPTIONS.url, "The addresses of the cluster's nodes, for the engine `opensearch`, separated by "
        "commas. Requests go to all of them, and to the others when one does not answer."
    )  # fmt: skip
    opensearch_index: str = _setting(INDEX_NAME, NO_OPTIONS.index, "The name of the index on the cluster.")
    opensearch_user: str = _setting(TEXT, "", "The user who logs in to the cluster. By default nobody does.")
    opensearch_password: Secret = _setting(SECRET, NO_SECRET, "The user's password. No flag, which others could see.")
    opensearch_password_file: Path | None = _setting(PATH, None, "The file that holds the password.")
    opensearch_api_key: Secret = _setting(SECRET, NO_SECRET, "An API key instead of user and password; no flag either.")
    opensearch_api_key_file: Path | None = _setting(PATH, None, "The file that holds the API key.")
    opensearch_ca_file: Path | None = _setting(
        PATH, None, "The certificate of the authority that the cluster's certificates are checked against (PEM). By "
        "default those of the package certifi."
    )  # fmt: skip
    opensearch_insecure: bool = _setting(BOOLEAN, False, "Whether any certificate of the cluster is accepted.")
    opensearch_shards: int = _setting(
        INTEGER, NO_OPTIONS.shards, "How many shards a new index has; see [Operating](operating.md).", (1, 1024)
    )
    opensearch_replicas: int = _setting(
        INTEGER, NO_OPTIONS.replicas, "How many copies of each shard a new index has, as far as there are other nodes.",
        (0, 9),
    )  # fmt: skip
    host: str = _setting(TEXT, "127.0.0.1", "The address to listen on; `0.0.0.0` is every network of this machine.")
    port: int = _setting(INTEGER, 8000, "The port to listen on; 0 takes a free one.", (0, 65_535))
    socket: Path | None = _setting(
        PATH, None, "A Unix socket to listen on instead of an address and a port: the path of a file that a proxy "
        "on this machine may read and write."
    )  # fmt: skip
    workers: int = _setting(INTEGER, 2, "How many processes answer requests.", (1, 256))
    watch: bool = _setting(BOOLEAN, True, "Whether the server notices changed files by itself.")
    trusted_hosts: tuple[str, ...] = _setting(
        LIST, (), "The host names the server answers to, separated by commas. By default those of this machine "
        "alone when it listens on a loopback address, otherwise any."
    )  # fmt: skip
    base_url: str = _setting(
        SITE, "", "The public address of the archive, such as `https://archive.example.org` or "
        "`https://example.org/archive`. All links begin with its path. By default the address of the request."
    )  # fmt: skip
    proxies: int = _setting(
        INTEGER, 0, "How many reverse proxies stand in front and may state the client's address.", (0, 9)
    )
    user_header: str = _setting(
        TEXT, "", "The header, such as `X-Remote-User`, in which a proxy of `proxies` names the reader who logged in "
        "there. The name is shown at the foot of pages and used for nothing else."
    )  # fmt: skip
    per_page: int = _setting(INTEGER, 10, "How many results a page shows.", (1, 100))
    interface_language: str = _setting(
        LANGUAGE, "", "The language of the pages for readers who have not chosen one at their foot (or by `?lang=de`, "
        "which is remembered). By default the one their browser asks for, or else the library's own."
    )  # fmt: skip
    deadline: float = _setting(NUMBER, 1.5, "After how many seconds a search is given up.", (0.01, 3_600))
    file_seconds: float = _setting(
        NUMBER, 20.0, "After how many seconds the reading, importing or showing of one file is given up: it is listed "
        "as a problem, and everything else goes on.", (0.1, 86_400)
    )  # fmt: skip
    metrics: int | None = _setting(
        INTEGER, None, "The port on 127.0.0.1 at which Prometheus finds numbers about requests, searches and the "
        "index; no texts of queries. By default none.", (1, 65_535)
    )  # fmt: skip
    access_log: str = _setting(
        ACCESS_LOG, "", "Whether each request is logged on the standard output: `json` is an object a line. By default "
        "none is."
    )  # fmt: skip
    access_log_queries: bool = _setting(
        BOOLEAN, False, "Whether the access log has what was searched for: the part of addresses after the `?`."
    )
    contact: str = _setting(
        TEXT, "", "Contact address, such as `mailto:you@example.org`, sent to servers when an import "
        "fetches from them. By default none."
    )  # fmt: skip
    wait: float = _setting(NUMBER, 10.0, "How many seconds to wait for another writer of the index.", (0, 86_400))

    @property
    def base_path(self) -> str:
        """Path of `base_url`, `/archive`; empty if the archive has a host of its own."""
        return address_parts(self.base_url).path

    @property
    def cache_folder(self) -> Path:
        """Folder of the index and of the state of the last synchronisation; all of it can be made again."""
        return self.index if self.index is not None else self.library / FOLDER

    @property
    def engine_options(self) -> EngineOptions:
        """Options of an engine that keeps its index on a server."""
        return EngineOptions(**{each.name: getattr(self, f"opensearch_{each.name}") for each in fields(EngineOptions)})

    @property
    def index_folder(self) -> Path:
        """Folder of the engine, inside `cache_folder`."""
        return self.cache_folder / "index"


INDEX_SETTINGS = ("index", "engine", *(each.name for each in fields(Settings) if each.name.startswith("opensearch_")))
"""Names of the settings that every command needs that opens the index."""


def table() -> dict[str, Field[Any]]:
    """Settings by name, in the order of the documentation; `metadata` holds type, help and bounds."""
    return {setting.name: setting for setting in fields(Settings)}


def describe_type(setting: Field[Any]) -> str:
    """Type and bounds of a setting in words: `whole number, 1 to 256`."""
    name: str = setting.metadata["type"].name
    bounds = setting.metadata["bounds"]
    return f"{name}, {bounds[0]:,} to {bounds[1]:,}" if bounds else name


def describe_default(setting: Field[Any]) -> str:
    """Default as written in a shell: `10`, `true`, `library`; empty for None and for no values."""
    default = setting.default
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, tuple):
        return ", ".join(default)
    return "" if default is None else str(default)


def variable(name: str) -> str:
    """Environment variable of a setting: `BACKFILE_PER_PAGE` for `per_page`."""
    return PREFIX + name.upper()


def flag(name: str) -> str:
    """Command-line flag of a setting: `--per-page` for `per_page`; empty for a secret, which has none."""
    return "" if table()[name].metadata["type"] is SECRET else "--" + name.replace("_", "-")


def load(
    flags: Mapping[str, Any] | None = None, *, environ: Mapping[str, str] | None = None, file: Path | None = None
) -> Settings:
    """Effective settings; raises `SettingsInvalid` with every problem of every source.

    `flags` maps names of settings to text or values, None for a flag that is not given; `environ` defaults to that of
    the process.
    """
    return load_with_origins(flags, environ=environ, file=file)[0]


def load_with_origins(
    flags: Mapping[str, Any] | None = None, *, environ: Mapping[str, str] | None = None, file: Path | None = None
) -> tuple[Settings, dict[str, str]]:
    """Effective settings and the origin of each value (flag, variable, key of a file, `default`); raises as `load`."""
    environ = os.environ if environ is None else environ
    problems: list[str] = []
    assignments = [*_from_file(_find_file(file, environ), problems), *_from_environment(environ, problems)]
    assignments += [_Assignment(name, value, flag(name)) for name, value in (flags or {}).items() if value is not None]
    values: dict[str, Any] = {}
    origins = dict.fromkeys(table(), "default")
    for name, value, origin, base in assignments:
        try:
            values[name] = _parse(table()[name], value, base)
            origins[name] = origin
        except ValueError as error:
            problems.append(f"{origin}: {error}")
    if problems:
        raise SettingsInvalid(tuple(problems))
    return Settings(**values), origins


class _Assignment(NamedTuple):
    """Value of one setting as a source gives it; relative paths start from `base`."""

    name: str
    value: Any
    origin: str
    base: Path = Path()


def _find_file(file: Path | None, environ: Mapping[str, str]) -> Path | None:
    named = environ.get(f"{PREFIX}CONFIG")
    if file is not None or named:
        return file or Path(str(named))
    return Path(FILE) if Path(FILE).is_file() else None


def _from_file(file: Path | None, problems: list[str]) -> list[_Assignment]:
    if file is None:
        return []
    try:
        content = tomllib.loads(read_bytes(os.path.realpath(file), "/").decode("utf-8-sig"))
    except OSError as error:
        problems.append(f"{file}: {error.strerror}")
        return []
    except (ArticleUnreadable, ValueError, RecursionError) as error:  # no regular file, not TOML, or not UTF-8
        problems.append(f"{file}: {error}")
        return []
    problems += [f"{file}: there is no setting {key!r}" for key in content if key not in table()]
    return [_Assignment(key, value, f"{file}: {key}", file.parent) for key, value in content.items() if key in table()]


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> list[_Assignment]:
    names = {variable(name): name for name in table()}
    present = [key for key in sorted(environ) if key.startswith(PREFIX) and key not in _NOT_SETTINGS]
    problems += [f"{key}: there is no such setting" for key in present if key not in names]
    return [_Assignment(names[key], environ[key], key) for key in present if key in names]


def _parse(setting: Field[Any], value: Any, base: Path) -> Any:
    result = setting.metadata["type"].parse(value)
    bounds = setting.metadata["bounds"]
    if bounds and not bounds[0] <= result <= bounds[1]:
        raise ValueError(f"{value!r} is not from {bounds[0]:,} to {bounds[1]:,}")
    return base / result if isinstance(result, Path) else result
