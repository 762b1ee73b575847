"""The multibox loss and its choices."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from thermoscout_core.detection.priors import PriorLevel, decode, make_priors  # noqa: E402
from thermoscout_core.learning.box_losses import (  # noqa: E402
    ciou_loss,
    decode_offsets,
    giou_loss,
)
from thermoscout_core.learning.config import LossSection  # noqa: E402
from thermoscout_core.learning.data import Annotation  # noqa: E402
from thermoscout_core.learning.loss import (  # noqa: E402
    FOCAL_PRIOR,
    MultiboxLoss,
    class_weights,
    focal_background_bias,
)
from thermoscout_core.learning.matching import Matcher  # noqa: E402

PRIORS = make_priors([PriorLevel(4, 4, ((0.25, 0.25),))])


def loss(offsets, logits, boxes, weights=None, **choices):
    """Of a single frame with boxes of the third class."""
    corners = np.array(boxes, np.float32).reshape(-1, 4)
    annotation = Annotation(corners, np.full(len(corners), 2), np.zeros(len(corners), bool))
    targets = Matcher(PRIORS)(annotation)
    measured = MultiboxLoss(LossSection(**choices), torch.from_numpy(PRIORS), weights)
    labels, wanted = (torch.from_numpy(array)[None] for array in (targets.labels, targets.offsets))
    return measured(offsets, logits, labels, wanted)


BOX = [[0.0, 0.0, 0.25, 0.25]]
BLANK = torch.zeros(1, 16, 4)


@pytest.mark.parametrize("classification", ["hard_negatives", "focal"])
@pytest.mark.parametrize("localisation", ["smooth_l1", "giou", "ciou"])
def test_a_frame_without_objects_gives_a_finite_loss(
    classification: str, localisation: str
) -> None:
    choices = {"classification": classification, "localisation": localisation}
    parts = loss(BLANK, BLANK, [], **choices)
    assert float(parts.localisation) == 0.0 and math.isfinite(float(parts.classification))


@pytest.mark.parametrize("classification", ["hard_negatives", "focal"])
def test_right_answers_cost_less_than_wrong_ones(classification: str) -> None:
    right, wrong = torch.zeros(1, 16, 4), torch.zeros(1, 16, 4)
    right[0, 1:, 0] = right[0, 0, 3] = 9.0
    wrong[0, :, 1] = 9.0
    costs = [
        float(loss(BLANK, logits, BOX, classification=classification).classification)
        for logits in (right, wrong)
    ]
    assert costs[0] < 0.1 < costs[1]


def test_focal_loss_is_cross_entropy_without_its_exponent() -> None:
    """γ = 0 and α = ½ leave half of the sum of the cross entropies (Lin et al. 2017, eq. 5)."""
    logits = torch.randn(1, 16, 4, generator=torch.Generator().manual_seed(0))
    parts = loss(BLANK, logits, BOX, classification="focal", focal_gamma=0.0, focal_alpha=0.5)
    wanted = torch.zeros(16, dtype=torch.long)
    wanted[0] = 3
    entropy = torch.nn.functional.cross_entropy(logits[0], wanted, reduction="sum")
    assert float(parts.classification) == pytest.approx(float(entropy) / 2, rel=1e-5)


def test_the_focal_bias_starts_at_its_prior() -> None:
    logits = torch.zeros(8)
    logits[0] = focal_background_bias(7)
    assert float(1 - logits.softmax(0)[0]) == pytest.approx(FOCAL_PRIOR, rel=1e-4)


def test_only_the_hardest_background_counts() -> None:
    """Ten of the fifteen, and a wrong one among them more than the others."""
    logits = torch.zeros(1, 16, 4)
    logits[0, 0, 3] = 30.0
    even = float(loss(BLANK, logits, BOX).classification)
    assert even == pytest.approx(15 * math.log(4), rel=1e-4)  # ties with the hardest stay
    logits[0, 6:, 0] = 30.0
    assert float(loss(BLANK, logits, BOX).classification) == pytest.approx(
        5 * math.log(4), rel=1e-4
    )


def test_label_smoothing_forbids_certainty() -> None:
    logits = torch.zeros(1, 16, 4)
    logits[0, 1:, 0] = logits[0, 0, 3] = 30.0
    plain = float(loss(BLANK, logits, BOX).classification)
    smooth = float(loss(BLANK, logits, BOX, label_smoothing=0.1).classification)
    assert plain < 1e-3 < 1.0 < smooth


def test_a_heavier_class_costs_more() -> None:
    logits = torch.zeros(1, 16, 4)
    logits[0, 1:, 0] = 30.0
    weights = class_weights(LossSection(class_weights={"c": 3.0}), "abc", [5, 5, 5])
    plain, heavy = (float(loss(BLANK, logits, BOX, w).classification) for w in (None, weights))
    assert heavy == pytest.approx(3 * plain, rel=1e-4)


def test_balanced_weights_favour_the_rare_and_keep_the_mean() -> None:
    counts = [900, 100, 0]
    weights = class_weights(LossSection(class_weights="balanced"), "abc", counts)
    assert weights[0] == 1.0 and weights[3] == 1.0
    assert float(weights[2] / weights[1]) == pytest.approx(3.0)
    assert float(weights[1] * 900 + weights[2] * 100) == pytest.approx(1000.0)


def test_offsets_decode_as_the_detector_does() -> None:
    rng = np.random.default_rng(0)
    offsets = rng.normal(size=(16, 4)).astype(np.float32)
    decoded = decode_offsets(torch.from_numpy(offsets), torch.from_numpy(PRIORS))
    assert decoded.numpy() == pytest.approx(decode(offsets, PRIORS), abs=1e-5)


def boxes(*values: list[float]) -> torch.Tensor:
    return torch.tensor(values)


@pytest.mark.parametrize("measure", [giou_loss, ciou_loss])
def test_a_perfect_box_costs_nothing(measure: object) -> None:
    box = boxes([0.1, 0.2, 0.5, 0.4])
    assert float(measure(box, box)) == pytest.approx(0.0, abs=1e-6)


def test_giou_of_separate_boxes_is_what_the_paper_says() -> None:
    """Unit squares with a gap of one between them: IoU 0, hull 3, union 2: GIoU = −1/3."""
    apart = giou_loss(boxes([0.0, 0.0, 1.0, 1.0]), boxes([2.0, 0.0, 3.0, 1.0]))
    assert float(apart) == pytest.approx(1 + 1 / 3)


def test_ciou_adds_distance_and_aspect() -> None:
    """The same squares: centres 2 apart, hull's diagonal² 10, aspects alike: 1 + 4/10."""
    apart = ciou_loss(boxes([0.0, 0.0, 1.0, 1.0]), boxes([2.0, 0.0, 3.0, 1.0]))
    assert float(apart) == pytest.approx(1.4)
    turned = ciou_loss(boxes([0.0, 0.0, 2.0, 1.0]), boxes([0.5, -0.5, 1.5, 1.5]))
    turn = 4 / math.pi**2 * (math.atan(2) - math.atan(0.5)) ** 2
    iou = 1 / 3
    assert float(turned) == pytest.approx(1 - iou + turn**2 / (1 - iou + turn), rel=1e-4)


@pytest.mark.parametrize("measure", [giou_loss, ciou_loss])
def test_following_the_gradient_brings_a_box_home(measure: object) -> None:
    wanted = boxes([0.3, 0.3, 0.5, 0.6])
    found = boxes([0.6, 0.1, 0.8, 0.2]).requires_grad_()
    optimiser = torch.optim.Adam([found], lr=0.01)
    for _ in range(300):
        optimiser.zero_grad()
        measure(found, wanted).sum().backward()
        optimiser.step()
    assert found.detach().numpy() == pytest.approx(wanted.numpy(), abs=0.05)
