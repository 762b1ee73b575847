"""Errors that a user can mend, on one line instead of a traceback."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from thermoscout_core.errors import ThermoscoutError

EXIT_CODE = 2
_EXTRAS = {
    "torch": "train",
    "safetensors": "train",
    "tensorly": "compress",
    "torch_pruning": "compress",
    "pyarrow": "parquet",
    "pycuda": "jetson",
}
_OTHER_WAYS = {
    "tensorrt": "on a Jetson sudo apt install python3-libnvinfer, elsewhere pip install "
    "'thermoscout[tensorrt-rtx]'"
}


class PlainErrorsGroup(TyperGroup):
    """A command group that turns ThermoscoutError, and a library that isn't installed, into one
    red line on stderr and exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except ThermoscoutError as error:
            message = str(error)
        except ModuleNotFoundError as error:
            message = missing_library_message(error)
        typer.secho(f"thermoscout: {message}", fg=typer.colors.RED, err=True)
        raise typer.Exit(EXIT_CODE)


def missing_library_message(error: ModuleNotFoundError) -> str:
    """What to install for a library that a command needs.

    Raises the error again for a module of Thermoscout itself: that is a broken installation.
    """
    library = (error.name or "").partition(".")[0]
    if library.startswith("thermoscout") or not library:
        raise error
    package = f"thermoscout[{_EXTRAS[library]}]" if library in _EXTRAS else library
    way = _OTHER_WAYS.get(library, f"pip install '{package}'")
    return f"this command needs {library}, which isn't installed; {way}"
