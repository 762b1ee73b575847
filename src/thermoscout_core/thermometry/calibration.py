"""Training the BP network on calibration rows, and the methods that it is compared with."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from thermoscout_core.errors import ModelError
from thermoscout_core.thermometry.atmosphere import Floats
from thermoscout_core.thermometry.bp_network import ALL_INPUTS, BpNetwork, Target, physics_of
from thermoscout_core.thermometry.calibration_data import CalibrationSet
from thermoscout_core.thermometry.levenberg_marquardt import HiddenLayer, fit

MIN_NODES, MAX_NODES, ROWS_PER_PARAMETER = 2, 30, 8
DEFAULT_STEPS = 400
NOISE_STEP_K = 0.01

Answer: TypeAlias = Callable[[CalibrationSet], Floats]
"""A fitted method: rows -> (N,) °C."""
Key: TypeAlias = Target | str
"""Which method: a network by its target, the others by a word."""


@dataclass(frozen=True)
class Method:
    """One way to get the true temperature. inputs: in words; fit: training rows -> the answer."""

    name: str
    inputs: str
    fit: Callable[[CalibrationSet], Answer]


def nodes_for(rows: int, inputs: int) -> int:
    """Hidden nodes that so many rows can teach: some rows for each parameter."""
    return int(np.clip(rows // (ROWS_PER_PARAMETER * (inputs + 2)), MIN_NODES, MAX_NODES))


def train(
    data: CalibrationSet,
    inputs: Sequence[str],
    *,
    nodes: int | None = None,
    target: Target = Target.SURFACE,
    steps: int = DEFAULT_STEPS,
    seed: int = 0,
    metadata: Mapping[str, Any] | None = None,
) -> BpNetwork:
    """A network on the named inputs, trained on every row of data.

    nodes: None takes nodes_for. A column that doesn't vary can't be learnt: it must not be among
    the inputs. Raises ModelError for such a column, an input that data lack, or too few rows.
    """
    _check_inputs(data, inputs)
    rows = np.stack([data.values[name] for name in inputs], axis=1)
    spread = rows.std(axis=0)
    nodes = nodes or nodes_for(len(data), len(inputs))
    wanted = data.true_c - (analytic_inverse(data) if target is Target.RESIDUAL else 0.0)
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
        domain=np.stack([_limits(column) for column in rows.T]),
        surface_domain_c=_limits(data.true_c),
        target=target,
        held={
            name: (float(column.min()), float(column.max()))
            for name, column in data.values.items()
            if name not in inputs
        },
        planck=data.planck,
        metadata=provenance,
    )


def _check_inputs(data: CalibrationSet, inputs: Sequence[str]) -> None:
    """Raises ModelError for an input that the data lack, or that is the same in every row."""
    missing = [name for name in inputs if name not in data.values]
    if missing:
        raise ModelError(f"the calibration data have no {', '.join(missing)}")
    constant = [name for name in inputs if name not in data.varying]
    if constant:
        raise ModelError(
            f"{', '.join(constant)} is the same in every row; vary it, or "
            "leave it out of the inputs"
        )


def _limits(column: Floats) -> Floats:
    """(2,) lowest and highest, widened by the mean step between rows: few rows at random leave
    that much of their range unseen."""
    step = np.ptp(column) / (len(column) - 1)
    return np.array([column.min() - step, column.max() + step])


def with_residuals(network: BpNetwork, rows: CalibrationSet, answer_c: Floats) -> BpNetwork:
    """The network, with the errors of its kind on rows that were not trained on written into it.

    answer_c: (N,) what was answered for them, by this network or by its like in a
    cross-validation. What the network itself adds to the uncertainty: on simulated rows its
    distance from the analytic inverse of the same noisy rows; on measured ones the whole error,
    of which the camera's noise, once stated, is taken off through its sensitivity.
    """
    error = np.abs(answer_c - rows.true_c)
    residuals = {
        "rows": len(rows),
        "mean_abs_k": float(error.mean()),
        "rms_k": float(np.sqrt((error**2).mean())),
        "p99_abs_k": float(np.quantile(error, 0.99)),
        "max_abs_k": float(error.max()),
    }
    metadata = {**network.metadata, "hold_out": residuals}
    if rows.is_simulated:
        own = float(np.sqrt(((answer_c - analytic_inverse(rows)) ** 2).mean()))
        return replace(network, residual_std_c=own, noise_sensitivity=0.0, metadata=metadata)
    shifted = {**rows.values, "measured_c": rows.values["measured_c"] + NOISE_STEP_K}
    slope = (network.predict(shifted) - network.predict(rows.values)) / NOISE_STEP_K
    return replace(
        network,
        residual_std_c=residuals["rms_k"],
        noise_sensitivity=float(np.sqrt((slope**2).mean())),
        metadata=metadata,
    )


def methods(
    data: CalibrationSet,
    inputs: Sequence[str],
    *,
    nodes: int | None = None,
    steps: int = DEFAULT_STEPS,
    seed: int = 0,
) -> dict[Key, Method]:
    """What can be compared on such rows, networks by their target: the physics, and the network
    on its residual, only where all conditions are known. Raises ModelError for inputs that can't
    be learnt from the data."""
    _check_inputs(data, inputs)

    def network(target: Target) -> Callable[[CalibrationSet], Answer]:
        def fit_network(training: CalibrationSet) -> Answer:
            trained = train(training, inputs, nodes=nodes, target=target, steps=steps, seed=seed)
            return lambda rows: trained.predict(rows.values)

        return fit_network

    named = "all six" if len(inputs) == len(ALL_INPUTS) else ", ".join(inputs)
    found: dict[Key, Method] = {
        "uncorrected": Method("uncorrected", "measured_c", lambda _: _measured),
        "interpolation": Method(
            "linear interpolation", "measured_c, distance_m", linear_interpolation
        ),
        "regression": Method(
            "multiple linear regression", named, lambda rows: linear_regression(rows, inputs)
        ),
        Target.SURFACE: Method("BP network", named, network(Target.SURFACE)),
    }
    if data.has_all_inputs:
        found["physics"] = Method("analytic inverse", "all six", lambda _: analytic_inverse)
        found[Target.RESIDUAL] = Method(
            "hybrid: physics, then BP network", "all six", network(Target.RESIDUAL)
        )
    return found


def _measured(rows: CalibrationSet) -> Floats:
    return rows.values["measured_c"]


def analytic_inverse(rows: CalibrationSet) -> Floats:
    """The physics' answer, (N,) °C, for rows that state all six inputs."""
    return physics_of(rows.values, rows.planck)


