"""A report about to be written: what it says, in which words, with which pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from thermoscout_core.reporting.choices import Language
from thermoscout_core.reporting.details import Details
from thermoscout_core.reporting.illustrations import Illustration, Illustrator
from thermoscout_core.reporting.sheets import Content, Entry, Sheet, TrendPictures, TruthTable
from thermoscout_core.reporting.style import STANDARD_STYLE, OverlayStyle
from thermoscout_core.reporting.wording import Wording

Watch = Callable[[str, Sequence[Sheet]], Iterable[Sheet]]
"""Goes through the sheets and shows how far it is; the first argument says of what."""


def unwatched(_: str, sheets: Sequence[Sheet]) -> Iterable[Sheet]:
    """Shows nothing."""
    return sheets


@dataclass(frozen=True)
class ReportOptions:
    """What may be chosen. title: "" takes the language's own. style: of the pictures.
    cjk_font: font file for Chinese in the PDF, None looks for one on the machine."""

    title: str = ""
    language: Language = Language.EN
    style: OverlayStyle = STANDARD_STYLE
    details: Details = field(default_factory=Details)
    truth: TruthTable | None = None
    trend_pictures: TrendPictures | None = None
    cjk_font: Path | None = None


@dataclass(frozen=True)
class Composition:
    """All that the HTML and the PDF are made of."""

    content: Content
    options: ReportOptions
    illustrator: Illustrator
    watch: Watch = unwatched
    say: Wording = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "say", Wording(self.options.language))

    @property
    def title(self) -> str:
        return self.options.title or self.say("title")

    def watched_sheets(self, description: str) -> Iterable[Sheet]:
        return self.watch(description, self.content.sheets)

    def illustrate(self, sheet: Sheet) -> Illustration:
        return self.illustrator.illustrate(sheet)

    def close_up(self, entry: Entry) -> Path | None:
        """The close-up of a fault."""
        sheet = self.content.sheet_of(entry)
        return self.illustrate(sheet).close_ups.get(entry.number)

    def trends(self, sheet: Sheet) -> list[bytes]:
        """The trend pictures of a sheet's faults, where there is a history."""
        trend_pictures = self.options.trend_pictures
        if trend_pictures is None:
            return []
        faults = [entry for entry in sheet.entries if entry.verdict.severity.is_fault]
        pictures = [trend_pictures(sheet.image, entry.verdict) for entry in faults]
        return [picture for picture in pictures if picture is not None]
