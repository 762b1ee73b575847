"""How good a detector is on annotated thermograms; runs without torch.

``evaluation.evaluate_predictions`` is the quick measure (VOC AP@0.5) that training and export
use; ``report.evaluate_model`` is all that ``thermoscout evaluate`` tells.
"""
