"""The one table of settings: each line becomes a flag, a `BACKFILE_…` variable, a key of `backfile.toml` and a line
of `docs/settings.md`.

A flag wins over a variable, a variable over the file, the file over the default. The file is the one named by
`--config` or `BACKFILE_CONFIG`, else `backfile.toml` in the current folder if there is one.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from backfile.archive.errors import BackfileError
from backfile.index import engines
from backfile.index.sync.state import FOLDER

PREFIX = "BACKFILE_"
FILE = "backfile.toml"
SOURCE_LANGUAGE = "en"
UI_LANGUAGES = {SOURCE_LANGUAGE: "English", "de": "Deutsch", "fr": "Français"}  # catalogues are in web/translations
_NOT_SETTINGS = {f"{PREFIX}CONFIG", f"{PREFIX}REQUIRE_BROWSER"}  # the file itself; a switch of the test suite


class SettingsInvalid(BackfileError):
    """Settings that cannot be used; `problems` holds one sentence for each, all found at once."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems), hint="`backfile settings --help` names every setting")
        self.problems = problems


class Kind(NamedTuple):
    """What a setting may be: a word for the reader, and what makes a value of text or of a TOML value.

    `read` raises `ValueError` with a sentence that begins with the refused value.
    """

    word: str
    read: Callable[[Any], Any]


def _whole(value: Any) -> int:
    if isinstance(value, bool | float) or not str(value).strip().lstrip("-").isdecimal():
        raise ValueError(f"{value!r} is not a whole number")
    return int(value)


def _number(value: Any) -> float:
    if not isinstance(value, bool):
        try:
            return float(value)
        except (TypeError, ValueError):
            pass  # told below, in the same words as for every other kind
    raise ValueError(f"{value!r} is not a number")


def _truth(value: Any) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    word = str(value).strip().lower()
    if word not in words:
        raise ValueError(f"{value!r} is neither true nor false")
    return words[word]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(f"{value!r} is not text")


def _path(value: Any) -> Path:
    if isinstance(value, str | Path) and str(value):
        return Path(value).expanduser()
    raise ValueError(f"{value!r} is not a path")


def _texts(value: Any) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if isinstance(parts, list | tuple) and all(isinstance(part, str) for part in parts):
        return tuple(part.strip() for part in parts if part.strip())
    raise ValueError(f"{value!r} is not a list of texts")


def _engine(value: Any) -> str:
    if value in engines.names():
        return str(value)
    raise ValueError(f"{value!r} is not one of {', '.join(engines.names())}")


def _language(value: Any) -> str:
    if value == "" or value in UI_LANGUAGES:
        return str(value)
    raise ValueError(f"{value!r} is not one of {', '.join(UI_LANGUAGES)}")


WHOLE = Kind("whole number", _whole)
NUMBER = Kind("number", _number)
TRUTH = Kind("true or false", _truth)
TEXT = Kind("text", _text)
PATH = Kind("path", _path)
TEXTS = Kind("list", _texts)
ENGINE = Kind("name", _engine)
LANGUAGE = Kind(" or ".join(f"`{code}`" for code in UI_LANGUAGES), _language)


