"""The families of networks: one literal mapping from the type of a recipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unseam.training.family import NetworkFamily
from unseam.training.fusion.family import FusionFamily
from unseam.training.fusion.recipe import FusionRecipe
from unseam.training.patch.family import PatchFamily
from unseam.training.patch.recipe import PatchRecipe
from unseam.training.recipe import Recipe

FAMILIES: Mapping[type[Recipe], NetworkFamily[Any, Any, Any]] = {
    PatchRecipe: PatchFamily(),
    FusionRecipe: FusionFamily(),
}


def family_of(recipe: Recipe) -> NetworkFamily[Any, Any, Any]:
    """Return the family of a recipe's network."""
    return FAMILIES[type(recipe)]
