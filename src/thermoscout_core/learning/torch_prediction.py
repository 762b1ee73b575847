"""Detections of a torch network, made exactly as detection.Detector makes them."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from thermoscout_core.detection.contract import network_input
from thermoscout_core.detection.postprocess import Selection, select
from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.learning.data import Dataset
from thermoscout_core.learning.design import Architecture
from thermoscout_core.learning.evaluation.evaluation import Evaluation, evaluate_predictions
from thermoscout_core.learning.evaluation.matching import Prediction
from thermoscout_core.learning.evaluation.prediction import SCORE_FLOOR
from thermoscout_core.learning.ssd import SsdWithBoxes


def evaluate_network(
    network: nn.Module, architecture: Architecture, dataset: Dataset
) -> Evaluation:
    """A network (an Ssd, or what answers like one) on a dataset, through the robot's pre- and
    postprocessing."""
    return evaluate_predictions(dataset, predict_with_torch(network, architecture, dataset))


def predict_with_torch(
    network: nn.Module, architecture: Architecture, dataset: Dataset
) -> list[Prediction]:
    """One prediction per image of the dataset, boxes in pixels of its frame."""
    deployed = SsdWithBoxes(network, architecture.levels).eval()
    selection = Selection(score_threshold=SCORE_FLOOR)
    predictions = []
    for sample in dataset.samples:
        view = to_8bit_view(sample.counts)
        images = torch.from_numpy(network_input(view, architecture.input_size_px))
        with torch.inference_mode():
            boxes, scores = deployed(images)
        kept, kept_scores, labels = select(boxes[0].numpy(), scores[0, :, 1:].numpy(), selection)
        height, width = sample.counts.shape
        pixels = kept * np.array([width, height, width, height], np.float32)
        predictions.append(Prediction(pixels, kept_scores, labels))
    return predictions