def _setting(kind: Kind, default: Any, help: str, bounds: tuple[float, float] | None = None) -> Any:
    return field(default=default, metadata={"kind": kind, "help": help, "bounds": bounds})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one run, all of them valid when they come from `load`. Times are in seconds."""

    library: Path = _setting(PATH, Path("library"), "The folder of articles.")
    index: Path | None = _setting(
        PATH, None, "The folder of the index and other caches, when the library cannot be written to. "
        "By default `.backfile` inside the library."
    )  # fmt: skip
    engine: str = _setting(ENGINE, engines.DEFAULT, "The search engine that keeps the index.")
    host: str = _setting(TEXT, "127.0.0.1", "The address to listen on; `0.0.0.0` is every network of this machine.")
    port: int = _setting(WHOLE, 8000, "The port to listen on; 0 takes a free one.", (0, 65_535))
    workers: int = _setting(WHOLE, 2, "How many processes answer requests.", (1, 256))
    watch: bool = _setting(TRUTH, True, "Whether the server notices changed files by itself.")
    trusted_hosts: tuple[str, ...] = _setting(
        TEXTS, (), "The host names the server answers to, separated by commas. By default those of this machine "
        "alone when it listens on a loopback address, otherwise any."
    )  # fmt: skip
    base_url: str = _setting(
        TEXT, "", "The public address of the archive, such as `https://archive.example.org`, for links that leave "
        "the page. By default the address of the request."
    )  # fmt: skip
    proxies: int = _setting(WHOLE, 0, "How many reverse proxies stand in front and may say who asks.", (0, 9))
    per_page: int = _setting(WHOLE, 10, "How many results a page shows.", (1, 100))
    interface_language: str = _setting(
        LANGUAGE, "", "The language of the pages for readers who have not chosen one at their foot (or by `?lang=de`, "
        "which is remembered). By default the one their browser asks for, or else the library's own."
    )  # fmt: skip
    deadline: float = _setting(NUMBER, 1.5, "After how many seconds a search is given up.", (0.01, 3_600))
    contact: str = _setting(
        TEXT, "", "An address of yours, such as `mailto:you@example.org`, that servers are told of when an import "
        "fetches from them. By default none."
    )  # fmt: skip
    wait: float = _setting(NUMBER, 10.0, "How many seconds to wait for another writer of the index.", (0, 86_400))

    @property
    def cache_folder(self) -> Path:
        """Where everything that can be made again lives: the index and the records of the last synchronisation."""
        return self.index if self.index is not None else self.library / FOLDER

    @property
    def index_folder(self) -> Path:
        """The folder that the engine calls its own, inside `cache_folder`."""
        return self.cache_folder / "index"


def table() -> dict[str, Field[Any]]:
    """Every setting by name, in the order of the documentation; `metadata` holds kind, help and bounds."""
    return {setting.name: setting for setting in fields(Settings)}


def describe_kind(setting: Field[Any]) -> str:
    """What a setting may be, for a reader: `whole number, 1 to 256`."""
    word: str = setting.metadata["kind"].word
    bounds = setting.metadata["bounds"]
    return f"{word}, {bounds[0]:,} to {bounds[1]:,}" if bounds else word


def describe_default(setting: Field[Any]) -> str:
    """A default as one would write it in a shell: `10`, `true`, `library`; nothing when there is none."""
    default = setting.default
    if isinstance(default, bool):
        return str(default).lower()
    return "" if default in (None, ()) else str(default)


def variable(name: str) -> str:
    """The environment variable of a setting: `BACKFILE_PER_PAGE` for `per_page`."""
    return PREFIX + name.upper()


def flag(name: str) -> str:
    """The command-line flag of a setting: `--per-page` for `per_page`."""
    return "--" + name.replace("_", "-")


def load(
    flags: Mapping[str, Any] | None = None, *, environ: Mapping[str, str] | None = None, file: Path | None = None
) -> Settings:
    """The settings in force. Raises `SettingsInvalid` with every problem of every source at once.

    `flags` maps names of settings to text or values (None: not given); `environ` is the process's own by default.
    """
    return load_with_origins(flags, environ=environ, file=file)[0]


def load_with_origins(
    flags: Mapping[str, Any] | None = None, *, environ: Mapping[str, str] | None = None, file: Path | None = None
) -> tuple[Settings, dict[str, str]]:
    """As `load`, and for each setting where its value comes from: a flag, a variable, a file, or `default`."""
    environ = os.environ if environ is None else environ
    problems: list[str] = []
    given = [*_from_file(_find_file(file, environ), problems), *_from_environment(environ, problems)]
    given += [_Given(name, value, flag(name)) for name, value in (flags or {}).items() if value is not None]
    values: dict[str, Any] = {}
    origins = dict.fromkeys(table(), "default")
    for name, value, origin, base in given:
        try:
            values[name] = _read(table()[name], value, base)
            origins[name] = origin
        except ValueError as error:
            problems.append(f"{origin}: {error}")
    if problems:
        raise SettingsInvalid(tuple(problems))
    return Settings(**values), origins


class _Given(NamedTuple):
    name: str
    value: Any
    origin: str
    base: Path = Path()


def _find_file(file: Path | None, environ: Mapping[str, str]) -> Path | None:
    named = environ.get(f"{PREFIX}CONFIG")
    if file is not None or named:
        return file or Path(str(named))
    return Path(FILE) if Path(FILE).is_file() else None


def _from_file(file: Path | None, problems: list[str]) -> list[_Given]:
    if file is None:
        return []
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"{file}: {error.strerror}")
        return []
    except ValueError as error:  # not TOML, or not UTF-8
        problems.append(f"{file}: {error}")
        return []
    problems += [f"{file}: there is no setting {key!r}" for key in content if key not in table()]
    return [_Given(key, value, f"{file}: {key}", file.parent) for key, value in content.items() if key in table()]


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> list[_Given]:
    names = {variable(name): name for name in table()}
    mine = [key for key in sorted(environ) if key.startswith(PREFIX) and key not in _NOT_SETTINGS]
    problems += [f"{key}: there is no such setting" for key in mine if key not in names]
    return [_Given(names[key], environ[key], key) for key in mine if key in names]


def _read(setting: Field[Any], value: Any, base: Path) -> Any:
    result = setting.metadata["kind"].read(value)
    bounds = setting.metadata["bounds"]
    if bounds and not bounds[0] <= result <= bounds[1]:
        raise ValueError(f"{value!r} is not from {bounds[0]:,} to {bounds[1]:,}")
    return base / result if isinstance(result, Path) else result
