"""thermoscout camera: is it connected, what does it see, does it come back?"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from thermoscout_core.cli.device_trial import Arrivals
    from thermoscout_core.device_reader import DeviceReader
    from thermoscout_core.frames import ThermalFrame

THINGS = "frames"


def camera(
    url: Annotated[
        str, typer.Argument(metavar="[URL]", help="As the node's parameter url; none lists them.")
    ] = "",
    seconds: Annotated[
        float, typer.Option(help="Stop after so long; 0 goes on until Ctrl-C.", min=0)
    ] = 0.0,
    save: Annotated[
        Path | None, typer.Option(help="Write the last frame as a picture (PNG) for people.")
    ] = None,
    any_device: Annotated[
        bool, typer.Option("--any-device", help="After a loss, take another one back, too.")
    ] = False,
) -> None:
    """Try an infrared camera: who it is, what it sees in °C, how steadily.

    For example thermoscout camera 'gige://192.168.1.20' or 'isapi://192.168.1.64?channel=2'. User
    and password come from THERMOSCOUT_CAMERA_USER and THERMOSCOUT_CAMERA_PASSWORD. Unplug it and
    plug it in again to see how the node would take that. Ends with 1 when no frame came.
    docs/cameras.md has the addresses.
    """
    from rich.console import Console

    from thermoscout_core.cameras.registry import open_camera
    from thermoscout_core.cli.device_trial import Arrivals, reader_of, watch

    console = Console(soft_wrap=True)
    if not url:
        _list_cameras(console)
        return
    seen: Arrivals[ThermalFrame] = Arrivals()
    reader = reader_of("camera", url, open_camera, seen, console, any_device=any_device)
    watch(reader, seen, console, things=THINGS, in_words=_what, seconds=seconds)
    _summarise(console, reader, seen)
    if seen.newest is None:
        raise typer.Exit(1)
    if save is not None:
        _save(save, seen.newest)
        console.print(f"The last frame is in {save}.", markup=False)


def _what(frame: ThermalFrame) -> str:
    """The temperatures of a frame in words."""
    import numpy as np

    if frame.shutter_closed:
        return "the shutter is closed"
    if frame.radiometry.scale is None:
        return "a picture, no temperature"
    celsius = frame.celsius()
    middle = celsius[frame.height_px // 2, frame.width_px // 2]
    low, high = np.nanmin(celsius), np.nanmax(celsius)
    return f"{low:.1f} … {high:.1f} °C, {middle:.2f} °C in the middle"


def _summarise(
    console: Console, reader: DeviceReader[ThermalFrame], seen: Arrivals[ThermalFrame]
) -> None:
    from thermoscout_core.cli.device_trial import summary_table

    table = summary_table(seen, THINGS)
    totals, frame = reader.supervisor.totals, seen.newest
    if frame is not None:
        table.add_row("the last one", f"{frame.width_px}x{frame.height_px}: {_what(frame)}")
        applied = frame.radiometry.applied
        known = {name: value for name, value in vars(applied).items() if math.isfinite(value)}
        words = " ".join(f"{name}={value:g}" for name, value in known.items())
        table.add_row("the camera applies", words or "it doesn't tell")
    table.add_row("thrown away", f"{totals.dropped} lost or late, {totals.torn} torn")
    table.add_row("losses", f"{totals.losses}; returns {totals.reconnects}")
    console.print(table)


def _save(path: Path, frame: ThermalFrame) -> None:
    import cv2

    from thermoscout_core.detection.view import to_8bit_view
    from thermoscout_core.errors import ResultsError

    picture = cv2.applyColorMap(to_8bit_view(frame.counts), cv2.COLORMAP_INFERNO)
    try:
        written = cv2.imwrite(str(path), picture)
    except cv2.error:
        written = False
    if not written:
        raise ResultsError(f"{path} can't be written; name a .png in a folder that exists")


def _list_cameras(console: Console) -> None:
    from rich.table import Table

    from thermoscout_core.cameras.gige_discovery import discovered
    from thermoscout_core.cameras.registry import CAMERAS
    from thermoscout_core.cameras.uvc import kernel_name
    from thermoscout_core.errors import ConfigurationError

    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading in ("address", "what"):
        table.add_column(heading)
    try:
        for found in discovered():
            table.add_row(f"gige://{found.ip}", f"{found.manufacturer} {found.model}")
    except ConfigurationError as error:
        console.print(f"GigE cameras aren't searched: {error}", markup=False)
    for device in sorted(Path("/dev").glob("video*")):
        table.add_row(f"uvc://{device}", kernel_name(str(device)) or "–")
    console.print(table if table.row_count else "No GigE Vision or USB camera answers.")
    console.print(f"Schemes: {', '.join(CAMERAS)}. See thermoscout camera --help.")
