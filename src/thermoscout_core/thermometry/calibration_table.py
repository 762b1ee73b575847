"""The table that says which correction is worth using: errors on rows that were not trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from thermoscout_core.errors import ModelError
from thermoscout_core.thermometry.atmosphere import Floats
from thermoscout_core.thermometry.bp_network import Target
from thermoscout_core.thermometry.calibration import Key, Method
from thermoscout_core.thermometry.calibration_data import CalibrationSet

TIE_SHARE = 0.02
"""Mean errors this close are a tie; then the hybrid is preferred: it is right outside the
calibrated conditions too."""


@dataclass(frozen=True)
class ErrorFigures:
    """Errors of one method on rows that it was not trained on, all in K."""

    method: str
    inputs: str
    mean_abs: float
    rms: float
    p99_abs: float
    max_abs: float


def figures(method: str, inputs: str, answer_c: Floats, true_c: Floats) -> ErrorFigures:
    """Raises ModelError when a method has no answer for a row: NaN must not flatter it."""
    error = np.abs(answer_c - true_c)
    if not np.isfinite(error).all():
        raise ModelError(f"{method} has no answer for {int((~np.isfinite(error)).sum())} rows")
    return ErrorFigures(
        method,
        inputs,
        float(error.mean()),
        float(np.sqrt((error**2).mean())),
        float(np.quantile(error, 0.99)),
        float(error.max()),
    )


@dataclass(frozen=True)
class Comparison:
    """How the methods did on the same rows. title: which rows; answers_c: (N,) each, by key."""

    title: str
    rows: CalibrationSet
    methods: Mapping[Key, Method]
    answers_c: Mapping[Key, Floats]

    def figures(self) -> list[ErrorFigures]:
        """One line a method, in their order."""
        return [self.of(key) for key in self.methods]

    def of(self, key: Key) -> ErrorFigures:
        method = self.methods[key]
        return figures(method.name, method.inputs, self.answers_c[key], self.rows.true_c)

    def best_target(self) -> Target:
        """The network with the smallest mean error; in a tie the hybrid."""
        errors = {key: self.of(key).mean_abs for key in self.methods if isinstance(key, Target)}
        least = min(errors.values())
        tied = [key for key, error in errors.items() if error <= (1 + TIE_SHARE) * least]
        return Target.RESIDUAL if Target.RESIDUAL in tied else tied[0]


def on_hold_out(
    title: str,
    methods: Mapping[Key, Method],
    training: CalibrationSet,
    hold_out: CalibrationSet,
) -> Comparison:
    """Every method fitted on training and asked for hold_out."""
    answers = {key: method.fit(training)(hold_out) for key, method in methods.items()}
    return Comparison(title, hold_out, methods, answers)


def cross_validated(
    title: str,
    methods: Mapping[Key, Method],
    data: CalibrationSet,
    folds: int,
    rng: np.random.Generator,
) -> Comparison:
    """k-fold: every row is answered by methods that were fitted on the other folds."""
    if not 2 <= folds <= len(data):
        raise ModelError(f"{folds} folds of {len(data)} rows; give 2 or more, at most a row each")
    parts = data.folds(folds, rng)
    answers = {key: np.empty(len(data)) for key in methods}
    for part in parts:
        rest = np.setdiff1d(np.arange(len(data)), part)
        for key, method in methods.items():
            answers[key][part] = method.fit(data.take(rest))(data.take(part))
    return Comparison(title, data, methods, answers)
