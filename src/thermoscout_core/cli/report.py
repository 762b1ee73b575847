"""thermoscout report: make the report again from results.json."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def report(
    results_file: Annotated[
        Path, typer.Argument(metavar="RESULTS", help="results.json of 'thermoscout inspect'.")
    ],
    output: Annotated[Path, typer.Option(help="Folder for report.html and its pictures.")],
    title: Annotated[str, typer.Option(help="Heading of the report.")] = "Thermal inspection",
) -> None:
    """Make the report of an earlier run again, here or elsewhere.

    Its pictures are copied from beside results.json; where one is missing it is drawn again from
    the thermogram, if that is still there.
    """
    from thermoscout_core.reporting.remake import remake_report

    page = remake_report(results_file, output, title)
    typer.echo(f"report   {page}")
