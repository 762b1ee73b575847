"""thermoscout bag: make bags of thermograms, and mend bags that weren't finished."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

bag = typer.Typer(
    no_args_is_help=True,
    help="Bags of raw inputs, in rosbag2's format (MCAP): for `thermoscout replay`, and for "
    "`ros2 bag play` as well.",
)


@bag.command()
def convert(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A folder of thermograms (or one file), or the address of a camera that paces "
            "itself: file:///folder?split=val, sim://patrol?laps=1.",
        ),
    ],
    output: Annotated[Path, typer.Argument(metavar="BAG", help="The bag's folder, made here.")],
    rate: Annotated[
        float, typer.Option(min=0.01, max=200, metavar="HZ", help="Frames a second, of a folder.")
    ] = 2.0,
    range_url: Annotated[
        str, typer.Option("--range", metavar="URL", help="A rangefinder: sim://patrol?…")
    ] = "none",
    seconds: Annotated[
        float, typer.Option(min=0.01, metavar="S", help="End after so much of the bag's time.")
    ] = float("inf"),
) -> None:
    """Turn thermograms into a bag of thermal/image_raw and thermal/radiometry.

    Stamps begin at 2026-01-01 00:00 UTC, so the same files give the same messages.
    """
    from urllib.parse import quote

    from rich.console import Console

    from thermoscout_core.cli.ros import nodes_module

    url = source
    if "://" not in source:
        url = f"file://{quote(str(Path(source).resolve()))}?rate={rate:g}&loop=0"
    converted = nodes_module("bag_convert").convert(url, output, range_url, seconds)
    console = Console()
    console.print(f"{converted.frames} frames in {output}", highlight=False, soft_wrap=True)
    for sentence in converted.passed_over:
        console.print(f"passed over: {sentence}", style="yellow", highlight=False)


@bag.command()
def recover(
    source: Annotated[
        Path, typer.Argument(metavar="BAG", help="The bag that has no end, or its .mcap file.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(metavar="BAG", help="The new bag; default BAG_recovered."),
    ] = None,
) -> None:
    """Copy every whole message of a bag whose recorder was killed, or whose disk was full, into a
    new, finished bag. The old one stays as it is."""
    from rich.console import Console

    from thermoscout_core.cli.ros import nodes_module

    target = output or source.with_name(f"{source.stem}_recovered")
    written = nodes_module("bag_recovery").recover(source, target)
    Console().print(f"{written} messages in {target}", highlight=False, soft_wrap=True)
