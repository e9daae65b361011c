"""JSON, TOML and tables of text that hold what nobody expects: other types, huge numbers, depths, strange letters."""

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from fuzzing.byte_mutations import MUTATIONS as BYTE_MUTATIONS

DEEP = 60_000
"""Levels."""

LONG_NUMBER = "9" * 5000
"""Digits: more than Python turns into an integer."""

TEXTS = (
    "",
    "\0",
    "../" * 40 + "etc/passwd",
    "/dev/zero",
    "/dev/stdin",
    "a" * 5000,
    "\u202e",
    "é",
    "none",
    "nan",
    "💥",
    "\n",
)
JSON_LITERALS = (
    "NaN",
    "-Infinity",
    "1e999",
    "1e308",
    "-1",
    "0",
    "1e-320",
    LONG_NUMBER,
    "1" + "0" * 400,
    '"\\ud800"',
    "[" * DEEP + "]" * DEEP,
    "[" * DEEP,
    "null",
    "true",
    "{}",
    "[]",
    "[[], 1]",
    '"text"',
    "18446744073709551616",
)
TOML_LITERALS = (
    "nan",
    "inf",
    "-inf",
    "1e999",
    "-1",
    "0",
    LONG_NUMBER,
    "1" + "0" * 400,
    "[" * DEEP + "]" * DEEP,
    "{a = " * 900 + "1" + "}" * 900,
    "true",
    "[]",
    "{}",
    "[[1], 2]",
    '"text"',
    '"none"',
    "1979-05-27T07:32:00Z",
    "1979-99-99",
    "0x" + "f" * 6000,
    '"\\u0000"',
    "'''\n'''",
    "9223372036854775808",
)
MARK = "@@"
"""Stands in a document where a literal will be written."""

Place = tuple[Any, Any]
"""A container and a key of it."""


def mutated_json(document: Any, draw: Random) -> bytes:
    """Write a JSON document of which some values, keys or bytes are others."""
    document = json.loads(json.dumps(document))
    literals = []
    for _ in range(draw.choice((0, 1, 1, 2, 4))):
        literals += _changed(document, draw, f"{MARK}{len(literals)}{MARK}")
    text = json.dumps(document, ensure_ascii=draw.random() < 0.5)
    for number, literal in enumerate(literals):
        text = text.replace(f'"{MARK}{number}{MARK}"', literal)
    return _bytes(draw.choice((*[text] * 6, draw.choice(JSON_LITERALS), f"[{text}]", text + text)), draw)


def _changed(document: Any, draw: Random, mark: str) -> list[str]:
    """Change one place of a document; give the literal that is still to be written in at the mark, if any."""
    places = _places(document)
    if not places:
        return []
    holder, key = draw.choice(places)
    kind = draw.randrange(6)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[draw.choice(TEXTS)] = holder.pop(key)
    elif kind == 2:
        holder[key] = draw.choice(TEXTS)
    else:
        holder[key] = mark
        return [draw.choice(JSON_LITERALS)]
    return []


def _places(value: Any) -> list[Place]:
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in ((value, key), *_places(value[key]))]


def mutated_toml(text: str, draw: Random) -> bytes:
    """Write a TOML document of which some lines are others."""
    return _bytes(_lines_changed(text, draw, _toml_line), draw)


def mutated_table(text: str, draw: Random) -> bytes:
    """Write a CSV table of which some lines or cells are others."""
    return _bytes(_lines_changed(text, draw, _table_line), draw)


def _lines_changed(text: str, draw: Random, change: Callable[[str, Random], str]) -> str:
    lines = text.splitlines()
    for _ in range(draw.choice((1, 1, 2, 4))):
        place = draw.randrange(len(lines))
        kind = draw.randrange(8)
        if kind == 0 and len(lines) > 1:
            del lines[place]
        elif kind == 1:
            lines.insert(draw.randrange(len(lines) + 1), lines[place])
        elif kind == 2:
            lines.insert(draw.randrange(len(lines) + 1), lines.pop(place))
        else:
            lines[place] = change(lines[place], draw)
    return "\n".join(lines) + "\n"


def _toml_line(line: str, draw: Random) -> str:
    key, equals, _ = line.partition("=")
    if not equals:
        return draw.choice((f"[{line}]", f'["{draw.choice(TEXTS[2:])}"]', "[a" + ".b" * 3000 + "]", "[[x]]"))
    literal = draw.choice((*TOML_LITERALS, json.dumps(draw.choice(TEXTS))))
    return draw.choice((f"{key}= {literal}", f"{key}= {literal}", f"{key.strip()}.x = {literal}", f"other = {literal}"))


def _table_line(line: str, draw: Random) -> str:
    cells = line.split(",")
    place = draw.randrange(len(cells))
    kind = draw.randrange(6)
    if kind == 0:
        del cells[place]
    elif kind == 1:
        cells.insert(place, cells[place])
    elif kind == 2:
        cells[place] = draw.choice(('"', '"a\nb"', "a" * 200_000, "x" * 300 + ".png", "\r", '"' + "b," * 9))
    else:
        cells[place] = draw.choice((*TEXTS, "nan", "1e999", "-1", LONG_NUMBER, cells[draw.randrange(len(cells))]))
    return ",".join(cells)


def _bytes(text: str, draw: Random) -> bytes:
    """Encode a text, one in four of them not as it should be."""
    data = text.encode("utf-8", "surrogatepass")
    if draw.random() > 0.25:
        return data
    others: Sequence[Callable[[], bytes]] = (
        lambda: text.encode("utf-16", "surrogatepass"),
        lambda: b"\xef\xbb\xbf" + data,
        lambda: text.encode("latin-1", "replace"),
        lambda: data.replace(b"\n", b"\r"),
        *[lambda: draw.choice(BYTE_MUTATIONS)(data, draw)] * 4,
    )
    return draw.choice(others)()
