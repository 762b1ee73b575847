"""thermoscout data check and convert: dataset folders before they are trained on."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from thermoscout_core.learning.dataset_check import Check

_Item = TypeVar("_Item")
_STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}
_MOST_SHOWN = 30

data = typer.Typer(
    no_args_is_help=True,
    help="Look at dataset folders before training on them, and write them in other layouts.",
)


class FailOn(str, Enum):
    """The least grave finding that makes the command end with 1."""

    error = "error"
    warning = "warning"
    note = "note"


class Target(str, Enum):
    """Layouts that can be written."""

    voc = "voc"
    coco = "coco"
    yolo = "yolo"


@data.command()
def check(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Dataset folders: own, VOC, COCO, YOLO.")
    ],
    output: Annotated[
        Path | None, typer.Option(help="Folder for index.html, check.json and contact sheets.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    fail_on: Annotated[
        FailOn, typer.Option(help="End with 1 when there is a finding that grave or graver.")
    ] = FailOn.error,
    tiny: Annotated[float, typer.Option(min=0, help="Boxes narrower are tiny, px.")] = 3.0,
    longest_shape: Annotated[
        float, typer.Option(min=1, help="Longer side over shorter one that is still plausible.")
    ] = 15.0,
    double_iou: Annotated[
        float, typer.Option(min=0, max=1, help="IoU of two boxes in the same place.")
    ] = 0.9,
    leak: Annotated[
        float, typer.Option(min=0, max=1, help="Similarity of nearly the same picture.")
    ] = 0.85,
    suspicion: Annotated[
        float, typer.Option(min=0, max=1, help="Similarity worth a look between splits.")
    ] = 0.7,
) -> None:
    """Find bad boxes, broken pictures, duplicates, leaks between splits and rare classes.

    Several folders are also compared with each other: a training set that holds a picture of
    another folder's test split leaks. Ends with 0 when nothing grave was found, 1 otherwise, 2
    when a folder is no dataset. docs/datasets.md explains each finding.
    """
    from thermoscout_core.learning.dataset_check import Level, Limits, check_datasets

    limits = Limits(
        tiny_px=tiny,
        double_iou=double_iou,
        longest_shape=longest_shape,
        leak=leak,
        suspicion=suspicion,
    )
    checked = check_datasets(folders, limits, _watch)
    page = None
    if output is not None:
        from thermoscout_core.learning.dataset_check.overview import write_overview
        from thermoscout_core.learning.dataset_check.sheets import write_sheets

        page = write_overview(checked, write_sheets(checked, output, _watch), output)
    if json:
        typer.echo(json_module.dumps(checked.as_dict(), indent=2, ensure_ascii=False))
    else:
        _print(checked, page)
    if checked.reaches(Level[fail_on.name.upper()]):
        raise typer.Exit(1)


@data.command()
def convert(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A dataset folder of any layout.")],
    to: Annotated[Target, typer.Option(help="The layout to write.")],
    output: Annotated[Path, typer.Option(help="A new folder.")],
    view: Annotated[
        bool, typer.Option("--view", help="8-bit pictures as the detector sees them, not counts.")
    ] = False,
) -> None:
    """Write a dataset in another layout, for other tools.

    Pictures become 16-bit PNG of counts, without their temperature scale; most other tools want
    --view. COCO calls difficult boxes iscrowd; YOLO has no mark for them and goes without.
    """
    from thermoscout_core.learning.data import Dataset, Sample
    from thermoscout_core.learning.datasets.conversion import write_dataset
    from thermoscout_core.learning.datasets.recognition import recognise

    layout = recognise(folder)
    splits = {split: Dataset(layout, split) for split in layout.splits}
    splits = splits or {"train": Dataset(layout, None)}

    def watch(dataset: Dataset) -> Iterator[Sample]:
        for index in _watch(f"writing {dataset.split or 'all'}", range(len(dataset))):
            yield dataset[index]

    write_dataset(splits, to.value, output, view, watch)
    typer.echo(f"{sum(map(len, splits.values()))} pictures in {output}")


def _watch(description: str, items: Sequence[_Item]) -> Iterable[_Item]:
    """A progress bar on stderr, so that stdout can be piped."""
    from rich.console import Console
    from rich.progress import track

    return track(items, description, console=Console(stderr=True), transient=True)


def _print(checked: Check, page: Path | None) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console()
    for dataset in checked.datasets:
        layout = dataset.layout
        console.print(
            f"{escape(str(layout.root))}  {layout.name} layout, {len(dataset.images)} pictures",
            soft_wrap=True,
        )
    console.print(_class_table(checked))
    if checked.findings:
        console.print(_finding_table(checked))
    else:
        console.print("[green]nothing found[/]")
    grave = [finding for finding in checked.findings if finding.level.name != "NOTE"]
    for finding in grave[:_MOST_SHOWN]:
        style = _STYLES[finding.level.name.lower()]
        console.print(f"[{style}]{finding.kind}[/]  {escape(finding.message)}", soft_wrap=True)
    if len(grave) > _MOST_SHOWN:
        console.print(f"and {len(grave) - _MOST_SHOWN} more with --output or --json", style="dim")
    if page is not None:
        console.print(f"overview  {escape(str(page))}", soft_wrap=True)


def _class_table(checked: Check) -> Table:
    from rich.table import Table

    balance = checked.balance
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("boxes")
    for column in (*balance.splits, "difficult"):
        table.add_column(column, justify="right")
    for name in balance.classes:
        counts = [str(balance.boxes[name, split]) for split in balance.splits]
        table.add_row(name, *counts, str(balance.difficult_total(name)))
    table.add_row("pictures", *(str(balance.images[s]) for s in balance.splits), style="dim")
    return table


def _finding_table(checked: Check) -> Table:
    from rich.table import Table

    from thermoscout_core.learning.dataset_check.findings import KINDS

    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("found", justify="right")
    table.add_column("kind")
    table.add_column("meaning")
    for name, count in checked.kinds().items():
        kind = KINDS[name]
        table.add_row(str(count), name, kind.meaning, style=_STYLES[kind.level.name.lower()])
    return table
