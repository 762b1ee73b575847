"""``make demo``: the real graph on a simulated patrol or on a folder of thermograms; a report.

The graph and the recorder run in processes of their own, in a ROS domain of their own. Every topic
goes into an MCAP bag; the report is made from that bag alone.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import rclpy
from rclpy.context import Context
from rclpy.signals import SignalHandlerOptions
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from thermoscout_core.errors import ThermoscoutError
from thermoscout_core.simulation.patrol import Patrol
from thermoscout_core.thermograms.finding import ThermogramFile, find_thermograms
from thermoscout_nodes import dds_profile
from thermoscout_nodes.demo_client import DemoClient
from thermoscout_nodes.demo_report import report_of_files, report_of_patrol
from thermoscout_nodes.graph_processes import (
    NodeProcess,
    ProcessDiedError,
    private_domain,
    write_overrides,
)
from thermoscout_nodes.parameters import Value

OTHERS = (
    "bag_recorder",
    "laser_rangefinder",
    "detector",
    "temperature_correction",
    "fault_judge",
)
SILENCE_S = 45.0
FILES_RATE_HZ = 50
"""Files are paced by the verdicts of the one before; this only bounds it."""


@dataclass(frozen=True)
class Plan:
    """What is to be shown. files: empty for the patrol. period_s: how long the patrol takes."""

    name: str
    camera_url: str
    range_url: str
    files: Sequence[ThermogramFile]
    period_s: float


def plan_of(arguments: argparse.Namespace) -> Plan:
    """Raises ThermogramError when the input folder holds no thermogram."""
    if arguments.input is not None:
        folder = Path(arguments.input).resolve()
        files = find_thermograms([folder])
        url = f"file://{quote(str(folder))}?rate={FILES_RATE_HZ}&loop=0"
        return Plan(folder.name or "files", url, "none", files, 0.0)
    width, height = arguments.size
    patrol = Patrol(arguments.seed, width, height)
    seconds = arguments.seconds or patrol.period_s
    camera = f"sim://patrol?seed={arguments.seed}&width={width}&height={height}"
    return Plan(
        "patrol",
        f"{camera}&rate={arguments.rate}",
        f"sim://patrol?seed={arguments.seed}",
        (),
        seconds,
    )


def overrides_of(plan: Plan, bag: Path) -> dict[str, dict[str, Value]]:
    """The parameters of the graph that differ from config/inspection.yaml."""
    of_files = bool(plan.files)
    return {
        "ir_camera": {
            "autostart": False,
            "url": plan.camera_url,
            "lockstep": of_files,
        },
        "laser_rangefinder": {"url": plan.range_url},
        "bag_recorder": {"output": str(bag)},
    }


def watch(client: DemoClient, plan: Plan, console: Console) -> None:
    """Wait until the patrol went round once, or every file has its verdicts."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[found]}"),
        TimeElapsedColumn(),
    )
    total = len(plan.files) or plan.period_s
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("inspecting", total=total, found="")
        while True:
            client.spin()
            done = client.frames if plan.files else client.watched_s
            found = f"{client.frames} frames, {client.faults} fault verdicts"
            progress.update(task, completed=min(done, total), found=found)
            if client.camera_finished or (not plan.files and done >= total):
                return
            if time.monotonic() - client.heard_s > SILENCE_S:
                raise ThermoscoutError(f"no verdicts for {SILENCE_S:g} s; see the logs")


def run_graph(plan: Plan, output: Path, console: Console) -> Path:
    """Run the plan with everything recorded; return the bag. Ctrl-C ends it early but in order.

    Raises ProcessDiedError with the end of its log when a process of the graph ended by itself.
    """
    bag, parameters = output / "bag", output / "parameters.yaml"
    write_overrides(parameters, overrides_of(plan, bag))
    dds_profile.use()
    processes: list[NodeProcess] = []
    context = Context()
    with private_domain() as domain:
        rclpy.init(
            context=context, domain_id=domain, signal_handler_options=SignalHandlerOptions.NO
        )
        client = None
        try:
            for module in ("inspection", "bag_recorder"):
                log = output / f"{module}.log"
                name = f"thermoscout_nodes.{module}"
                processes.append(NodeProcess(name, parameters, log, domain))
            client = DemoClient(context, lambda: [process.check() for process in processes])
            client.start_camera(OTHERS)
            watch(client, plan, console)
            client.await_recorder()
        except KeyboardInterrupt:
            console.print("[yellow]stopped early: the report shows what came so far[/]")
        except ProcessDiedError:
            raise
        except ThermoscoutError as error:
            tails = "\n".join(f"{p.log}:\n{p.log_tail()}" for p in processes)
            raise ThermoscoutError(f"{error}\n{tails}") from error
        finally:
            if client is not None:
                client.close()
            rclpy.try_shutdown(context=context)
            for process, patience_s in zip(processes, (5.0, 120.0), strict=False):
                process.stop(patience_s)
    return bag


def main(args: list[str] | None = None) -> None:
    """Exits with 2 when the input or the graph fails, with the sentence that says why."""
    console = Console()
    arguments = _parse(args)
    for stop in (signal.SIGINT, signal.SIGTERM):  # SIGINT too: a shell's background jobs ignore it
        signal.signal(stop, signal.default_int_handler)
    try:
        plan = plan_of(arguments)
        output = _fresh_folder(Path(arguments.output), plan.name)
        console.print(f"The graph runs on {plan.camera_url}")
        bag = run_graph(plan, output, console)
        if not (bag / "metadata.yaml").is_file():
            raise ThermoscoutError(f"nothing was recorded; see the logs in {output}")
        if plan.files:
            report = report_of_files(bag, plan.files, output, console)
        else:
            report = report_of_patrol(bag, output, console)
    except ThermoscoutError as error:
        Console(stderr=True).print(str(error), style="red", markup=False, highlight=False)
        sys.exit(2)
    for label, path in (("report", report), ("bag", bag), ("parameters", output)):
        console.print(f"{label:>10}  {path}", highlight=False, soft_wrap=True)


def _fresh_folder(root: Path, name: str) -> Path:
    folder = root / f"{name}-{datetime.now():%Y%m%d-%H%M%S}"
    folder.mkdir(parents=True)
    return folder.resolve()


def _size(text: str) -> tuple[int, int]:
    width, height = text.split("x")
    return int(width), int(height)


def _parse(args: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="demo", description="Run the graph on a simulated patrol or on thermograms."
    )
    parser.add_argument("--input", help="folder of thermograms, in place of the patrol")
    parser.add_argument("--output", default="demo", help="folder that takes the results")
    parser.add_argument("--seed", type=int, default=7, help="of the simulated substation")
    parser.add_argument("--rate", type=float, default=10.0, help="frames per second")
    parser.add_argument("--size", type=_size, default=(384, 288), help="of frames, e.g. 640x512")
    parser.add_argument("--seconds", type=float, help="of the patrol; default one whole round")
    return parser.parse_args(args)


if __name__ == "__main__":
    main()
