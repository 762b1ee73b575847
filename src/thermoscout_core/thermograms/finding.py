"""Look for thermograms: files, folders (recursively), and dataset folders.

A dataset folder holds ``counts/`` and ``scale.yaml``, and lists of file stems in
``splits/NAME.txt``; of it, only ``counts/`` is read (its other pictures are palettes and labels).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from thermoscout_core.errors import ThermogramError
from thermoscout_core.frames import LinearScale
from thermoscout_core.thermograms.scale_file import SCALE_FILE, read_scale_file

EXTENSIONS = (".png", ".tif", ".tiff", ".jpg", ".jpeg")
COUNTS_FOLDER = "counts"
SPLITS_FOLDER = "splits"
RESULTS_FILE = "results.json"


@dataclass(frozen=True)
class ThermogramFile:
    """A file to read. scale: None when the reader finds it. id: the file's stem."""

    path: Path
    scale: LinearScale | None
    id: str


def find_thermograms(
    paths: Iterable[str | Path], split: str | None = None
) -> list[ThermogramFile]:
    """Files and folders -> the thermograms in them, sorted by path, none twice.

    A file given by name is taken whatever its name; in folders only .png, .tif(f) and .jp(e)g.
    Hidden folders and the reports of earlier runs are passed over. split: of dataset folders,
    only the stems in splits/NAME.txt (also one whose file is missing, so that it shows), and
    nothing else.
    Raises ThermogramError when a path doesn't exist, a split isn't there, or nothing is found.
    """
    given = [Path(path) for path in paths]
    found: dict[Path, ThermogramFile] = {}
    for path in given:
        for item in _found_in(path, split):
            found.setdefault(item.path.absolute().resolve(), item)
    if not found:
        wanted = f" of split {split!r}" if split else ""
        places = ", ".join(map(str, given)) or "no path"
        raise ThermogramError(
            f"{places}: no thermogram{wanted} found; give files, or folders that hold "
            f"{' '.join(EXTENSIONS)} files"
        )
    return [found[path] for path in sorted(found)]


def _found_in(path: Path, split: str | None) -> Iterator[ThermogramFile]:
    if path.is_dir():
        yield from _walk(path, split)
    elif path.exists():
        if split is not None:
            raise ThermogramError(f"{path}: a split belongs to a dataset folder, this is a file")
        yield ThermogramFile(path, None, path.stem)
    else:
        raise ThermogramError(f"{path}: no such file or folder")


def _walk(root: Path, split: str | None) -> Iterator[ThermogramFile]:
    for name, folders, files in os.walk(root):
        folder = Path(name)
        if COUNTS_FOLDER in folders and SCALE_FILE in files:
            yield from _dataset(folder, split)
            folders.clear()
            continue
        if RESULTS_FILE in files:
            folders[:] = [entry for entry in folders if entry != "annotated"]
        folders[:] = sorted(entry for entry in folders if not entry.startswith("."))
        if split is None:
            for file in sorted(files):
                if file.lower().endswith(EXTENSIONS) and not file.startswith("."):
                    yield ThermogramFile(folder / file, None, Path(file).stem)


def _dataset(folder: Path, split: str | None) -> Iterator[ThermogramFile]:
    # the scale is read here to fail early, once, but handed on by file: it also says the camera
    read_scale_file(folder / SCALE_FILE)
    counts = folder / COUNTS_FOLDER
    files = {
        file.stem: file
        for file in sorted(counts.iterdir())
        if file.suffix.lower() in EXTENSIONS and not file.name.startswith(".")
    }
    stems = files if split is None else _stems_of_split(folder, split)
    for stem in stems:
        yield ThermogramFile(files.get(stem, counts / f"{stem}.png"), None, stem)


def _stems_of_split(folder: Path, split: str) -> list[str]:
    listing = folder / SPLITS_FOLDER / f"{split}.txt"
    try:
        return listing.read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError) as error:
        known = sorted(file.stem for file in (folder / SPLITS_FOLDER).glob("*.txt"))
        raise ThermogramError(
            f"{listing}: can't be read; the splits of this folder are {', '.join(known) or 'none'}"
        ) from error
