"""Data sets: one adapter per public set, from a folder to a list of samples; and the windows cut from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from unseam.datasets.autosplice import autosplice
from unseam.datasets.casia1 import casia1
from unseam.datasets.casia2 import casia2
from unseam.datasets.cocoglide import cocoglide
from unseam.datasets.columbia import columbia
from unseam.datasets.comofod import comofod
from unseam.datasets.coverage import coverage
from unseam.datasets.cvip import cvip
from unseam.datasets.dso1 import dso1
from unseam.datasets.folder import folder
from unseam.datasets.grip import grip
from unseam.datasets.ifs_tc import ifs_tc
from unseam.datasets.imd2020 import imd2020
from unseam.datasets.korus import korus
from unseam.datasets.misd import misd
from unseam.datasets.nc2016 import nc2016
from unseam.datasets.sample import SampleSet
from unseam.errors import DataError


class Adapter(Protocol):
    """A function from a folder to the samples whose pairing is proven, and what was left out."""

    __module__: str

    def __call__(self, root: str, /, *, masks: str | None = ..., split: str | None = ...) -> SampleSet:
        """Read a folder.

        Parameters
        ----------
        root : str
            The data set's folder, laid out as its module draws it.
        masks : str, optional
            Which of several masks; the module says which there are. Its first by default.
        split : str, optional
            Only this part, where the data set has parts; all of them by default.

        Returns
        -------
        SampleSet
            Every file of the folder is a sample's photo, a sample's mask, or an exclusion.

        Raises
        ------
        DataError
            Another layout, no such masks, no such part, or not one usable photo.
        """
        ...


ADAPTERS: Mapping[str, Adapter] = {
    "folder": folder,
    "nc2016": nc2016,
    "ifs-tc": ifs_tc,
    "coverage": coverage,
    "casia1": casia1,
    "casia2": casia2,
    "columbia": columbia,
    "dso-1": dso1,
    "comofod": comofod,
    "cvip": cvip,
    "misd": misd,
    "imd2020": imd2020,
    "korus": korus,
    "grip": grip,
    "autosplice": autosplice,
    "cocoglide": cocoglide,
}
"""Name on the command line -> adapter: the only list there is."""


def find_adapter(name: str) -> Adapter:
    """Return the adapter of this name.

    Raises
    ------
    DataError
        There is none; the message lists those that exist.
    """
    if name not in ADAPTERS:
        raise DataError(f"no data set {name!r}; there are: {', '.join(ADAPTERS)}")
    return ADAPTERS[name]
