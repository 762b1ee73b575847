"""Detections of a torch network, made exactly as detection.Detector makes them."""

from __future__ import annotations

import numpy as np
import torch

from thermoscout_core.detection.contract import network_input
from thermoscout_core.detection.postprocess import Selection, select
from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.learning.data import Dataset
from thermoscout_core.learning.evaluation.matching import Prediction
from thermoscout_core.learning.evaluation.prediction import SCORE_FLOOR
from thermoscout_core.learning.ssd import SsdWithBoxes


def predict_with_torch(
    deployed: SsdWithBoxes, dataset: Dataset, input_size_px: tuple[int, int]
) -> list[Prediction]:
    """One prediction per image of the dataset, boxes in pixels of its frame."""
    selection = Selection(score_threshold=SCORE_FLOOR)
    predictions = []
    for sample in dataset.samples:
        images = torch.from_numpy(network_input(to_8bit_view(sample.counts), input_size_px))
        with torch.no_grad():
            boxes, scores = deployed(images)
        kept, kept_scores, labels = select(boxes[0].numpy(), scores[0, :, 1:].numpy(), selection)
        height, width = sample.counts.shape
        pixels = kept * np.array([width, height, width, height], np.float32)
        predictions.append(Prediction(pixels, kept_scores, labels))
    return predictions
