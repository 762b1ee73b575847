"""What a run says at its end: how many of each severity, the faults, the files that failed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from thermoscout_core.results import Results
from thermoscout_core.verdicts import Severity

_STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.SERIOUS: "red",
    Severity.GENERAL: "yellow",
    Severity.NORMAL: "green",
    Severity.UNKNOWN: "dim",
}
_MAX_ROWS = 30


def print_summary(
    results: Results, output: Path, page: Path | None, console: Console | None = None
) -> None:
    """Print the summary; page: the report, None when there is none."""
    console = console or Console()
    counts = Counter(v.severity for image in results.images for v in image.verdicts)
    line = "   ".join(f"[{style}]{s.value} {counts[s]}[/]" for s, style in _STYLES.items())
    console.print(f"\n{len(results.images)} images   {line}")
    faults = sorted(
        ((v, image) for image in results.images for v in image.verdicts if v.severity.is_fault),
        key=lambda pair: (-pair[0].severity.rank, -(pair[0].t1_c or 0.0)),
    )
    if faults:
        table = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
        for name in ("image", "equipment"):
            table.add_column(name)
        table.add_column("°C", justify="right")
        table.add_column("severity")
        table.add_column("rule")
        for verdict, image in faults[:_MAX_ROWS]:
            table.add_row(
                escape(image.id),
                verdict.class_name.replace("_", " "),
                "–" if verdict.t1_c is None else f"{verdict.t1_c:.1f}",
                f"[{_STYLES[verdict.severity]}]{verdict.severity.value}[/]",
                escape(verdict.rule) + (" (provisional)" if verdict.provisional else ""),
            )
        console.print(table)
        if len(faults) > _MAX_ROWS:
            console.print(f"and {len(faults) - _MAX_ROWS} more in the report", style="dim")
    for image in results.images:
        if image.error:
            console.print(f"[yellow]not inspected:[/] {escape(image.error)}", soft_wrap=True)
    console.print(f"results  {escape(str(output / 'results.json'))}", soft_wrap=True)
    if page is not None:
        console.print(f"report   {escape(str(page))}", soft_wrap=True)
