"""Each node is killed in the running graph, and the verdicts come again; what a soak watches."""

from __future__ import annotations

import math
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from thermoscout.msg import ThermalVerdicts

from thermoscout_nodes.device_messages import make_header
from thermoscout_nodes.qos import STANDARD
from thermoscout_nodes.soak import growth, problems
from thermoscout_nodes.soak_graph import SoakGraph
from thermoscout_nodes.soak_watch import NODES, Figures, Outcome, Soak

RECOVERY_S = 60.0
"""On a machine that has other things to do; the bar of 5 s is the soak command's."""


@pytest.fixture
def soaking(graph: Any, tmp_path: Path) -> Iterator[Any]:
    """The processes of a small graph, and the watch over them; the first verdicts have come."""
    parameters = {
        "ir_camera": {"url": "sim://patrol?seed=7&hold=2&width=128&height=96&rate=5"},
        "laser_rangefinder": {"url": "sim://patrol?seed=7&hold=2"},
    }
    processes = SoakGraph(NODES, parameters, tmp_path, graph.domain_id)
    watch = Soak(processes, graph.context, seed=1, every_s=1e6)
    try:
        _wait(watch, lambda: watch.has_verdicts)
        yield watch, processes
    finally:
        watch.close()
        processes.stop()


def _wait(watch: Soak, condition: Any) -> None:
    end_s = time.monotonic() + RECOVERY_S
    while not condition():
        assert time.monotonic() < end_s
        watch.step()


def test_verdicts_come_again_after_any_node_was_killed(soaking: Any) -> None:
    watch, processes = soaking
    for name in NODES:
        outcome = watch.harm("kill -9", name)
        _wait(watch, lambda name=name: processes.nodes[name].starts == 2)
        _wait(watch, lambda outcome=outcome: not math.isnan(outcome.away_s))
    assert watch.figures.called_normal[True] <= watch.figures.faulty[True] / 10


def test_verdicts_that_stay_away_over_two_faults_are_counted_from_each(graph: Any) -> None:
    node = SimpleNamespace(send_signal=lambda _: None, rss_mib=math.nan)
    unharmed = SimpleNamespace(nodes=dict.fromkeys(NODES, node), look_after=lambda: None)
    verdicts = graph.peer.create_publisher(ThermalVerdicts, "verdicts", STANDARD)
    told: list[Outcome] = []
    watch = Soak(unharmed, graph.context, seed=1, every_s=1e6, told=told.append)
    try:
        first = watch.harm("kill -9", "detector")
        begun_s = time.monotonic()
        _wait(watch, lambda: time.monotonic() - begun_s > 0.5)
        second = watch.harm("kill -9", "fault_judge")
        _wait(watch, verdicts.get_subscription_count)
        verdicts.publish(ThermalVerdicts(header=make_header(time.time(), "camera")))
        _wait(watch, lambda: not watch.is_away)
        last = watch.harm("hang", "fault_judge")
        last.at_s -= 7.0
        watch.give_up()
    finally:
        watch.close()
    assert told == watch.figures.outcomes == [first, second, last]
    assert problems(watch.figures, 5.0)[0].startswith("hang fault_judge, not awaited longer at ")
    assert first.away_s == pytest.approx(second.away_s + second.at_s - first.at_s)
    assert second.at_s - first.at_s > 0.5


@pytest.mark.parametrize(
    ("samples", "share"), [([100.0] * 8, 0.0), ([100.0] * 4 + [120.0] * 4, 0.2)]
)
def test_growth_is_what_stays(samples: list[float], share: float) -> None:
    assert growth(samples) == pytest.approx(share)


def test_a_soak_tells_what_was_wrong() -> None:
    figures = Figures(outcomes=[Outcome("kill -9 detector", 3.0, 7.5), Outcome("hang x", 9.0)])
    told = problems(figures, patience_s=5.0)
    assert told[0] == "kill -9 detector at 3 s: no verdicts for 7.5 s"
    assert "hang x" in told[1]
    assert told[-1] == "nothing was recorded"


def test_a_soak_that_is_asked_to_end_tells_what_there_is(tmp_path: Path) -> None:
    """In a process of its own, as a terminal's Ctrl-C ends it."""
    command = (
        "import signal, sys, thermoscout_nodes.soak as soak\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # a job may ignore it\n"
        "soak.main(sys.argv[1:])"
    )
    options = ("--rate", "5", "--size", "128x96", "--output", str(tmp_path / "soak"))
    process = subprocess.Popen(
        [sys.executable, "-c", command, *options], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=RECOVERY_S)
    assert first.startswith("60 minutes from now")
    assert re.search(r"frames judged in 0\.\d minutes", rest) and "ir_camera: " in rest
    assert (tmp_path / "soak" / "bag").is_dir()
