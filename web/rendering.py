"""Jinja as this program uses it: what a template writes is escaped by the standard library."""

from __future__ import annotations

import html

from flask.templating import Environment
from jinja2 import nodes


def escape(value: object) -> str:
    """HTML for a value as it stands in a text or between double quotation marks; markup stays as it is."""
    if type(value) is str:
        return html.escape(value)
    return value.__html__() if hasattr(value, "__html__") else html.escape(str(value))


class EscapingEnvironment(Environment):
    """Flask's environment, whose templates write with `escape` above.

    They would use MarkupSafe's, which escapes the same characters, but wraps each of a page's nine hundred values in
    an object of its own that is thrown away at once: three times as long, and a tenth of the time of a page.
    """

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        """Jinja's hook for other ways to make the code of a template: here another `escape` after its own imports."""
        imports, _, code = super()._generate(source, name, filename, defer_init).partition("\n")
        return f"{imports}\nfrom {__name__} import escape\n{code}"
