"""What 8-bit weights would give the paper's network on this processor: patches a second, and what they change.

    python benchmarks/eight_bits.py

onnxruntime's own quantization (package onnx needed): of the LSTMs' and the patch head's weights as they run, and of the
convolutions with activations calibrated on random patches. One thread, the best of several runs, processor time.
"""

from __future__ import annotations

import logging
import tempfile
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime import quantization

BATCH, RUNS = 32, 6

Patches = NDArray[np.float32]


class Calibration(quantization.CalibrationDataReader):
    """Two batches of eight patches."""

    def __init__(self, patches: Patches) -> None:
        self.batches = iter([{"patches": patches[:8]}, {"patches": patches[8:16]}])

    def get_next(self) -> dict[str, Patches] | None:
        """Give the next batch."""
        return next(self.batches, None)


def main() -> None:
    """Print a line for the network as it is, and one for each way to quantize it."""
    logging.disable(logging.WARNING)
    source = str(resources.files("unseam") / "assets" / "cnn-lstm.onnx")
    patches = np.random.default_rng(0).integers(0, 256, (BATCH, 3, 64, 64)).astype(np.float32) / 255 - np.float32(0.5)
    ways: dict[str, Callable[[str], None]] = {
        "LSTM and patch head": lambda out: quantization.quantize_dynamic(
            source, out, op_types_to_quantize=["LSTM", "Gemm", "MatMul"], weight_type=quantization.QuantType.QInt8
        ),
        "convolutions": lambda out: quantization.quantize_static(
            source,
            out,
            Calibration(patches),
            quant_format=quantization.QuantFormat.QOperator,
            op_types_to_quantize=["Conv"],
            weight_type=quantization.QuantType.QInt8,
        ),
    }
    speed, expected = _run(source, patches)
    print(f"{'float32':22} {speed:7.1f} patches/s")  # noqa: T201
    with tempfile.TemporaryDirectory() as folder:
        for name, quantize in ways.items():
            out = str(Path(folder) / "small.onnx")
            quantize(out)
            speed, found = _run(out, patches)
            change = max(float(np.abs(a - b).max()) for a, b in zip(expected, found, strict=True))
            print(f"{name + ', 8 bits':22} {speed:7.1f} patches/s; a probability changes by up to {change:.1e}")  # noqa: T201


def _run(path: str, patches: Patches) -> tuple[float, list[Patches]]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [node.name for node in session.get_outputs()]
    found, times = session.run(names, {"patches": patches}), []
    for _ in range(RUNS):
        started = time.process_time()
        session.run(names, {"patches": patches})
        times.append(time.process_time() - started)
    return len(patches) / min(times), found


if __name__ == "__main__":
    main()
