"""``ros2 run thermoscout soak``: the graph for an hour, with a fault every half a minute.

A simulated camera and rangefinder, a process a node, started again when it ends, and a recorder.
After each fault it measures how long the verdicts were away; it counts what was called plainly
normal though the simulation knows a fault there, right after faults and otherwise; it watches the
memory. Each fault is told when the verdicts are back, the rest at the end; --json keeps it all.
Ctrl-C ends it early, with what there is. Ends with 1 when verdicts were away for longer than
--patience, a node's memory grew by more than a tenth, or the bags can't be read.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import rclpy
from rclpy.context import Context
from rclpy.signals import SignalHandlerOptions

from thermoscout_nodes import dds_profile
from thermoscout_nodes.bag_recovery import recover
from thermoscout_nodes.graph_processes import private_domain
from thermoscout_nodes.soak_graph import SoakGraph
from thermoscout_nodes.soak_watch import AFTER_FAULT_S, NODES, Figures, Outcome, Soak

MODULES = (*NODES, "bag_recorder")
START_PATIENCE_S = 90.0


def soak(options: argparse.Namespace) -> Figures:
    """Run it; the logs and bags stay in options.output."""
    folder = Path(options.output).resolve()
    folder.mkdir(parents=True)
    dds_profile.use()
    size = f"width={options.size[0]}&height={options.size[1]}&rate={options.rate}"
    parameters = {
        "ir_camera": {"url": f"sim://patrol?seed=7&hold=2&{size}"},
        "laser_rangefinder": {"url": "sim://patrol?seed=7&hold=2"},
        "bag_recorder": {
            "output": str(folder / "bag"),
            "exclude": "^/(rosout|parameter_events|overlay|thermal/(image_.*|temperature))$",
        },
    }
    context = Context()
    with private_domain() as domain:
        handlers = SignalHandlerOptions.NO
        rclpy.init(context=context, domain_id=domain, signal_handler_options=handlers)
        graph = SoakGraph(MODULES, parameters, folder, domain)
        watch = Soak(graph, context, options.seed, options.every, _tell)
        try:
            _wait(watch, lambda: watch.has_verdicts, START_PATIENCE_S)
            watch.begin()
            print(f"{options.minutes:g} minutes from now; Ctrl-C ends it early", flush=True)
            print(f"{'s':>7} {'away, s':>8}  fault", flush=True)
            _wait(watch, lambda: watch.now_s > options.minutes * 60, math.inf)
            watch.finish()
            _wait(watch, lambda: not watch.is_away, START_PATIENCE_S)
        except KeyboardInterrupt:
            pass  # the figures until now are told below
        finally:
            watch.give_up()
            minutes = watch.now_s / 60
            watch.close()
            rclpy.try_shutdown(context=context)
            figures = watch.figures
            figures.stop_s = graph.stop()
    figures.minutes = minutes
    figures.starts = {name: node.starts for name, node in graph.nodes.items()}
    figures.recorded = _recorded(folder)
    return figures


def _wait(watch: Soak, condition: Callable[[], bool], patience_s: float) -> None:
    end_s = time.monotonic() + patience_s
    while not condition() and time.monotonic() < end_s:
        watch.step()


def _recorded(folder: Path) -> int:
    """Messages in all bags; those of a killed recorder are recovered first."""
    bags = [bag for bag in folder.glob("bag*") if bag.is_dir()]
    return sum(recover(bag, folder / f"recovered_{bag.name}") for bag in bags)


def growth(samples: list[float]) -> float:
    """Share by which the second half's smallest exceeds the first half's largest; 0 when not."""
    known = [sample for sample in samples if math.isfinite(sample)]
    half = len(known) // 2
    if half < 2:
        return 0.0
    return max(0.0, min(known[half:]) / max(known[:half]) - 1.0)


def problems(figures: Figures, patience_s: float) -> list[str]:
    """What the soak found wrong, in sentences; empty when all is well."""
    found = [
        f"{o.fault} at {o.at_s:.0f} s: no verdicts for {o.away_s:.1f} s"
        for o in figures.outcomes
        if not o.away_s <= patience_s
    ]
    found += [
        f"{name} grew by {100 * share:.0f} %"
        for name, samples in figures.rss_mib.items()
        if (share := growth(samples)) > 0.1
    ]
    if not figures.recorded:
        found.append("nothing was recorded")
    return found


def _tell(outcome: Outcome) -> None:
    print(f"{outcome.at_s:7.0f} {outcome.away_s:8.2f}  {outcome.fault}", flush=True)


def _print(figures: Figures) -> None:
    judged = f"{figures.frames} frames judged in {figures.minutes:.1f} minutes"
    print(f"{judged}, {figures.recorded} messages in the bags")
    for where, index in (("otherwise", 0), (f"{AFTER_FAULT_S:g} s after a fault", 1)):
        print(
            f"faulty equipment called plainly normal, {where}: "
            f"{figures.called_normal[index]} of {figures.faulty[index]}"
        )
    for name, samples in figures.rss_mib.items():
        known = [sample for sample in samples if math.isfinite(sample)] or [math.nan]
        print(f"{name}: {max(known):.0f} MiB at most, {figures.starts[name]} starts")


def _size(text: str) -> tuple[int, int]:
    width, height = text.split("x")
    return int(width), int(height)


def main(args: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="The graph for an hour, with faults.")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=30.0, help="seconds between faults")
    parser.add_argument("--rate", type=float, default=25.0, help="frames per second")
    parser.add_argument("--size", type=_size, default=(640, 512), help="of frames")
    parser.add_argument("--patience", type=float, default=5.0, help="seconds without verdicts")
    parser.add_argument("--seed", type=int, default=1, help="of the faults")
    parser.add_argument("--output", default="soak", help="folder for logs and bags, made here")
    parser.add_argument("--json", type=Path, help="file that takes the figures")
    options = parser.parse_args(args)
    figures = soak(options)
    _print(figures)
    if options.json:
        options.json.write_text(json.dumps(asdict(figures), indent=1) + "\n", encoding="utf-8")
    if found := problems(figures, options.patience):
        print("\n".join(found), file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
