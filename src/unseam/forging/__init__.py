"""Authentic photographs -> forgeries with exact masks and a manifest."""

from unseam.forging.config import ForgeConfig
from unseam.forging.factory import ForgeSummary, forge_folder

__all__ = ["ForgeConfig", "ForgeSummary", "forge_folder"]
