"""Checkpoints: weights as safetensors with everything needed to rebuild the network in a JSON
header, and the optimiser's state beside them. Both are replaced atomically; neither is a pickle
that could run code."""

from __future__ import annotations

import errno
import io
import json
import pickle
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from thermoscout_core.atomic import write_bytes
from thermoscout_core.errors import ModelError, ThermoscoutError
from thermoscout_core.learning.design import Architecture
from thermoscout_core.learning.ssd import Ssd

HEADER = "thermoscout"
LONGEST_REASON = 300
FULL = (errno.ENOSPC, errno.EDQUOT)


class CheckpointError(ThermoscoutError):
    """A file of a training run can't be written; the one before it is intact."""


def save_weights(
    path: Path, weights: dict[str, Tensor], architecture: Architecture, notes: dict[str, Any]
) -> None:
    """notes: whatever the reader should know (recipe, epoch, accuracy); JSON values.

    Raises CheckpointError when it can't be written.
    """
    header = json.dumps({"architecture": architecture.as_dict(), "notes": notes})
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    write_whole(path, save(contiguous, {HEADER: header}))


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file of a run. Raises CheckpointError when it can't be written (a full disk, a
    folder without permission); the file before it stays."""
    try:
        write_bytes(path, content)
    except OSError as error:
        cure = "make room" if error.errno in FULL else "see to it"
        raise CheckpointError(
            f"{path}: can't be written: {error.strerror or error}; what was saved before is "
            f"intact. Please {cure} and give the same command again"
        ) from error


def load_weights(path: Path) -> tuple[dict[str, Tensor], Architecture, dict[str, Any]]:
    """Raises ModelError when the file is missing, broken or not one of ours."""
    if not path.is_file():
        raise ModelError(f"{path}: no such weights file")
    try:
        with safe_open(path, framework="pt") as opened:
            header = json.loads((opened.metadata() or {})[HEADER])
            weights = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        architecture = Architecture.from_dict(header["architecture"])
    except (SafetensorError, KeyError, ValueError, TypeError) as error:
        raise ModelError(f"{path}: not a checkpoint of 'thermoscout train': {error}") from error
    return weights, architecture, header["notes"]


def load_network(path: Path) -> tuple[Ssd, Architecture, dict[str, Any]]:
    """The network of a weights file, in eval mode. Raises ModelError when they don't fit."""
    weights, architecture, notes = load_weights(path)
    network = Ssd.build(architecture)
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        raise ModelError(
            f"{path}: weights don't fit the architecture they name: "
            f"{_shortened(' '.join(str(error).split()))}"
        ) from error
    return network.eval(), architecture, notes


def _shortened(text: str) -> str:
    """torch names every tensor that is missing."""
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]} …"


def save_state(path: Path, state: dict[str, Any]) -> None:
    """The optimiser's side of a checkpoint, for resuming. Raises CheckpointError."""
    content = io.BytesIO()
    torch.save(state, content)
    write_whole(path, content.getvalue())


def load_state(path: Path) -> dict[str, Any]:
    """Raises ModelError when it is broken or not one of ours."""
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, KeyError, pickle.UnpicklingError) as error:
        raise ModelError(
            f"{path}: can't be resumed from: {str(error).splitlines()[0]}; start anew with "
            "--restart"
        ) from error
    return state
