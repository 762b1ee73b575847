"""Files that are whole or not there: written beside their place, then renamed into it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path


def write_bytes(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Write content to path; a crash leaves the old file or none, never half a file.

    durable: wait until the disk has it, for files that can't be made again.
    Raises OSError when the folder can't be written.
    """
    write_chunks(path, (content,), durable=durable)


def write_chunks(path: Path, chunks: Iterable[bytes], *, durable: bool = True) -> None:
    """The same for content that is made while it is written, and so never lies in memory whole."""
    beside = path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}")
    try:
        with beside.open("xb") as stream:
            for chunk in chunks:
                stream.write(chunk)
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
