"""The colour space of JPEG files (JFIF, ITU-T T.871)."""

LUMA = (0.299, 0.587, 0.114)
"""Weights of R, G and B in Y (ITU-R BT.601)."""
