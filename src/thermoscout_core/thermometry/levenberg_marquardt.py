"""Levenberg–Marquardt for the one-hidden-layer network, on the normal equations.

scipy's method='lm' (MINPACK) factorises the whole Jacobian of 20,000 rows at every step; here
JᵀJ is formed once a step by one BLAS product, some 20 times faster, and a test holds the two
equal on a small problem. Source: Marquardt 1963; Nielsen 1999 for the damping schedule's idea.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thermoscout_core.errors import ModelError
from thermoscout_core.thermometry.atmosphere import Floats

DAMPING_START, DAMPING_MIN, DAMPING_UP, DAMPING_DOWN = 1e-2, 1e-12, 4.0, 1 / 3
MAX_DAMPING_STEPS = 12


@dataclass(frozen=True)
class HiddenLayer:
    """Weights of y = v·tanh(W·z + b) + c: hidden_weights (h, k), hidden_biases and
    output_weights (h,), output_bias."""

    hidden_weights: Floats
    hidden_biases: Floats
    output_weights: Floats
    output_bias: float

    def as_vector(self) -> Floats:
        """(h·k + 2·h + 1,): the columns of the Jacobian stand in this order."""
        return np.concatenate(
            [
                self.hidden_weights.ravel(),
                self.hidden_biases,
                self.output_weights,
                [self.output_bias],
            ]
        )

    @classmethod
    def from_vector(cls, vector: Floats, nodes: int) -> HiddenLayer:
        k = (len(vector) - 1) // nodes - 2
        weights, biases, outputs, bias = np.split(
            vector, [nodes * k, nodes * (k + 1), nodes * (k + 2)]
        )
        return cls(weights.reshape(nodes, k), biases, outputs, float(bias[0]))

    @classmethod
    def random(cls, inputs: int, nodes: int, rng: np.random.Generator) -> HiddenLayer:
        """A start whose nodes bend at different places of standardised inputs."""
        return cls(
            rng.normal(0.0, 0.5, (nodes, inputs)),
            rng.uniform(-1.5, 1.5, nodes),
            rng.normal(0.0, 0.1, nodes),
            0.0,
        )

    def hidden(self, z: Floats) -> Floats:
        """(N, k) standardised inputs -> (N, h) outputs of the hidden nodes."""
        return np.tanh(z @ self.hidden_weights.T + self.hidden_biases)

    def jacobian(self, z: Floats, hidden: Floats) -> Floats:
        """(N, parameters): derivatives of the output, in the order of as_vector."""
        slope = (1 - hidden**2) * self.output_weights
        by_weight = (slope[:, :, None] * z[:, None, :]).reshape(len(z), -1)
        return np.concatenate([by_weight, slope, hidden, np.ones((len(z), 1))], axis=1)


def fit(z: Floats, target: Floats, start: HiddenLayer, max_steps: int) -> HiddenLayer:
    """The least-squares layer for (N, k) standardised inputs and (N,) standardised targets.

    Stops after max_steps, or when no damping brings the sum of squares down any more.
    Raises ModelError when there are fewer rows than parameters.
    """
    nodes = len(start.hidden_biases)
    vector = start.as_vector()
    if len(z) < len(vector):
        raise ModelError(
            f"{nodes} hidden nodes have {len(vector)} parameters, but there are only {len(z)} "
            "rows to train on; use fewer nodes or more rows"
        )
    layer = start
    hidden = layer.hidden(z)
    residual = hidden @ layer.output_weights + layer.output_bias - target
    cost, damping = float(residual @ residual), DAMPING_START
    for _ in range(max_steps):
        jacobian = layer.jacobian(z, hidden)
        normal, gradient = jacobian.T @ jacobian, jacobian.T @ residual
        scale = np.diag(normal) + 1e-9
        for _ in range(MAX_DAMPING_STEPS):
            step = np.linalg.solve(normal + damping * np.diag(scale), gradient)
            trial = HiddenLayer.from_vector(vector - step, nodes)
            trial_hidden = trial.hidden(z)
            trial_residual = trial_hidden @ trial.output_weights + trial.output_bias - target
            trial_cost = float(trial_residual @ trial_residual)
            if trial_cost < cost:
                break
            damping *= DAMPING_UP
        else:
            return layer
        vector, layer, hidden = vector - step, trial, trial_hidden
        residual, cost = trial_residual, trial_cost
        damping = max(damping * DAMPING_DOWN, DAMPING_MIN)
    return layer
