"""The BP network of the seed paper (Wang et al. 2020, §4, fig. 2), numpy only.

One hidden layer of tanh nodes and a linear output on standardised inputs:

    H = tanh(W·z + b),  y = v·H + c,  z = (x − mean) / spread      (the paper's eq. 7–12)

The paper prints a *linear* hidden transfer function; that would collapse to the multiple linear
regression which it says it beats, so the hidden one is tanh here. The inputs are the paper's
two (measured temperature, distance) or more; a file says which, in which units and range.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from thermoscout_core import atomic
from thermoscout_core.errors import ModelError
from thermoscout_core.frames import PlanckConstants
from thermoscout_core.resources import resource_path
from thermoscout_core.thermometry.atmosphere import Floats, surface_of_apparent_c

SHIPPED = "models/bp_network.npz"
FORMAT = "thermoscout-bp-network-2"

INPUT_UNITS: Mapping[str, str] = {
    "measured_c": "degree Celsius, apparent blackbody temperature",
    "distance_m": "m",
    "air_c": "degree Celsius",
    "relative_humidity": "0..1",
    "emissivity": "0..1",
    "reflected_c": "degree Celsius, reflected apparent temperature",
}
"""Every input that a network may have, in the order of the full set."""
SEED_INPUTS = ("measured_c", "distance_m")
ALL_INPUTS = tuple(INPUT_UNITS)
HELD_TOLERANCE: Mapping[str, float] = {
    "distance_m": 0.1,
    "air_c": 2.0,
    "relative_humidity": 0.1,
    "emissivity": 0.005,
    "reflected_c": 2.0,
}
"""How far a condition that isn't an input may lie from what it was in the calibration: each
shifts a reading of 80 °C at 10 m by less than 0.4 K."""


class Target(str, Enum):
    """What the output node stands for."""

    SURFACE = "surface"  # the surface °C itself, as in the paper
    RESIDUAL = "residual"  # kelvins to add to the physics' answer: the hybrid


@dataclass(frozen=True)
class BpNetwork:
    """A trained network: k inputs, h hidden nodes, one output in °C or K.

    inputs: names out of ALL_INPUTS. hidden_weights (h, k), hidden_biases (h,), output_weights
    (h,), output_bias. input_mean, input_spread (k,): standardisation; output_mean, output_spread
    likewise. domain (k, 2): min and max of each input in training; surface_domain_c (2,): of the
    true temperature. held: (lowest, highest) in training of the known conditions that are no
    inputs. planck: the camera curve it was calibrated for. residual_std_c: rms of its error on the
    hold-out; noise_sensitivity: how many K of it come of each K of the camera's noise (0 when the
    noise is already taken out). metadata: provenance (JSON-able).
    Raises ModelError where the parts don't fit together.
    """

    inputs: tuple[str, ...]
    hidden_weights: Floats
    hidden_biases: Floats
    output_weights: Floats
    output_bias: float
    input_mean: Floats
    input_spread: Floats
    output_mean: float
    output_spread: float
    domain: Floats
    surface_domain_c: Floats
    target: Target = Target.SURFACE
    held: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    planck: PlanckConstants = field(default_factory=PlanckConstants)
    residual_std_c: float = float("nan")
    noise_sensitivity: float = 0.0
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = [name for name in self.inputs if name not in INPUT_UNITS]
        if unknown or not self.inputs or len(set(self.inputs)) != len(self.inputs):
            raise ModelError(
                f"BP network inputs must be different names out of {', '.join(ALL_INPUTS)}; "
                f"got {', '.join(self.inputs) or 'none'}"
            )
        if self.inputs[0] != "measured_c":
            raise ModelError("a BP network's first input must be measured_c")
        k, h = len(self.inputs), len(self.hidden_biases)
        shapes = {
            "hidden_weights": (self.hidden_weights, (h, k)),
            "hidden_biases": (self.hidden_biases, (h,)),
            "output_weights": (self.output_weights, (h,)),
            "input_mean": (self.input_mean, (k,)),
            "input_spread": (self.input_spread, (k,)),
            "domain": (self.domain, (k, 2)),
            "surface_domain_c": (self.surface_domain_c, (2,)),
        }
        for name, (array, shape) in shapes.items():
            if array.shape != shape or not np.isfinite(array).all():
                raise ModelError(
                    f"BP network {name} must be finite and of shape {shape}, got {array.shape}"
                )
        scalars = (self.output_bias, self.output_mean, self.output_spread)
        if not np.isfinite(scalars).all() or not (self.input_spread > 0).all():
            raise ModelError("BP network scaling must be finite, with positive spreads")

    @property
    def hidden_nodes(self) -> int:
        return len(self.hidden_biases)

    @property
    def hold_out_freedom(self) -> float:
        """Degrees of freedom of residual_std_c; infinite when the file doesn't say."""
        rows = self.metadata.get("hold_out", {}).get("rows", math.inf)
        return max(float(rows) - 1.0, 1.0)

    def predict(self, values: Mapping[str, ArrayLike], physics_c: Floats | None = None) -> Floats:
        """Named values (floats or arrays, broadcast together) -> surface °C in their shape.

        values: the inputs; with target RESIDUAL all of ALL_INPUTS, for the physics, whose answer
        may be given as physics_c. NaN gives NaN. Outside the domain the answer is an
        extrapolation: ask :meth:`in_domain`. Raises ModelError when an input is missing.
        """
        rows, shape = self._rows(values)
        z = (rows - self.input_mean) / self.input_spread
        hidden = np.tanh(z @ self.hidden_weights.T + self.hidden_biases)
        output = (hidden @ self.output_weights + self.output_bias) * self.output_spread
        output = (output + self.output_mean).reshape(shape)
        if self.target is Target.SURFACE:
            return np.asarray(output)
        if self.target is Target.RESIDUAL and physics_c is not None:
            return np.asarray(physics_c + output)
        return np.asarray(physics_of(values, self.planck) + output)

    def in_domain(self, values: Mapping[str, ArrayLike], answer_c: Floats) -> NDArray[np.bool_]:
        """Named values and predict's answer -> True where each input, and the answer, was seen in
        training, and where the other conditions are those of the calibration.

        A condition that the calibration or the values don't know is taken to be the same. On the
        residual of the physics the other conditions may differ: the physics sees to them.
        """
        rows, shape = self._rows(values)
        inside = ((rows >= self.domain[:, 0]) & (rows <= self.domain[:, 1])).all(axis=1)
        low, high = self.surface_domain_c
        inside = inside.reshape(shape) & (answer_c >= low) & (answer_c <= high)
        for name, (lowest, highest) in self.held.items():
            if name in values and self.target is not Target.RESIDUAL:
                value, tolerance = np.asarray(values[name]), HELD_TOLERANCE[name]
                inside &= (value >= lowest - tolerance) & (value <= highest + tolerance)
        return np.asarray(inside)

    def own_error_k(self, instrument_c: ArrayLike) -> Floats:
        """What the network adds to the uncertainty, for a camera's standard uncertainty in K:
        its error on the hold-out, less what of that was the camera's noise."""
        noise = self.noise_sensitivity * np.nan_to_num(np.asarray(instrument_c, np.float64))
        return np.asarray(np.sqrt(np.maximum(self.residual_std_c**2 - noise**2, 0.0)))

    def _rows(self, values: Mapping[str, ArrayLike]) -> tuple[Floats, tuple[int, ...]]:
        """(rows (N, k), the shape that the values broadcast to)."""
        missing = [name for name in self.inputs if name not in values]
        if missing:
            raise ModelError(f"this BP network also needs {', '.join(missing)}")
        columns = [np.asarray(values[name], np.float64) for name in self.inputs]
        shape = np.broadcast_shapes(*(column.shape for column in columns))
        rows: Floats = np.empty((*shape, len(columns)))
        for index, column in enumerate(columns):
            rows[..., index] = column
        return rows.reshape(-1, len(columns)), shape

    def save(self, path: Path | str) -> None:
        """Write one .npz, without pickle, whole or not at all."""
        header = {
            "format": FORMAT,
            "inputs": list(self.inputs),
            "units": {name: INPUT_UNITS[name] for name in self.inputs},
            "target": self.target.value,
            "output_bias": self.output_bias,
            "output_mean": self.output_mean,
            "output_spread": self.output_spread,
            "planck": vars(self.planck),
            "residual_std_c": self.residual_std_c,
            "noise_sensitivity": self.noise_sensitivity,
            "held": {name: list(limits) for name, limits in self.held.items()},
            "metadata": dict(self.metadata),
        }
        stream = io.BytesIO()
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        np.savez(stream, header=np.array(json.dumps(header)), **arrays)
        atomic.write_bytes(Path(path), stream.getvalue())

    @classmethod
    def load(cls, path: Path | str | None = None) -> BpNetwork:
        """Read a network; path None is the shipped one.

        Raises ModelError naming the file when it is missing, truncated or something else.
        """
        file = Path(path) if path is not None else resource_path(SHIPPED)
        advice = "make one with `thermoscout calibrate`"
        if not file.is_file():
            raise ModelError(f"{file}: no such BP network; {advice}")
        try:
            with np.load(file, allow_pickle=False) as archive:
                header = json.loads(str(archive["header"]))
                arrays = {name: np.asarray(archive[name], np.float64) for name in _ARRAYS}
            if header["format"] != FORMAT:
                raise ModelError(f"{file}: format {header['format']!r}, not {FORMAT}; {advice}")
            return cls(
                inputs=tuple(header["inputs"]),
                output_bias=float(header["output_bias"]),
                output_mean=float(header["output_mean"]),
                output_spread=float(header["output_spread"]),
                target=Target(header["target"]),
                planck=PlanckConstants(**header["planck"]),
                residual_std_c=float(header["residual_std_c"]),
                noise_sensitivity=float(header["noise_sensitivity"]),
                held={name: (float(a), float(b)) for name, (a, b) in header["held"].items()},
                metadata=header["metadata"],
                **arrays,
            )
        except ModelError as error:
            message = str(error)
            raise ModelError(message if str(file) in message else f"{file}: {message}") from None
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            EOFError,
            zipfile.BadZipFile,
        ) as error:
            raise ModelError(f"{file}: no readable BP network ({error}); {advice}") from None


_ARRAYS = (
    "hidden_weights",
    "hidden_biases",
    "output_weights",
    "input_mean",
    "input_spread",
    "domain",
    "surface_domain_c",
)


def physics_of(values: Mapping[str, ArrayLike], planck: PlanckConstants) -> Floats:
    """The analytic inverse, °C, of named values. Raises ModelError when it lacks a condition."""
    missing = [name for name in ALL_INPUTS if name not in values]
    if missing:
        raise ModelError(f"the measurement equation also needs {', '.join(missing)}")
    conditions = {name: values[name] for name in ALL_INPUTS[1:]}
    return surface_of_apparent_c(values["measured_c"], **conditions, planck=planck)
