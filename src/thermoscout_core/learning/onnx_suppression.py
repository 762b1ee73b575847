"""Suppression in operators that every TensorRT builds, for an engine that gives few boxes.

TensorRT for RTX has no runner for ONNX's NonMaxSuppression, and no plugins; TensorRT's own gives
outputs whose size nobody knows beforehand. Here the best candidates come as a fixed number, best
first, and what a better one of its class suppresses has score 0. Greedy suppression is the only
solution of: a candidate stays if and only if no better one that stays overlaps it too much. Found
round by round, each settles at least one more candidate of every chain of overlapping ones; ROUNDS
are far more than real frames need (a test counts them). Where the others lie, the suppressed ones
have a say in, as in detection.voting.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import numpy_helper, parser

from thermoscout_core.detection.voting import VOTER_IOU, VOTER_SCORE, VOTERS
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.learning.onnx_selection import BEST_CANDIDATES

CANDIDATES = VOTERS
"""Considered per frame, of all classes together."""
ROUNDS = 12

_GRAPH = (
    """
<ir_version: {ir_version}, opset_import: ["": {opset}]>
suppression (float[{frames}, {priors}, 4] decoded_boxes,
             float[{frames}, {priors}, {labels}] all_scores)
  => (float[{frames}, {candidates}, 4] boxes, float[{frames}, {candidates}] scores,
      int32[{frames}, {candidates}] classes)
{{
  one = Constant<value_ints = [1]>()
  two = Constant<value_ints = [2]>()
  nothing = Constant<value_float = 0.0>()
  whole = Constant<value_float = 1.0>()
"""
    + BEST_CANDIDATES
    + """  first_index = Mul(prior, class_count)
  class_index = Sub(index, first_index)
  classes = Cast<to = 6>(class_index)

  prior_column = Unsqueeze(prior, two)
  prior_index = Concat<axis = 2>(prior_column, prior_column, prior_column, prior_column)
  chosen = GatherElements<axis = 1>(decoded_boxes, prior_index)
  not_negative = Max(chosen, nothing)
  placed = Min(not_negative, whole)
  four_ones = Constant<value_ints = [1, 1, 1, 1]>()
  left, top, right, bottom = Split<axis = 2>(placed, four_ones)
  width = Sub(right, left)
  height = Sub(bottom, top)
  area = Mul(width, height)
  flat_area = Squeeze(area, two)
  has_area = Greater(flat_area, nothing)

  left_row = Transpose<perm = [0, 2, 1]>(left)
  top_row = Transpose<perm = [0, 2, 1]>(top)
  right_row = Transpose<perm = [0, 2, 1]>(right)
  bottom_row = Transpose<perm = [0, 2, 1]>(bottom)
  common_left = Max(left, left_row)
  common_top = Max(top, top_row)
  common_right = Min(right, right_row)
  common_bottom = Min(bottom, bottom_row)
  any_width = Sub(common_right, common_left)
  any_height = Sub(common_bottom, common_top)
  common_width = Max(any_width, nothing)
  common_height = Max(any_height, nothing)
  common = Mul(common_width, common_height)
  area_row = Transpose<perm = [0, 2, 1]>(area)
  both = Add(area, area_row)
  union = Sub(both, common)
  most = Mul(union, iou_threshold)
  overlaps = Greater(common, most)
  class_column = Unsqueeze(classes, two)
  class_row = Unsqueeze(classes, one)
  same_class = Equal(class_column, class_row)
  rivals = And(overlaps, same_class)
  better_rivals = And(rivals, is_better)
  would_suppress = Cast<to = 1>(better_rivals)

{rounds}
  stays = Greater(kept_{last}, nothing)
  is_found = And(stays, has_area)
  scores = Where(is_found, best, nothing)

  voter_iou = Constant<value_float = {voter_iou}>()
  voter_score = Constant<value_float = {voter_score}>()
  near_enough = Mul(union, voter_iou)
  is_far = Less(common, near_enough)
  is_near = Not(is_far)
  near_and_same = And(is_near, same_class)
  best_row = Unsqueeze(best, one)
  is_unsure = Less(best_row, voter_score)
  is_sure = Not(is_unsure)
  voter_of = And(near_and_same, is_sure)
  other_voter = And(voter_of, is_other)
  weights = Where(other_voter, best_row, nothing)
  own_weight = Unsqueeze(best, two)
  weighed_left = Mul(weights, left_row)
  weighed_top = Mul(weights, top_row)
  weighed_right = Mul(weights, right_row)
  weighed_bottom = Mul(weights, bottom_row)
  others_left = ReduceSum<keepdims = 1>(weighed_left, two)
  others_top = ReduceSum<keepdims = 1>(weighed_top, two)
  others_right = ReduceSum<keepdims = 1>(weighed_right, two)
  others_bottom = ReduceSum<keepdims = 1>(weighed_bottom, two)
  others_say = Concat<axis = 2>(others_left, others_top, others_right, others_bottom)
  it_says = Mul(placed, own_weight)
  all_say = Add(others_say, it_says)
  others_weight = ReduceSum<keepdims = 1>(weights, two)
  weight = Add(others_weight, own_weight)
  some_weight = Max(weight, least_weight)
  boxes = Div(all_say, some_weight)
}}
"""
)

_ROUND = """
  kept_column_{number} = Unsqueeze(kept_{before}, two)
  suppressing_{number} = Mul(would_suppress, kept_column_{number})
  suppressors_{number} = ReduceSum<keepdims = 0>(suppressing_{number}, one)
  suppressed_{number} = Min(suppressors_{number}, whole)
  kept_{number} = Sub(whole, suppressed_{number})
