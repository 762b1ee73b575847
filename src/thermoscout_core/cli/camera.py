"""thermoscout camera: is it connected, what does it see, does it come back?"""

from __future__ import annotations

import math
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from thermoscout_core.device_reader import DeviceReader
    from thermoscout_core.frames import ThermalFrame

POLL_S = 0.05
RECENT = 100


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

    console = Console(soft_wrap=True)
    if not url:
        _list_cameras(console)
        return
    seen = _Seen()
    reader = _reader_of(url, any_device, seen, console)
    try:
        with console.status("waiting for the first frame") as line:
            _watch(reader, seen, line, seconds)
    except KeyboardInterrupt:
        pass
    finally:
        reader.stop()
    _summarise(console, reader, seen)
    if not seen.count:
        raise typer.Exit(1)
    if save is not None:
        _save(save, seen)
        console.print(f"The last frame is in {save}.", markup=False)


class _Seen:
    """What came, for the summary."""

    def __init__(self) -> None:
        self.count = 0
        self.newest: ThermalFrame | None = None
        self.device: Any = None
        self.arrivals_s: deque[float] = deque(maxlen=RECENT)

    def take(self, device: Any, frame: ThermalFrame) -> None:
        self.count += 1
        self.newest, self.device = frame, device
        self.arrivals_s.append(time.monotonic())

    def rate_hz(self) -> float:
        arrivals_s = list(self.arrivals_s)
        passed_s = arrivals_s[-1] - arrivals_s[0] if len(arrivals_s) > 1 else 0.0
        return (len(arrivals_s) - 1) / passed_s if passed_s > 0 else math.nan


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


def _reader_of(
    url: str, any_device: bool, seen: _Seen, console: Console
) -> DeviceReader[ThermalFrame]:
    from thermoscout_core.cameras.registry import open_camera
    from thermoscout_core.device_reader import DeviceReader
    from thermoscout_core.supervision import Supervisor

    open_camera(url)  # a wrong address is told now, and not tried again and again

    def fresh(_stopping: Any) -> Any:
        again = {} if any_device else getattr(seen.device, "same_again", {})
        return open_camera(url, **again)

    def tell(sentence: str) -> None:
        console.print(f"{time.strftime('%H:%M:%S')} {sentence}", markup=False)

    return DeviceReader("camera", Supervisor(any_device=any_device), fresh, seen.take, tell)


def _watch(reader: DeviceReader[ThermalFrame], seen: _Seen, line: Any, seconds: float) -> None:
    from thermoscout_core.supervision import Phase

    end_s = time.monotonic() + seconds if seconds else math.inf
    reader.start()
    while time.monotonic() < end_s and reader.supervisor.phase is not Phase.FINISHED:
        reader.poll()
        if seen.newest is not None and reader.supervisor.lost_for_s == 0:
            line.update(f"{_what(seen.newest)}   {seen.rate_hz():.1f} Hz   {seen.count} frames")
        elif seen.newest is not None:
            line.update(f"lost for {reader.supervisor.lost_for_s:.1f} s")
        time.sleep(POLL_S)


def _summarise(console: Console, reader: DeviceReader[ThermalFrame], seen: _Seen) -> None:
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    totals, frame = reader.supervisor.totals, seen.newest
    if seen.device is not None:
        table.add_row("camera", seen.device.hardware_id)
    rate = f", {seen.rate_hz():.1f} Hz" if seen.count > 1 else ""
    table.add_row("frames", f"{seen.count}{rate}")
    if frame is not None:
        table.add_row("the last one", f"{frame.width_px}x{frame.height_px}: {_what(frame)}")
        applied = frame.radiometry.applied
        known = {name: value for name, value in vars(applied).items() if math.isfinite(value)}
        words = " ".join(f"{name}={value:g}" for name, value in known.items())
        table.add_row("the camera applies", words or "it doesn't tell")
    table.add_row("thrown away", f"{totals.dropped} lost or late, {totals.torn} torn")
    table.add_row("losses", f"{totals.losses}; returns {totals.reconnects}")
    console.print(table)


def _save(path: Path, seen: _Seen) -> None:
    import cv2

    from thermoscout_core.detection.view import to_8bit_view
    from thermoscout_core.errors import ResultsError

    assert seen.newest is not None
    picture = cv2.applyColorMap(to_8bit_view(seen.newest.counts), cv2.COLORMAP_INFERNO)
    try:
        written = cv2.imwrite(str(path), picture)
    except cv2.error:
        written = False
    if not written:
        raise ResultsError(f"{path} can't be written; name a .png in a folder that exists")


def _list_cameras(console: Console) -> None:
    from rich.table import Table

    from thermoscout_core.cameras.gige import discovered
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
