"""Web application: `create_app` wires settings, library, index and screens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from http import HTTPStatus

from flask import Flask, Response
from flask_compress import Compress
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import PathConverter

from backfile.archive.storage.library import Library
from backfile.archive.web_addresses import host_of
from backfile.config import Settings, load
from backfile.index.engine import Engine
from backfile.index.engines import open_engine
from backfile.web.screens import (
    about,
    api,
    article,
    browse,
    copies,
    export,
    feeds,
    media,
    quotations,
    search,
    trends,
    why,
)
from backfile.web.service.admission import MAX_BUFFERED, register_admission
from backfile.web.service.crawlers import register_crawlers
from backfile.web.service.errors import register_errors
from backfile.web.service.headers import register_headers
from backfile.web.service.i18n import register_i18n
from backfile.web.service.monitoring import register_access_log, register_metrics
from backfile.web.service.services import EXTENSION, Services, utc_now
from backfile.web.service.site_urls import MountedApplication
from backfile.web.service.ui_language import register_ui_language

SCREENS = (about, api, article, browse, copies, export, feeds, media, quotations, search, trends, why)
LOOPBACK = ("127.0.0.1", "::1", "localhost")


class ArticlePath(PathConverter):
    """Rest of a path; unlike Werkzeug's own converter, line breaks included, which names of files may have."""

    regex = "(?s:[^/].*?)"


def create_app(
    settings: Settings | None = None,
    *,
    open_index: Callable[[], Engine] | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Flask:
    """Creates the WSGI application for a library; without settings, with those of the environment.

    Reads `library.toml` and nothing else: the index is opened at the first search, by `open_index` if given. `now` is
    the clock by which articles are embargoed and expire. Raises `LibraryMissing`, `LibrarySettingsInvalid`, and
    `SettingsInvalid` for settings of the environment.
    """
    settings = settings or load()
    library = Library(settings.library)
    app = Flask(__name__)
    app.config.update(PROVIDE_AUTOMATIC_OPTIONS=False, SEND_FILE_MAX_AGE_DEFAULT=3600)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    open_index = open_index or partial(open_engine, settings.engine, settings.index_folder, settings.engine_options)
    app.extensions[EXTENSION] = app.jinja_env.globals["archive"] = Services(settings, library, open_index, now=now)
    register_i18n(app)
    register_ui_language(app)
    app.jinja_env.globals["coins"] = search.coins_of
    app.url_map.converters["path"] = ArticlePath
    if settings.metrics:
        register_metrics(app)
    if settings.access_log:
        register_access_log(app, queries=settings.access_log_queries)
    register_headers(app, hosts=trusted_hosts(settings))
    register_crawlers(app, workers=settings.workers)
    register_admission(app)
    register_errors(app)
    register_compression(app)
    for screen in SCREENS:
        app.register_blueprint(screen.blueprint)
    _mount(app, settings)
    return app


def _mount(app: Flask, settings: Settings) -> None:
    """Takes the client's address from proxies, and the path of the archive from the setting or else from them."""
    if settings.base_path:
        app.wsgi_app = MountedApplication(app.wsgi_app, settings.base_path)  # type: ignore[method-assign]
    if settings.proxies:
        count, prefix = settings.proxies, 0 if settings.base_url else settings.proxies
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count, x_prefix=prefix
        )


def register_compression(app: Flask) -> None:
    """Compresses texts from 1,400 bytes (one packet) on; no response holds a secret, so BREACH gains nothing."""
    app.config.update(COMPRESS_MIN_SIZE=1400, COMPRESS_STREAMS=False)
    app.after_request(partial(_read_file, HTTPStatus.PARTIAL_CONTENT))  # after compression, which would take it
    Compress(app)
    app.after_request(partial(_read_file, HTTPStatus.OK))


def _read_file(status: HTTPStatus, response: Response) -> Response:
    """Reads the file that `send_file` would stream: Flask-Compress leaves the file of a stream open, and a client that
    does not read would hold a thread."""
    is_file = response.status_code == status and response.direct_passthrough
    if is_file and (response.content_length or 0) <= MAX_BUFFERED:
        response.direct_passthrough = False
        response.make_sequence()
    return response


def trusted_hosts(settings: Settings) -> tuple[str, ...] | None:
    """Host names to accept, None for any. A server on a loopback address accepts only loopback names, so that no
    foreign page can reach it under another name (DNS rebinding), and that of `base_url`."""
    if settings.trusted_hosts:
        return settings.trusted_hosts
    if settings.socket or settings.host not in LOOPBACK:
        return None
    return (*LOOPBACK, *filter(None, [host_of(settings.base_url)]))
