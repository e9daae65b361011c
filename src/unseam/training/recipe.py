"""A training recipe: one TOML file, read into frozen dataclasses that refuse contradictions."""

from __future__ import annotations

import dataclasses
import reprlib
import tomllib
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from unseam.errors import RecipeError
from unseam.system.text import printable
from unseam.training.fusion.recipe import FusionRecipe
from unseam.training.optimisation import demand
from unseam.training.patch.recipe import PatchRecipe

Recipe = PatchRecipe | FusionRecipe
"""Of either kind of network."""

MOST_BYTES = 1_000_000
"""Of a recipe's file; those of the repository have some 2000."""

INTEGER_BITS = 64
"""TOML's integers (version 1.0.0), the sign included; Python's own would be of any size."""

LONGEST_SHOWN = 80
"""Letters of a key, or of what is said of a file, that an error repeats."""


def load_patch_recipe(path: Path) -> PatchRecipe:
    """Read the recipe of a network that judges patches; as `load_recipe`, and RecipeError for another kind."""
    recipe = load_recipe(path)
    if not isinstance(recipe, PatchRecipe):
        raise RecipeError(f"{path}: found a recipe of the network fusion; expected one of a network of patches")
    return recipe


def load_recipe(path: Path) -> Recipe:
    """Read a recipe, of either kind of network.

    A recipe with ``extends = "OTHER.toml"`` (a path from its own folder) has all values of that one, and names only
    what differs: so the networks of a comparison are trained alike by construction.

    Raises
    ------
    RecipeError
        The file is missing, no TOML, or holds an unknown key, a value of the wrong type, or a contradiction.
    """
    try:
        return recipe_from(_extended(path, ()))
    except RecipeError as error:
        raise error if str(error).startswith(str(path)) else RecipeError(f"{path}: {error}") from error


def _extended(path: Path, extending: tuple[Path, ...]) -> dict[str, Any]:
    """Read a table with what it extends below it."""
    demand(path.resolve() not in extending, f"{path}: recipes extend one another in a circle")
    table = _read(path)
    base = table.pop("extends", None)
    if base is None:
        return table
    named = isinstance(base, str) and "\0" not in base
    demand(named, f"{path}: extends is {_shown(base)}; expected the path of a recipe")
    return _merged(_extended(path.parent / base, (*extending, path.resolve())), table)


def _read(path: Path) -> dict[str, Any]:
    try:
        demand(path.is_file() or not path.exists(), f"{path}: no file that ends; name a .toml file")
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1)
        demand(len(text) <= MOST_BYTES, f"{path}: more than {MOST_BYTES} bytes; no recipe is that long")
        return tomllib.loads(text.decode("utf-8"))
    except OSError as error:
        raise RecipeError(f"{path}: the recipe cannot be read ({error.strerror}); name a .toml file") from error
    except (ValueError, RecursionError) as error:  # no TOML, no text, a number of too many digits, too deep
        raise RecipeError(f"{path}: no TOML ({printable(str(error))[:LONGEST_SHOWN]})") from error


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Lay a table over another, inner tables key by key."""
    shared = [key for key in base.keys() & own.keys() if isinstance(base[key], dict) and isinstance(own[key], dict)]
    return base | own | {key: _merged(base[key], own[key]) for key in shared}


def recipe_from(table: dict[str, Any]) -> Recipe:
    """Read a recipe from a nested mapping of JSON or TOML types; errors as in `load_recipe`."""
    recipe = _build(FusionRecipe if "fusion" in table else PatchRecipe, table, "")
    assert isinstance(recipe, PatchRecipe | FusionRecipe)
    return recipe


def patch_recipe_from(table: dict[str, Any]) -> PatchRecipe:
    """Read the recipe of a network that judges patches from a nested mapping; errors as in `load_recipe`."""
    recipe = recipe_from(table)
    if not isinstance(recipe, PatchRecipe):
        raise RecipeError("found a recipe of the network fusion; expected one of a network of patches")
    return recipe


def _build(kind: type[Any], table: object, where: str) -> object:
    """Make a dataclass from a table, refusing unknown keys, missing ones and wrong types."""
    demand(isinstance(table, dict), f"{where.removesuffix('.') or 'the recipe'} must be a table")
    assert isinstance(table, dict)
    types = get_type_hints(kind)
    unknown = sorted(table.keys() - types.keys())
    named = ", ".join(where + key for key in unknown)
    demand(not unknown, f"unknown key {printable(named[:LONGEST_SHOWN])}; known: {', '.join(types)}")
    required = {f.name for f in dataclasses.fields(kind) if f.default is f.default_factory is dataclasses.MISSING}
    missing = sorted(required - table.keys())
    demand(not missing, f"missing key {', '.join(where + key for key in missing)}")
    return kind(**{key: _value(types[key], value, where + key) for key, value in table.items()})


def _value(kind: Any, value: object, where: str) -> object:  # noqa: ANN401 - any annotation
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _build(kind, value, f"{where}.")
    if get_origin(kind) is tuple:
        demand(isinstance(value, list), f"{where} is {_shown(value)}; expected a list")
        assert isinstance(value, list)
        return tuple(_value(get_args(kind)[0], item, where) for item in value)
    if isinstance(value, int):
        demand(value.bit_length() < INTEGER_BITS, f"{where} is an integer of more than {INTEGER_BITS} bits")
    if kind is float and type(value) is int:
        return float(value)
    demand(_fits(kind, value), f"{where} is {_shown(value)}; expected {_described(kind)}")
    # TOML has no null: a head that is not there is written "none".
    return None if value == "none" and type(None) in _options(kind) else value


def _options(kind: Any) -> tuple[Any, ...]:  # noqa: ANN401
    if get_origin(kind) in (Union, UnionType):
        return tuple(option for part in get_args(kind) for option in _options(part))
    return get_args(kind) if get_origin(kind) is Literal else (kind,)


def _fits(kind: Any, value: object) -> bool:  # noqa: ANN401
    options = _options(kind)
    if value is None or value == "none":
        return type(None) in options or str in options
    return any(value == option if isinstance(option, str) else type(value) is option for option in options)


def _described(kind: Any) -> str:  # noqa: ANN401
    names = (
        '"none"' if option is type(None) else getattr(option, "__name__", repr(option)) for option in _options(kind)
    )
    return " or ".join(names)


def _shown(value: object) -> str:
    """Repeat a value in an error, cut short."""
    try:
        return reprlib.repr(value)
    except ValueError:  # Python writes no integer of more than 4300 digits
        return "a huge number"
