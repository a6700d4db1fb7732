"""Evaluation of the nodes below `lang:` against the language code of a document."""

from __future__ import annotations

from backfile.index.analysis.normalization import fold
from backfile.index.analysis.wildcards import wildcard_test
from backfile.index.query.nodes import And, Fuzzy, MatchAll, Node, Not, Or, Phrase, Wildcard, Word


def language_matches(node: Node, language: str | None) -> bool:
    """Test of a language code; a wildcard is compared with the letters of the code."""
    match node:
        case And():
            return all(language_matches(child, language) for child in node.nodes)
        case Or():
            return any(language_matches(child, language) for child in node.nodes)
        case Not():
            return not language_matches(node.node, language)
        case Wildcard():
            return wildcard_test(node.text)(fold(language or ""))
        case Word() | Phrase() | Fuzzy():
            return _is_variety(language, node.text)
    return isinstance(node, MatchAll)


def _is_variety(language: str | None, wanted: str) -> bool:
    """Equality or variety: pt-BR is a variety of pt, not the other way round."""
    code, base = ((text or "").replace("_", "-").casefold() for text in (language, wanted))
    return bool(base) and (code == base or code.startswith(f"{base}-"))
