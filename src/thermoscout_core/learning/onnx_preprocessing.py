"""Counts to network input in ONNX operators: detection.view and contract.network_input, inside
the file, for every runtime.

TensorRT has neither uint16 nor float64, and no scattering that adds. So the counts come as their
bytes; the ends of the grey scale are the k-th smallest and largest count; the histogram is a
product of matrices, of the first and second digit of each pixel's level; the greys are whole
numbers, exact as numpy's; and OpenCV's resizing is two convolutions, since TensorRT for RTX
multiplies no float32 matrices on Turing.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper, parser

from thermoscout_core.detection.contract import interpolation
from thermoscout_core.detection.view import DEFAULT_GAIN_CONTROL
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.frames import COUNT_MAX

MOST_CLIPPED = 3838
"""Pixels at either end: TensorRT finds fewer than the 3840 largest of anything, and one more than
these is looked for."""
WIDEST_PX = 2048
"""The pixels of a row are counted in float16, which is exact that far."""
DIGIT = math.isqrt(DEFAULT_GAIN_CONTROL.levels)
"""A level of the histogram is two digits to this base."""

_GRAPH = """
<ir_version: {ir_version}, opset_import: ["": {opset}]>
preprocessing (uint8[{frames}, {height}, {width}, 2] counts)
  => (float[{frames}, 3, {rows}, {columns}] images)
{{
  one = Constant<value_ints = [1]>()
  two = Constant<value_ints = [2]>()
  three = Constant<value_ints = [3]>()
  bytes = Cast<to = 1>(counts)
  place_values = Constant<value_floats = [1.0, 256.0]>()
  placed = Mul(bytes, place_values)
  values = ReduceSum<keepdims = 0>(placed, three)
  flat_shape = Constant<value_ints = [0, -1]>()
  flat_values = Reshape(values, flat_shape)

  rank = Constant<value_ints = [{clipped}]>()
  end_count = Constant<value_ints = [{end_count}]>()
  darkest, _dark_index = TopK<axis = 1, largest = 0>(flat_values, end_count)
  brightest, _bright_index = TopK<axis = 1, largest = 1>(flat_values, end_count)
  low_value = Slice(darkest, rank, end_count, one)
  end_value = Slice(brightest, rank, end_count, one)
  high_value = Max(low_value, end_value)
  low = Cast<to = 7>(low_value)
  high = Cast<to = 7>(high_value)
  distance = Sub(high, low)
  span = Add(distance, one)
  most_levels = Constant<value_ints = [{levels}]>()
  levels = Min(most_levels, span)

  step_value = Sub(flat_values, low_value)
  step = Cast<to = 6>(step_value)
  level_count = Cast<to = 6>(levels)
  span_count = Cast<to = 6>(span)
  scaled_step = Mul(step, level_count)
  inner_level = Div(scaled_step, span_count)
  reaches_low = GreaterOrEqual(flat_values, low_value)
  within_high = LessOrEqual(flat_values, high_value)
  inside = And(reaches_low, within_high)
  outside_level = Constant<value = int32[1] {{{levels}}}>()
  level = Where(inside, inner_level, outside_level)
  digit = Constant<value = int32[1] {{{digit}}}>()
  first_digit = Div(level, digit)
  whole_digits = Mul(first_digit, digit)
  second_digit = Sub(level, whole_digits)
  first_shape = Constant<value_ints = [0, {height}, 1, {width}]>()
  second_shape = Constant<value_ints = [0, {height}, {width}, 1]>()
  first_of_row = Reshape(first_digit, first_shape)
  second_of_row = Reshape(second_digit, second_shape)
  has_first = Equal(first_of_row, digit_column)
  has_second = Equal(second_of_row, digit_row)
  first = Cast<to = 10>(has_first)
  second = Cast<to = 10>(has_second)
  counted_in_row = MatMul(first, second)
  whole_in_row = Cast<to = 6>(counted_in_row)
  counted = ReduceSum<keepdims = 0>(whole_in_row, one)
  flat_counted = Reshape(counted, flat_shape)
  weights = Cast<to = 7>(flat_counted)

  pixels = ReduceSum<keepdims = 1>(weights, one)
  numerator = Constant<value_ints = [{numerator}]>()
  denominator = Constant<value_ints = [{denominator}]>()
  many_pixels = Mul(pixels, numerator)
  cap = Div(many_pixels, denominator)
  scaled_weights = Mul(weights, levels)
  inner_rises = Min(scaled_weights, cap)
  no_rise = Sub(pixels, pixels)
  rises = Concat<axis = 1>(inner_rises, no_rise)
  rise_column = Unsqueeze(inner_rises, two)
  zero = Constant<value_ints = [0]>()
  rises_before = Where(is_before, rise_column, zero)
  edges = ReduceSum<keepdims = 0>(rises_before, one)
  top = Slice(edges, most_levels, past_levels, one)

  beyond_low = Sub(all_counts, low)
  above_low = Max(beyond_low, zero)
  steps = Min(above_low, distance)
  divisor = Max(distance, one)
  scaled_steps = Mul(steps, levels)
  index = Div(scaled_steps, divisor)
  whole = Mul(index, divisor)
  rest = Sub(scaled_steps, whole)
  edge = GatherElements<axis = 1>(edges, index)
  rise = GatherElements<axis = 1>(rises, index)
  lower = Mul(edge, divisor)
  upper = Mul(rise, rest)
  height = Add(lower, upper)
  white = Constant<value_ints = [255]>()
  bright_height = Mul(height, white)
  full_height = Mul(top, divisor)
  slope = Div(bright_height, full_height)
  middle = Constant<value_ints = [128]>()
  is_sloped = Greater(high, low)
  tone = Where(is_sloped, slope, middle)
  is_bright = Greater(all_counts, high)
  is_dark = Less(all_counts, low)
  tone_or_white = Where(is_bright, white, tone)
  any_tone = Where(is_dark, zero, tone_or_white)
  table = Cast<to = 1>(any_tone)

  flat_index = Cast<to = 7>(flat_values)
  flat_view = GatherElements<axis = 1>(table, flat_index)
  view_shape = Constant<value_ints = [0, {height}, 1, {width}]>()
  rows_as_channels = Reshape(flat_view, view_shape)
  fewer_rows = Conv(rows_as_channels, row_weights)
  columns_as_channels = Transpose<perm = [0, 3, 2, 1]>(fewer_rows)
  fewer_columns = Conv(columns_as_channels, column_weights)
  resized = Transpose<perm = [0, 2, 3, 1]>(fewer_columns)
  scale = Constant<value_float = {scale}>()
  single = Constant<value_float = 1.0>()
  scaled = Mul(resized, scale)
  normalised = Sub(scaled, single)
  images = Concat<axis = 1>(normalised, normalised, normalised)
}}
"""


def preprocessing(
    frame_size_px: tuple[int, int],
    input_size_px: tuple[int, int],
    opset: int,
    ir_version: int,
    batch: int | None = None,
) -> onnx.ModelProto:
    """``counts`` (N, H, W, 2) uint8 -> ``images`` (N, 3, h, w) float32 in −1..1.

    Sizes are (width, height); batch None leaves N free. Raises ConfigurationError for frames too
    large for TensorRT.
    """
    (width, height), (columns, rows) = frame_size_px, input_size_px
    control = DEFAULT_GAIN_CONTROL
    clipped = int(control.tail * width * height)
    if clipped > MOST_CLIPPED or width > WIDEST_PX:
        raise ConfigurationError(
            f"preprocessing inside the file is for frames of up to {WIDEST_PX} pixels a row and "
            f"{MOST_CLIPPED / control.tail:g} in all, and {width}×{height} are more; "
            "leave it outside"
        )
    numerator, denominator = control.plateau.as_integer_ratio()
    model = parser.parse_model(
        _GRAPH.format(
            frames="frames" if batch is None else batch,
            ir_version=ir_version,
            opset=opset,
            width=width,
            height=height,
            columns=columns,
            rows=rows,
            clipped=clipped,
            end_count=clipped + 1,
            levels=control.levels,
            digit=DIGIT,
            numerator=numerator,
            denominator=denominator,
            scale=repr(1 / 127.5),
        )
    )
    row_weights, column_weights = resizing_weights(frame_size_px, input_size_px)
    digits = np.arange(DIGIT, dtype=np.int32)
    levels = np.arange(control.levels)
    constants: dict[str, NDArray[Any]] = {
        "all_counts": np.arange(COUNT_MAX + 1, dtype=np.int64)[None],
        "digit_column": digits[:, None],
        "digit_row": digits[None, :],
        "is_before": levels[None, :, None] < np.arange(control.levels + 1)[None, None, :],
        "past_levels": np.array([control.levels + 1]),
        "row_weights": row_weights[:, :, None, None],
        "column_weights": column_weights[:, :, None, None],
    }
    for name, values in constants.items():
        model.graph.initializer.append(numpy_helper.from_array(values, name))
    return model


def add_preprocessing(
    model: onnx.ModelProto, frame_size_px: tuple[int, int], input_size_px: tuple[int, int]
) -> onnx.ModelProto:
    """A model that takes ``images``, with the preprocessing of such frames before it."""
    batch = model.graph.input[0].type.tensor_type.shape.dim[0]
    before = preprocessing(
        frame_size_px,
        input_size_px,
        next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")),
        model.ir_version,
        batch.dim_value if batch.HasField("dim_value") else None,
    )
    before = onnx.compose.add_prefix(before, "view/", rename_inputs=False, rename_outputs=False)
    joined: onnx.ModelProto = onnx.compose.merge_models(
        before, model, io_map=[("images", "images")]
    )
    # merging keeps the properties of both, and the first has none
    if not joined.metadata_props:
        joined.metadata_props.extend(model.metadata_props)
    return joined


def resizing_weights(
    from_px: tuple[int, int], to_px: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Matrices (rows (h, H), columns (w, W)) with rows @ picture @ columns.T = cv2.resize's.

    OpenCV's resizing is linear and separable, so what it does to pictures of one bright row or
    column tells its weights, whatever its version computes. Sizes are (width, height).
    """
    (width, height), (columns, rows) = from_px, to_px
    flag = interpolation(width, columns)
    row_weights = np.empty((rows, height), np.float32)
    column_weights = np.empty((columns, width), np.float32)
    picture = np.zeros((height, width), np.float32)
    for row in range(height):
        picture[row] = 1
        row_weights[:, row] = cv2.resize(picture, to_px, interpolation=flag)[:, 0]
        picture[row] = 0
    for column in range(width):
        picture[:, column] = 1
        column_weights[:, column] = cv2.resize(picture, to_px, interpolation=flag)[0]
        picture[:, column] = 0
    return row_weights, column_weights