def linear_regression(training: CalibrationSet, inputs: Sequence[str]) -> Answer:
    """Multiple linear regression of the true temperature on those inputs."""

    def design(data: CalibrationSet) -> Floats:
        return np.stack([data.values[n] for n in inputs] + [np.ones(len(data))], axis=1)

    coefficients = np.linalg.lstsq(design(training), training.true_c, rcond=None)[0]
    return lambda rows: np.asarray(design(rows) @ coefficients)


def linear_interpolation(training: CalibrationSet) -> Answer:
    """Linear interpolation of the correction over (measured, distance), Delaunay triangles;
    outside their hull, and for rows on one line, the nearest row's correction."""
    from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator
    from scipy.spatial import QhullError

    def points(data: CalibrationSet) -> Floats:
        return np.stack([data.values["measured_c"], data.values["distance_m"]], axis=1)

    scale = points(training).std(axis=0)
    scale[scale == 0] = 1.0
    correction = training.true_c - training.values["measured_c"]
    nearest = NearestNDInterpolator(points(training) / scale, correction)
    try:
        linear = LinearNDInterpolator(points(training) / scale, correction)
    except QhullError:  # one distance only: there are no triangles
        linear = nearest

    def answer(rows: CalibrationSet) -> Floats:
        wanted = points(rows) / scale
        inside = linear(wanted)
        inside = np.where(np.isnan(inside), nearest(wanted), inside)
        return np.asarray(rows.values["measured_c"] + inside)

    return answer
