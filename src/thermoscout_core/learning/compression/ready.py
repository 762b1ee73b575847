"""Files that no step of a recipe made, measured as the steps' are, to stand beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from thermoscout_core.detection.backends.base import require_file
from thermoscout_core.detection.contract import network_input
from thermoscout_core.detection.detector import SHIPPED_MODELS, model_file
from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.learning.compression.latency import LatencySection, measure_latencies
from thermoscout_core.learning.compression.pareto import READY, Point
from thermoscout_core.learning.compression.workbench import Workbench, map_of_file


def ready_files(given: Sequence[Path]) -> dict[Path, Path]:
    """Those of the given that are exported detectors, names of shipped ones or ONNX files, with
    the file of each. Raises ModelError when one isn't there, ConfigurationError when the
    installation lacks a shipped one."""
    found = {}
    for path in given:
        if str(path) in SHIPPED_MODELS or path.suffix == ".onnx":
            file = model_file(path)
            require_file(file)
            found[path] = file
    return found


def measure_ready(
    title: str, path: Path, dense: Path, bench: Workbench, latency: LatencySection
) -> Point:
    """An exported detector on the recipe's val split, timed in turns with the dense model's file.

    Raises ModelError when it is missing or no detector of ours, DatasetError when its classes
    aren't the data's, CompressionError when a runtime can't run it.
    """
    view = to_8bit_view(bench.val.samples[0].counts)
    height_px, width_px = view.shape
    map_50 = map_of_file(path, bench.val, bench.training.threads)
    timed = measure_latencies(path, dense, network_input(view, (width_px, height_px)), latency)
    faster = timed[0].faster if timed else None
    return Point(title, READY, map_50, faster, path.stat().st_size)
