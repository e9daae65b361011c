"""The command line: parse, call one function, print. What needs an extra is imported inside its command.

Exit codes: 0 all done, 1 some photo or the whole task failed, 2 wrong usage, 130 interrupted.
"""

from unseam.cli.app import app, main

from unseam.cli import photos, scanning, serving, data, training, evaluation  # isort: skip  (in the order of --help)

__all__ = ["app", "data", "evaluation", "main", "photos", "scanning", "serving", "training"]
