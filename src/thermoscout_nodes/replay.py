"""The graph without its devices, fed from a bag: ``ros2 launch thermoscout replay.launch.py``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rclpy.parameter import Parameter

from thermoscout_nodes.bag_player import BagPlayer
from thermoscout_nodes.detector import DetectorNode
from thermoscout_nodes.fault_judge import FaultJudge
from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.process import run
from thermoscout_nodes.temperature_correction import TemperatureCorrection


def make_replay(**options: Any) -> tuple[BagPlayer, Sequence[ManagedNode]]:
    """The player, and every node in the order of the flow, all on the bag's time.

    options go to each (context, namespace, cli_args, …); parameter_overrides to those that have
    such a parameter.
    """
    options.setdefault("parameter_overrides", []).append(Parameter("use_sim_time", value=True))
    graph = (DetectorNode(**options), TemperatureCorrection(**options), FaultJudge(**options))
    player = BagPlayer(graph, **options)
    return player, (player, *graph)


def main(args: list[str] | None = None) -> None:
    run(lambda: make_replay()[1], args)


if __name__ == "__main__":
    main()
