"""The JSON document in the metadata of a model file: untrusted, so it is checked value by value."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping

from unseam.errors import ModelError

FORMAT = 1
"""Number of the layout of the metadata that this version reads."""

METADATA_KEY = "unseam"
"""Key of the JSON object in the ONNX file's metadata_props."""

LONGEST_TEXT = 2000
"""Maximum characters of a sentence in the metadata; those of `unseam export` have at most 228."""

LARGEST_NUMBER = 1e15
"""Of any number in the metadata; counts of patches come nowhere near it."""

MAX_NESTED = 16
"""Maximum levels of the metadata; those of `unseam export` have 4."""

LONGEST_QUOTE = 100
"""Characters of a value from a file in an error message."""


def parse_document(text: str) -> dict[str, object]:
    """Read the JSON object of any model file; ModelError if it is none, or of another format."""
    try:
        document = json.loads(text, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets without end
        raise ModelError(f"found metadata that is not JSON ({error}), expected an object") from error
    _demand_shallow(document)
    demand(isinstance(document, dict), f"metadata of type {type(document).__name__}", "a JSON object")
    found = document.get("format")
    expected = f"format {FORMAT}; update unseam, or export the model again"
    demand(found == FORMAT, f"metadata format {quoted(found)}", expected)
    return dict(document)


def _no_number(constant: str) -> float:
    """Refuse NaN and Infinity, which Python's json takes and JSON has not."""
    raise refusal(f"the number {constant}", "finite numbers in the metadata")


def _finite(number: str) -> float:
    value = float(number)
    return value if math.isfinite(value) else _no_number(quoted(number))


def _demand_shallow(value: object, levels: int = MAX_NESTED) -> None:
    """Refuse JSON so deep that recursion over it would exhaust the stack."""
    demand(levels > 0, f"metadata nested more than {MAX_NESTED} levels deep", "those of `unseam export`")
    for held in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _demand_shallow(held, levels - 1)


def demand(holds: bool, found: str, expected: str) -> None:
    """Raise a ModelError that says what was found and what was expected, unless the condition holds."""
    if not holds:
        raise refusal(found, expected)


def refusal(found: str, expected: str) -> ModelError:
    """Make the error that says what was found and what was expected."""
    return ModelError(f"found {found}, expected {expected}")


def quoted(value: object) -> str:
    """Quote a value of a file in a message: on one line, and short."""
    text = repr(value)
    return text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "..."


def read_text(key: str, value: object) -> str:
    """Read one line of text; errors as `read_number`."""
    if not isinstance(value, str):
        raise refusal(f"{key} {quoted(value)}", "a string")
    if len(value) > LONGEST_TEXT or not value.isprintable():
        raise refusal(f"{key} {quoted(value)}", f"one line of at most {LONGEST_TEXT} characters that can be printed")
    return value


def read_number(key: str, value: object) -> float:
    """Read a number; a ModelError under its key where it is none, or not finite."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise refusal(f"{key} {quoted(value)}", "a finite number")
    if not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
        raise refusal(f"{key} {quoted(value)}", f"a finite number up to {LARGEST_NUMBER:g}")
    return float(value)


def read_integer(key: str, value: object) -> int:
    """Read an integer; errors as `read_number`."""
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > LARGEST_NUMBER:
        raise refusal(f"{key} {quoted(value)}", f"an integer up to {LARGEST_NUMBER:g}")
    return value


def read_object(key: str, value: object) -> Mapping[str, object]:
    """Read an object; errors as `read_number`."""
    if not isinstance(value, dict):
        raise refusal(f"{key} {quoted(value)}", "a JSON object")
    return value


def read_objects(key: str, value: object) -> tuple[Mapping[str, object], ...]:
    """Read a list of objects; errors as `read_number`."""
    if not isinstance(value, list):
        raise refusal(f"{key} {quoted(value)}", "a list of JSON objects")
    return tuple(read_object(key, item) for item in value)


def read_numbers(key: str, value: object, names: tuple[str, ...]) -> list[float]:
    """Read the numbers of these names from an object, in their order; errors as `read_number`."""
    held = read_object(key, value)
    missing = [name for name in names if name not in held]
    demand(not missing, f"{key} without {', '.join(missing)}", "all of " + ", ".join(names))
    return [read_number(f"{key}.{name}", held[name]) for name in names]


def read_texts(key: str, value: object) -> tuple[str, ...]:
    """Read a list of lines of text; errors as `read_number`."""
    if not isinstance(value, list):
        raise refusal(f"{key} {quoted(value)}", "a list of strings")
    return tuple(read_text(key, item) for item in value)
