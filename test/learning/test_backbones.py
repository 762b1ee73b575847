"""Every kind of detector trains, survives its checkpoint and is the same network in ONNX."""

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402

from thermoscout_core.errors import ModelError  # noqa: E402
from thermoscout_core.learning.attention import KnowledgeEnhancement  # noqa: E402
from thermoscout_core.learning.backbones.mobilenet_v2 import MobileNetV2  # noqa: E402
from thermoscout_core.learning.backbones.torch_weights import filled_layers  # noqa: E402
from thermoscout_core.learning.backbones.vgg16 import Vgg16  # noqa: E402
from thermoscout_core.learning.blocks import BLOCKS  # noqa: E402
from thermoscout_core.learning.checkpoint import load_network, save_weights  # noqa: E402
from thermoscout_core.learning.design import Architecture, Design  # noqa: E402
from thermoscout_core.learning.folding import fold_batch_norm  # noqa: E402
from thermoscout_core.learning.reference import (  # noqa: E402
    KEDET,
    MOBILENET_V2_SSDLITE,
    VGG16,
    SsdReference,
)
from thermoscout_core.learning.ssd import FeatureMaps, Ssd, SsdWithBoxes  # noqa: E402

SIZE_PX = (96, 64)
CLASSES = ("insulator", "bushing")
SMALL_STACK = Design(
    backbone="stack", activation="relu", widths=(32, 64, 128), depths=(1, 1, 1), extras=()
)
DESIGNS = {
    "mobilenet_v1": Design(width=0.25, first_stride=8, extras=((64, 128),)),
    "mobilenet_v1 with neck": Design(width=0.25, neck_channels=16, extras=()),
    "mobilenet_v2": replace(MOBILENET_V2_SSDLITE, width=0.25, first_stride=8, extras=((64, 128),)),
    "vgg16": replace(VGG16, width=0.125, extras=VGG16.extras[:1]),
    "kedet": replace(
        KEDET,
        widths=(16, 32, 64, 64),
        depths=(1, 1, 2, 1),
        first_stride=8,
        extras=((64, 128),),
    ),
    **{f"stack of {block}": replace(SMALL_STACK, block=block) for block in BLOCKS},
}


def small_network(design: Design) -> tuple[Ssd, Architecture]:
    torch.manual_seed(0)
    counts = (6,) * len(FeatureMaps(design).channels)
    architecture = SsdReference(design, counts, "seed", SIZE_PX).architecture(CLASSES)
    return Ssd.build(architecture), architecture


