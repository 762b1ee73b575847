"""Sparse weights on disk: compressed sparse rows (seed 001, §3.1 and figure 3).

Each kernel (O, I, h, w) is a matrix of O rows and I·h·w columns: the values of its non-zeros, the
column of each (or the gap before it), and where each row begins, 2·a + n + 1 numbers for a
non-zeros in n rows. It is a format for storing: no runtime here multiplies faster with it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
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
INDEX_TYPES: dict[str, type[np.integer[Any]]] = {
    "gaps": np.uint8,
    "uint16": np.uint16,
    "int32": np.int32,
}
"""gaps: not the column but the zeros since the one before, each in so few bits that the kernel
takes the fewest bytes; a longer gap has zeros written as values in it (Han et al. 2016, figure 2).
"""
MOST_BITS = 8
MOST_STEPS, SCALE_BITS = 127, 11
PARTS = ("values", "columns", "rows")
GAP_BITS, SCALES = "gap_bits", "scales"
"""Further parts of some kernels."""


def csr_parts(weight: Tensor, index_type: str) -> dict[str, Tensor]:
    """values (a,), columns (a,) of that type, rows (n + 1,) int32 of a kernel; with gaps, columns
    are their packed bits and gap_bits (1,) says how many each takes. Values are int8 with scales
    (n,), one a row, or float16 where that changes no bit of them, float32 elsewhere.

    Raises ModelError when it has more columns than the type counts.
    """
    matrix = weight.detach().cpu().flatten(1)
    if index_type != "gaps" and matrix.shape[1] - 1 > np.iinfo(INDEX_TYPES[index_type]).max:
        raise ModelError(f"{matrix.shape[1]} columns don't fit {index_type}; take int32")
    steps, scales = to_bytes(matrix)
    in_bytes = torch.equal(steps * scales[:, None], matrix)
    sparse = csr_array((steps if in_bytes else matrix).numpy())
    values, columns, rows = sparse.data, sparse.indices, sparse.indptr
    if index_type == "gaps":
        parts = _fewest_bytes(values, columns, rows)
    else:
        parts = _tensors(values, columns.astype(INDEX_TYPES[index_type]), rows)
    return {**parts, SCALES: scales} if in_bytes else parts


def to_bytes(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """(n, m) -> the nearest whole steps (n, m) int8, −127 to 127, of a scale a row, (n,) float32.

    Scales have as many bits as float16's, so that a product is exact, and tells its scale again.
    """
    largest = matrix.abs().amax(dim=1)
    digits, exponent = torch.frexp(largest / MOST_STEPS)
    scales = torch.ldexp((digits * 2**SCALE_BITS).ceil(), exponent - SCALE_BITS)
    steps = (matrix / torch.where(scales > 0, scales, 1.0)[:, None]).round()
    return steps.to(torch.int8), scales


def _tensors(values: NDArray[Any], columns: NDArray[Any], rows: NDArray[Any]) -> dict[str, Tensor]:
    return {
        "values": shortest(torch.from_numpy(values)),
        "columns": torch.from_numpy(columns),
        "rows": torch.from_numpy(rows.astype(np.int32)),
    }


def _fewest_bytes(
    values: NDArray[Any], columns: NDArray[Any], rows: NDArray[Any]
) -> dict[str, Tensor]:
    def packed(bits: int) -> dict[str, Tensor]:
        filled, gaps, begins = to_gaps(values, columns, rows, bits)
        parts = _tensors(filled, packed_bits(gaps, bits), begins)
        return {**parts, GAP_BITS: torch.tensor([bits], dtype=torch.uint8)}

    return min(map(packed, range(1, MOST_BITS + 1)), key=_bytes_of)


def to_gaps(
    values: NDArray[Any], columns: NDArray[Any], rows: NDArray[Any], bits: int
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Columns -> zeros since the value before in the row, with a written zero after each
    2**bits − 1 of them."""
    most = 2**bits - 1
    firsts = rows[:-1][np.diff(rows) > 0]
    before = np.concatenate([[-1], columns[:-1]])
    before[firsts] = -1
    fillers, gaps = np.divmod(columns - before - 1, most + 1)
    ends = np.cumsum(fillers + 1)
    stretched = np.full(int(ends[-1]) if ends.size else 0, most)
    filled = np.zeros(stretched.size, values.dtype)
    stretched[ends - 1], filled[ends - 1] = gaps, values
    return filled, stretched, np.concatenate([[0], ends])[rows]


def from_gaps(gaps: NDArray[Any], rows: NDArray[Any]) -> NDArray[Any]:
    """The inverse: the column of each value, written zeros too."""
    reached = np.cumsum(gaps.astype(np.int64) + 1)
    start = np.repeat(np.concatenate([[0], reached])[rows[:-1]], np.diff(rows))
    return np.asarray(reached - 1 - start)


def packed_bits(numbers: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """(n,) numbers below 2**bits -> their bits one after the other, (⌈n·bits/8⌉,) bytes."""
    return np.packbits((numbers[:, None] >> np.arange(bits)) & 1)


def unpacked_bits(packed: NDArray[np.uint8], bits: int, count: int) -> NDArray[np.int64]:
    """The inverse, of so many numbers."""
    digits = np.unpackbits(packed, count=count * bits).reshape(count, bits)
    return np.asarray(digits @ (1 << np.arange(bits)))


def shortest(values: Tensor) -> Tensor:
    """In float16 where that changes no bit."""
    short = values.half()
    return short if values.is_floating_point() and torch.equal(short.float(), values) else values


def kernel_of(parts: dict[str, Tensor], shape: list[int]) -> Tensor:
    """The inverse of csr_parts in float32, bit for bit (but a negative zero becomes a positive
    one)."""
    values, columns, rows = (parts[name].numpy() for name in PARTS)
    if GAP_BITS in parts:
        bits = int(parts[GAP_BITS])
        columns = from_gaps(unpacked_bits(columns, bits, values.size), rows)
    values = values.astype(np.float32)
    if SCALES in parts:
        values *= np.repeat(parts[SCALES].numpy(), np.diff(rows))
    matrix = csr_array(
        (values, columns.astype(np.int32), rows),
        shape=(shape[0], int(np.prod(shape[1:]))),
    )
    return torch.from_numpy(matrix.toarray()).reshape(shape)


def save_csr(model: Model, path: Path, index_type: str = "uint16") -> None:
    """Write a model with its kernels as CSR where that is smaller, and all else whole.

    Raises CheckpointError when the file can't be written.
    """
    tensors: dict[str, Tensor] = {}
    shapes: dict[str, list[int]] = {}
    for name, value in model.network.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        whole = {name: shortest(value) if value.ndim == 4 else value}
        if value.ndim == 4:
            parts = {f"{name}:{k}": part for k, part in csr_parts(value, index_type).items()}
            if _bytes_of(parts) < _bytes_of(whole):
                shapes[name] = list(value.shape)
                whole = parts
        tensors.update({key: tensor.contiguous() for key, tensor in whole.items()})
    header = {"architecture": model.architecture.as_dict(), "shapes": shapes}
    write_whole(path, save(tensors, {HEADER: json.dumps(header)}))


def _bytes_of(tensors: dict[str, Tensor]) -> int:
    return sum(tensor.nbytes for tensor in tensors.values())


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
            further = (part for part in (GAP_BITS, SCALES) if f"{name}:{part}" in tensors)
            parts = {part: tensors.pop(f"{name}:{part}") for part in (*PARTS, *further)}
            tensors[name] = kernel_of(parts, shape)
        tensors = {name: tensor.float() for name, tensor in tensors.items()}
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
