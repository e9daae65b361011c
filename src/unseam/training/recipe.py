"""A training recipe: one TOML file, read into frozen dataclasses that refuse contradictions."""

from __future__ import annotations

import dataclasses
import reprlib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from unseam.datasets.windows import MANIPULATED_SHARE, NEAR_SHARE, WINDOW_GRID
from unseam.errors import RecipeError
from unseam.system.text import printable
from unseam.training.fusion.network import FusionConfig
from unseam.training.fusion.recipe import BlockConfig
from unseam.training.patch.network import NetworkConfig

Precision = Literal["float32", "bf16", "auto"]

MOST_BYTES = 1_000_000
"""Of a recipe's file; those of the repository have some 2000."""

INTEGER_BITS = 64
"""TOML's integers (version 1.0.0), the sign included; Python's own would be of any size."""

LONGEST_SHOWN = 80
"""Letters of a key, or of what is said of a file, that an error repeats."""


@dataclass(frozen=True, slots=True)
class DataConfig:
    """How windows are drawn from forgeries.

    Attributes
    ----------
    rule : float
        A window is manipulated if more than this share of its pixels is (the paper's 12.5 %; 50 % in its Table 4).
    grid : int
        Window positions are multiples of this many pixels; 8 keeps them on the photo's own JPEG grid, as in inference.
    near_share : float
        Share of the authentic windows that lie near a manipulated region.
    validation_windows : int
        Windows of a validation, balanced 1 : 1, the same every time.
    augment : bool
        Whether windows are mirrored and turned by quarter turns, at random: eight ways, all on the 8 x 8 grid.
    """

    rule: float = MANIPULATED_SHARE
    grid: int = WINDOW_GRID
    near_share: float = NEAR_SHARE
    validation_windows: int = 4096
    augment: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        _demand(0 <= self.rule < 1, f"data.rule is {self.rule}; expected a share below 1")
        _demand(self.grid >= 1, f"data.grid is {self.grid}; expected at least 1 pixel")
        _demand(0 <= self.near_share <= 1, f"data.near_share is {self.near_share}; expected a share")
        _demand(
            self.validation_windows >= 2, f"data.validation_windows is {self.validation_windows}; expected 2 or more"
        )


@dataclass(frozen=True, slots=True)
class Optimisation:
    """How the network is trained. The paper names Adam and nothing else.

    Attributes
    ----------
    steps, batch : int
        Steps of the optimiser, and windows per step over all processes together.
    learning_rate, final_learning_rate : float
        Peak, reached after ``warmup_steps``, and end of a half cosine.
    weight_decay : float
        Decoupled from the gradient; 0 is Adam.
    gradient_clip : float
        Largest norm of the gradient.
    seed : int
        Of initial weights and windows.
    validate_every, checkpoint_every : int
        Steps between validations and between checkpoints.
    patience : int
        Validations without a better one before training stops early.
    precision : "float32", "bf16" or "auto"
        Of the forward and backward pass; weights and losses are float32 in both. Auto: bf16 where the processor has it.
    """

    steps: int = 100_000
    batch: int = 128
    learning_rate: float = 1e-4
    final_learning_rate: float = 1e-6
    warmup_steps: int = 500
    weight_decay: float = 0.0
    gradient_clip: float = 1.0
    seed: int = 0
    validate_every: int = 500
    checkpoint_every: int = 100
    patience: int = 20
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        """Refuse what cannot be run."""
        for name in ("steps", "batch", "validate_every", "checkpoint_every", "patience"):
            value = getattr(self, name)
            _demand(value >= 1, f"optimisation.{name} is {value}; expected at least 1")
        for name in ("learning_rate", "gradient_clip"):
            value = getattr(self, name)
            _demand(value > 0, f"optimisation.{name} is {value}; expected more than 0")
        for name in ("final_learning_rate", "weight_decay", "warmup_steps", "seed"):
            value = getattr(self, name)
            _demand(value >= 0, f"optimisation.{name} is {value}; expected 0 or more")
        _demand(
            self.final_learning_rate <= self.learning_rate,
            "optimisation.final_learning_rate is above learning_rate; expected it to fall",
        )


@dataclass(frozen=True, slots=True)
class Recipe:
    """A network, what it is shown, and how it is trained; ``paper`` and ``note`` say where it comes from."""

    name: str
    paper: str = ""
    note: str = ""
    network: NetworkConfig = field(default_factory=NetworkConfig)
    data: DataConfig = field(default_factory=DataConfig)
    optimisation: Optimisation = field(default_factory=Optimisation)

    def as_dict(self) -> dict[str, Any]:
        """Fields as JSON types, for checkpoints and model files."""
        listed: dict[str, Any] = _listed(dataclasses.asdict(self))
        return listed


