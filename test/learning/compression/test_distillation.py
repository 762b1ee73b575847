"""The losses against their equations, the teacher's companion, and who may teach whom."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional  # noqa: E402

from thermoscout_core.detection.priors import PriorLevel, decode, make_priors  # noqa: E402
from thermoscout_core.learning.compression.distillation import losses  # noqa: E402
from thermoscout_core.learning.compression.distillation.companion import (  # noqa: E402
    Teacher,
    require_same_priors,
)
from thermoscout_core.learning.compression.distillation.ensemble import Ensemble  # noqa: E402
from thermoscout_core.learning.compression.distillation.mirroring import unmirrored  # noqa: E402
from thermoscout_core.learning.compression.distillation.step import Distil  # noqa: E402
from thermoscout_core.learning.compression.distillation.teaching import Teaching  # noqa: E402
from thermoscout_core.learning.compression.model import Model  # noqa: E402
from thermoscout_core.learning.compression.step import CompressionError  # noqa: E402
from thermoscout_core.learning.compression.workbench import Workbench  # noqa: E402
from thermoscout_core.learning.loss import LossParts  # noqa: E402
from thermoscout_core.learning.training.companion import Seen  # noqa: E402

STUDENT = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.5, 0.0]])
TEACHER = torch.tensor([[1.0, 1.0, -2.0], [0.0, 3.0, 0.0]])


def test_soft_labels_are_the_teachers_weighted_entropy() -> None:
    """−Σ ω·P_t·log P_s with 1.5 for the background."""
    wanted = -(torch.tensor([1.5, 1.0, 1.0]) * TEACHER.softmax(1) * STUDENT.softmax(1).log()).sum()
    assert torch.allclose(losses.soft_labels(STUDENT, TEACHER, 1.0, 1.5), wanted)


def test_soft_labels_at_a_temperature_keep_their_gradients_size() -> None:
    sizes = []
    for temperature in (1.0, 8.0):
        student = (0.01 * STUDENT).requires_grad_()
        loss = losses.soft_labels(student, 0.01 * TEACHER, temperature)
        loss.backward()
        sizes.append(float(student.grad.norm()))
    assert sizes[0] == pytest.approx(sizes[1], rel=0.02)


def test_a_student_like_its_teacher_has_nothing_to_learn() -> None:
    maps = [torch.rand(2, 4, 3, 3)]
    assert losses.logit_distance(TEACHER + 7, TEACHER) == pytest.approx(0, abs=1e-9)
    assert losses.attention_distance(maps, [3 * maps[0]]) == pytest.approx(0, abs=1e-9)
    assert losses.hint_distance(maps, maps) == 0


def test_attention_is_the_normalised_mean_of_squares() -> None:
    features = torch.rand(2, 5, 3, 4)
    by_hand = functional.normalize(features.pow(2).mean(1).view(2, -1))
    assert torch.allclose(losses.attention_map(features), by_hand)


def test_both_reductions_of_the_attention() -> None:
    one, other = [torch.rand(2, 3, 4, 4)], [torch.rand(2, 6, 4, 4)]
    apart = losses.attention_map(one[0]) - losses.attention_map(other[0])
    mean = losses.attention_distance(one, other, "mean")
    norm = losses.attention_distance(one, other, "norm")
    assert torch.allclose(mean, apart.pow(2).mean())
    assert torch.allclose(norm, apart.pow(2).sum(1).sqrt().mean())


@pytest.mark.parametrize(
    ("error", "margin", "punished"),
    [(2.0, 0.0, True), (0.5, 0.0, False), (0.9, 0.5, True), (1.1, -0.5, False)],
)
def test_the_bound_is_the_teachers_own_error(error: float, margin: float, punished: bool) -> None:
    """The teacher's squared error is 1; a negative margin is the text's reading of eq. 8."""
    wanted = torch.zeros(1, 4)
    teacher = torch.tensor([[1.0, 0, 0, 0]])
    student = torch.tensor([[error**0.5, 0, 0, 0]])
    loss = losses.bounded_regression(student, teacher, wanted, margin)
    assert loss == pytest.approx(error if punished else 0.0)


def seen_by(model: Model) -> tuple[Seen, LossParts]:
    torch.manual_seed(1)
    images = torch.rand(2, 3, 64, 64)
    offsets, logits = model.network(images)
    labels = torch.zeros(logits.shape[:2], dtype=torch.long)
    labels[:, :3] = 2
    labels[:, 3] = -1
    loss = LossParts(offsets.square().mean(), logits.square().mean(), logits.mean())
    return Seen(images, offsets, logits, labels, torch.zeros_like(offsets), 6), loss


def test_the_whole_loss_adds_up(model: Model) -> None:
    """Eq. 10: λ·L_hard + (1−λ)·L_soft + L_loc + ν·L_b + β·L_KE, of a teacher that is another."""
    other = model.with_network(model.copy_network())
    with torch.no_grad():
        for parameter in other.network.parameters():
            parameter.mul_(0.9)
    totals = {}
    for name, weights in {
        "labels": Teaching(hard=1.0, bounded=0.0),
        "soft": Teaching(hard=0.0, bounded=0.0),
        "bounded": Teaching(hard=1.0, bounded=2.0),
        "attention": Teaching(hard=1.0, bounded=0.0, attention=1000.0),
        "hints": Teaching(hard=1.0, bounded=0.0, hints=0.5),
        "all": Teaching(hard=0.8, bounded=2.0, attention=1000.0),
    }.items():
        torch.manual_seed(0)
        teacher = Teacher([other], model, weights)
        student = model.copy_network()
        teacher.begin(student)
        seen, parts = seen_by(model.with_network(student))
        totals[name] = teacher.objective(parts, seen).item()
    parts = LossParts(
        *(part.detach() for part in (parts.localisation, parts.classification, parts.total))
    )
    labels = float(parts.classification + parts.localisation)
    assert totals["labels"] == pytest.approx(labels, rel=1e-4)
    soft = totals["soft"] - float(parts.localisation)
    extras = [totals[key] - labels for key in ("bounded", "attention", "hints")]
    assert soft > 0 and min(extras) > 0
    hard = 0.8 * float(parts.classification) + 0.2 * soft + float(parts.localisation)
    assert totals["all"] == pytest.approx(hard + extras[0] + extras[1], rel=1e-4)


def test_only_the_regressors_learn_beside_the_student(model: Model) -> None:
    teacher = Teacher([model], model, Teaching(hints=0.5))
    names = {name.split(".")[0] for name, _ in teacher.named_parameters()}
    assert names == {"regressors"}
    assert not list(Teacher([model], model, Teaching()).parameters())


def test_a_teacher_with_other_priors_is_refused(model: Model) -> None:
    levels = model.architecture.levels
    fewer = (PriorLevel(levels[0].columns, levels[0].rows, levels[0].sizes[:1]), *levels[1:])
    teacher = Model(model.network, replace(model.architecture, levels=fewer))
    with pytest.raises(CompressionError, match="input_size_px, taps and priors_per_cell"):
        require_same_priors(teacher, model)


def test_priors_of_other_sizes_are_refused(model: Model) -> None:
    levels = tuple(
        PriorLevel(level.columns, level.rows, ((0.1, 0.1), (0.5, 0.5)))
        for level in model.architecture.levels
    )
    teacher = Model(model.network, replace(model.architecture, levels=levels))
    with pytest.raises(CompressionError, match="priors of other sizes"):
        require_same_priors(teacher, model)


def test_a_teacher_of_other_classes_is_refused(model: Model) -> None:
    classes = ("pylon", *model.architecture.classes[1:])
    teacher = Model(model.network, replace(model.architecture, classes=classes))
    with pytest.raises(CompressionError, match="the teacher knows pylon"):
        require_same_priors(teacher, model)


def test_knowledge_enhancement_needs_its_modules(
    model: Model, bench: Workbench, tmp_path: Path
) -> None:
    model.save(tmp_path / "teacher.safetensors")
    step = Distil(do="distil", teacher=tmp_path / "teacher.safetensors", knowledge_enhanced=True)
    with pytest.raises(CompressionError, match="the teacher has no attention modules"):
        step.run(model, bench, tmp_path)


def test_an_unmirrored_answer_means_the_mirrored_boxes(model: Model) -> None:
    """Decoded, every box of the mirror image changes sides; its class goes with it."""
    priors = torch.from_numpy(make_priors(model.architecture.levels))
    offsets = torch.randn(1, len(priors), 4)
    logits = torch.arange(len(priors)).float()[None, :, None]
    back, moved = unmirrored(offsets, logits, model.architecture.levels)
    seen = decode(offsets[0].numpy(), priors.numpy())[moved[0, :, 0].long()]
    wanted = seen[:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [1, 0, 1, 0]
    assert np.abs(decode(back[0].numpy(), priors.numpy()) - wanted).max() < 1e-5


def test_unmirroring_twice_changes_nothing(model: Model) -> None:
    levels = model.architecture.levels
    offsets, logits = model.network(torch.rand(2, 3, 64, 64))
    once = unmirrored(offsets, logits, levels)
    assert not torch.equal(once[1], logits)
    for found, wanted in zip(unmirrored(*once, levels), (offsets, logits), strict=True):
        assert torch.equal(found, wanted)


def test_a_flip_averaging_teacher_sees_a_frame_and_its_mirror_image_alike(model: Model) -> None:
    images, levels = torch.rand(2, 3, 64, 64), model.architecture.levels
    for flip_average, alike in ((True, True), (False, False)):
        teacher = Ensemble([model], flip_average)
        _, one = teacher(images)
        _, other = unmirrored(*teacher(images.flip(3)), levels)
        assert alike == torch.allclose(one, other, atol=1e-5)


def test_several_teachers_answer_with_their_mean(model: Model) -> None:
    other = model.with_network(model.copy_network())
    with torch.no_grad():
        for parameter in other.network.parameters():
            parameter.mul_(0.9)
        images = torch.rand(2, 3, 64, 64)
        said = [one.network(images) for one in (model, other)]
    offsets, logits = Ensemble([model, other])(images)
    probabilities = torch.stack([one[1].softmax(2) for one in said])
    assert torch.allclose(logits.softmax(2), probabilities.mean(0), atol=1e-5)
    equipment = 1 - probabilities[..., :1]
    mean = (equipment * torch.stack([one[0] for one in said])).sum(0) / equipment.sum(0)
    assert torch.allclose(offsets, mean, atol=1e-4)


def test_a_teacher_answers_in_the_students_precision_and_once_a_batch(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = Teacher([model], model, Teaching())
    student = model.copy_network()
    student.features.autocast = torch.bfloat16
    teacher.begin(student)
    teacher.before_step(student, 0)
    seen, parts = seen_by(model.with_network(student))
    asked = []
    (ensemble,) = teacher._ensemble
    ensemble.register_forward_hook(lambda *_: asked.append(ensemble._first.features.autocast))
    teacher.objective(parts, seen).backward()
    assert asked == [torch.bfloat16]


def test_a_teacher_of_a_larger_input_sees_the_frame_resized(model: Model) -> None:
    """64 and 60 px both end in the same maps."""
    smaller = replace(model.architecture, input_size_px=(60, 60))
    maps = [level.columns for level in model.architecture.levels]
    assert [size[0] for size in model.network.features.map_sizes(60, 60)] == maps
    student = Model(model.network, smaller)
    require_same_priors(model, student)
    images = torch.rand(1, 3, 60, 60)
    found = Ensemble([model])(images)
    resized = torch.nn.functional.interpolate(images, (64, 64), mode="bilinear")
    assert torch.allclose(found[0], model.network(resized)[0], atol=1e-4)


@pytest.mark.parametrize("given", [{}, {"teacher": "dense", "teachers": ["dense"]}])
def test_a_step_needs_one_teacher_or_several(given: Any) -> None:
    with pytest.raises(ValueError, match="either a teacher or teachers"):
        Distil(do="distil", **given)


def test_the_step_trains_a_student(
    model: Model, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.save(tmp_path / "teacher.safetensors")
    step = Distil(
        do="distil", teacher=tmp_path / "teacher.safetensors", attention=1000, hints=0.5, epochs=1
    )
    monkeypatch.setattr(Workbench, "evaluate", lambda *_: SimpleNamespace(mean_ap=-1.0))
    made: Any = step.run(model, bench, tmp_path)
    name = "features.backbone.stem.0.weight"
    assert not torch.equal(made.model.network.state_dict()[name], model.network.state_dict()[name])
    assert set(made.model.network.state_dict()) == set(model.network.state_dict())
