"""Table 2 of the seed paper (Wang et al. 2020), its conditions simulated, beside its figures.

python benchmarks/seed_table2.py

The paper's rows are an ambient temperature, a reference near 25 °C ("measured") and what its BP
network made of the camera's reading ("corrected"). Distance, humidity and emissivity aren't
given: here each row is seen from 1 to 20 m at 50 %, emissivity 0.95, with the surroundings
reflected at the ambient temperature, by a camera with 0.05 K of noise, 2000 times. The small
networks are trained on another 2000 rows of the same kind, 10 to 31 °C.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np

from thermoscout_core.thermometry.atmosphere import apparent_of_surface_c
from thermoscout_core.thermometry.bp_network import SEED_INPUTS, BpNetwork
from thermoscout_core.thermometry.calibration import train
from thermoscout_core.thermometry.calibration_data import CalibrationSet, Conditions, simulate

ROWS = (
    (10.05, 25.01, 24.03),
    (15.13, 25.03, 26.05),
    (20.32, 25.10, 24.17),
    (25.60, 25.08, 24.03),
    (30.36, 25.36, 26.33),
)
"""Ambient, reference ("measured"), the paper's BP output ("corrected"); °C."""
SETTING = Conditions(
    true_c=(15.0, 35.0),
    distance_m=(1.0, 20.0),
    air_c=(10.0, 31.0),
    relative_humidity=(0.5, 0.5),
    emissivity=(0.95, 0.95),
)
VIEWS = 2000
NOISE_K = 0.05


def seen(setting: Conditions, rng: np.random.Generator) -> CalibrationSet:
    """VIEWS simulated rows in which the surroundings are as warm as the air."""
    drawn = simulate(setting, VIEWS, rng, noise_k=0.0)
    given = {name: column for name, column in drawn.values.items() if name != "measured_c"}
    given["reflected_c"] = given["air_c"]
    measured = apparent_of_surface_c(drawn.true_c, **given)
    measured = measured + rng.normal(0.0, NOISE_K, VIEWS)
    return CalibrationSet({**given, "measured_c": measured}, drawn.true_c, drawn.origin)


def main() -> None:
    parser = argparse.ArgumentParser(description="The seed paper's Table 2, simulated.")
    parser.add_argument("--seed", type=int, default=0, help="of all that is random")
    rng = np.random.default_rng(parser.parse_args().seed)
    training = seen(SETTING, rng)
    networks = {
        "BP, 2 inputs": train(training, SEED_INPUTS, nodes=10, steps=200),
        "BP, 2 + air": train(training, (*SEED_INPUTS, "air_c"), nodes=10, steps=200),
        "shipped": BpNetwork.load(),
    }
    print("simulated; mean |error| in K over the views of a row, the paper's own beside")
    print(f"{'ambient':>8}{'true':>8}{'paper':>8}{'camera':>9}", end="")
    print("".join(f"{name:>15}" for name in networks))
    errors: dict[str, list[np.ndarray]] = {name: [] for name in ("camera", *networks)}
    for ambient_c, true_c, corrected_c in ROWS:
        at = replace(SETTING, true_c=(true_c, true_c), air_c=(ambient_c, ambient_c))
        views = seen(at, rng)
        answers = {"camera": views.values["measured_c"]}
        answers.update({name: net.predict(views.values) for name, net in networks.items()})
        for name, answer in answers.items():
            errors[name].append(np.abs(answer - true_c))
        means = [errors[name][-1].mean() for name in errors]
        print(f"{ambient_c:8.2f}{true_c:8.2f}{abs(corrected_c - true_c):8.2f}", end="")
        print(f"{means[0]:9.3f}" + "".join(f"{mean:15.3f}" for mean in means[1:]))
    paper = [abs(corrected_c - true_c) for _, true_c, corrected_c in ROWS]
    for label, figure in (("mean", np.mean), ("max", np.max)):
        print(f"{label:>16}{figure(paper):8.2f}{figure(errors['camera']):9.3f}", end="")
        print("".join(f"{figure(errors[name]):15.3f}" for name in networks))


if __name__ == "__main__":
    main()