@dataclass(frozen=True, slots=True)
class FusionRecipe:
    """The network `fusion`, how photos are shown to it, and how it is trained; told by its table ``[fusion]``."""

    name: str
    fusion: FusionConfig
    paper: str = ""
    note: str = ""
    blocks: BlockConfig = field(default_factory=BlockConfig)
    optimisation: Optimisation = field(default_factory=Optimisation)

    def as_dict(self) -> dict[str, Any]:
        """Fields as JSON types, for checkpoints and model files."""
        listed: dict[str, Any] = _listed(dataclasses.asdict(self))
        return listed


def load_patch_recipe(path: Path) -> Recipe:
    """Read the recipe of a network that judges patches; as `load_recipe`, and RecipeError for another kind."""
    recipe = load_recipe(path)
    if not isinstance(recipe, Recipe):
        raise RecipeError(f"{path}: found a recipe of the network fusion; expected one of a network of patches")
    return recipe


def load_recipe(path: Path) -> Recipe | FusionRecipe:
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
    _demand(path.resolve() not in extending, f"{path}: recipes extend one another in a circle")
    table = _read(path)
    base = table.pop("extends", None)
    if base is None:
        return table
    named = isinstance(base, str) and "\0" not in base
    _demand(named, f"{path}: extends is {_shown(base)}; expected the path of a recipe")
    return _merged(_extended(path.parent / base, (*extending, path.resolve())), table)


def _read(path: Path) -> dict[str, Any]:
    try:
        _demand(path.is_file() or not path.exists(), f"{path}: no file that ends; name a .toml file")
        with path.open("rb") as file:
            text = file.read(MOST_BYTES + 1)
        _demand(len(text) <= MOST_BYTES, f"{path}: more than {MOST_BYTES} bytes; no recipe is that long")
        return tomllib.loads(text.decode("utf-8"))
    except OSError as error:
        raise RecipeError(f"{path}: the recipe cannot be read ({error.strerror}); name a .toml file") from error
    except (ValueError, RecursionError) as error:  # no TOML, no text, a number of too many digits, too deep
        raise RecipeError(f"{path}: no TOML ({printable(str(error))[:LONGEST_SHOWN]})") from error


def _merged(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Lay a table over another, inner tables key by key."""
    shared = [key for key in base.keys() & own.keys() if isinstance(base[key], dict) and isinstance(own[key], dict)]
    return base | own | {key: _merged(base[key], own[key]) for key in shared}


def recipe_from(table: dict[str, Any]) -> Recipe | FusionRecipe:
    """Read a recipe from a nested mapping of JSON or TOML types; errors as in `load_recipe`."""
    recipe = _build(FusionRecipe if "fusion" in table else Recipe, table, "")
    assert isinstance(recipe, Recipe | FusionRecipe)
    return recipe


def patch_recipe_from(table: dict[str, Any]) -> Recipe:
    """Read the recipe of a network that judges patches from a nested mapping; errors as in `load_recipe`."""
    recipe = recipe_from(table)
    if not isinstance(recipe, Recipe):
        raise RecipeError("found a recipe of the network fusion; expected one of a network of patches")
    return recipe


def _build(kind: type[Any], table: object, where: str) -> object:
    """Make a dataclass from a table, refusing unknown keys, missing ones and wrong types."""
    _demand(isinstance(table, dict), f"{where.removesuffix('.') or 'the recipe'} must be a table")
    assert isinstance(table, dict)
    types = get_type_hints(kind)
    unknown = sorted(table.keys() - types.keys())
    told = ", ".join(where + key for key in unknown)
    _demand(not unknown, f"unknown key {printable(told[:LONGEST_SHOWN])}; known: {', '.join(types)}")
    required = {f.name for f in dataclasses.fields(kind) if f.default is f.default_factory is dataclasses.MISSING}
    missing = sorted(required - table.keys())
    _demand(not missing, f"missing key {', '.join(where + key for key in missing)}")
    return kind(**{key: _value(types[key], value, where + key) for key, value in table.items()})


def _value(kind: Any, value: object, where: str) -> object:  # noqa: ANN401 - any annotation
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _build(kind, value, f"{where}.")
    if get_origin(kind) is tuple:
        _demand(isinstance(value, list), f"{where} is {_shown(value)}; expected a list")
        assert isinstance(value, list)
        return tuple(_value(get_args(kind)[0], item, where) for item in value)
    if isinstance(value, int):
        _demand(value.bit_length() < INTEGER_BITS, f"{where} is an integer of more than {INTEGER_BITS} bits")
    if kind is float and type(value) is int:
        return float(value)
    _demand(_fits(kind, value), f"{where} is {_shown(value)}; expected {_described(kind)}")
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


def _listed(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, tuple) else value


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise RecipeError(otherwise)
