"""thermoscout history: look into a history file, plot it, export it."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

history = typer.Typer(
    no_args_is_help=True,
    help="What was found over the patrols: a history file, written by `thermoscout inspect "
    "--history FILE` and by the robot (fault_judge's parameter history_path).",
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="The history file.")]
Piece = Annotated[int, typer.Argument(metavar="EQUIPMENT", help="Its number in `history list`.")]


class What(str, Enum):
    """What can be listed."""

    patrols = "patrols"
    equipment = "equipment"
    alarms = "alarms"


class Table(str, Enum):
    """What can be exported."""

    readings = "readings"
    patrols = "patrols"
    equipment = "equipment"
    alarms = "alarms"


@history.command("list")
def list_(
    file: File,
    what: Annotated[What, typer.Argument(help="Of what.")] = What.patrols,
) -> None:
    """List the patrols, the equipment that was recognised at waypoints, or the alarms."""
    from rich.console import Console

    from thermoscout_core.history.queries import History

    with History(file) as opened:
        rows = getattr(opened, what.value)()
    columns = {What.patrols: _PATROLS, What.equipment: _EQUIPMENT, What.alarms: _ALARMS}[what]
    _print_table(Console(), columns, rows, f"no {what.value} in {file}")


@history.command()
def show(file: File, equipment: Piece) -> None:
    """Show every reading of a piece of equipment, oldest first, with its verdict."""
    from rich.console import Console

    from thermoscout_core.history.queries import History

    with History(file) as opened:
        name = opened.trend(equipment).name
        rows = opened.readings(equipment=equipment)
    console = Console()
    console.print(f"[bold]{name}[/]")
    _print_table(console, _READINGS, rows, "no readings")


@history.command()
def plot(
    file: File,
    equipment: Annotated[
        list[int] | None,
        typer.Argument(metavar="[EQUIPMENT]...", help="Numbers in `history list`; none: all."),
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder for the pictures (PNG).")] = Path("trends"),
) -> None:
    """Draw the trend of equipment: temperature, like part, ambient and rise over time."""
    from thermoscout_core.errors import HistoryError
    from thermoscout_core.history.plots import write_trend
    from thermoscout_core.history.queries import History

    with History(file) as opened:
        pieces = equipment or [piece["id"] for piece in opened.equipment()]
        trends = [opened.trend(piece) for piece in pieces]
    if not trends:
        raise HistoryError(
            f"{file}: no equipment was recognised: tell the waypoint when recording "
            "(--waypoint, or the topic waypoint)"
        )
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HistoryError(f"{output}: can't be made: {error.strerror or error}") from error
    for trend in trends:
        path = output / f"equipment_{trend.equipment_id}.png"
        write_trend(path, trend)
        typer.echo(path)


@history.command()
def export(
    file: File,
    output: Annotated[Path, typer.Option(help="File to write: .csv or .parquet.")],
    table: Annotated[Table, typer.Option(help="Which table.")] = Table.readings,
) -> None:
    """Write a table for other programs: CSV, or Parquet (needs pyarrow, the extra "parquet").
    Readings come with their verdicts."""
    from thermoscout_core.history.queries import History
    from thermoscout_core.history.tables import export as export_table

    with History(file) as opened:
        count = export_table(opened, table.value, output)
    typer.echo(f"{output}: {count} {table.value}")


@history.command()
def label(
    file: File,
    equipment: Piece,
    name: Annotated[str, typer.Argument(help="Your name for it; '' takes it away.")],
) -> None:
    """Give a piece of equipment your own name, such as '#1 main transformer, HV, phase A'."""
    from thermoscout_core.history.recorder import label_equipment

    label_equipment(file, equipment, name)


@history.command()
def check(file: File) -> None:
    """Look for damage. Ends with 1 when there is some."""
    from thermoscout_core.history.queries import History

    with History(file) as opened:
        problems = opened.problems()
        if not problems:
            typer.echo(f"{file}: sound, {len(opened.patrols())} patrols")
            return
    for problem in problems:
        typer.secho(problem, fg=typer.colors.RED)
    raise typer.Exit(1)


_PATROLS = {
    "patrol": "id",
    "name": "name",
    "began (UTC)": "began_s",
    "pictures": "thermograms",
    "readings": "readings",
    "alarms": "alarms",
    "worst": "worst",
}
_EQUIPMENT = {
    "equipment": "id",
    "waypoint": "waypoint",
    "class": "class_name",
    "label": "label",
    "patrols": "patrols",
    "readings": "readings",
    "last seen (UTC)": "last_s",
    "highest °C": "highest_c",
    "worst": "worst",
}
_ALARMS = {
    "patrol": "patrol_id",
    "alarm": "number",
    "time (UTC)": "stamp_s",
    "state": "state",
    "severity": "severity",
    "equipment": "equipment_id",
    "waypoint": "waypoint",
    "°C": "t1_c",
    "rule": "rule",
}
_READINGS = {
    "patrol": "patrol",
    "time (UTC)": "stamp_s",
    "T1 °C": "t1_c",
    "T2 °C": "t2_c",
    "T0 °C": "t0_c",
    "severity": "severity",
    "rule": "rule",
    "flags": "flags",
    "thermogram": "thermogram",
}
_FOLDED = {"name", "waypoint", "class_name", "label", "rule", "flags", "thermogram"}
"""Columns that take what the terminal's width leaves."""
_STYLES = {"critical": "bold red", "serious": "red", "general": "yellow", "normal": "green"}


def _print_table(
    console: Console, columns: dict[str, str], rows: list[dict[str, Any]], nothing: str
) -> None:
    """columns: heading -> the rows' key."""
    from rich.table import Table as RichTable
    from rich.text import Text

    if not rows:
        console.print(nothing)
        return
    table = RichTable(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for heading, key in columns.items():
        cells = [Text.from_markup(_cell(key, row[key])) for row in rows]
        narrowest = 4 if key in _FOLDED else max(cell.cell_len for cell in cells)
        table.add_column(heading, min_width=narrowest, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(key, row[key]) for key in columns.values()))
    console.print(table)


def _cell(key: str, value: Any) -> str:
    from datetime import datetime, timezone

    from rich.markup import escape

    if value is None:
        return "–"
    if key.endswith("_s"):
        return datetime.fromtimestamp(value, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, float):
        return f"{value:.1f}"
    style = _STYLES.get(str(value))
    return f"[{style}]{value}[/]" if style else escape(str(value))
