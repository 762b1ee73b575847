"""Lists of names: classes, and the splits that are files of ids; and the pictures of a folder."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from thermoscout_core.errors import DatasetError
from thermoscout_core.learning.datasets.layout import Entry, require_unique

PICTURE_SUFFIXES = frozenset((".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp"))


def read_text(path: Path) -> str:
    """Raises DatasetError when the file is missing or no UTF-8 text."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not UTF-8 text") from error
    except OSError as error:
        raise DatasetError(f"{path}: can't be read: {error.strerror or error}") from error


def read_names(path: Path) -> list[str]:
    """A class name a line, in the order of the labels; each once."""
    names = [line.strip() for line in read_text(path).splitlines() if line.strip()]
    require_unique(names, path, "class name")
    return names


def pictures_of(folder: Path) -> dict[str, Path]:
    """Pictures of a folder and those below it by id: the path in it without suffix, sorted.

    Raises DatasetError when two differ in the suffix alone.
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in PICTURE_SUFFIXES or path.name.startswith("."):
            continue
        image_id = path.relative_to(folder).with_suffix("").as_posix()
        if image_id in found:
            raise DatasetError(f"{path}: beside {found[image_id].name}; keep one of the two")
        found[image_id] = path
    return found


class SplitLists:
    """The splits of a dataset that are text files, an id a line, in the first folder that has any.

    What follows the id on its line is passed over (PASCAL's lists of one class have 1 or -1).
    """

    def __init__(self, root: Path, folders: tuple[str, ...]) -> None:
        places = [root / folder for folder in folders]
        self.folder = next((place for place in places if any(place.glob("*.txt"))), places[0])
        self.names = sorted(path.stem for path in self.folder.glob("*.txt"))

    def read(self, split: str) -> list[str]:
        """The ids of a split. Raises DatasetError when it is missing, empty or names one twice."""
        path = self.folder / f"{split}.txt"
        if split not in self.names:
            raise unknown_split(str(path), self.names)
        ids = [line.split()[0] for line in read_text(path).splitlines() if line.strip()]
        require_unique(ids, path, "image")
        return ids


def unknown_split(where: str, known: list[str]) -> DatasetError:
    return DatasetError(f"{where}: no such split; this dataset has {', '.join(known) or 'none'}")


def all_entries(splits: dict[str, list[Entry]]) -> list[Entry]:
    """The images of all splits, each once, sorted by id; an id that stands for two pictures gets
    its split before it."""
    by_image: dict[Path, tuple[str, Entry]] = {}
    for split, entries in splits.items():
        for entry in entries:
            by_image.setdefault(entry.image, (split, entry))
    times = Counter(entry.id for _, entry in by_image.values())
    found = [
        replace(entry, id=f"{split}/{entry.id}") if times[entry.id] > 1 else entry
        for split, entry in by_image.values()
    ]
    return sorted(found, key=lambda entry: entry.id)
