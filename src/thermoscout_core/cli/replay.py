"""thermoscout replay: a bag through the real graph, to the same verdicts each time."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer

_INTERRUPTED = 130


def replay(
    bag: Annotated[Path, typer.Argument(metavar="BAG", help="Folder of a rosbag2 bag.")],
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the verdicts here, one JSON object a frame."),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="X",
            help="Bag seconds per second, at most; 0 is as fast as the graph judges. "
            "Default 0, with --watch 1.",
        ),
    ] = None,
    start: Annotated[float, typer.Option(min=0, metavar="S", help="Begin so far in.")] = 0.0,
    params_file: Annotated[
        Path | None, typer.Option(metavar="YAML", help="Parameters of the nodes.")
    ] = None,
    watch: Annotated[
        bool,
        typer.Option(
            help="In your own ROS domain, where rviz and Foxglove see it (/clock included)."
        ),
    ] = False,
) -> None:
    """Play a bag's inputs through the detector, the correction and the judge.

    Every message is handled before the next is played and every frame gets its verdicts, so the
    same bag gives the same verdicts, byte for byte, on a slow machine as on a fast one. The
    SHA-256 of all verdict messages is printed: equal sums are equal verdicts. Ends with 1 when a
    frame got none, with 130 after Ctrl-C.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from thermoscout_core.cli.ros import nodes_module

    nodes = nodes_module("replay")
    lines = nodes_module("verdict_lines")
    length_s = nodes.length_s(bag)
    columns = (
        TextColumn("replaying"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[found]}"),
        TimeElapsedColumn(),
    )
    faults = 0
    begun_s = time.monotonic()
    file = output.open("w", encoding="utf-8") if output else None
    try:
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task("", total=length_s, found="")

            def each(played: Any, message: Any) -> None:
                nonlocal faults
                faults += sum(verdict.severity >= 2 for verdict in message.verdicts)
                found = f"{played.answered} frames, {faults} fault verdicts"
                progress.update(task, completed=played.position_s, found=found)
                if file is not None:
                    json.dump(lines.verdicts_to_json(message), file, ensure_ascii=False)
                    file.write("\n")

            pace = rate if rate is not None else float(watch)
            played = nodes.replay(bag, pace, start, params_file, watch, each)
    finally:
        if file is not None:
            file.close()
    _print_summary(played, faults, time.monotonic() - begun_s)
    if not played.complete:
        raise typer.Exit(_INTERRUPTED)
    if played.unanswered:
        raise typer.Exit(1)


def _print_summary(played: Any, faults: int, took_s: float) -> None:
    from rich.console import Console

    console = Console()
    speed = played.position_s / took_s
    console.print(
        f"{played.frames} frames, {played.unanswered} without verdicts, {faults} fault verdicts; "
        f"{played.position_s:.1f} s of the bag in {took_s:.1f} s ({speed:.1f} times real time)",
        highlight=False,
    )
    for topic, why in played.skipped.items():
        console.print(f"not played: {topic}: {why}", style="yellow", highlight=False)
    sum_of = "sha256 of the verdicts" if played.complete else "sha256 so far"
    console.print(f"{sum_of}: {played.digest.hexdigest()}", highlight=False, soft_wrap=True)
