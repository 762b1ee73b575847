"""Which files a parameter may name (docs/security.md).

Whoever may set parameters must not read or write any file of the robot by it. The two folders are
environment variables, not parameters, so that nobody on the network can move them:

THERMOSCOUT_TRUSTED: models, networks and rules are loaded only from there, and only with the
SHA-256 that the file SHA256SUMS there states (`sha256sum * > SHA256SUMS`). Shipped files are
always trusted. THERMOSCOUT_OUTPUT: bags and histories are written only there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path

from thermoscout_core.errors import ConfigurationError
from thermoscout_core.resources import sha256_of

TRUSTED = "THERMOSCOUT_TRUSTED"
OUTPUT = "THERMOSCOUT_OUTPUT"
SUMS = "SHA256SUMS"


def input_file(
    *suffixes: str, plain_names: bool = False, shipped: Collection[str] = ()
) -> Callable[[str], str]:
    """A check for a parameter that names a file to load: of one of those suffixes, and within
    THERMOSCOUT_TRUSTED where that is set. plain_names: any word means a shipped file; shipped:
    these do."""

    def check(path: str) -> str:
        if not path or path in shipped or (plain_names and _is_plain(path)):
            return ""
        if problem := no_traversal(path):
            return problem
        if Path(path).suffix.lower() not in suffixes:
            return f"{path!r} doesn't end in {' or '.join(suffixes)}"
        return _outside(path, TRUSTED)

    return check


def output_path(path: str) -> str:
    """A check for a parameter that names what is to be written."""
    return no_traversal(path) or _outside(path, OUTPUT) if path else ""


def no_traversal(path: str) -> str:
    """A check for any path: nothing that climbs out of where it begins."""
    if "\0" in path or ".." in Path(path).parts:
        return f"{path!r} may not contain '..' or a null character"
    return ""


def verified(path: str) -> str | None:
    """A checked path whose checksum is the stated one where THERMOSCOUT_TRUSTED is set; None for
    "", the shipped file. Raises ConfigurationError for a file that isn't listed or differs."""
    folder = os.environ.get(TRUSTED)
    if not path or not folder or _is_plain(path):
        return path or None
    root = Path(folder).resolve()
    name = Path(path).resolve().relative_to(root).as_posix()
    stated = _sums(root / SUMS).get(name)
    if stated is None:
        raise ConfigurationError(f"{path}: {root / SUMS} doesn't list {name}; it isn't loaded")
    if sha256_of(path) != stated:
        raise ConfigurationError(
            f"{path} isn't what {root / SUMS} states: another SHA-256; it isn't loaded"
        )
    return path


def _is_plain(path: str) -> bool:
    return Path(path).name == path and not Path(path).suffix


def _outside(path: str, variable: str) -> str:
    """Links are followed first: one that leads out of the folder is outside."""
    folder = os.environ.get(variable)
    if not folder or Path(path).resolve().is_relative_to(Path(folder).resolve()):
        return ""
    return f"{path!r} doesn't lie in {folder} ({variable})"


def _sums(file: Path) -> dict[str, str]:
    """Name -> SHA-256, of a file as sha256sum writes it."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigurationError(f"{file} can't be read: {error}; write it there") from error
    pairs = (line.split(maxsplit=1) for line in lines if line.strip())
    return {name.lstrip("*").removeprefix("./"): digest for digest, name in pairs}
