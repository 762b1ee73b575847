"""thermoscout bench"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from thermoscout_core.bench.record import BenchRecord

Item = TypeVar("Item")


def bench(
    models: Annotated[
        str | None,
        typer.Option(
            help="By commas: float32, int8, small (the shipped detectors), mobilenet_v1_ssd300, "
            "mobilenet_v2_ssdlite300, kenet_ssd300, kedet300, vgg16_ssd300, yolov3_tiny, yolov3, "
            "or your own ONNX files. Left out: all but kedet300."
        ),
    ] = None,
    runtimes: Annotated[
        str | None,
        typer.Option(
            help="By commas: torch, onnxruntime, onnxruntime-int8, opencv, openvino, "
            "openvino-bf16, tensorrt. Left out: all that are installed, but the last two."
        ),
    ] = None,
    input_size: Annotated[
        list[str] | None,
        typer.Option(
            metavar="WIDTHxHEIGHT",
            help="Of the networks with random weights; given again, each is measured at each. "
            "Left out, their own: 300x300, the YOLOs 416x416.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Dataset folder: mAP of the trained networks, and int8 calibrated on its train "
            "split. Left out: no accuracy, simulated calibration."
        ),
    ] = None,
    split: Annotated[str, typer.Option(help="Split of --data for the accuracy.")] = "val",
    threads: Annotated[int, typer.Option(min=1, help="CPU threads of a network.")] = 2,
    repeats: Annotated[int, typer.Option(min=1, help="Timed frames of a line.")] = 90,
    rounds: Annotated[
        int, typer.Option(min=1, help="Rounds that they are spread over, in fresh processes.")
    ] = 3,
    warm_up: Annotated[int, typer.Option(min=0, help="Untimed frames before each turn.")] = 5,
    max_foreign: Annotated[
        float,
        typer.Option(min=0, max=100, help="Per cent of the machine that others may take."),
    ] = 5.0,
    refuse_load: Annotated[
        bool, typer.Option("--refuse-load", help="Don't start while others take more than that.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the tables as Markdown, for a page.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option(help="Folder for bench.json, bench.md and bench.png.")
    ] = None,
) -> None:
    """The seeds' table on this machine: networks side by side in every runtime.

    Time, throughput, memory, size, multiply-adds, energy where a counter exists, accuracy of
    what is trained. Each line is measured in processes of its own, in turns with the others; what
    other programs took meanwhile is noted. docs/bench.md says how to read it.

    thermoscout bench --data ../shared/data/substation --output bench

    thermoscout bench --models small,mine.onnx --runtimes onnxruntime,openvino --repeats 300
    """
    from rich.console import Console
    from rich.progress import Progress

    from thermoscout_core.bench import run, tables
    from thermoscout_core.bench import runtimes as known
    from thermoscout_core.bench.rows import DEFAULT_MODELS, choose_rows
    from thermoscout_core.cli.sizes import parse_size

    names = _names(models) or list(DEFAULT_MODELS)
    rows = choose_rows(names, [parse_size(size) for size in input_size or ()])
    chosen = _names(runtimes) or [r for r in known.DEFAULT_RUNTIMES if known.is_installed(r)]
    options = run.BenchOptions(
        threads=threads,
        repeats=repeats,
        rounds=min(rounds, repeats),
        warm_up=warm_up,
        max_foreign=max_foreign / 100,
        refuse_load=refuse_load,
        data=data,
        split=split,
    )
    if output is not None:
        _require_folder(output)
    with Progress(console=Console(stderr=True), transient=True) as progress:

        def watch(work: Sequence[Item], name: str) -> Iterable[Item]:
            return progress.track(work, description=name)

        record = run.run_bench(rows, chosen, options, watch)
    if output is not None:
        _write(record, output)
    if json:
        typer.echo(record.model_dump_json(indent=2))
    elif markdown:
        typer.echo(tables.markdown(record), nl=False)
    else:
        _print(Console(highlight=False), record)
        if output is not None:
            typer.echo(f"written to {output}")


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _require_folder(output: Path) -> None:
    """Raises ResultsError now rather than after an hour of measuring."""
    from thermoscout_core.errors import ResultsError

    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultsError(f"{output}: can't be a folder for the results: {error}") from error


def _write(record: BenchRecord, output: Path) -> None:
    from thermoscout_core.atomic import write_bytes
    from thermoscout_core.bench import tables
    from thermoscout_core.bench.plot import save_plot

    write_bytes(output / "bench.json", (record.model_dump_json(indent=2) + "\n").encode())
    write_bytes(output / "bench.md", tables.markdown(record).encode())
    save_plot(record, output / "bench.png")


def _print(console: Console, record: BenchRecord) -> None:
    from thermoscout_core.bench import tables

    for title, rows in tables.by_network(record).items():
        console.print(_table(f"\n[bold]{title}[/bold]", tables.SHORT_HEADS, rows, 1))
    if record.ratios:
        console.print(_table("", tables.RATIO_HEADS, tables.ratio_cells(record), 3))
    for remark in tables.remarks(record):
        console.print(remark)
    console.print(f"[bold]{tables.verdict(record)}[/bold]")


def _table(
    title: str, heads: Sequence[str], rows: Iterable[tuple[str, ...]], text_columns: int
) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(
        title=title,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )
    for number, head in enumerate(heads):
        text = number < text_columns
        table.add_column(
            head, justify="left" if text else "right", min_width=17 if text else len(head)
        )
    for row in rows:
        table.add_row(*row)
    return table
