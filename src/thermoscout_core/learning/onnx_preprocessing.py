"""Counts to network input in ONNX operators: detection.view and contract.network_input, inside
the file.

The histogram is a ScatterElements that adds, its plateau equalisation runs in float64 as in numpy,
and OpenCV's resizing becomes two matrix products. The view is numpy's to the last grey level, and
so it is after shrinking. Where width or height grows, up to every eighth pixel differs by one
level: there OpenCV weighs bytes in fixed point and cuts digits off.

Not for TensorRT: it has neither uint16 nor float64, and no ScatterElements that adds.
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
from thermoscout_core.detection.view import DEFAULT_GAIN_CONTROL, GainControl
from thermoscout_core.frames import COUNT_MAX

_GRAPH = """
<ir_version: {ir_version}, opset_import: ["": {opset}]>
preprocessing (uint16[{frames}, {height}, {width}] counts)
  => (float[{frames}, 3, {rows}, {columns}] images)
{{
  zero = Constant<value_ints = [0]>()
  one = Constant<value_ints = [1]>()
  batch = Shape<start = 0, end = 1>(counts)
  flat_shape = Constant<value_ints = [0, -1]>()
  flat_counts = Reshape(counts, flat_shape)
  index = Cast<to = 7>(flat_counts)

  value_count = Constant<value_ints = [{values}]>()
  histogram_shape = Concat<axis = 0>(batch, value_count)
  no_value = Constant<value_float = 0.0>()
  empty_histogram = Expand(no_value, histogram_shape)
  single = Constant<value_float = 1.0>()
  index_shape = Shape(index)
  singles = Expand(single, index_shape)
  histogram = ScatterElements<axis = 1, reduction = "add">(empty_histogram, index, singles)

  axis = Constant<value_int = 1>()
  cumulative = CumSum(histogram, axis)
  tail = Constant<value_float = {tail}>()
  rest = Constant<value_float = {rest}>()
  is_below = LessOrEqual(cumulative, tail)
  below = Cast<to = 7>(is_below)
  low = ReduceSum<keepdims = 1>(below, one)
  is_before = Less(cumulative, rest)
  before = Cast<to = 7>(is_before)
  last = ReduceSum<keepdims = 1>(before, one)
  high = Max(last, low)
  distance = Sub(high, low)
  span = Add(distance, one)

  most_levels = Constant<value_ints = [{levels}]>()
  levels = Min(most_levels, span)
  from_low = Sub(all_values, low)
  step = Max(from_low, zero)
  scaled_step = Mul(step, levels)
  any_level = Div(scaled_step, span)
  top_level = Constant<value_ints = [{top_level}]>()
  level = Min(any_level, top_level)
  reaches_low = GreaterOrEqual(all_values, low)
  exceeds_high = Greater(all_values, high)
  within_high = Not(exceeds_high)
  inside = And(reaches_low, within_high)
  inside_histogram = Where(inside, histogram, no_value)
  level_shape = Concat<axis = 0>(batch, most_levels)
  empty_levels = Expand(no_value, level_shape)
  counted = ScatterElements<axis = 1, reduction = "add">(empty_levels, level, inside_histogram)

  weights = Cast<to = 11>(counted)
  level_total = Cast<to = 11>(levels)
  weight = ReduceSum<keepdims = 1>(weights, one)
  mean = Div(weight, level_total)
  plateau = Constant<value = double[1] {{{plateau}}}>()
  cap = Mul(plateau, mean)
  capped = Min(weights, cap)
  upper_edges = CumSum(capped, axis)
  total = ReduceSum<keepdims = 1>(capped, one)
  first_edge = Mul(total, double_zero)
  edges = Concat<axis = 1>(first_edge, upper_edges)
  brightest = Constant<value = double[1] {{255.0}}>()
  last_edge = Gather<axis = 1>(edges, most_levels)
  grey_per_weight = Div(brightest, last_edge)
  greys = Mul(edges, grey_per_weight)

  positive_distance = Max(distance, one)
  divisor = Cast<to = 11>(positive_distance)
  levels_per_count = Div(level_total, divisor)
  double_step = Cast<to = 11>(step)
  free_position = Mul(double_step, levels_per_count)
  position = Min(free_position, level_total)
  floor = Floor(position)
  edge = Cast<to = 7>(floor)
  following = Add(edge, one)
  next_edge = Min(following, most_levels)
  grey = GatherElements<axis = 1>(greys, edge)
  next_grey = GatherElements<axis = 1>(greys, next_edge)
  slope = Sub(next_grey, grey)
  fraction = Sub(position, floor)
  rise = Mul(slope, fraction)
  exact_tone = Add(rise, grey)
  tone = Cast<to = 2>(exact_tone)
  middle = Constant<value = uint8[1] {{128}}>()
  black = Constant<value = uint8[1] {{0}}>()
  white = Constant<value = uint8[1] {{255}}>()
  is_flat = Equal(span, one)
  known_tone = Where(is_flat, middle, tone)
  tone_or_black = Where(inside, known_tone, black)
  table = Where(exceeds_high, white, tone_or_black)

  flat_view = GatherElements<axis = 1>(table, index)
  view_shape = Constant<value_ints = [0, {height}, {width}]>()
  grey_view = Reshape(flat_view, view_shape)
  view = Cast<to = 1>(grey_view)
  narrowed = MatMul(view, column_weights)
  resized = MatMul(row_weights, narrowed)
  rounded = Round(resized)
  scale = Constant<value_float = {scale}>()
  scaled = Mul(rounded, scale)
  normalised = Sub(scaled, single)
  channel = Unsqueeze(normalised, one)
  channels = Constant<value_ints = [1, 3, 1, 1]>()
  images = Expand(channel, channels)
}}
"""


def preprocessing(
    frame_size_px: tuple[int, int],
    input_size_px: tuple[int, int],
    opset: int,
    ir_version: int,
    batch: int | None = None,
    control: GainControl = DEFAULT_GAIN_CONTROL,
) -> onnx.ModelProto:
    """``counts`` (N, H, W) uint16 -> ``images`` (N, 3, h, w) float32 in −1..1.

    Sizes are (width, height); batch None leaves N free. Frames may have up to 2²⁴ pixels
    (counted in float32).
    """
    (width, height), (columns, rows) = frame_size_px, input_size_px
    clipped = control.tail * width * height
    model = parser.parse_model(
        _GRAPH.format(
            frames="frames" if batch is None else batch,
            ir_version=ir_version,
            opset=opset,
            width=width,
            height=height,
            columns=columns,
            rows=rows,
            values=COUNT_MAX + 1,
            tail=float(math.floor(clipped)),
            rest=float(math.ceil(width * height - clipped)),
            levels=control.levels,
            top_level=control.levels - 1,
            plateau=control.plateau,
            scale=repr(1 / 127.5),
        )
    )
    row_weights, column_weights = resizing_weights(frame_size_px, input_size_px)
    constants: dict[str, NDArray[Any]] = {
        "all_values": np.arange(COUNT_MAX + 1, dtype=np.int64)[None],
        "double_zero": np.zeros(1),
        "row_weights": row_weights,
        "column_weights": np.ascontiguousarray(column_weights.T),
    }
    for name, values in constants.items():
        model.graph.initializer.append(numpy_helper.from_array(values, name))
    return model


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
