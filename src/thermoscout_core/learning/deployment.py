"""A file for TensorRT from an exported one: its precision, then the preprocessing, put inside."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import onnx

from thermoscout_core.atomic import write_bytes
from thermoscout_core.detection.backends.base import METADATA_KEY, read_metadata, require_file
from thermoscout_core.detection.contract import (
    DECODED,
    DETECTIONS,
    SUPPRESSED,
    network_input,
)
from thermoscout_core.detection.priors import PriorLevel, make_priors
from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.errors import ConfigurationError, ModelError
from thermoscout_core.frames import Counts
from thermoscout_core.learning.onnx_float16 import to_float16
from thermoscout_core.learning.onnx_preprocessing import add_preprocessing
from thermoscout_core.learning.onnx_suppression import add_suppression
from thermoscout_core.learning.quantisation.calibration import calibrate
from thermoscout_core.learning.quantisation.qdq import note_precision, write_quantised

PRECISIONS = ("float32", "float16", "int8", "int8_float16")
FIRST_CONVOLUTIONS = 9
HEADS = ("ssd.offset_heads.", "ssd.class_heads.")
"""int8_float16 leaves the first convolutions and the heads in float16: a MobileNet loses the most
there, and they are a quarter of its work."""


def deploy(
    model: Path,
    output: Path,
    precision: str,
    frame_size_px: tuple[int, int] | None,
    calibration_frames: Sequence[Counts] = (),
    method: str = "percentile",
    *,
    with_suppression: bool = False,
) -> None:
    """Write model, a float32 export with preprocessing and suppression outside, for TensorRT.

    precision: one of PRECISIONS; int8 needs calibration_frames, and takes their ranges by method,
    one of quantisation.calibration.METHODS; in int8_float16 all that isn't int8 is float16, the
    first convolutions and the heads too. frame_size_px: (width, height) of the camera's frames
    to have the preprocessing inside, None to leave it outside. with_suppression: inside
    too, at the export's IoU threshold. Raises ConfigurationError for wishes that don't go
    together, ModelError for a file that doesn't fit.
    """
    if precision not in PRECISIONS:
        raise ConfigurationError(
            f"precision '{precision}' is unknown; there are {', '.join(PRECISIONS)}"
        )
    width_px, height_px = _plain_input_size(model)
    if precision.startswith("int8"):
        inputs = [
            {"images": network_input(to_8bit_view(counts), (width_px, height_px))}
            for counts in calibration_frames
        ]
        with tempfile.TemporaryDirectory() as folder:
            quantised = Path(folder) / "int8.onnx"
            calibration = calibrate(model, inputs, method)
            spared = _sensitive(calibration.model) if precision == "int8_float16" else []
            write_quantised(calibration, quantised, "tensorrt", spared)
            made = onnx.load(str(quantised))
    else:
        made = onnx.load(str(model))
    if precision.endswith("float16"):
        made = to_float16(made)
        note_precision(made, type=precision)
    if with_suppression:
        made = _suppressed(made, model)
    if frame_size_px is not None:
        made = add_preprocessing(made, frame_size_px, (width_px, height_px))
    onnx.checker.check_model(made)
    write_bytes(output, made.SerializeToString())


def _suppressed(made: onnx.ModelProto, model: Path) -> onnx.ModelProto:
    properties = {entry.key: entry.value for entry in made.metadata_props}
    metadata = read_metadata(model, properties.get(METADATA_KEY))
    if tuple(entry.name for entry in made.graph.output) != DECODED:
        raise ModelError(
            f"{model}: suppression needs decoded boxes; export with --outputs decoded"
        )
    try:
        levels = [PriorLevel(*level) for level in metadata["architecture"]["levels"]]
        classes, iou_threshold = len(metadata["classes"]), metadata["iou_threshold"]
    except KeyError as error:
        raise ModelError(
            f"{model}: its metadata lack {error}; export it again with 'thermoscout export'"
        ) from error
    return add_suppression(made, len(make_priors(levels)), classes, iou_threshold)


def _sensitive(model: onnx.ModelProto) -> list[str]:
    """Names of the first convolutions and of those of the heads."""
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    return [
        node.name
        for index, node in enumerate(convolutions)
        if index < FIRST_CONVOLUTIONS or node.input[1].startswith(HEADS)
    ]


def _plain_input_size(model: Path) -> tuple[int, int]:
    """(width, height) of the input of an export that can be changed."""
    require_file(model)
    try:
        graph = onnx.load(str(model)).graph
    except Exception as error:  # protobuf's own
        raise ModelError(f"{model}: is no ONNX file: {error}") from error
    names = [entry.name for entry in graph.input]
    quantised = any(node.op_type == "DequantizeLinear" for node in graph.node)
    halved = any(entry.data_type == onnx.TensorProto.FLOAT16 for entry in graph.initializer)
    outputs = tuple(entry.name for entry in graph.output)
    if names != ["images"] or outputs in (SUPPRESSED, DETECTIONS) or quantised or halved:
        raise ModelError(
            f"{model}: precision and preprocessing are put into a float32 export that has neither "
            "them nor suppression inside; export it again without --with-preprocessing, with "
            "--outputs decoded"
        )
    height, width = (side.dim_value for side in graph.input[0].type.tensor_type.shape.dim[2:])
    return width, height