"""


def suppression_graph(
    priors: int,
    class_count: int,
    iou_threshold: float,
    opset: int,
    ir_version: int,
    batch: int | None = None,
) -> onnx.ModelProto:
    """Decoded boxes (N, P, 4), scores (N, P, 1 + C) -> boxes (N, K, 4) clipped to 0..1, scores
    (N, K), 0 where suppressed, class indices (N, K) int32; K are CANDIDATES, best first.

    Raises ConfigurationError for a threshold outside 0..1.
    """
    if not 0 < iou_threshold < 1:
        raise ConfigurationError(f"IoU threshold {iou_threshold:g}: between 0 and 1 is needed")
    candidates = min(CANDIDATES, priors * class_count)
    rounds = "".join(
        _ROUND.format(number=number, before=number - 1) for number in range(1, ROUNDS + 1)
    )
    model = parser.parse_model(
        _GRAPH.format(
            ir_version=ir_version,
            opset=opset,
            frames="batch" if batch is None else batch,
            priors=priors,
            labels=1 + class_count,
            class_count=class_count,
            candidates=candidates,
            rounds=rounds,
            last=ROUNDS,
            voter_iou=VOTER_IOU,
            voter_score=VOTER_SCORE,
        )
    )
    rank = np.arange(candidates)
    constants = {
        "iou_threshold": np.array(iou_threshold, np.float32),
        "is_better": (rank[:, None] < rank[None, :])[None],
        "is_other": (rank[:, None] != rank[None, :])[None],
        "least_weight": np.array(1e-9, np.float32),
        "kept_0": np.ones((1, candidates), np.float32),
    }
    for name, values in constants.items():
        model.graph.initializer.append(numpy_helper.from_array(values, name))
    return model


def add_suppression(
    model: onnx.ModelProto, priors: int, class_count: int, iou_threshold: float
) -> onnx.ModelProto:
    """A model that gives decoded boxes and scores, with suppression behind it."""
    batch = model.graph.output[0].type.tensor_type.shape.dim[0]
    after = suppression_graph(
        priors,
        class_count,
        iou_threshold,
        next(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")),
        model.ir_version,
        batch.dim_value if batch.HasField("dim_value") else None,
    )
    before = onnx.compose.add_prefix(model, "network/", rename_inputs=False)
    joints = [("network/boxes", "decoded_boxes"), ("network/scores", "all_scores")]
    joined: onnx.ModelProto = onnx.compose.merge_models(before, after, io_map=joints)
    if not joined.metadata_props:
        joined.metadata_props.extend(model.metadata_props)
    return joined
