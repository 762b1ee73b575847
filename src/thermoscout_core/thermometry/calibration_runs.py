"""Whole calibrations, simulated or measured: the tables, and the network that they choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from thermoscout_core.errors import ModelError
from thermoscout_core.frames import PlanckConstants
from thermoscout_core.thermometry.bp_network import ALL_INPUTS, SEED_INPUTS, BpNetwork, Target
from thermoscout_core.thermometry.calibration import (
    DEFAULT_STEPS,
    Key,
    Method,
    methods,
    train,
    with_residuals,
)
from thermoscout_core.thermometry.calibration_data import (
    ASKED,
    EDGE_SHARE,
    SEED_PAPER,
    CalibrationSet,
    Conditions,
    simulate,
)
from thermoscout_core.thermometry.calibration_table import (
    Comparison,
    cross_validated,
    on_hold_out,
)

HOLD_OUT_ROWS, SMALL_ROWS = 20000, 2000
HOLD_OUT_SHARE = 0.2
DRIFT_GAIN, DRIFT_OFFSET_C = 0.98, 0.5
"""A camera whose own calibration is off: it shows 0.98·T + 0.5 °C."""


def _quiet(said: str) -> None:
    del said


@dataclass(frozen=True)
class Run:
    """How to train. inputs: None takes all that vary; nodes: None, what the rows can teach;
    target: None, the better of surface and residual by the table; say: told what goes on."""

    inputs: tuple[str, ...] | None = None
    nodes: int | None = None
    target: Target | None = None
    steps: int = DEFAULT_STEPS
    seed: int = 0
    say: Callable[[str], None] = _quiet

    def simulated(
        self, samples: int, noise_k: float, planck: PlanckConstants
    ) -> tuple[BpNetwork, list[Comparison]]:
        """A network for a camera that follows the physics but for its noise.

        Tables: fresh rows under the asked conditions; the paper's two inputs at fixed air; and a
        camera whose own calibration is off, where the physics alone can't be right.
        """
        rng = np.random.default_rng(self.seed)
        training = simulate(
            Conditions(), samples, rng, noise_k=noise_k, edge_share=EDGE_SHARE, planck=planck
        )
        fresh = simulate(ASKED, HOLD_OUT_ROWS, rng, noise_k=noise_k, planck=planck)
        ranges = ", ".join(f"{name} {a:g}..{b:g}" for name, (a, b) in vars(ASKED).items())
        title = f"Simulated, {len(fresh)} fresh rows, noise {noise_k} K: {ranges}"
        self.say(f"training on {samples} simulated rows, to be compared on {len(fresh)} others")
        asked = on_hold_out(title, self._methods(training), training, fresh)
        network = self._chosen(asked, training)
        return network, [asked, self._seed_paper(noise_k, planck), self._drifted(noise_k, planck)]

    def measured(
        self, data: CalibrationSet, folds: int, rng: np.random.Generator
    ) -> tuple[BpNetwork, list[Comparison]]:
        """A network on every row, chosen and judged by the cross-validation.

        Tables: k-fold over all rows; a fifth held out.
        """
        kept, held_out = data.split(HOLD_OUT_SHARE, rng)
        found = self._methods(data)
        if self.target is not None and self.target not in found:
            raise ModelError(
                f"{data.origin}: a network on the residual needs all conditions; add columns or "
                "options for ambient_c, relative_humidity, emissivity, reflected_c"
            )
        self.say(f"{folds}-fold cross-validation of {len(data)} rows")
        title = f"Measured, {data.origin}: {folds}-fold cross-validation of {len(data)} rows"
        crossed = cross_validated(title, found, data, folds, rng)
        title = f"Measured: {len(held_out)} of {len(data)} rows, held out"
        held = on_hold_out(title, found, kept, held_out)
        return self._chosen(crossed, data), [crossed, held]

    def _seed_paper(self, noise_k: float, planck: PlanckConstants) -> Comparison:
        """The paper's two inputs, under the one air for which they can serve."""
        rng = np.random.default_rng(self.seed)
        training, fresh = (
            simulate(SEED_PAPER, SMALL_ROWS, rng, noise_k=noise_k, planck=planck) for _ in "ab"
        )
        held = (
            f"{limits[0]:g}"
            for limits in (SEED_PAPER.air_c, SEED_PAPER.relative_humidity, SEED_PAPER.emissivity)
        )
        title = "Simulated, the paper's two inputs at fixed air: {} °C, RH {}, ε {}".format(*held)
        return on_hold_out(title, self._methods(training, SEED_INPUTS), training, fresh)

    def _drifted(self, noise_k: float, planck: PlanckConstants) -> Comparison:
        """A camera with an error of its own, which only a calibration can find."""
        rng = np.random.default_rng(self.seed)
        training, fresh = (
            simulate(ASKED, SMALL_ROWS, rng, noise_k=noise_k, planck=planck).drifted(
                DRIFT_GAIN, DRIFT_OFFSET_C
            )
            for _ in "ab"
        )
        title = (
            f"Simulated, a camera that is off by itself: it shows {DRIFT_GAIN} · T + "
            f"{DRIFT_OFFSET_C} °C, {SMALL_ROWS} rows"
        )
        return on_hold_out(title, self._methods(training, ALL_INPUTS), training, fresh)

    def _methods(
        self, data: CalibrationSet, inputs: tuple[str, ...] | None = None
    ) -> dict[Key, Method]:
        names = inputs or self.inputs or data.varying
        return methods(data, names, nodes=self.nodes, steps=self.steps, seed=self.seed)

    def _chosen(self, table: Comparison, training: CalibrationSet) -> BpNetwork:
        target = self.target or table.best_target()
        names = self.inputs or training.varying
        self.say(f"training the {target.value} network on {len(training)} rows")
        network = train(
            training, names, nodes=self.nodes, target=target, steps=self.steps, seed=self.seed
        )
        return with_residuals(network, table.rows, table.answers_c[target])
