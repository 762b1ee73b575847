"""The names of ``learning.evaluation`` that training imports from here."""

from thermoscout_core.learning.evaluation.matching import Prediction

__all__ = ["Prediction"]
