"""The graph without its devices, fed from a bag: ``ros2 launch thermoscout replay.launch.py``."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rclpy.parameter import Parameter
from rclpy.serialization import deserialize_message
from thermoscout.msg import ThermalVerdicts

from thermoscout_nodes import dds_profile
from thermoscout_nodes.bag_player import BagPlayer
from thermoscout_nodes.bag_progress import Played
from thermoscout_nodes.bag_source import NS, BagSource
from thermoscout_nodes.detector import DetectorNode
from thermoscout_nodes.fault_judge import FaultJudge
from thermoscout_nodes.graph_processes import (
    private_domain,
    write_overrides,
)
from thermoscout_nodes.handover import Handover
from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.process import run, serve
from thermoscout_nodes.temperature_correction import TemperatureCorrection


def make_replay(**options: Any) -> tuple[BagPlayer, Sequence[ManagedNode]]:
    """The player, and every node in the order of the flow, all on the bag's time.

    options go to each (context, namespace, cli_args, …); parameter_overrides to those that have
    such a parameter.
    """
    options.setdefault("parameter_overrides", []).append(Parameter("use_sim_time", value=True))
    kinds = (DetectorNode, TemperatureCorrection, FaultJudge)
    handover = Handover()
    graph = tuple(kind(handover=handover, **options) for kind in kinds)
    player = BagPlayer(graph, **options)
    return player, (player, *graph)


@contextmanager
def _own_domain(watch: bool) -> Iterator[int | None]:
    """A ROS domain of its own, so that no live graph hears the bag; watch: the user's."""
    if watch:
        yield None
        return
    dds_profile.use()
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    with private_domain() as domain:
        yield domain


def length_s(bag: Path) -> float:
    """How long a bag is. Raises ConfigurationError when it can't be read."""
    source = BagSource(bag)
    try:
        return (source.end_ns - source.start_ns) / NS
    finally:
        source.close()


def replay(
    bag: Path,
    rate: float,
    position_s: float,
    params_file: Path | None,
    watch: bool,
    each: Callable[[Played, ThermalVerdicts], None],
) -> Played:
    """Play a bag to the graph until its end or SIGINT; each() gets the verdicts of every frame.

    Raises ThermoscoutError when the bag can't be played or a node of the graph can't start.
    """
    players: list[BagPlayer] = []
    own = {"bag": str(bag.resolve()), "rate": rate, "position": position_s, "at_end": "stop"}

    def make() -> Sequence[ManagedNode]:
        arguments = ["--ros-args", "--log-level", "error"]
        arguments += ["--params-file", str(params_file)] if params_file else []
        player, nodes = make_replay(cli_args=[*arguments, "--params-file", overrides])
        players.append(player)
        player.answered = lambda data: each(
            player.played, deserialize_message(data, ThermalVerdicts)
        )
        return nodes

    with _own_domain(watch) as domain, tempfile.TemporaryDirectory() as folder:
        overrides = str(Path(folder) / "replay.yaml")
        write_overrides(Path(overrides), {"bag_player": own})
        serve(make, domain_id=domain, first_start_must_succeed=True)
    return players[0].played


def main(args: list[str] | None = None) -> None:
    run(lambda: make_replay()[1], args)


if __name__ == "__main__":
    main()
