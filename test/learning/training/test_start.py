"""What a run begins with: other weights, and data that may be bad."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml

from thermoscout_core.errors import ConfigurationError, DatasetError, ModelError
from thermoscout_core.learning.checkpoint import load_weights
from thermoscout_core.learning.config import ScheduleSection, TrainConfig, load_train_config
from thermoscout_core.learning.training import step
from thermoscout_core.learning.training.progress import EpochReport
from thermoscout_core.learning.training.run_folder import EMA
from thermoscout_core.learning.training.trainer import Trainer

Recipe = Callable[..., TrainConfig]


def quiet(_: EpochReport) -> None:
    return None


@pytest.fixture(scope="module")
def trained(recipe: Recipe, small_dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    Trainer(recipe(small_dataset, folder, schedule={"epochs": 1}), quiet).run()
    return folder / EMA


@pytest.fixture
def dataset(small_dataset: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(small_dataset, tmp_path / "data"))


def test_fine_tuning_starts_from_the_weights_it_is_given(
    recipe: Recipe, small_dataset: Path, trained: Path, tmp_path: Path
) -> None:
    weights, source, _ = load_weights(trained)
    trainer = Trainer(recipe(small_dataset, tmp_path, start_from=trained), quiet)
    started = trainer.network.state_dict()
    assert all(torch.equal(weights[name], started[name]) for name in weights)
    assert trainer.architecture.levels == source.levels
    assert not [note for note in trainer.notes if "not taken" in note]


def test_another_input_size_keeps_the_weights_and_fits_new_priors(
    recipe: Recipe, small_dataset: Path, trained: Path, tmp_path: Path
) -> None:
    weights, source, _ = load_weights(trained)
    model = {"input_size_px": [128, 96]}
    trainer = Trainer(recipe(small_dataset, tmp_path, start_from=trained, model=model), quiet)
    started = trainer.network.state_dict()
    assert all(torch.equal(weights[name], started[name]) for name in weights)
    assert trainer.architecture.levels != source.levels


def test_a_student_takes_the_sizes_of_its_teachers_priors(
    recipe: Recipe, small_dataset: Path, trained: Path, tmp_path: Path
) -> None:
    _, teacher, _ = load_weights(trained)
    model = {"input_size_px": [128, 96], "head": "full", "priors_from": trained}
    levels = Trainer(recipe(small_dataset, tmp_path, model=model), quiet).architecture.levels
    assert [level.sizes for level in levels] == [level.sizes for level in teacher.levels]
    assert [level.columns for level in levels] != [level.columns for level in teacher.levels]


def test_priors_of_another_number_are_refused(
    recipe: Recipe, small_dataset: Path, trained: Path, tmp_path: Path
) -> None:
    model = {"priors_from": trained, "priors_per_cell": [4, 4, 4, 4, 4, 4]}
    with pytest.raises(ModelError, match=r"priors_from.*priors_per_cell alike"):
        Trainer(recipe(small_dataset, tmp_path, model=model), quiet)


@pytest.mark.parametrize("head", ["pointwise", "separable"])
def test_other_classes_keep_what_both_know(
    recipe: Recipe, small_dataset: Path, tmp_path: Path, head: str
) -> None:
    first = recipe(small_dataset, tmp_path / "a", schedule={"epochs": 1}, model={"head": head})
    Trainer(first, quiet).run()
    start = tmp_path / "a" / EMA
    dataset = Path(shutil.copytree(small_dataset, tmp_path / "data"))
    names = (dataset / "classes.txt").read_text().split()
    changed = ["arrester", *reversed(names)]  # one new, the others in another order
    (dataset / "classes.txt").write_text("\n".join(changed))
    second = recipe(dataset, tmp_path / "b", start_from=start, model={"head": head})
    trainer = Trainer(second, quiet)
    told = "\n".join(trainer.notes)
    assert "classes that start from nothing: arrester" in told and "not taken" not in told
    layer = "class_heads.0.bias" if head == "pointwise" else "class_heads.0.1.bias"
    old = load_weights(start)[0][layer].view(-1, 1 + len(names))
    new = trainer.network.state_dict()[layer].view(-1, 1 + len(changed))
    assert torch.equal(new[:, 0], old[:, 0])
    for name in names:
        assert torch.equal(new[:, 1 + changed.index(name)], old[:, 1 + names.index(name)])


def test_another_design_takes_what_fits_and_says_what_does_not(
    recipe: Recipe, small_dataset: Path, trained: Path, tmp_path: Path
) -> None:
    config = recipe(small_dataset, tmp_path, start_from=trained, model={"head": "separable"})
    trainer = Trainer(config, quiet)
    weights, _, _ = load_weights(trained)
    name = "features.backbone.stem.0.weight"
    assert torch.equal(trainer.network.state_dict()[name], weights[name])
    assert any("tensors not taken: offset_heads" in note for note in trainer.notes)


def test_weights_of_which_nothing_fits_are_refused(
    recipe: Recipe, small_dataset: Path, trained: Path, tmp_path: Path
) -> None:
    config = recipe(small_dataset, tmp_path, start_from=trained, model={"width": 0.37})
    with pytest.raises(ModelError, match="no kernel fits"):
        Trainer(config, quiet)


def test_a_broken_weights_file_is_refused(
    recipe: Recipe, small_dataset: Path, tmp_path: Path
) -> None:
    (tmp_path / "w.safetensors").write_bytes(b"not weights")
    config = recipe(small_dataset, tmp_path, start_from=tmp_path / "w.safetensors")
    with pytest.raises(ModelError, match=r"w\.safetensors"):
        Trainer(config, quiet)


def test_a_focal_network_starts_with_background(
    recipe: Recipe, small_dataset: Path, tmp_path: Path
) -> None:
    config = recipe(small_dataset, tmp_path, loss={"classification": "focal"})
    trainer = Trainer(config, quiet)
    bias = trainer.network.state_dict()["class_heads.0.bias"].view(-1, 8)
    assert bias.softmax(1)[:, 0].numpy() == pytest.approx(0.99)


def spoil_picture(root: Path) -> None:
    (root / "counts" / "sim_003.png").write_bytes(b"\x89PNG broken")


def remove_picture(root: Path) -> None:
    (root / "counts" / "sim_003.png").unlink()


def rewrite(root: Path, old: str, new: str) -> None:
    path = root / "annotations" / "sim_003.xml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (spoil_picture, r"sim_003\.png"),
        (remove_picture, r"sim_003\.png"),
        (lambda root: rewrite(root, "<xmin>", "<xmin>9"), r"sim_003\.xml: object 1"),
        (lambda root: rewrite(root, "<name>", "<name>un"), r"sim_003\.xml.*unknown class"),
    ],
    ids=["broken picture", "missing picture", "box outside", "unknown class"],
)
def test_bad_data_is_named_before_anything_is_trained(
    recipe: Recipe, dataset: Path, tmp_path: Path, spoil: object, complaint: str
) -> None:
    spoil(dataset)  # type: ignore[operator]
    with pytest.raises(DatasetError, match=complaint):
        Trainer(recipe(dataset, tmp_path / "out"), quiet)
    assert not (tmp_path / "out").exists()


def test_a_class_without_boxes_is_told_and_harmless(
    recipe: Recipe, dataset: Path, tmp_path: Path
) -> None:
    with (dataset / "classes.txt").open("a") as opened:
        opened.write("\nwave_trap")
    trainer = Trainer(recipe(dataset, tmp_path / "out", schedule={"epochs": 1}), quiet)
    assert any("no training box of wave_trap" in note for note in trainer.notes)
    trainer.run()


def test_a_split_without_boxes_is_refused(recipe: Recipe, dataset: Path, tmp_path: Path) -> None:
    for path in (dataset / "annotations").iterdir():
        path.write_text("<annotation></annotation>")
    with pytest.raises(DatasetError, match="nothing to learn"):
        Trainer(recipe(dataset, tmp_path), quiet)


def test_extra_data_of_other_classes_is_refused(
    recipe: Recipe, small_dataset: Path, dataset: Path, tmp_path: Path
) -> None:
    (dataset / "classes.txt").write_text("bushing\nconnector")
    with pytest.raises(DatasetError, match="differ"):
        Trainer(recipe(small_dataset, tmp_path, data={"extra": [dataset]}), quiet)


def test_weights_of_an_unknown_class_are_refused(
    recipe: Recipe, small_dataset: Path, tmp_path: Path
) -> None:
    config = recipe(small_dataset, tmp_path, loss={"class_weights": {"conector": 2.0}})
    with pytest.raises(ConfigurationError, match="conector"):
        Trainer(config, quiet)


def test_float16_needs_a_gpu(recipe: Recipe, small_dataset: Path, tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(ConfigurationError, match="float16 needs a GPU"):
        Trainer(recipe(small_dataset, tmp_path, schedule={"precision": "float16"}), quiet)


def test_tensorboard_that_is_not_installed_is_told(
    recipe: Recipe, small_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ConfigurationError, match="pip install tensorboard"):
        Trainer(recipe(small_dataset, tmp_path, tensorboard=True), quiet)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"epohcs": 3}, "epohcs"),
        ({"schedule": {"epochs": "many"}}, "schedule.epochs"),
        ({"augment": {"flop": 1.0}}, "augment.flop"),
        ({"augment": {"flip": 1.5}}, "augment.flip"),
        ({"loss": {"localisation": "iou"}}, "loss.localisation"),
        ({"data": None}, "data"),
    ],
)
def test_a_wrong_recipe_names_the_file_and_the_key(
    tmp_path: Path, change: dict[str, object], complaint: str
) -> None:
    content: dict[str, object] = {"data": {"root": "x"}, "output": "y"}
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump({**content, **change}))
    with pytest.raises(ConfigurationError, match=rf"recipe\.yaml.*{complaint}"):
        load_train_config(path)


@pytest.mark.parametrize(("has", "taken"), [(True, "bfloat16"), (False, "float32")])
def test_a_cpu_trains_in_what_it_computes_in(
    has: bool, taken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "has_bfloat16", lambda: has)
    cpu = torch.device("cpu")
    assert step.precision_of(ScheduleSection(), cpu) == taken
    assert step.precision_of(ScheduleSection(precision="bfloat16"), cpu) == "bfloat16"
