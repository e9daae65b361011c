"""Let the C2PA library read one file; runs as a program in a child process, within limits of memory and time.

``python -P credentials_process.py TYPE`` reads from standard input eight bytes (the length of the trust
anchors), the trust anchors (PEM) and the file; it answers on standard output with one JSON document: ``store`` (the
library's own document), ``state`` and ``pictures`` (identifier to base64), or ``error`` and ``message``.

Nothing is fetched: no remote manifest, no revocation list, no host is allowed at all.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from base64 import b64encode
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import c2pa

MAX_MEMORY = 2**30
"""Bytes that the library may allocate on top of the file, which it holds about three times."""
MAX_SECONDS = 20
"""Of processor time; the largest public test file takes 0.05 s."""
MAX_PICTURES, MAX_PICTURE_BYTES = 8, 2**20
"""Thumbnails that are handed on: that of the file, and of the first ingredients."""

SETTINGS: dict[str, dict[str, Any]] = {
    "core": {"allowed_network_hosts": [], "allow_redirects": False, "decode_identity_assertions": False},
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}


def read(media_type: str, data: bytes, anchors: str) -> dict[str, Any]:
    """Read a file's manifest store in this process.

    Parameters
    ----------
    media_type : str
        Such as ``image/jpeg``.
    data : bytes
        The file.
    anchors : str
        Certificates whose signatures are trusted, in PEM; may be empty.

    Returns
    -------
    dict
        As the module's docstring says.
    """
    import c2pa

    settings = SETTINGS | ({"trust": {"trust_anchors": anchors}} if anchors else {})
    try:
        context = c2pa.Context.from_dict(settings)
        reader = c2pa.Reader(media_type, io.BytesIO(data), context=context)
        store = json.loads(reader.json())
        pictures = {name: found for name in _picture_names(store) if (found := _picture(reader, name))}
        return {"state": reader.get_validation_state(), "store": store, "pictures": pictures}
    except c2pa.C2paError as error:
        return {"error": type(error).__name__.lstrip("_").removeprefix("C2pa"), "message": str(error)[:1000]}


def _picture_names(store: dict[str, Any]) -> list[str]:
    """List the thumbnails of the active manifest and of its ingredients."""
    active = store.get("manifests", {}).get(store.get("active_manifest"), {})
    holders = [active, *active.get("ingredients", [])]
    names = [holder.get("thumbnail", {}).get("identifier") for holder in holders]
    return [name for name in names if isinstance(name, str)][:MAX_PICTURES]


def _picture(reader: c2pa.Reader, name: str) -> str:
    import c2pa

    content = io.BytesIO()
    with contextlib.suppress(c2pa.C2paError):
        reader.resource_to_stream(name, content)
    data = content.getvalue()
    return b64encode(data).decode() if 0 < len(data) <= MAX_PICTURE_BYTES else ""


def _limit(size: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: the parent's limit of time remains
        return
    for kind, limit in ((resource.RLIMIT_DATA, MAX_MEMORY + 4 * size), (resource.RLIMIT_CPU, MAX_SECONDS)):
        most = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _main(media_type: str) -> None:
    given = sys.stdin.buffer.read()
    _limit(len(given))
    length = int.from_bytes(given[:8], "big")
    answer = read(media_type, given[8 + length :], given[8 : 8 + length].decode("utf-8", "replace"))
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    _main(*sys.argv[1:])
