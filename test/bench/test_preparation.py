"""Networks made ready to be measured, on a machine without torch."""

from pathlib import Path

import numpy as np
import pytest

from thermoscout_core.bench import preparation
from thermoscout_core.bench.preparation import Prepared, prepare
from thermoscout_core.bench.rows import choose_rows
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.simulation.dataset import example_frames


@pytest.fixture(autouse=True)
def no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preparation.importlib.util, "find_spec", lambda name: None)


def prepare_first(name: str, tmp_path: Path) -> Prepared:
    (row,) = choose_rows([name])
    return prepare(row, tmp_path / "row", example_frames(1), ["float32", "int8", "torch"])


def test_a_file_is_measured_as_it_is_and_not_counted(tmp_path: Path) -> None:
    prepared = prepare_first("float32", tmp_path)
    assert set(prepared.files) == {"float32"} and prepared.own_weights
    assert prepared.parameters is None and prepared.macs is None
    assert dict(np.load(prepared.inputs))["images"].shape == (1, 3, *prepared.input_size_px[::-1])


def test_a_network_that_must_be_built_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"vgg16_ssd300.*thermoscout\[train\]"):
        prepare_first("vgg16_ssd300", tmp_path)


def test_outputs_are_compared_in_units_of_their_size(tmp_path: Path) -> None:
    prepared = prepare_first("float32", tmp_path)
    same = {name: values.copy() for name, values in prepared.wanted.items()}
    assert prepared.difference(same) == 0.0
    same["scores"][0, 0, 0] += 0.25
    assert prepared.difference(same) == pytest.approx(0.25)
    assert prepared.difference({**same, "scores": same["scores"][:, :5]}) == float("inf")
