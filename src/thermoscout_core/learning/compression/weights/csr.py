"""Sparse weights on disk: compressed sparse rows (seed 001, §3.1 and figure 3).

Each kernel (O, I, h, w) is a matrix of O rows and I·h·w columns: the values of its non-zeros, the
column of each, and where each row begins, 2·a + n + 1 numbers for a non-zeros in n rows. It is a
format for storing: no runtime here multiplies faster with it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from scipy.sparse import csr_array
from torch import Tensor

from thermoscout_core.errors import ModelError
from thermoscout_core.learning.checkpoint import write_whole
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.design import Architecture
from thermoscout_core.learning.ssd import Ssd

HEADER = "thermoscout-csr"
INDEX_TYPES: dict[str, type[np.integer[Any]]] = {"uint16": np.uint16, "int32": np.int32}
SPARSE_BELOW = 0.6
"""Density above which a kernel is smaller written whole (uint16 columns beside float32 values)."""
PARTS = ("values", "columns", "rows")


def csr_parts(weight: Tensor, index_type: str) -> dict[str, Tensor]:
    """values (a,) float32, columns (a,) of that type, rows (n + 1,) int32 of a kernel.

    Raises ModelError when it has more columns than the type counts.
    """
    matrix = weight.detach().cpu().flatten(1).numpy()
    if matrix.shape[1] - 1 > np.iinfo(INDEX_TYPES[index_type]).max:
        raise ModelError(f"{matrix.shape[1]} columns don't fit {index_type}; take int32")
    sparse = csr_array(matrix)
    return {
        "values": torch.from_numpy(sparse.data),
        "columns": torch.from_numpy(sparse.indices.astype(INDEX_TYPES[index_type])),
        "rows": torch.from_numpy(sparse.indptr.astype(np.int32)),
    }


def kernel_of(parts: dict[str, Tensor], shape: list[int]) -> Tensor:
    """The inverse of csr_parts, bit for bit (but a negative zero becomes a positive one)."""
    values, columns, rows = (parts[name].numpy() for name in PARTS)
    matrix = csr_array(
        (values, columns.astype(np.int32), rows), shape=(shape[0], int(np.prod(shape[1:])))
    )
    return torch.from_numpy(matrix.toarray()).reshape(shape)


def save_csr(model: Model, path: Path, index_type: str = "uint16") -> None:
    """Write a model with its sparse kernels as CSR and all else whole.

    Raises CheckpointError when the file can't be written.
    """
    tensors: dict[str, Tensor] = {}
    shapes: dict[str, list[int]] = {}
    for name, value in model.network.state_dict().items():
        if value.ndim == 4 and float((value != 0).float().mean()) < SPARSE_BELOW:
            shapes[name] = list(value.shape)
            for part, tensor in csr_parts(value, index_type).items():
                tensors[f"{name}:{part}"] = tensor.contiguous()
        elif not name.endswith("num_batches_tracked"):
            tensors[name] = value.contiguous()
    header = {"architecture": model.architecture.as_dict(), "shapes": shapes}
    write_whole(path, save(tensors, {HEADER: json.dumps(header)}))


def load_csr(path: Path) -> Model:
    """Raises ModelError when the file is missing, broken or no CSR file of ours."""
    if not path.is_file():
        raise ModelError(f"{path}: no such CSR file")
    try:
        with safe_open(path, framework="pt") as opened:
            header: dict[str, Any] = json.loads((opened.metadata() or {})[HEADER])
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        architecture = Architecture.from_dict(header["architecture"])
        for name, shape in header["shapes"].items():
            parts = {part: tensors.pop(f"{name}:{part}") for part in PARTS}
            tensors[name] = kernel_of(parts, shape)
        network = Ssd.build(architecture)
        network.load_state_dict(tensors, strict=False)
        missing = [
            name
            for name in network.state_dict().keys() - tensors.keys()
            if not name.endswith("num_batches_tracked")
        ]
        if missing:
            raise KeyError(missing[0])
    except (SafetensorError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise ModelError(f"{path}: not a CSR file of 'thermoscout compress': {error}") from error
    return Model(network.eval(), architecture)
