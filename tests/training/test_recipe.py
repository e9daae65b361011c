"""Recipes: what is written is what is read, and nothing is guessed."""

import dataclasses
from pathlib import Path

import pytest

from unseam.errors import RecipeError
from unseam.training.optimisation import Optimisation
from unseam.training.patch.recipe import DataConfig, PatchLossConfig, PatchRecipe
from unseam.training.recipe import load_recipe, recipe_from

FOLDER = Path(__file__).parents[2] / "recipes"
RECIPES = sorted(path for path in FOLDER.rglob("*.toml") if path.parent.name != "terms")


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_every_recipe_of_the_repository_loads_and_is_named_after_its_file(path: Path) -> None:
    assert load_recipe(path).name == path.stem


def test_there_are_recipes() -> None:
    assert [path.stem for path in RECIPES if path.stem == "j-conv-lstm-conv"]


def test_a_recipe_survives_its_own_dict() -> None:
    recipe = load_recipe(RECIPES[0])
    assert recipe_from(recipe.as_dict()) == recipe


def test_a_name_alone_is_the_papers_network() -> None:
    assert recipe_from({"name": "x"}) == PatchRecipe("x")


def test_a_head_that_is_not_there_is_written_none() -> None:
    assert recipe_from({"name": "x", "network": {"patch_head": "none"}}).network.patch_head is None


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({}, "missing key name"),
        ({"name": 3}, "name is 3; expected str"),
        ({"name": "x", "colour": 1}, "unknown key colour"),
        ({"name": "x", "optimisation": {"step": 1}}, "unknown key optimisation.step;"),
        ({"name": "x", "optimisation": {"steps": 1.5}}, "optimisation.steps is 1.5; expected int"),
        ({"name": "x", "optimisation": {"steps": True}}, "expected int"),
        ({"name": "x", "optimisation": {"steps": 0}}, "optimisation.steps is 0"),
        ({"name": "x", "optimisation": {"precision": "half"}}, "expected 'float32' or 'bf16' or 'auto'"),
        ({"name": "x", "optimisation": {"learning_rate": 1e-7}}, "expected it to fall"),
        ({"name": "x", "optimisation": {"gradient_clip": 0}}, "gradient_clip is 0"),
        ({"name": "x", "network": {"lstm_widths": 256}}, "expected a list"),
        ({"name": "x", "network": {"lstm_widths": [256, "256"]}}, "expected int"),
        ({"name": "x", "network": {"patch_head": "first"}}, "expected 'last' or 'all' or \"none\""),
        ({"name": "x", "network": 5}, "network must be a table"),
        ({"name": "x", "data": {"rule": 1.0}}, "data.rule is 1.0"),
        ({"name": "x", "data": {"grid": 0}}, "data.grid is 0"),
        ({"name": "x", "data": {"validation_windows": 1}}, "validation_windows is 1"),
        ({"name": "x", "optimisation": {"steps": 2**63}}, "optimisation.steps is an integer of more than 64 bits"),
        ({"name": "x", "optimisation": {"learning_rate": 10**400}}, "an integer of more than 64 bits"),
        ({"name": "x", "network": {"lstm_widths": 16**6000}}, "lstm_widths is a huge number; expected a list"),
        ({"name": "x", "paper": ["a"] * 9000}, r"paper is \['a', 'a', 'a', 'a', 'a', 'a', ...\]; expected str"),
        ({"name": "x", "a" * 9000: 1}, "unknown key a{80}; known"),
        ({"name": "x", "\u202e": 1}, r"unknown key \\u202e; known"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(table: dict[str, object], complaint: str) -> None:
    with pytest.raises(RecipeError, match=complaint):
        recipe_from(table)


def test_a_file_that_is_no_recipe_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("name = ")
    with pytest.raises(RecipeError, match=r"broken\.toml: no TOML"):
        load_recipe(broken)
    with pytest.raises(RecipeError, match=r"missing\.toml: the recipe cannot be read"):
        load_recipe(tmp_path / "missing.toml")


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "9" * 5000,
        "x = " + "[" * 60_000,
        "x = " + "{a = " * 900 + "1" + "}" * 900,
        "[a" + ".b" * 3000 + "]\n" * 2,
    ],
)
def test_numbers_and_depths_that_nobody_means_are_no_toml(tmp_path: Path, text: str) -> None:
    (tmp_path / "deep.toml").write_text(text)
    with pytest.raises(RecipeError, match=r"deep\.toml: no TOML") as told:
        load_recipe(tmp_path / "deep.toml")
    assert len(str(told.value)) < 400


def test_a_recipe_is_a_file_that_ends(tmp_path: Path) -> None:
    (tmp_path / "long.toml").write_text("#" * 1_000_001)
    with pytest.raises(RecipeError, match="no recipe is that long"):
        load_recipe(tmp_path / "long.toml")
    with pytest.raises(RecipeError, match="no file that ends"):
        load_recipe(tmp_path)


def test_a_recipe_that_extends_another_names_only_what_differs(tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text('name = "base"\n[network]\nfront_maps = [8, 1]\n[optimisation]\nsteps = 7\n')
    (tmp_path / "more").mkdir()
    own = tmp_path / "more" / "own.toml"
    own.write_text('extends = "../base.toml"\nname = "own"\n[optimisation]\nbatch = 3\n')

    recipe = load_recipe(own)

    assert recipe.name == "own"
    assert recipe.network.front_maps == (8, 1)
    assert (recipe.optimisation.steps, recipe.optimisation.batch) == (7, 3)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('extends = "gone.toml"', r"gone\.toml: the recipe cannot be read"),
        ('extends = "own.toml"', "in a circle"),
        ("extends = 3", "extends is 3"),
        (r'extends = "\u0000"', "expected the path of a recipe"),
        ('extends = "flat.toml"\n[network]\npatch_side = 64', "missing key name"),
        ('extends = "base.toml"\ncolour = 1', r"own\.toml: unknown key colour"),
    ],
)
def test_a_recipe_that_cannot_extend_another_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "base.toml").write_text('name = "base"')
    (tmp_path / "flat.toml").write_text("network = 3")
    (tmp_path / "own.toml").write_text(text)

    with pytest.raises(RecipeError, match=complaint):
        load_recipe(tmp_path / "own.toml")


def test_defaults_are_those_of_the_paper() -> None:
    assert DataConfig().rule == 0.125
    assert Optimisation().learning_rate == 1e-4
    assert Optimisation().weight_decay == 0  # Adam
    assert {field.name for field in dataclasses.fields(PatchRecipe)} == {
        "name",
        "paper",
        "note",
        "network",
        "data",
        "loss",
        "optimisation",
    }
    assert PatchLossConfig() == PatchLossConfig(patch=1, pixel=1, balanced=0, dice=0)  # equation 5
