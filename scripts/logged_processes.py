"""Runs the programs of the set-up with their output in a log, shown only when they fail."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

LINES_SHOWN = 30


class SetupError(Exception):
    """Set-up can't go on; the message says what to do."""


def run_logged(
    log: Path, command: Sequence[str], folder: Path, environment: dict[str, str]
) -> None:
    """Runs a command in `folder`; raises SetupError with the end of its output if it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode:
        end = "\n".join(log.read_text(errors="replace").splitlines()[-LINES_SHOWN:])
        raise SetupError(
            f"{end}\n\nThis failed: {' '.join(command)}\nThe whole output is in {log}"
        )
