"""The classical detectors: one file per algorithm, one paper per file, all with the same functions.

Each file has ``NAME_statistic(photo, config)`` (the paper's quantity on its own grid), ``NAME_llr`` (the calibrated
log-likelihood ratio, manipulated against authentic, which `fusion` reads, too), ``NAME`` (the heat map) and ``METHOD``.
"""
