"""Bytes or a path to a `Photo`: decoding, containers, orientation, paths."""
