"""The layers of a finished engine and the data types that they compute in."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict

_LISTED = re.compile(
    r"^Name: (?P<name>.+?), LayerType: (?P<kind>\w+), Inputs: \[(?P<inputs>.*?)\], "
    r"(?:Constants|Outputs): "
)
_DATA_TYPE = re.compile(r"Data[tT]ype: (\w+)")
_FORMATS = (
    ("Int8", re.compile(r"int8", re.IGNORECASE)),
    ("Half", re.compile(r"fp16|half", re.IGNORECASE)),
    ("BFloat16", re.compile(r"bf16|bfloat16", re.IGNORECASE)),
    ("Float", re.compile(r"fp32|float", re.IGNORECASE)),
)
_CONVOLUTIONS = {"correlation", "convolution", "caskconvolution", "conv"}


class Layer(BaseModel):
    """kind: TensorRT's own word for it. inputs: data types of its input tensors (Float, Half,
    Int8, …), constants left out."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: str
    inputs: tuple[str, ...]

    @property
    def is_convolution(self) -> bool:
        return self.kind.lower() in _CONVOLUTIONS


def layers_of_inspector(text: str) -> list[Layer]:
    """From EngineInspector's JSON of an engine built with detailed profiling verbosity."""
    found = json.loads(text).get("Layers", [])
    return [
        Layer(
            name=entry["Name"],
            kind=entry.get("LayerType", ""),
            inputs=tuple(_data_type(tensor) for tensor in entry.get("Inputs", [])),
        )
        for entry in found
        if isinstance(entry, dict)
    ]


def layers_of_listing(lines: Iterable[str]) -> list[Layer]:
    """From the list that a verbose builder logs when it has finished: there where the engine can't
    be loaded, as without a GPU."""
    layers = []
    for message in lines:
        for line in message.splitlines():
            match = _LISTED.match(line.strip())
            if match:
                types = tuple(_DATA_TYPE.findall(match["inputs"]))
                layers.append(Layer(name=match["name"], kind=match["kind"], inputs=types))
    return layers


def data_types(layers: Sequence[Layer]) -> dict[str, int]:
    """How many convolutions compute in each data type."""
    convolutions = [layer for layer in layers if layer.is_convolution]
    return dict(Counter(layer.inputs[0] if layer.inputs else "?" for layer in convolutions))


def _data_type(tensor: dict[str, str]) -> str:
    stated = tensor.get("Datatype") or tensor.get("DataType")
    if stated:
        return stated
    described = tensor.get("Format/Datatype", "")
    for name, pattern in _FORMATS:
        if pattern.search(described):
            return name
    return described or "?"
