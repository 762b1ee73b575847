"""The folder of a training run: what lies in it, and that one training at a time writes there."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from thermoscout_core.learning.checkpoint import CheckpointError

BEST = "best.safetensors"
EMA = "ema.safetensors"
STATE = "state.pt"
LOG = "log.csv"
CURVES = "curves.png"
SUMMARY = "run.json"
LOCK = ".lock"
TAKEN = (errno.EACCES, errno.EAGAIN)


def make_folder(folder: Path) -> None:
    """Raises CheckpointError when it can't be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"{folder}: can't be made: {error.strerror or error}") from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other trainings out of the folder. Raises CheckpointError when one is at work there.

    The lock ends with the process, however that ends.
    """
    make_folder(folder)
    try:
        opened = (folder / LOCK).open("a+")
    except OSError as error:
        raise CheckpointError(
            f"{folder}: can't be written to: {error.strerror or error}"
        ) from error
    with opened as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in TAKEN:
                raise CheckpointError(
                    f"{folder / LOCK}: can't be locked: {error.strerror or error}; choose a "
                    "folder on a file system that has locks"
                ) from error
            lock.seek(0)
            raise CheckpointError(
                f"{folder}: another training (process {lock.read().strip() or 'unknown'}) is "
                "writing there; wait for it, or choose another folder with --output"
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        _remove_halves(folder)
        yield


def _remove_halves(folder: Path) -> None:
    """Files that a killed training was still writing (see atomic.write_bytes)."""
    for name in (BEST, EMA, STATE):
        for half in folder.glob(f".{name}.*"):
            half.unlink(missing_ok=True)
