"""Thermogram files: one module a format, :mod:`reading` opens any of them, :mod:`finding` looks
for them in folders."""

from thermoscout_core.thermograms.finding import ThermogramFile, find_thermograms
from thermoscout_core.thermograms.reading import read_thermogram

__all__ = ["ThermogramFile", "find_thermograms", "read_thermogram"]
