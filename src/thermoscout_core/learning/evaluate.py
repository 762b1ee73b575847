"""The names of ``learning.evaluation`` by which training knows them."""

from thermoscout_core.learning.evaluation.evaluation import Evaluation, evaluate_predictions
from thermoscout_core.learning.evaluation.prediction import SCORE_FLOOR

__all__ = ["SCORE_FLOOR", "Evaluation", "evaluate_predictions"]
