"""The classical detectors: one file per algorithm, one paper per file, all with the same functions.

Each file has ``NAME_statistic(photo, config)`` (the paper's quantity on the paper's grid), ``NAME_evidence`` (the same,
seen from the photo's majority where the paper needs that), ``NAME`` (the calibrated heat map) and ``METHOD``.
"""
