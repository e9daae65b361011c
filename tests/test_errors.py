import builtins
import inspect
import re

from unseam import errors

LINE = re.compile(r"^(?P<branch>[ │├└─]*)(?P<name>[A-Z]\w+)(?P<rest>.*)$")


def _drawn_tree() -> dict[str, str]:
    """Name -> parent's name, as the docstring draws them."""
    tree, path = {}, []
    for line in inspect.getdoc(errors).split("::\n\n")[1].split("\n\n")[0].splitlines():
        found = LINE.match(line.removeprefix("    "))
        depth = len(found["branch"]) // 4
        path[depth:] = [found["name"]]
        tree[found["name"]] = path[depth - 1] if depth else ""
    return tree


def _defined() -> dict[str, type[Exception]]:
    return {name: value for name, value in vars(errors).items() if inspect.isclass(value)}


def test_tree_in_the_docstring_is_the_tree_of_classes() -> None:
    real = {
        name: next((base.__name__ for base in value.__bases__ if base.__module__ == errors.__name__), "")
        for name, value in _defined().items()
    }

    assert _drawn_tree() == real


def test_docstring_names_the_builtin_errors_that_ours_also_are() -> None:
    claims = dict(re.findall(r"([A-Z]\w+) [^\n]*\(also an? (\w+)\)", errors.__doc__))
    real = {
        name: base.__name__
        for name, value in _defined().items()
        for base in value.__bases__
        if base.__module__ == builtins.__name__ and base is not Exception
    }

    assert claims == real
    assert real["PhotoNotFound"] == "FileNotFoundError"


def test_every_error_is_a_subclass_of_the_base_error_and_says_what_it_means() -> None:
    for error in _defined().values():
        assert issubclass(error, errors.UnseamError)
        assert error.__doc__
