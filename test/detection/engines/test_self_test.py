"""The self-test of an engine, on a recording fake that answers wrongly in one way at a time."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thermoscout_core.detection.engines.opening import OpenedEngine
from thermoscout_core.detection.engines.self_test import (
    SelfTest,
    make_self_test,
    run_self_test,
)
from thermoscout_core.errors import EngineError
from thermoscout_core.simulation.dataset import example_frames


@pytest.fixture(scope="module")
def proof() -> SelfTest:
    from thermoscout_core.detection.detector import FLOAT32_MODEL
    from thermoscout_core.resources import resource_path

    return make_self_test(resource_path(FLOAT32_MODEL), example_frames(4))


def test_an_engine_that_answers_like_the_file_passes(
    opened: OpenedEngine, proof: SelfTest
) -> None:
    outcome = run_self_test(opened, proof, "float32")
    assert outcome.detections == len(proof.scores) > 0
    assert outcome.score == 0 and outcome.box_px == 0


def nothing_found(outputs: dict[str, Any]) -> dict[str, Any]:
    scores = np.zeros_like(outputs["scores"])
    scores[..., 0] = 1
    return {**outputs, "scores": scores}


def not_numbers(outputs: dict[str, Any]) -> dict[str, Any]:
    return {**outputs, "boxes": np.full_like(outputs["boxes"], np.nan)}


def moved(outputs: dict[str, Any]) -> dict[str, Any]:
    return {**outputs, "boxes": outputs["boxes"] + np.float32(0.02)}


def unsure(outputs: dict[str, Any]) -> dict[str, Any]:
    return {**outputs, "scores": outputs["scores"] * np.float32(0.9)}


def invented(outputs: dict[str, Any]) -> dict[str, Any]:
    scores = outputs["scores"].copy()
    scores[0, ::50, 1:] = 0.9
    return {**outputs, "scores": scores}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (nothing_found, "are lost"),
        (not_numbers, ""),
        (moved, r"boxes by \d+\.\d+ px \(at most 1\)"),
        (unsure, "differ in score"),
        (invented, "are new"),
    ],
)
def test_a_wrong_engine_is_refused_with_what_is_wrong(
    opened: OpenedEngine, proof: SelfTest, wrong: Any, told: str
) -> None:
    opened.session.answer = wrong
    with pytest.raises(EngineError, match=f"a recording fake: self-test failed.*{told}"):
        run_self_test(opened, proof, "float32")


def test_what_float16_may_is_too_much_for_float32(opened: OpenedEngine, proof: SelfTest) -> None:
    opened.session.answer = lambda outputs: {
        **outputs,
        "boxes": outputs["boxes"] + np.float32(1.5 / max(opened.inputs["images"][2:])),
    }
    assert run_self_test(opened, proof, "float16").box_px == pytest.approx(1.5, abs=0.1)
    with pytest.raises(EngineError, match="self-test failed"):
        run_self_test(opened, proof, "float32")


def test_a_test_is_kept_and_read_again(proof: SelfTest, tmp_path: Path) -> None:
    path = tmp_path / "test.npz"
    path.write_bytes(proof.to_bytes())
    again = SelfTest.read(path)
    assert np.array_equal(again.counts, proof.counts)
    assert np.array_equal(again.boxes, proof.boxes)
    assert again.selection.score_threshold == pytest.approx(proof.selection.score_threshold)
    path.write_bytes(b"not an archive")
    with pytest.raises(EngineError, match="self-test can't be read"):
        SelfTest.read(path)


def test_frames_in_which_nothing_is_found_prove_nothing(model: Path) -> None:
    with pytest.raises(EngineError, match=r"finds nothing in 0 frames.*--data"):
        make_self_test(model, [])
