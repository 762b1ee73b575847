"""Detectors side by side: time, memory, energy and size of each in each runtime."""
