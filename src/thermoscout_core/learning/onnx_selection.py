"""Threshold, top-k and suppression per class in ONNX operators: detection.postprocess.select,
inside the file.

As there, the best candidates of all classes are taken first, and boxes of different classes are
moved apart so that one suppression serves all classes. The suppressed ones then have a say in
where the others lie (detection.voting).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper, parser

from thermoscout_core.detection.postprocess import Selection
from thermoscout_core.detection.voting import VOTER_IOU, VOTER_SCORE, VOTERS

BEST_CANDIDATES = """
  end = Constant<value_ints = [{labels}]>()
  class_scores = Slice(all_scores, one, end, two)
  flat_shape = Constant<value_ints = [0, -1]>()
  flat_scores = Reshape(class_scores, flat_shape)
  candidate_count = Constant<value_ints = [{candidates}]>()
  best, index = TopK<axis = 1>(flat_scores, candidate_count)
  class_count = Constant<value_ints = [{class_count}]>()
  prior = Div(index, class_count)
"""
"""The best of all classes together, and the priors that they are of; needs one and two."""

_GRAPH = (
    """
<ir_version: {ir_version}, opset_import: ["": {opset}]>
selection (float[batch, {priors}, 4] decoded_boxes, float[batch, {priors}, labels] all_scores,
           float[1] score_threshold, float[1] iou_threshold, int64[1] max_detections)
  => (float[found, 4] boxes, float[found] scores, int64[found] classes, int64[found] frames)
{{
  zero = Constant<value_ints = [0]>()
  one = Constant<value_ints = [1]>()
  two = Constant<value_ints = [2]>()
  three = Constant<value_ints = [3]>()
  nothing = Constant<value_float = 0.0>()
  whole = Constant<value_float = 1.0>()
  rejected = Constant<value_float = -1.0>()
"""
    + BEST_CANDIDATES
    + """  class_index = Mod(index, class_count)

  prior_column = Unsqueeze(prior, two)
  four_columns = Constant<value_ints = [1, 1, 4]>()
  prior_index = Expand(prior_column, four_columns)
  chosen = GatherElements<axis = 1>(decoded_boxes, prior_index)
  candidates = Clip(chosen, nothing, whole)
  left, top, right, bottom = Split<axis = 2>(candidates)
  width = Sub(right, left)
  height = Sub(bottom, top)
  side = Min(width, height)
  shorter_side = Squeeze(side, two)
  has_area = Greater(shorter_side, nothing)
  is_sure = GreaterOrEqual(best, score_threshold)
  is_valid = And(has_area, is_sure)
  valid_scores = Where(is_valid, best, rejected)

  class_number = Cast<to = 1>(class_index)
  twofold = Constant<value_float = 2.0>()
  distance = Mul(class_number, twofold)
  distance_column = Unsqueeze(distance, two)
  apart = Add(candidates, distance_column)
  one_class = Unsqueeze(valid_scores, one)
  kept = NonMaxSuppression(apart, one_class, max_detections, iou_threshold, nothing_row)

  frame_column = Slice(kept, zero, one, one)
  candidate_column = Slice(kept, two, three, one)
  frames = Squeeze(frame_column, one)
  pick = Concat<axis = 1>(frame_column, candidate_column)
  placed = GatherND(candidates, pick)
  scores = GatherND(best, pick)
  classes = GatherND(class_index, pick)

  voter_count = Constant<value_ints = [{voters}]>()
  best_voters = Slice(best, zero, voter_count, one)
  box_voters = Slice(candidates, zero, voter_count, one)
  class_voters = Slice(class_index, zero, voter_count, one)
  voter_score = Gather<axis = 0>(best_voters, frames)
  voter_box = Gather<axis = 0>(box_voters, frames)
  voter_class = Gather<axis = 0>(class_voters, frames)
  placed_column = Unsqueeze(placed, one)
  low_x, low_y, high_x, high_y = Split<axis = 2>(placed_column)
  their_low_x, their_low_y, their_high_x, their_high_y = Split<axis = 2>(voter_box)
  common_low_x = Max(low_x, their_low_x)
  common_low_y = Max(low_y, their_low_y)
  common_high_x = Min(high_x, their_high_x)
  common_high_y = Min(high_y, their_high_y)
  any_width = Sub(common_high_x, common_low_x)
  any_height = Sub(common_high_y, common_low_y)
  common_width = Max(any_width, nothing)
  common_height = Max(any_height, nothing)
  common = Mul(common_width, common_height)
  own_width = Sub(high_x, low_x)
  own_height = Sub(high_y, low_y)
  own_area = Mul(own_width, own_height)
  their_width = Sub(their_high_x, their_low_x)
  their_height = Sub(their_high_y, their_low_y)
  their_area = Mul(their_width, their_height)
  both = Add(own_area, their_area)
  union = Sub(both, common)
  voter_iou = Constant<value_float = {voter_iou}>()
  near_enough = Mul(union, voter_iou)
  near_column = GreaterOrEqual(common, near_enough)
  is_near = Squeeze(near_column, two)
  own_class = Unsqueeze(classes, one)
  is_same = Equal(voter_class, own_class)
  least_score = Constant<value_float = {voter_score}>()
  is_sure_voter = GreaterOrEqual(voter_score, least_score)
  is_own = Equal(candidate_column, voter_rank)
  is_other = Not(is_own)
  near_and_same = And(is_near, is_same)
  sure_other = And(is_sure_voter, is_other)
  votes = And(near_and_same, sure_other)
  weights = Where(votes, voter_score, nothing)
  weights_row = Unsqueeze(weights, one)
  others_say_row = MatMul(weights_row, voter_box)
  others_say = Squeeze(others_say_row, one)
  own_weight = Unsqueeze(scores, one)
  it_says = Mul(placed, own_weight)
  all_say = Add(others_say, it_says)
  others_weight = ReduceSum<keepdims = 1>(weights, one)
  weight = Add(others_weight, own_weight)
  boxes = Div(all_say, weight)
}}
"""
)


def selection_graph(
    priors: int, class_count: int, selection: Selection, opset: int, ir_version: int
) -> onnx.ModelProto:
    """Decoded boxes (N, P, 4) and scores (N, P, 1 + C) -> the detections of contract.DETECTIONS.

    The thresholds of selection become optional inputs; its candidates are fixed.
    """
    candidates = min(selection.candidates, priors * class_count)
    voters = min(VOTERS, candidates)
    model = parser.parse_model(
        _GRAPH.format(
            ir_version=ir_version,
            opset=opset,
            priors=priors,
            class_count=class_count,
            labels=1 + class_count,
            candidates=candidates,
            voters=voters,
            voter_iou=VOTER_IOU,
            voter_score=VOTER_SCORE,
        )
    )
    constants: dict[str, NDArray[Any]] = {
        "nothing_row": np.zeros(1, np.float32),
        "voter_rank": np.arange(voters, dtype=np.int64)[None],
    }
    for name, values in constants.items():
        model.graph.initializer.append(numpy_helper.from_array(values, name))
    return model


def set_defaults(model: onnx.ModelProto, selection: Selection) -> None:
    """Give the threshold inputs the values that hold when a caller leaves them out."""
    defaults: dict[str, NDArray[Any]] = {
        "score_threshold": np.array([selection.score_threshold], np.float32),
        "iou_threshold": np.array([selection.iou_threshold], np.float32),
        "max_detections": np.array([selection.max_detections], np.int64),
    }
    for name, values in defaults.items():
        model.graph.initializer.append(numpy_helper.from_array(values, name))
