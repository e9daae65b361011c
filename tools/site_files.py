"""What the site needs beyond the files of ``docs/``: read by MkDocs (``hooks`` in ``mkdocs.yml``), see ``make docs``.

* A file outside ``docs/`` that a page links to, say ``MODEL_CARD.md``, becomes a page below ``repository/``, so that
  the same link works on a Git host and in the site.
* A site that would load anything from another origin is an error.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
OUTSIDE = "repository"
"""Folder of the site for what lies outside ``docs/``."""

LANGUAGES = {".py": "python", ".toml": "toml", ".cff": "yaml", ".json": "json"}
"""How files other than Markdown are highlighted."""

_FENCED = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!\w+:|#|/)([^)\s#]+)")
_LOADED = re.compile(
    r"<(?:script|img|iframe|link|source|video)\b[^>]*?\b(?:src|href)\s*=\s*[\"']?((?:https?:)?//[^\"'\s>]+)"
)
_LOADED_BY_STYLE = re.compile(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what lies outside ``docs/`` as pages."""
    wanted = [path.removeprefix(f"{OUTSIDE}/") for path in _paths(config.nav) if path.startswith(f"{OUTSIDE}/")]
    for file in files.documentation_pages():
        wanted += _linked(f"docs/{file.src_uri}", file.content_string)
    while wanted:
        target = wanted.pop()
        path, uri = ROOT / target, _site_uri(target)
        if target.startswith(("docs/", "../")) or not path.is_file() or files.get_file_from_path(uri):
            continue
        content = path.read_text(encoding="utf-8")
        files.append(File.generated(config, uri, content=_as_page(target, content)))
        wanted += _linked(target, content) if path.suffix == ".md" else []
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Make links that leave ``docs/``, or come from outside, lead to the page in the site."""
    here = page.file.src_uri
    place = here.removeprefix(f"{OUTSIDE}/") if here.startswith(f"{OUTSIDE}/") else f"docs/{here}"

    def moved(link: re.Match[str]) -> str:
        uri = _site_uri(posixpath.normpath(posixpath.join(posixpath.dirname(place), link[1])))
        return f"]({posixpath.relpath(uri, posixpath.dirname(here) or '.')}"

    parts = _FENCED.split(markdown)
    return "".join(part if number % 2 else _LINK.sub(moved, part) for number, part in enumerate(parts))


def on_post_build(config: MkDocsConfig) -> None:
    """Refuse a site that loads anything from elsewhere."""
    for path in sorted(Path(config.site_dir).rglob("*")):
        if path.suffix in (".html", ".css"):
            pattern = _LOADED if path.suffix == ".html" else _LOADED_BY_STYLE
            elsewhere = set(pattern.findall(path.read_text(encoding="utf-8")))
            if elsewhere:
                raise PluginError(f"{path}: loads {', '.join(sorted(elsewhere))}")


def _paths(nav: Any) -> Iterator[str]:  # noqa: ANN401 - nested lists and mappings of strings
    """Yield the paths of a navigation tree."""
    if isinstance(nav, str):
        yield nav
    else:
        for item in nav.values() if isinstance(nav, dict) else nav or []:
            yield from _paths(item)


def _linked(place: str, text: str) -> Iterator[str]:
    """Yield the paths, from the repository's root, that a document at ``place`` links to."""
    for number, part in enumerate(_FENCED.split(text)):
        if not number % 2:
            for link in _LINK.findall(part):
                yield posixpath.normpath(posixpath.join(posixpath.dirname(place), link))


def _site_uri(path: str) -> str:
    """Say where a path of the repository is among the site's sources."""
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return f"{OUTSIDE}/{path}" if path.endswith(".md") else f"{OUTSIDE}/{path}.md"


def _as_page(path: str, content: str) -> str:
    if path.endswith(".md"):
        return content
    language = LANGUAGES.get(posixpath.splitext(path)[1], "text")
    return f"---\nsearch:\n  exclude: true\n---\n\n# `{path}`\n\n````{language}\n{content}````\n"
