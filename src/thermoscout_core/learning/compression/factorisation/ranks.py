"""How many terms a factorisation needs: by energy, or by variational Bayes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

Floats = NDArray[np.floating]


def rank_by_energy(matrix: Floats, energy: float) -> int:
    """Fewest singular values whose squares hold that share (0..1) of all (Zhang et al. 2015)."""
    squares = np.square(np.linalg.svd(matrix, compute_uv=False))
    held = np.cumsum(squares) / max(float(squares.sum()), 1e-30)
    return min(int(np.searchsorted(held, energy - 1e-9) + 1), len(squares))


def rank_by_vbmf(matrix: Floats) -> int:
    """Rank of the empirical variational Bayes solution, noise estimated too: the global analytic
    one (Nakajima et al. 2013, theorem 2 and eq. 33), as Kim et al. 2015 use it; at least 1."""
    rows, columns = sorted(matrix.shape)
    values = np.linalg.svd(matrix.astype(np.float64), compute_uv=False)
    alpha = rows / columns
    tau = 2.5129 * math.sqrt(alpha)
    edge = (1 + tau) * (1 + alpha / tau)
    most = min(math.ceil(rows / (1 + alpha)) - 1, rows) - 1
    upper = float(np.square(values).sum()) / (rows * columns)
    lower = max(
        float(values[most + 1] ** 2) / (columns * edge),
        float(np.square(values[most + 1 :]).mean()) / columns,
    )
    if lower >= upper:
        return 1
    noise = minimize_scalar(
        lambda variance: _free_energy(variance, rows, columns, values, edge),
        bounds=(lower, upper),
        method="bounded",
    ).x
    return max(1, int((values > math.sqrt(columns * noise * edge)).sum()))


def _free_energy(variance: float, rows: int, columns: int, values: Floats, edge: float) -> float:
    """Of the noise's variance (Nakajima et al. 2013, eq. 33), up to a constant."""
    alpha = rows / columns
    scaled = np.maximum(np.square(values) / (columns * variance), 1e-300)
    signal, noise = scaled[scaled > edge], scaled[scaled <= edge]
    shifted = signal - (1 + alpha)
    tau = 0.5 * (shifted + np.sqrt(np.maximum(np.square(shifted) - 4 * alpha, 0)))
    return float(
        np.sum(noise - np.log(noise))
        + np.sum(signal - tau)
        + np.sum(np.log((tau + 1) / signal))
        + alpha * np.sum(np.log(tau / alpha + 1))
        + (rows - len(values)) * math.log(variance)
    )
