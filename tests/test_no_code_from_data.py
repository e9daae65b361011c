"""Nothing that is read is ever run: no pickle, no eval, no shell, anywhere in the package."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import unseam

SOURCE = Path(unseam.__file__).parent
MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "yaml", "imp", "runpy"}
CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "hub.load", "onnx.load", "jit.load"}
"""Of functions of modules, the last two parts of the name; `onnx.load` follows external data to other files."""

ALLOWED = {("training/checkpoint.py", "import pickle")}
"""Its error alone, which torch raises where it refuses what a checkpoint asks it to run."""


def offences(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            yield from (f"import {name}" for name in names if name.split(".")[0] in MODULES)
        elif isinstance(node, ast.Call):
            yield from _in_call(node)


def _in_call(node: ast.Call) -> Iterator[str]:
    name = ".".join(ast.unparse(node.func).split(".")[-2:])
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
    if name in CALLS:
        yield name
    if name.endswith(("pickle.load", "pickle.loads")):
        yield name
    if name == "torch.load" and given.get("weights_only") != "True":
        yield "torch.load without weights_only"
    if given.get("allow_pickle", "False") != "False":
        yield "allow_pickle"
    if given.get("shell", "False") != "False":
        yield "shell"


def test_the_package_runs_nothing_that_it_reads() -> None:
    found = {
        (path.relative_to(SOURCE).as_posix(), offence)
        for path in SOURCE.rglob("*.py")
        for offence in offences(path.read_text(encoding="utf-8"))
    }
    assert found == ALLOWED


def test_of_pickle_the_package_uses_an_error_alone() -> None:
    tree = ast.parse((SOURCE / "training" / "checkpoint.py").read_text(encoding="utf-8"))
    used = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert {name for name in used if name.startswith("pickle.")} == {"pickle.UnpicklingError"}


@pytest.mark.parametrize(
    ("code", "offence"),
    [
        ("import pickle", "import pickle"),
        ("from yaml import load", "import yaml"),
        ("import torch\ntorch.load(path)", "torch.load without weights_only"),
        ("torch.load(path, weights_only=False)", "torch.load without weights_only"),
        ("np.load(path, allow_pickle=True)", "allow_pickle"),
        ("np.load(path, allow_pickle=trusted)", "allow_pickle"),
        ("subprocess.run(command, shell=True)", "shell"),
        ("eval(text)", "eval"),
        ("exec(text)", "exec"),
        ("os.system(text)", "os.system"),
        ("torch.hub.load(text)", "hub.load"),
        ("onnx.load(path)", "onnx.load"),
    ],
)
def test_each_way_to_run_what_is_read_would_be_found(code: str, offence: str) -> None:
    assert list(offences(code)) == [offence]
    assert not list(offences("model.eval()\nnp.load(path)\ntorch.load(path, weights_only=True)\nre.compile(text)"))
