"""Matching and the multibox loss."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from thermoscout_core.detection.priors import PriorLevel, decode, make_priors  # noqa: E402
from thermoscout_core.learning.loss import IGNORED, match, multibox_loss  # noqa: E402

PRIORS = torch.from_numpy(make_priors([PriorLevel(4, 4, ((0.25, 0.25),))]))


def targets(box: list[float], difficult: bool = False):
    return match(
        PRIORS,
        torch.tensor([box]),
        torch.tensor([2]),
        torch.tensor([difficult]),
    )


def test_a_prior_on_a_box_takes_its_class_after_background() -> None:
    result = targets([0.0, 0.0, 0.25, 0.25])
    assert result.labels[0] == 3
    assert (result.labels[1:] == 0).all()


def test_offsets_decode_back_to_the_box() -> None:
    result = targets([0.02, 0.01, 0.3, 0.22])
    decoded = decode(result.offsets.numpy(), PRIORS.numpy())
    assert decoded[0] == pytest.approx([0.02, 0.01, 0.3, 0.22], abs=1e-6)


def test_a_box_that_no_prior_fits_still_gets_its_best_one() -> None:
    assert (targets([0.3, 0.3, 0.34, 0.34]).labels > 0).sum() == 1


def test_priors_on_a_difficult_box_are_ignored() -> None:
    assert targets([0.0, 0.0, 0.25, 0.25], difficult=True).labels[0] == IGNORED


def test_an_image_without_objects_gives_a_finite_loss() -> None:
    empty = match(PRIORS, torch.zeros(0, 4), torch.zeros(0, dtype=torch.long), torch.zeros(0) > 0)
    location, classification = multibox_loss(torch.zeros(1, 16, 4), torch.zeros(1, 16, 4), [empty])
    assert float(location) == 0.0 and np.isfinite(float(classification))


def test_right_answers_cost_less_than_wrong_ones() -> None:
    wanted = targets([0.0, 0.0, 0.25, 0.25])
    right, wrong = torch.zeros(1, 16, 4), torch.zeros(1, 16, 4)
    right[0, 1:, 0] = right[0, 0, 3] = 9.0
    wrong[0, :, 1] = 9.0
    losses = [
        multibox_loss(wanted.offsets[None], logits, [wanted])[1] for logits in (right, wrong)
    ]
    assert float(losses[0]) < 0.1 < float(losses[1])
