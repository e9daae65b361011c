"""The one door from a model file to a method: read once, hashed once, checked before anything runs."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from unseam.errors import ModelError
from unseam.models.document import parse_document
from unseam.models.metadata import PATCHES, PatchNetworkSettings
from unseam.models.model_file import Session, model_bytes, open_session
from unseam.models.network import NetworkOptions
from unseam.models.patch import method as patch
from unseam.models.patch.method import PatchMethod

if TYPE_CHECKING:
    from unseam.models.fusion.metadata import FusionSettings
    from unseam.models.fusion.method import FusionMethod


def load_model(path: str | os.PathLike[str], options: NetworkOptions | None = None) -> PatchMethod | FusionMethod:
    """Load a model file written by ``unseam export``.

    Parameters
    ----------
    path : path
        The ONNX file, of either kind: a network that judges patches, or `fusion`, which reads the whole photo.
    options : NetworkOptions, optional
        How to run it.

    Returns
    -------
    PatchMethod or FusionMethod
        A method like all others: call it with a photo.

    Raises
    ------
    ModelError
        The file is missing, not ONNX, without our metadata, of another format, or has other inputs or outputs; or the
        stride does not fit.
    UnfitOption
        The network does not take an option.
    """
    path, options = Path(path).absolute(), options or NetworkOptions()
    model = model_bytes(path)
    digest = sha256(model).hexdigest()
    session = open_session(path, digest, model=model)
    try:
        settings = _read_settings(session)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    if isinstance(settings, PatchNetworkSettings):
        return PatchMethod(path, digest, settings, options)
    from unseam.models.fusion.method import FusionMethod

    return FusionMethod(path, digest, settings, options)


def _read_settings(session: Session) -> PatchNetworkSettings | FusionSettings:
    kind = parse_document(session.metadata).get("kind", PATCHES)
    if kind == PATCHES:
        return patch.read_settings(session)
    from unseam.models.fusion.method import read_settings  # loads all detectors, which patch networks do not need

    return read_settings(session)


def load_patch_model(path: str | os.PathLike[str], options: NetworkOptions | None = None) -> PatchMethod:
    """Load a network that judges patches; as `load_model`, and ModelError for another kind."""
    method = load_model(path, options)
    if not isinstance(method, PatchMethod):
        raise ModelError(f"{path}: found a model of kind {method.settings.kind!r}, expected one of kind {PATCHES!r}")
    return method
