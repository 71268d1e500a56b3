"""The text of a campaign file as plain data, with the line of each entry.

YAML as people expect it (the core of YAML 1.2): ``1e-3`` is a number, and ``on``, ``off``, ``yes``
and ``no`` are words, so that they can be names of choices. Tags and aliases are refused: no
campaign needs them, and they can make a small file large or circular.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import yaml

from planner.errors import CampaignFileError, Mistake

Path = tuple[str | int, ...]

_MOST_CHARACTERS = 1_000_000
_MOST_NESTED = 20  # the deepest entry of a campaign file lies six deep
_CORE = "tag:yaml.org,2002:"
_MOST_DIGITS = 300  # more digits than any number that a double holds


# What PyYAML says, and what it means to a person.
_SYNTAX = {
    "found another document": "begins a second document; delete it, or put it in a file of its own",
    "<block end>": "does not line up with the lines around it; check its indentation",
    "expected ',' or": "a bracket or brace before this is not closed, or a comma is missing",
    "mapping values are not allowed": "has a colon where none can be; check the indentation, or "
    "put the text in quotes",
    "could not find expected ':'": "has no colon after its name; write 'name: value'",
    "expected the node content": "has a sign where a value should be; put the text in quotes",
    "cannot start any token": "begins with a sign that means something else; put it in quotes",
    "unexpected end of stream": "has a quote that is not closed before the end of the file",
}


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content, the line of each entry by its path, and what was wrong on the way."""

    content: object
    lines: dict[Path, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """Returns the line of the entry, or of the nearest one around it that is in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


class _Loader(yaml.SafeLoader):
    """Resolves plain words by the core schema of YAML 1.2."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - the name is PyYAML's


# first characters that the pattern can begin with, which PyYAML asks for; "" is an empty value
_PATTERNS = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    "int": (r"[-+]?[0-9]+", [*"-+0123456789"]),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
        r"|[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN",
        [*"-+.0123456789"],
    ),
}
for _name, (_pattern, _starts) in _PATTERNS.items():
    _Loader.add_implicit_resolver(_CORE + _name, re.compile(rf"(?:{_pattern})\Z"), _starts)


def load_document(text: str, *, path: str) -> Document:
    """Reads YAML.

    Args:
        text: of the file.
        path: for messages.

    Raises:
        CampaignFileError: it is not YAML, or uses what a campaign file may not.
    """
    if len(text) > _MOST_CHARACTERS:
        text = f"has {len(text):,} characters; a campaign file has at most {_MOST_CHARACTERS:,}"
        raise CampaignFileError(path, [Mistake(0, "", text)])
    if "\t" in text:
        line = text[: text.index("\t")].count("\n") + 1
        raise CampaignFileError(path, [Mistake(line, "", "holds a tab; use spaces instead")])
    try:
        _refuse_depth_and_aliases(text, path=path)
        node = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise CampaignFileError(path, [_syntax_mistake(error, text)]) from error
    document = Document(None)
    return Document(_build(node, (), document), document.lines, document.mistakes)


def _refuse_depth_and_aliases(text: str, *, path: str) -> None:
    """Looks at the events, which need no recursion, before anything is composed from them."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        assert event.start_mark is not None  # set by the parser, for every event
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            words = f"holds the alias *{event.anchor}; write the values out instead"
            raise CampaignFileError(path, [Mistake(line, "", words)])
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _MOST_NESTED:
            words = f"is nested more than {_MOST_NESTED} deep; check the brackets"
            raise CampaignFileError(path, [Mistake(line, "", words)])


def _syntax_mistake(error: yaml.YAMLError, text: str) -> Mistake:
    if isinstance(error, yaml.reader.ReaderError):
        line = text[: int(error.position)].count("\n") + 1
        words = f"holds the control character {text[int(error.position)]!r}; delete it"
        return Mistake(line, "", words)
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or error)
    words = next((words for sign, words in _SYNTAX.items() if sign in problem), "")
    words = words or f"cannot be read: {problem}; check indentation, brackets and quotes"
    return Mistake(mark.line + 1 if mark is not None else 0, "", words)


def _build(node: yaml.Node | None, path: Path, document: Document) -> object:
    if node is None:
        return None
    document.lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, document)
    if isinstance(node, yaml.SequenceNode):
        return [_build(each, (*path, i), document) for i, each in enumerate(node.value)]
    assert isinstance(node, yaml.ScalarNode)  # the third and last kind
    return _scalar(node, path, document)


def _mapping(node: yaml.MappingNode, path: Path, document: Document) -> dict[str, object]:
    built: dict[str, object] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            document.mistakes.append(Mistake(line, "", "a key must be a word, not a list or map"))
            continue
        key = str(key_node.value)
        if key in built:
            words = f"names {key!r} twice; leave one out"
            document.mistakes.append(Mistake(line, dotted((*path, key)), words))
            continue
        document.lines[(*path, key)] = line
        built[key] = _build(value_node, (*path, key), document)
    return built


def _scalar(node: yaml.ScalarNode, path: Path, document: Document) -> object:
    text = str(node.value)
    match node.tag.removeprefix(_CORE):
        case "str":
            return text
        case "null":
            return None
        case "bool" if text.lower() in ("true", "false"):
            return text.lower() == "true"
        case "int" | "float" if (number := _number(text)) is not None:
            return number
    tag = node.tag.replace(_CORE, "!!")
    words = f"{text[:40]!r} cannot be read as {tag}; give a plain value, without a tag"
    document.mistakes.append(Mistake(node.start_mark.line + 1, dotted(path), words))
    return None


def _number(text: str) -> int | float | None:
    if len(text) > _MOST_DIGITS:
        return None
    for read in (int, float):
        try:
            return read(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError:
            continue
    return None


def dotted(path: Path) -> str:
    """Writes a path as people read it, with list entries counted from 1."""
    words = ""
    for part in path:
        words += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if words else part
    return words


def is_word(text: str) -> bool:
    """Tells whether the text, written without quotes, is read back as text."""
    return not any(re.fullmatch(pattern, text, re.ASCII) for pattern, _ in _PATTERNS.values())
