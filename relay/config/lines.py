"""On which line of a TOML document a key stands. Only worth loading where there is something to say."""

import tomllib
from collections.abc import Iterator, Mapping

from tree_sitter import Language, Node, Parser
from tree_sitter_toml import language

Keys = tuple[str | int, ...]

_DEEPEST = 100


def lines_of(content: bytes) -> Mapping[Keys, int]:
    """The line, from 1, of each table, key and element of a list, by its path. The document must be valid."""
    root = Parser(Language(language())).parse(content).root_node
    lines: dict[Keys, int] = {(): 1}
    counts: dict[Keys, int] = {}
    for node in root.named_children:
        if node.type == "pair":
            _pair(node, (), lines)
        elif node.type in {"table", "table_array_element"}:
            _table(node, lines, counts)
    return lines


def line_of(lines: Mapping[Keys, int], path: Keys) -> int:
    """The line of `path`, or of the nearest thing around it that stands in the document."""
    while path not in lines:
        path = path[:-1]
    return lines[path]


def _table(node: Node, lines: dict[Keys, int], counts: dict[Keys, int]) -> None:
    header, *pairs = (child for child in node.named_children if child.type != "comment")
    names = list(_names(header))
    path: Keys = ()
    for name in names[:-1]:
        path = _latest((*path, name), counts)
        lines.setdefault(path, _line(node))
    path = (*path, names[-1])
    if node.type == "table_array_element":
        lines.setdefault(path, _line(node))
        counts[path] = counts.get(path, 0) + 1
        path = _latest(path, counts)
    lines[path] = _line(node)
    for pair in pairs:
        _pair(pair, path, lines)


def _latest(path: Keys, counts: Mapping[Keys, int]) -> Keys:
    """A header that passes through an array of tables means the last one of it."""
    return (*path, counts[path] - 1) if path in counts else path


def _pair(node: Node, path: Keys, lines: dict[Keys, int]) -> None:
    key, value = (child for child in node.named_children if child.type != "comment")
    for name in _names(key):
        path = (*path, name)
        lines.setdefault(path, _line(node))
    _value(value, path, lines)


def _value(node: Node, path: Keys, lines: dict[Keys, int]) -> None:
    if len(path) > _DEEPEST:
        return
    children = [child for child in node.named_children if child.type != "comment"]
    if node.type == "inline_table":
        for child in children:
            _pair(child, path, lines)
    elif node.type == "array":
        for index, child in enumerate(children):
            lines[*path, index] = _line(child)
            _value(child, (*path, index), lines)


def _names(key: Node) -> Iterator[str]:
    """The parts of a key; dotted keys are nested to the left."""
    parts: list[Node] = []
    while key.type == "dotted_key":
        key, last = key.named_children
        parts.append(last)
    for part in (key, *reversed(parts)):
        yield _name(part.text or b"")


def _name(text: bytes) -> str:
    if text[:1] in {b'"', b"'"}:
        (name,) = tomllib.loads(text.decode() + "=0")
        return name
    return text.decode()


def _line(node: Node) -> int:
    return node.start_point.row + 1
