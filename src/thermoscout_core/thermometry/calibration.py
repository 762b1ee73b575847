"""Training the BP network on calibration rows, and the table that says whether it was worth it."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from thermoscout_core.errors import ModelError
from thermoscout_core.thermometry.atmosphere import Floats, surface_of_apparent_c
from thermoscout_core.thermometry.bp_network import ALL_INPUTS, BpNetwork, Target, base_c
from thermoscout_core.thermometry.calibration_data import CalibrationSet
from thermoscout_core.thermometry.levenberg_marquardt import HiddenLayer, fit

DEFAULT_NODES = 30
DEFAULT_STEPS = 400


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


def train(
    data: CalibrationSet,
    inputs: Sequence[str],
    *,
    nodes: int = DEFAULT_NODES,
    target: Target = Target.SURFACE,
    steps: int = DEFAULT_STEPS,
    seed: int = 0,
    metadata: Mapping[str, Any] | None = None,
) -> BpNetwork:
    """A network on the named inputs, trained on every row of data.

    A column that doesn't vary can't be learnt: it must not be among the inputs.
    Raises ModelError for such a column, an input that data lack, or too few rows.
    """
    missing = [name for name in inputs if name not in data.values]
    if missing:
        raise ModelError(f"the calibration data have no {', '.join(missing)}")
    rows = np.stack([data.values[name] for name in inputs], axis=1)
    spread = rows.std(axis=0)
    constant = [name for name, width in zip(inputs, spread, strict=True) if width < 1e-9]
    if constant:
        raise ModelError(
            f"{', '.join(constant)} is the same in every row; vary it, or "
            "leave it out of the inputs"
        )
    wanted = data.true_c - base_c(target, inputs, rows, data.planck)
    mean, output_mean = rows.mean(axis=0), float(wanted.mean())
    output_spread = max(float(wanted.std()), 1e-9)
    start = HiddenLayer.random(len(inputs), nodes, np.random.default_rng(seed))
    layer = fit((rows - mean) / spread, (wanted - output_mean) / output_spread, start, steps)
    provenance = {
        "data": data.origin,
        "rows": len(data),
        "seed": seed,
        "steps": steps,
        "date": datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        **(metadata or {}),
    }
    return BpNetwork(
        inputs=tuple(inputs),
        hidden_weights=layer.hidden_weights,
        hidden_biases=layer.hidden_biases,
        output_weights=layer.output_weights,
        output_bias=layer.output_bias,
        input_mean=mean,
        input_spread=spread,
        output_mean=output_mean,
        output_spread=output_spread,
        domain=np.stack([rows.min(axis=0), rows.max(axis=0)], axis=1),
        surface_domain_c=np.array([data.true_c.min(), data.true_c.max()]),
        target=target,
        planck=data.planck,
        metadata=provenance,
    )


def analytic_inverse(data: CalibrationSet) -> Floats:
    """The physics' answer, (N,) °C, for rows that state all six inputs."""
    conditions = {name: data.values[name] for name in ALL_INPUTS[1:]}
    return surface_of_apparent_c(data.values["measured_c"], **conditions, planck=data.planck)


def with_residuals(network: BpNetwork, hold_out: CalibrationSet) -> BpNetwork:
    """The network, with its errors on the hold-out written into it.

    residual_std_c is what the network itself adds to the uncertainty. On simulated rows that is
    its distance from the analytic inverse of the same noisy rows, since the camera's noise is
    counted on its own; on measured rows the two can't be told apart, and it is the whole error.
    """
    answer = network.predict(network.rows_of(hold_out.values))
    result = figures("BP network", "", answer, hold_out.true_c)
    own = result.rms
    if hold_out.is_simulated:
        own = float(np.sqrt(((answer - analytic_inverse(hold_out)) ** 2).mean()))
    residuals = {
        "rows": len(hold_out),
        "mean_abs_k": result.mean_abs,
        "rms_k": result.rms,
        "p99_abs_k": result.p99_abs,
        "max_abs_k": result.max_abs,
    }
    metadata = {**network.metadata, "hold_out": residuals}
    return replace(network, residual_std_c=own, metadata=metadata)


def compare(
    network: BpNetwork, training: CalibrationSet, hold_out: CalibrationSet
) -> list[ErrorFigures]:
    """The network beside what it has to beat, all trained on the same rows, on the hold-out."""
    inputs = ", ".join(network.inputs)
    if len(network.inputs) == len(ALL_INPUTS):
        inputs = "all six"
    truth = hold_out.true_c
    rows = [
        figures("uncorrected", "measured_c", hold_out.values["measured_c"], truth),
        figures(
            "linear interpolation",
            "measured_c, distance_m",
            linear_interpolation(training, hold_out),
            truth,
        ),
        figures(
            "multiple linear regression",
            inputs,
            linear_regression(training, hold_out, network.inputs),
            truth,
        ),
        figures(
            f"BP network, {network.hidden_nodes} nodes",
            inputs,
            network.predict(network.rows_of(hold_out.values)),
            truth,
        ),
    ]
    if hold_out.has_all_inputs:
        rows.append(figures("analytic inverse", "all six", analytic_inverse(hold_out), truth))
    return rows


def linear_regression(
    training: CalibrationSet, hold_out: CalibrationSet, inputs: Sequence[str]
) -> Floats:
    """Multiple linear regression of the true temperature on those inputs."""

    def design(data: CalibrationSet) -> Floats:
        return np.stack([data.values[n] for n in inputs] + [np.ones(len(data))], axis=1)

    coefficients = np.linalg.lstsq(design(training), training.true_c, rcond=None)[0]
    return np.asarray(design(hold_out) @ coefficients)


def linear_interpolation(training: CalibrationSet, hold_out: CalibrationSet) -> Floats:
    """Linear interpolation of the correction over (measured, distance), Delaunay triangles;
    outside their hull the nearest row's correction."""
    from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator

    def points(data: CalibrationSet) -> Floats:
        return np.stack([data.values["measured_c"], data.values["distance_m"]], axis=1)

    scale = points(training).std(axis=0)
    scale[scale == 0] = 1.0
    known, wanted = points(training) / scale, points(hold_out) / scale
    correction = training.true_c - training.values["measured_c"]
    answer = LinearNDInterpolator(known, correction)(wanted)
    nearest = NearestNDInterpolator(known, correction)(wanted)
    return np.asarray(hold_out.values["measured_c"] + np.where(np.isnan(answer), nearest, answer))
