"""Changed layers as data: what compression writes into a checkpoint and Ssd.build reads."""

import json
from dataclasses import replace
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from thermoscout_core.errors import ModelError  # noqa: E402
from thermoscout_core.learning.design import Architecture, LayerShape  # noqa: E402
from thermoscout_core.learning.ssd import Ssd  # noqa: E402
from thermoscout_core.learning.surgery import changes_of, replace_layer  # noqa: E402

POINTWISE = "features.backbone.pointwise.3.0"


def changed(network: Any, architecture: Architecture) -> Architecture:
    return replace(architecture, layers=changes_of(network, Ssd.plain(architecture)))


def test_an_untouched_network_has_no_changes(tiny_network: Any, tiny_architecture: Any) -> None:
    assert changes_of(tiny_network, Ssd.plain(tiny_architecture)) == ()


def test_replaced_layers_come_back_with_their_weights(
    tiny_network: Any, tiny_architecture: Any
) -> None:
    inputs, outputs = tiny_network.get_submodule(POINTWISE).weight.shape[1::-1]
    first = nn.Conv2d(inputs, 5, 1, bias=False)
    replace_layer(tiny_network, POINTWISE, [first, nn.Conv2d(5, outputs, 1, bias=False)])
    replace_layer(tiny_network, f"{POINTWISE}.1", [nn.Conv2d(5, 4, 1), nn.Conv2d(4, outputs, 1)])
    architecture = changed(tiny_network, tiny_architecture)
    assert [shape.outputs for shape in dict(architecture.layers)[POINTWISE]] == [5, 4, outputs]

    written = json.loads(json.dumps(architecture.as_dict()))
    assert Architecture.from_dict(written) == architecture
    rebuilt = Ssd.build(architecture).eval()
    rebuilt.load_state_dict(tiny_network.state_dict())
    images = torch.rand(1, 3, 96, 96)
    for one, other in zip(rebuilt(images), tiny_network(images), strict=True):
        assert torch.equal(one, other)


def test_a_layer_may_be_gone(tiny_network: Any, tiny_architecture: Any) -> None:
    replace_layer(tiny_network, "features.backbone.stem.2", [])
    architecture = changed(tiny_network, tiny_architecture)
    assert architecture.layers == (("features.backbone.stem.2", ()),)
    assert isinstance(Ssd.build(architecture).features.backbone.stem[2], nn.Identity)


def test_a_change_of_an_unknown_layer_is_named(tiny_architecture: Any) -> None:
    layers = (("features.tail", (LayerShape("relu"),)),)
    with pytest.raises(ModelError, match=r"changes features\.tail, which the design lacks"):
        Ssd.build(replace(tiny_architecture, layers=layers))


def test_a_layer_that_cannot_be_described_is_named(
    tiny_network: Any, tiny_architecture: Any
) -> None:
    replace_layer(tiny_network, POINTWISE, [nn.Dropout()])
    with pytest.raises(ModelError, match="a Dropout can't stand"):
        changed(tiny_network, tiny_architecture)
