"""The whole graph in one process: five nodes, one callback at a time, as small computers need it.

What one node says and another hears is handed over without serialisation, images included;
inference has a thread of its own in the detector.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thermoscout_nodes.detector import DetectorNode
from thermoscout_nodes.fault_judge import FaultJudge
from thermoscout_nodes.handover import Handover
from thermoscout_nodes.ir_camera import IrCamera
from thermoscout_nodes.laser_rangefinder import LaserRangefinder
from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.process import run
from thermoscout_nodes.temperature_correction import TemperatureCorrection


def make_graph(**options: Any) -> Sequence[ManagedNode]:
    """The five nodes in the order of the flow; options go to each (context, namespace, …)."""
    options["handover"] = Handover()
    return (
        IrCamera(**options),
        LaserRangefinder(**options),
        DetectorNode(**options),
        TemperatureCorrection(**options),
        FaultJudge(**options),
    )


def main(args: list[str] | None = None) -> None:
    run(make_graph, args)


if __name__ == "__main__":
    main()
