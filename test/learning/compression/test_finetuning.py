"""What the bench's training holds to: pruned zeros, the better model, the teacher beside it."""

from pathlib import Path
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_pruning")

from thermoscout_core.learning.compression.distillation.companion import Teacher  # noqa: E402
from thermoscout_core.learning.compression.distillation.teaching import Teaching  # noqa: E402
from thermoscout_core.learning.compression.model import Model  # noqa: E402
from thermoscout_core.learning.compression.net2net import Net2Net  # noqa: E402
from thermoscout_core.learning.compression.step import CompressionError  # noqa: E402
from thermoscout_core.learning.compression.weights.masks import (  # noqa: E402
    keep_ratios_of,
    prunable_layers,
    prune_weights,
)
from thermoscout_core.learning.compression.weights.step import PruneWeights  # noqa: E402
from thermoscout_core.learning.compression.workbench import Workbench  # noqa: E402
from thermoscout_core.learning.training.companion import Companion  # noqa: E402

FIRST = "features.backbone.stem.0.weight"


@pytest.fixture
def pruned(model: Model) -> Model:
    network = model.copy_network()
    prune_weights(network, dict.fromkeys(prunable_layers(network), 0.4))
    return model.with_network(network)


def with_training(bench: Workbench, **changes: object) -> Workbench:
    return Workbench(bench.data, bench.training.model_copy(update=changes), bench.say)


def zeros_of(model: Model) -> int:
    return sum(int((layer.weight == 0).sum()) for layer in prunable_layers(model.network).values())


def judge_start(monkeypatch: pytest.MonkeyPatch, mean_ap: float) -> None:
    """The model that a training begins with has that mAP."""
    monkeypatch.setattr(Workbench, "evaluate", lambda *_: SimpleNamespace(mean_ap=mean_ap))


def same_weights(one: Model, other: Model) -> bool:
    return torch.equal(one.network.state_dict()[FIRST], other.network.state_dict()[FIRST])


def test_zeros_outlast_a_training(pruned: Model, bench: Workbench, tmp_path: Path) -> None:
    tuned = bench.finetune(pruned, tmp_path, keep_start=False)
    assert not same_weights(tuned, pruned)
    assert zeros_of(tuned) == zeros_of(pruned)


def test_zeros_learn_again_where_they_may(pruned: Model, bench: Workbench, tmp_path: Path) -> None:
    tuned = bench.finetune(pruned, tmp_path, hold_zeros=False, keep_start=False)
    assert zeros_of(tuned) < 0.1 * zeros_of(pruned)


def test_a_steps_own_companion_stands_beside_the_masks(
    pruned: Model, bench: Workbench, tmp_path: Path
) -> None:
    class Counting(Companion):
        steps = 0

        def after_step(self, network: object) -> None:
            self.steps += 1

    counting = Counting()
    tuned = bench.finetune(pruned, tmp_path, companion=counting, keep_start=False)
    assert counting.steps == 2
    assert zeros_of(tuned) == zeros_of(pruned)


def test_an_inserted_identity_learns(
    model: Model, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_start(monkeypatch, -1.0)
    step = Net2Net(do="net2net", deepen=("features.backbone.stem.2",))
    made = step.run(model, bench, tmp_path).model
    inserted = made.network.get_submodule("features.backbone.stem.2")[1]
    assert int((inserted.weight == 0).sum()) < 0.1 * inserted.weight.numel()


@pytest.mark.parametrize(("before", "kept"), [(2.0, True), (-1.0, False)])
def test_the_better_of_start_and_best_epoch_is_handed_back(
    model: Model,
    bench: Workbench,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    before: float,
    kept: bool,
) -> None:
    judge_start(monkeypatch, before)
    assert same_weights(bench.finetune(model, tmp_path), model) == kept


def test_surgery_never_hands_back_what_it_began_with(
    model: Model, bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_start(monkeypatch, 2.0)
    step = PruneWeights(do="prune_weights", keep_ratio=0.5, rounds=1, epochs=1, masks="surgery")
    made = step.run(model, bench, tmp_path).model
    assert not same_weights(made, model)
    assert max(keep_ratios_of(made.network).values()) < 0.51


def test_thresholding_asks_for_epochs_enough() -> None:
    with pytest.raises(ValueError, match="more than 3 epochs a round"):
        PruneWeights(do="prune_weights", keep_ratio=0.5, epochs=3, masks="thresholding")


@pytest.mark.parametrize(("teacher", "believes"), [("dense", True), (None, False)])
def test_a_network_beside_a_teacher_comes_to_its_opinion(
    model: Model, bench: Workbench, tmp_path: Path, teacher: str | None, believes: bool
) -> None:
    """Which is that everything is of the third class, whatever the labels say."""
    network = model.copy_network()
    with torch.no_grad():
        for head in network.class_heads:
            head[-1].bias.view(-1, 1 + network.class_count)[:, 3] += 4.0
    model.with_network(network).save(tmp_path / "dense.safetensors")
    changes = {"epochs": 3, "learning_rate": 0.05, "ema_decay": 0.0}
    taught = with_training(
        bench,
        schedule=bench.training.schedule.model_copy(update=changes),
        teacher=teacher,
        distillation=Teaching(hard=0.0),
    )
    taught.dense = tmp_path / "dense.safetensors"
    tuned = taught.finetune(model, tmp_path / "run", keep_start=False)
    opinions = [third_class(one, bench) for one in (model, tuned)]
    assert (opinions[1] > 2 * opinions[0]) == believes


def third_class(model: Model, bench: Workbench) -> float:
    """Its mean probability in training frames."""
    (batch,) = bench.training_batches(model, 4)
    with torch.no_grad():
        _, logits = model.network(batch.images(torch.device("cpu")))
    return float(logits.softmax(2)[..., 3].mean())


def test_a_steps_own_teacher_takes_the_recipes_place(
    model: Model, bench: Workbench, tmp_path: Path
) -> None:
    model.save(tmp_path / "dense.safetensors")
    taught = with_training(bench, teacher=tmp_path / "dense.safetensors")
    own = Teacher([model], model, Teaching())
    for companion, wanted in ((own, 1), (None, 1)):
        found = taught._companions(model, companion, hold_zeros=False)
        assert sum(isinstance(one, Teacher) for one in found.modules()) == wanted
    assert own in list(taught._companions(model, own, hold_zeros=True).modules())


def test_without_a_dense_model_none_can_teach(model: Model, bench: Workbench) -> None:
    with pytest.raises(CompressionError, match="there is no dense model here"):
        bench.teachers(["dense"])
