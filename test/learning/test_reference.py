"""Recipes, documentation and the networks of the bench are about the same networks."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from thermoscout_core.learning.config import load_train_config  # noqa: E402
from thermoscout_core.learning.reference import SSDS, YOLOS  # noqa: E402
from thermoscout_core.learning.reference.__main__ import tables  # noqa: E402

ROOT = Path(__file__).parents[2]
RECIPES = {path.stem: path for path in (ROOT / "config/detector").glob("*.yaml")}


@pytest.mark.parametrize(
    "name",
    ["mobilenet_v1_ssd300", "mobilenet_v2_ssdlite300", "vgg16_ssd300", "kenet_ssd300"],
)
def test_recipe_is_the_reference_of_its_name(name: str) -> None:
    model, reference = load_train_config(RECIPES[name]).model, SSDS[name]
    assert model.design == reference.design
    assert model.priors_per_cell == reference.priors_per_cell
    assert model.input_size_px == reference.input_size_px


def test_documentation_has_the_counts_of_today() -> None:
    page = (ROOT / "docs/models.md").read_text(encoding="utf-8")
    for table in tables():
        assert table in page, "docs/models.md: paste what the command at its top prints"


@pytest.mark.parametrize("name", YOLOS)
def test_yolos_give_a_map_of_each_stride(name: str) -> None:
    with torch.device("meta"):
        maps = YOLOS[name].build().eval()(torch.empty(1, 3, 96, 64))
    strides = [32, 16, 8][: len(maps)]
    assert [tuple(m.shape) for m in maps] == [(1, 75, 96 // s, 64 // s) for s in strides]


def test_yolo_tiny_is_the_same_in_onnx(tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    torch.manual_seed(0)
    network, images = YOLOS["yolov3_tiny"].build().eval(), torch.randn(1, 3, 64, 64)
    path = tmp_path / "tiny.onnx"
    torch.onnx.export(network, (images,), str(path), input_names=["images"], dynamo=False)
    session = onnxruntime.InferenceSession(path)
    with torch.no_grad():
        wanted = network(images)
    for one, other in zip(wanted, session.run(None, {"images": images.numpy()}), strict=True):
        assert torch.allclose(one, torch.from_numpy(other), atol=1e-4)
