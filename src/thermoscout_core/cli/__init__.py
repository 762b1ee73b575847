"""The ``thermoscout`` command. One file a command; heavy libraries are imported when it runs."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

from thermoscout_core import __version__
from thermoscout_core.cli.bag import bag
from thermoscout_core.cli.data import data
from thermoscout_core.cli.engine import engine
from thermoscout_core.cli.errors import PlainErrorsGroup
from thermoscout_core.cli.history import history
from thermoscout_core.cli.rules import rules

COMMANDS = (
    *("inspect", "report", "evaluate", "train", "average", "compress", "export", "unfold"),
    *("bench", "calibrate", "correct", "replay", "camera", "rangefinder"),
)
"""Each is the function of that name in the module of that name."""

app = typer.Typer(
    name="thermoscout",
    cls=PlainErrorsGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"thermoscout {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print it."),
    ] = False,
) -> None:
    """Find overheating power equipment in thermograms."""


for _name in COMMANDS:
    app.command(_name)(getattr(import_module(f"{__name__}.{_name}"), _name))
app.add_typer(bag, name="bag")
app.add_typer(data, name="data")
app.add_typer(engine, name="engine")
app.add_typer(history, name="history")
app.add_typer(rules, name="rules")