def images(count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(count, 3, SIZE_PX[1], SIZE_PX[0], generator=generator) * 2 - 1


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
def test_a_step_of_training_reaches_every_weight_and_lowers_the_loss(design: Design) -> None:
    network, _ = small_network(design)
    batch = images(2)
    optimiser = torch.optim.SGD(network.parameters(), 1e-4)

    def loss() -> torch.Tensor:
        offsets, logits = network(batch)
        target = torch.zeros(logits.shape[:2], dtype=torch.long)
        return (
            torch.nn.functional.cross_entropy(logits.transpose(1, 2), target)
            + offsets.square().mean()
        )

    before = loss()
    before.backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    optimiser.step()
    assert float(loss().detach()) < float(before.detach())


@pytest.mark.parametrize("design", DESIGNS.values(), ids=DESIGNS)
def test_checkpoint_and_onnx_give_the_same_boxes(design: Design, tmp_path: Path) -> None:
    network, architecture = small_network(design)
    for _ in range(3):  # batch norm's statistics away from 0 and 1
        network(images(2))
    save_weights(tmp_path / "w.safetensors", network.state_dict(), architecture, {})
    loaded, read, _ = load_network(tmp_path / "w.safetensors")
    assert read == architecture
    folded = fold_batch_norm(SsdWithBoxes(loaded, read.levels).eval())
    path = tmp_path / "network.onnx"
    torch.onnx.export(folded, (images(1),), str(path), input_names=["images"], dynamo=False)
    with torch.no_grad():
        trained = SsdWithBoxes(network, architecture.levels).eval()(images(1))
    in_onnx = onnxruntime.InferenceSession(path).run(None, {"images": images(1).numpy()})
    for one, other in zip(trained, in_onnx, strict=True):
        assert np.abs(one.numpy() - other).max() < 1e-4


def test_finest_map_has_the_stride_that_was_asked_for() -> None:
    for backbone, strides in {"mobilenet_v2": (8, 16), "vgg16": (8, 16), "stack": (4, 8)}.items():
        for stride in strides:
            design = Design(backbone=backbone, width=0.25, first_stride=stride, extras=())
            assert FeatureMaps(design).map_sizes(320, 256)[0] == (320 // stride, 256 // stride)


def test_a_stride_that_the_backbone_lacks_is_refused() -> None:
    with pytest.raises(
        ModelError, match="vgg16 has maps of strides 8, 16, none of first_stride 4"
    ):
        FeatureMaps(Design(backbone="vgg16", first_stride=4))


def test_an_input_too_small_for_unpadded_extras_is_refused() -> None:
    with pytest.raises(ModelError, match=r"160×160 px leaves too little .* or fewer extras"):
        FeatureMaps(replace(VGG16, width=0.125)).map_sizes(160, 160)


def test_stages_without_a_width_are_refused() -> None:
    with pytest.raises(ModelError, match="one width and at least one block for each stage"):
        FeatureMaps(Design(backbone="stack", widths=(32, 64), depths=(1, 1, 1)))


def test_knowledge_enhancement_begins_nearly_open() -> None:
    """A trained network that it is added to begins as about what it was."""
    torch.manual_seed(0)
    features = torch.rand(2, 64, 12, 16)
    passed = KnowledgeEnhancement(64, 16)(features) / features
    assert float(passed.min()) > 0.6 and float(passed.max()) < 0.95


def test_enhanced_maps_are_at_most_the_plain_ones() -> None:
    """E = K_s ⊗ K_c ⊗ A with both factors between 0 and 1 (seed 002, eq. 2–4)."""
    network = FeatureMaps(replace(DESIGNS["mobilenet_v1"], attention_reduction=16)).eval()
    with torch.no_grad():
        enhanced = network(images(1))
        network.attention = None
        plain = network(images(1))
    for one, other in zip(enhanced, plain, strict=True):
        assert (one.abs() <= other.abs()).all() and (one != other).any()


def test_weights_in_torch_s_order_are_taken_over_with_epsilon_and_input_range(
    tmp_path: Path,
) -> None:
    design = Design(backbone="mobilenet_v2", width=0.25)
    torch.manual_seed(1)
    source = MobileNetV2(design)
    for layer in filled_layers(source):
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.eps = 1e-5
            layer.running_var.uniform_(1e-4, 2)
            layer.running_mean.normal_()
    renamed = {f"features.{name}": value for name, value in source.state_dict().items()}
    torch.save(renamed, tmp_path / "w.pt")
    loaded = MobileNetV2(design)
    loaded.load_imagenet(tmp_path / "w.pt")
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    source.eval(), loaded.eval()
    with torch.no_grad():
        stem = source.stem((images(1) / 2 + 0.5 - mean) / deviation)
        inside = (..., slice(1, None), slice(1, None))  # the first row and column see padding
        assert torch.allclose(loaded.stem(images(1))[inside], stem[inside], atol=1e-4)
        one, other = stem, stem
        for first, second in zip(source.blocks, loaded.blocks, strict=True):
            one, other = first(one), second(other)
        assert torch.allclose(source.last(one), loaded.last(other), atol=1e-4)


def test_vgg_takes_weights_that_learnt_from_mean_free_bytes(tmp_path: Path) -> None:
    source, loaded = Vgg16(DESIGNS["vgg16"]), Vgg16(DESIGNS["vgg16"])
    tensors = [tensor for layer in filled_layers(source) for tensor in layer.state_dict().values()]
    torch.save({str(number): tensor for number, tensor in enumerate(tensors)}, tmp_path / "w.pth")
    loaded.load_imagenet(tmp_path / "w.pth")
    mean = torch.tensor([123.0, 117.0, 104.0]).view(1, 3, 1, 1)
    with torch.no_grad():
        wanted = source.to_conv4_3[0]((images(1) + 1) * 127.5 - mean)
        got = loaded.to_conv4_3[0](images(1))
    inside = (..., slice(1, -1), slice(1, -1))
    assert torch.allclose(got[inside], wanted[inside], atol=1e-2)
    assert torch.equal(loaded.to_fc7[-2].weight, source.to_fc7[-2].weight)


def test_weights_of_another_width_are_refused(tmp_path: Path) -> None:
    source = MobileNetV2(Design(backbone="mobilenet_v2", width=0.5))
    torch.save(source.state_dict(), tmp_path / "w.pt")
    with pytest.raises(ModelError, match="another network or width"):
        MobileNetV2(Design(backbone="mobilenet_v2", width=0.25)).load_imagenet(tmp_path / "w.pt")


@pytest.mark.parametrize("content", [b"", b"not torch", None])
def test_a_broken_or_missing_weights_file_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "broken.pt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"broken\.pt: "):
        MobileNetV2(Design(backbone="mobilenet_v2", width=0.25)).load_imagenet(path)
