"""Distillation (seeds 002 and 003): a student learns from a teacher's answers and feature maps."""
