"""The first reader should not wait: a new process opens the index and fills its caches before it is asked."""

from __future__ import annotations

import logging

from flask import Flask

from backfile.archive.errors import BackfileError
from backfile.index.engine import Sort
from backfile.web.screens.article import article
from backfile.web.screens.browse import home
from backfile.web.screens.search import show_results
from backfile.web.service.arguments import SearchArguments
from backfile.web.service.search_service import run_search

log = logging.getLogger("backfile.web")


def warm(app: Flask) -> None:
    """Makes the pages that most readers see, for nobody: front page, a search, the newest article.

    What goes wrong is logged only: whoever asks will be told.
    """
    try:
        with app.test_request_context("/"):
            home()
            for hit in run_search(SearchArguments(sort=Sort.NEWEST, per_page=1)).page.hits:
                show_results(SearchArguments(query=" OR ".join(hit.title.text.lower().split()[:3])))
                article(hit.id)
    except BackfileError as error:
        log.info("the first page will take a moment longer: %s", error)
