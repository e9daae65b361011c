"""Where the repository is, and the development data where they lie alongside it."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
"""May be missing: tests that use it skip visibly without it."""
