"""What folding brings in torch; the runtimes of exported files fold by themselves."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch

from thermoscout_core.bench.timing import interleaved_s, median_ms
from thermoscout_core.learning.checkpoint import load_network
from thermoscout_core.learning.folding import fold_batch_norm

LAYOUTS = {"channels first": torch.contiguous_format, "channels last": torch.channels_last}


def folding_times_ms(weights: Path, repeats: int = 40) -> dict[str, tuple[float, float]]:
    """Layout of the tensors -> median ms of one frame before and after folding."""
    network, architecture, _ = load_network(weights)
    width_px, height_px = architecture.input_size_px
    folded = fold_batch_norm(network)
    times = {}
    for name, layout in LAYOUTS.items():
        image = torch.zeros(1, 3, height_px, width_px).to(memory_format=layout)
        for module in (network, folded):
            module.to(memory_format=layout)  # type: ignore[call-overload]
        calls = [partial(module, image) for module in (network, folded)]
        with torch.inference_mode():
            before_s, after_s = interleaved_s(calls, repeats)
        times[name] = (median_ms(before_s), median_ms(after_s))
    return times
