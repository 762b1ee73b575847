"""Thermal inspection of power equipment, free of ROS and of torch.

The flow, one direction: frame -> detections -> readings -> verdicts. Each arrow is a frozen
dataclass in a module of that name: :mod:`frames`, :mod:`detections`, :mod:`readings`,
:mod:`verdicts`.
"""

__version__ = "0.1.0"
