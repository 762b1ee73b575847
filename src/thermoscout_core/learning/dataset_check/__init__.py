"""What ``thermoscout data check`` does: findings, tables and contact sheets of dataset folders."""

from thermoscout_core.learning.dataset_check.check import Check, check_datasets
from thermoscout_core.learning.dataset_check.findings import Finding, Level, Limits

__all__ = ["Check", "Finding", "Level", "Limits", "check_datasets"]
