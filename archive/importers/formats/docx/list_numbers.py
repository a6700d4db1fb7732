"""Numbers of list items in a DOCX, counted as Word counts them (ISO/IEC 29500-1, 17.9): a list goes on after text."""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from backfile.archive.importers.common.xml_trees import local_name

_LEVELS = 9
_DEEPEST_STYLE = 20


def child(element: etree._Element | None, *path: str) -> etree._Element | None:
    """First child by its local name, or what a path of names leads to; None if missing."""
    for name in path:
        element = (
            next((each for each in element if local_name(each.tag) == name), None) if element is not None else None
        )
    return element


def value(element: etree._Element | None, name: str = "val") -> str | None:
    """Attribute of an element by its local name."""
    if element is None:
        return None
    return next((str(text) for key, text in element.attrib.items() if local_name(key) == name), None)


@dataclass(slots=True)
class _Level:
    """Level of a list: its first number, and whether it is counted at all and anew below each item above it."""

    start: int = 1
    is_counted: bool = True
    restarts: bool = True


@dataclass(slots=True)
class _List:
    """Instance of a list (`w:num`): the definition whose count it shares, and the numbers at which it begins anew."""

    definition: str
    starts: dict[int, int] = field(default_factory=dict)
    is_begun: bool = False


class ParagraphStyles:
    """Paragraph styles: list, level and heading rank of each, its own or that of the style it is based on."""

    def __init__(self, styles: etree._Element | None) -> None:
        found = styles if styles is not None else []
        self._styles = {value(each, "styleId"): each for each in found if local_name(each.tag) == "style"}

    def name(self, style: str | None) -> str:
        """Name of a style; empty if it is unknown."""
        return value(child(self._styles.get(style), "name")) or ""

    def property(self, style: str | None, *path: str) -> str | None:
        """Value of a paragraph property, by a path of names."""
        for _ in range(_DEEPEST_STYLE):
            element = self._styles.get(style)
            if element is None:
                return None
            found = value(child(element, "pPr", *path))
            if found is not None:
                return found
            style = value(child(element, "basedOn"))
        return None


class ListNumbers:
    """Counter of the list items of one document, asked for its paragraphs in their order."""

    def __init__(self, styles: ParagraphStyles) -> None:
        self._styles = styles
        self._levels: dict[str, dict[int, _Level]] = {}
        self._lists: dict[str, _List] = {}
        self._linked: dict[str, str] = {}
        self._counts: dict[str, dict[int, int]] = {}

    @classmethod
    def read(cls, numbering: etree._Element | None, styles: ParagraphStyles) -> ListNumbers:
        """Counter for the lists that a numbering part defines; for none without the part."""
        numbers = cls(styles)
        for element in numbering if numbering is not None else ():
            if local_name(element.tag) == "abstractNum":
                numbers._add_definition(element)
            elif local_name(element.tag) == "num":
                numbers._add_list(element)
        return numbers

    def _add_definition(self, element: etree._Element) -> None:
        name = value(element, "abstractNumId") or ""
        style = value(child(element, "numStyleLink"))
        if style is not None:
            self._linked[name] = style
        levels = self._levels.setdefault(name, {})
        for each in element:
            if local_name(each.tag) == "lvl":
                levels[_number(value(each, "ilvl"), 0)] = _Level(
                    start=_number(value(child(each, "start")), 1),
                    is_counted=value(child(each, "numFmt")) not in ("bullet", "none"),
                    restarts=value(child(each, "lvlRestart")) != "0",
                )

    def _add_list(self, element: etree._Element) -> None:
        found = _List(value(child(element, "abstractNumId")) or "")
        for each in element:
            start = value(child(each, "startOverride"))
            if local_name(each.tag) == "lvlOverride" and start is not None:
                found.starts[_number(value(each, "ilvl"), 0)] = _number(start, 1)
        self._lists[value(element, "numId") or ""] = found

    def place(self, properties: etree._Element | None) -> tuple[str, int] | None:
        """List and level of a paragraph by its properties or its style; None for one in no list."""
        style = value(child(properties, "pStyle"))
        number = value(child(properties, "numPr", "numId")) or self._styles.property(style, "numPr", "numId")
        level = value(child(properties, "numPr", "ilvl")) or self._styles.property(style, "numPr", "ilvl")
        if number is None or number == "0" or number not in self._lists:
            return None
        return number, min(_number(level, 0), _LEVELS - 1)

    def next_number(self, name: str, level: int) -> int | None:
        """Number of the next item of a list at a level; None for one with a bullet."""
        found = self._lists[name]
        definition = self._definition(found.definition)
        levels, counts = self._levels.get(definition, {}), self._counts.setdefault(definition, {})
        if not found.is_begun:
            found.is_begun = True
            for each in found.starts:
                counts.pop(each, None)
        own = levels.get(level, _Level())
        counts[level] = counts[level] + 1 if level in counts else found.starts.get(level, own.start)
        for deeper in [each for each in counts if each > level and levels.get(each, _Level()).restarts]:
            del counts[deeper]
        return counts[level] if own.is_counted else None

    def _definition(self, name: str) -> str:
        """Definition that has the levels: one may lead to another by a style."""
        for _ in range(_DEEPEST_STYLE):
            number = self._styles.property(self._linked.get(name), "numPr", "numId")
            if number is None or number not in self._lists:
                break
            name = self._lists[number].definition
        return name


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 8 else otherwise
