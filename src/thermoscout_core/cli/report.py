"""thermoscout report: the document of an inspection, from results.json."""

from __future__ import annotations

from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from thermoscout_core.reporting.choices import ColorScheme, Language, Palette

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from thermoscout_core.reporting.report import Written
    from thermoscout_core.reporting.sheets import Sheet

_MOST_REASONS = 5


def report(
    results: Annotated[
        Path,
        typer.Argument(
            metavar="RESULTS", help="results.json of 'thermoscout inspect', or its folder."
        ),
    ],
    output: Annotated[
        Path | None, typer.Option(help="Folder for the files; left out: beside results.json.")
    ] = None,
    language: Annotated[Language, typer.Option(help="Of the report.")] = Language.EN,
    details: Annotated[
        Path | None,
        typer.Option(
            metavar="YAML",
            help="Site, people, load, weather, names of the equipment: docs/report.md. What is "
            "missing is stated as unknown.",
        ),
    ] = None,
    title: Annotated[str, typer.Option(help="Heading; left out: the language's own.")] = "",
    html: Annotated[bool, typer.Option(help="report.html, one file that needs no other.")] = True,
    pdf: Annotated[
        bool | None,
        typer.Option(
            "--pdf/--no-pdf", help="report.pdf.", show_default="where reportlab is installed"
        ),
    ] = None,
    annex_c: Annotated[
        bool, typer.Option("--annex-c", help="Thermograms as DL/T 664-2016 Annex C files, too.")
    ] = False,
    history: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="History file: faults get their trend from it."),
    ] = None,
    palette: Annotated[Palette, typer.Option(help="Colors of the pictures.")] = Palette.GREY,
    colors: Annotated[
        ColorScheme, typer.Option(help="Colors of the verdicts in the pictures.")
    ] = ColorScheme.STANDARD,
    font: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Font for Chinese in the PDF; left out: one of this machine."
        ),
    ] = None,
) -> None:
    """Write the report of an inspection: HTML, PDF, and thermograms that other programs open.

    Pictures are drawn from the thermograms that results.json names; where one is gone, the
    annotated picture beside results.json stands in for it.
    """
    from thermoscout_core.reporting.composition import ReportOptions
    from thermoscout_core.reporting.details import Details, read_details
    from thermoscout_core.reporting.report import Outputs, make_report, results_file
    from thermoscout_core.reporting.style import OverlayStyle

    with ExitStack() as stack:
        trend_pictures = None
        if history is not None:
            from thermoscout_core.history.queries import History
            from thermoscout_core.reporting.trends import HistoryTrends

            opened = stack.enter_context(History(history))
            trend_pictures = HistoryTrends(opened, results_file(results).parent)
        options = ReportOptions(
            title=title,
            language=language,
            style=OverlayStyle(colors, palette),
            details=read_details(details) if details else Details(),
            trend_pictures=trend_pictures,
            cjk_font=font,
        )
        with_pdf = find_spec("reportlab") is not None if pdf is None else pdf
        outputs = Outputs(html=html, pdf=with_pdf, annex_c=annex_c)
        written = make_report(results, output, options, outputs, _watched)
    _tell(written, pdf_missing=pdf is None and not with_pdf)


def _watched(description: str, sheets: Sequence[Sheet]) -> Iterable[Sheet]:
    from rich.console import Console
    from rich.progress import track

    # on stderr, so that the paths on stdout can be piped
    return track(sheets, description, console=Console(stderr=True))


def _tell(written: Written, pdf_missing: bool) -> None:
    for what, path in (("report", written.page), ("pdf", written.pdf)):
        if path is not None:
            typer.echo(f"{what:<8} {path}")
    if pdf_missing:
        typer.echo("no pdf   needs reportlab: pip install 'thermoscout[report]'", err=True)
    if written.annexes:
        typer.echo(f"annex c  {len(written.annexes)} files in {written.annexes[0].parent}")
    for reason in written.left_out[:_MOST_REASONS]:
        typer.secho(f"no annex {reason}", fg=typer.colors.YELLOW, err=True)
    if len(written.left_out) > _MOST_REASONS:
        typer.echo(f"no annex for {len(written.left_out) - _MOST_REASONS} more", err=True)
