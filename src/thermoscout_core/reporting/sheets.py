"""What a report says, before it is a page: the same for HTML and PDF, in every language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from thermoscout_core.reporting.details import Circumstances, Details
from thermoscout_core.results import ImageRecord, ReadingRecord, Results, VerdictRecord
from thermoscout_core.verdicts import Severity

_ANCHOR = "image-"
GRAVEST_FIRST = tuple(sorted(Severity, key=lambda severity: -severity.rank))


@dataclass(frozen=True)
class TruthTable:
    """Found against truth, where the truth is known. rows: text, as many as columns each."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


class TrendPictures(Protocol):
    """Where the report gets the course of an equipment's temperature from."""

    def __call__(self, image: ImageRecord, verdict: VerdictRecord, /) -> bytes | None:
        """PNG or JPEG of the trend of the equipment that was judged, None without a history."""
        ...


@dataclass(frozen=True)
class Entry:
    """A verdict with its reading. anchor: of its image within the page. number: its place in the
    image, from 1, as it stands in the picture."""

    image: ImageRecord
    anchor: str
    number: int
    verdict: VerdictRecord
    reading: ReadingRecord | None

    @property
    def rise_k(self) -> float | None:
        """T1 − T0."""
        return _minus(self.verdict.t1_c, self.verdict.t0_c)

    @property
    def difference_k(self) -> float | None:
        """T1 − T2."""
        return _minus(self.verdict.t1_c, self.verdict.t2_c)


@dataclass(frozen=True)
class Sheet:
    """One image. anchor: its name within the page. entries: gravest first."""

    image: ImageRecord
    anchor: str
    entries: Sequence[Entry]
    circumstances: Circumstances

    @property
    def worst(self) -> Severity | None:
        return self.entries[0].verdict.severity if self.entries else None

    @property
    def distance_m(self) -> float | None:
        """As read with, else as stated."""
        read = [e.reading.distance_m for e in self.entries if e.reading and e.reading.distance_m]
        return read[0] if read else self.image.scene.distance_m

    @property
    def emissivity(self) -> float | None:
        """As read with, else as stated."""
        read = [e.reading.emissivity for e in self.entries if e.reading and e.reading.emissivity]
        return read[0] if read else self.image.scene.emissivity


@dataclass(frozen=True)
class Content:
    """The whole report. sheets: in the order of the results. faults: gravest first."""

    results: Results
    details: Details
    sheets: Sequence[Sheet]
    truth: TruthTable | None = None
    faults: Sequence[Entry] = field(init=False)

    def __post_init__(self) -> None:
        faults = [e for e in self.entries() if e.verdict.severity.is_fault]
        object.__setattr__(self, "faults", sorted(faults, key=_gravity))

    def entries(self) -> list[Entry]:
        return [entry for sheet in self.sheets for entry in sheet.entries]

    def counts(self) -> dict[Severity, int]:
        """How many verdicts of each severity, gravest first."""
        counted = Counter(entry.verdict.severity for entry in self.entries())
        return {severity: counted[severity] for severity in GRAVEST_FIRST}

    def not_judged(self) -> list[Entry]:
        """The entries of severity unknown, in the order of the images."""
        return [e for e in self.entries() if e.verdict.severity is Severity.UNKNOWN]

    def sheet_of(self, entry: Entry) -> Sheet:
        """The sheet that an entry stands on."""
        return self.sheets[int(entry.anchor.removeprefix(_ANCHOR)) - 1]

    def failed(self) -> list[ImageRecord]:
        return [sheet.image for sheet in self.sheets if sheet.image.error]


def content_of(
    results: Results, details: Details | None = None, truth: TruthTable | None = None
) -> Content:
    """Results -> what their report says."""
    known = details or Details()
    sheets = [
        Sheet(image, anchor, _entries(image, anchor), known.of(image))
        for image, anchor in ((each, f"{_ANCHOR}{n}") for n, each in enumerate(results.images, 1))
    ]
    return Content(results, known, sheets, truth)


def _entries(image: ImageRecord, anchor: str) -> list[Entry]:
    by_box = {(reading.box, reading.class_name): reading for reading in image.readings}
    entries = [
        Entry(image, anchor, number, verdict, by_box.get((verdict.box, verdict.class_name)))
        for number, verdict in enumerate(image.verdicts, 1)
    ]
    return sorted(entries, key=_gravity)


def _gravity(entry: Entry) -> tuple[int, float]:
    t1_c = entry.verdict.t1_c
    return -entry.verdict.severity.rank, -t1_c if t1_c is not None else float("inf")


def _minus(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second
