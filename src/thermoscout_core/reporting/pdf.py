"""The report as PDF, by reportlab: pure Python, so it runs on a robot as on a desk.

Importing it needs the extra ``report`` (pip install 'thermoscout[report]').
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportlab import rl_config
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    HRFlowable,
    KeepTogether,
    PageBreak,
    PageTemplate,
    Spacer,
)

from thermoscout_core.reporting.choices import Language
from thermoscout_core.reporting.conditions import asked_by, condition_rows
from thermoscout_core.reporting.facts import detail_facts, maker_facts, sheet_facts
from thermoscout_core.reporting.numbers import number, percent
from thermoscout_core.reporting.pdf_blocks import INK, LINE, SEVERITY_COLORS, Blocks, picture
from thermoscout_core.reporting.pdf_fonts import Fonts, register_fonts
from thermoscout_core.reporting.phrases import phrase_table
from thermoscout_core.reporting.sheets import Entry, Sheet
from thermoscout_core.reporting.wording import wording_table

if TYPE_CHECKING:
    from thermoscout_core.reporting.composition import Composition

_MARGIN = 16 * mm
_TEMPERATURES = ("T1 °C", "T2 °C", "T0 °C", "δ")


def write_pdf(path: Path, composition: Composition) -> Path:
    """Write the file whole or not at all; return its path.

    Raises ConfigurationError for a chosen font that can't be used, OSError when the folder can't
    be written.
    """
    rl_config.useA85 = 0  # JPEG data as they are, not as text
    fonts = register_fonts(_all_text(composition), composition.options.cjk_font)
    blocks = Blocks(fonts, A4[0] - 2 * _MARGIN)
    beside = path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}")
    try:
        document = _document(beside, composition, fonts)
        story = list(_story(composition, blocks))
        document.build(story, canvasmaker=_counting_canvas(composition, blocks))
        with beside.open("rb+") as stream:
            os.fsync(stream.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def _all_text(composition: Composition) -> str:
    """Every character that may be printed, so that the fonts hold it."""
    options, content = composition.options, composition.content
    words = json.dumps(wording_table(), ensure_ascii=False) + phrase_table()
    spoken = "" if composition.say.language is Language.EN else words
    return "".join(
        (
            spoken,
            composition.title,
            options.details.model_dump_json(),
            content.results.model_dump_json(),
            repr(options.truth),
        )
    )


def _document(path: Path, composition: Composition, fonts: Fonts) -> BaseDocTemplate:
    document = BaseDocTemplate(
        str(path),
        pagesize=A4,
        title=composition.title,
        author=composition.content.details.inspector or "Thermoscout",
        subject=composition.content.details.site,
        creator="Thermoscout",
        lang=composition.say.language.html_tag,
        initialFontName=fonts.latin,
    )
    width, height = A4
    frame = Frame(_MARGIN, _MARGIN, width - 2 * _MARGIN, height - 2.2 * _MARGIN, 0, 0, 0, 0)
    document.addPageTemplates(PageTemplate(frames=[frame]))
    return document


def _counting_canvas(composition: Composition, blocks: Blocks) -> type[Canvas]:
    """A canvas that writes header and footer once it knows how many pages there are."""

    class CountingCanvas(Canvas):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self._pages: list[dict[str, Any]] = []

        def showPage(self) -> None:  # noqa: N802 (reportlab's name)
            self._pages.append(dict(self.__dict__))
            self._startPage()

        def save(self) -> None:
            for at, page in enumerate(self._pages, 1):
                self.__dict__.update(page)
                self._frame_page(at, len(self._pages))
                super().showPage()
            super().save()

        def _frame_page(self, at: int, pages: int) -> None:
            width, height = A4
            site = composition.content.details.site
            head = f"{composition.title} · {site}" if site else composition.title
            foot = composition.say("page", page=at, pages=pages)
            for text, top in ((head, height - 9 * mm), (foot, 11 * mm)):
                line = blocks.text(text, "soft")
                line.wrap(width - 2 * _MARGIN, 20)
                line.drawOn(self, _MARGIN, top - 6)
            self.setStrokeColor(LINE)
            self.line(_MARGIN, height - 12.5 * mm, width - _MARGIN, height - 12.5 * mm)

    return CountingCanvas


def _story(composition: Composition, blocks: Blocks) -> Iterator[Flowable]:
    yield from _summary(composition, blocks)
    yield from _truth(composition, blocks)
    yield PageBreak()
    for sheet in composition.watched_sheets("PDF"):
        yield from _sheet(sheet, composition, blocks)
    yield from _closing(composition, blocks)


def _heading(blocks: Blocks, text: str) -> Iterator[Flowable]:
    """Never the last thing on a page."""
    yield CondPageBreak(35 * mm)
    yield blocks.text(text, "heading")


def _summary(composition: Composition, blocks: Blocks) -> Iterator[Flowable]:
    content, say = composition.content, composition.say
    yield blocks.text(composition.title, "title")
    if not content.results.complete:
        yield blocks.text(say("incomplete"))
    yield from _heading(blocks, say("summary"))
    counts = content.counts()
    names = [blocks.text(say.severity(severity), "soft") for severity in counts]
    figures = [blocks.text(str(n), "heading", SEVERITY_COLORS[s]) for s, n in counts.items()]
    images = blocks.text(str(len(content.results.images)), "heading")
    rows = [[*figures, images], [*names, blocks.text(say("images"), "soft")]]
    yield blocks.table([], rows, [1] * len(rows[0]))
    yield from _heading(blocks, say("details"))
    yield blocks.facts(detail_facts(content, say))
    yield from _heading(blocks, say("conditions"))
    stated = [sheet.circumstances for sheet in content.sheets]
    rows = [
        [row.name, row.value, row.asked, row.state]
        for row in condition_rows(stated, asked_by(content.results.rules), say)
    ]
    head = [
        *(say("condition"), say("value")),
        say("asked", rules=content.results.rules or say("unknown_value")),
        say("state"),
    ]
    yield blocks.table(head, rows, [3, 3, 3, 2])
    yield from _heading(blocks, say("made_with"))
    yield blocks.facts(maker_facts(content.results, say), columns=2)
    yield from _heading(blocks, f"{say('faults')}, {say('gravest_first')}")
    if content.faults:
        yield _fault_table(composition, blocks)
    else:
        yield blocks.text(say("no_fault"))
    yield from _not_judged(composition, blocks)


def _fault_table(composition: Composition, blocks: Blocks) -> Flowable:
    say = composition.say
    rows = [
        [
            _severity(entry, composition, blocks),
            blocks.text(say.class_name(entry.verdict.class_name)),
            blocks.text(entry.image.id),
            str(entry.number),
            *_temperatures(entry),
            blocks.text(say.advice(entry.verdict)),
        ]
        for entry in composition.content.faults
    ]
    head = [say(key) for key in ("severity", "equipment", "image", "number")]
    head += [*_TEMPERATURES, say("advice")]
    return blocks.table(head, rows, [1.6, 2, 2, 0.8, 1.1, 1.1, 1.1, 1.1, 5], [3, 4, 5, 6, 7])


def _not_judged(composition: Composition, blocks: Blocks) -> Iterator[Flowable]:
    say, content = composition.say, composition.content
    entries, failed = content.not_judged(), content.failed()
    if entries:
        yield from _heading(blocks, f"{say('not_judged')}: {say('not_judged_why')}")
        rows = [
            [
                blocks.text(entry.image.id),
                str(entry.number),
                blocks.text(say.class_name(entry.verdict.class_name)),
                number(entry.verdict.t1_c),
                blocks.text(say.reason(entry.verdict.reason)),
            ]
            for entry in entries
        ]
        head = [say(key) for key in ("image", "number", "equipment", "t1", "reason")]
        yield blocks.table(head, rows, [2, 0.8, 2, 1.1, 7], [1, 3])
    if failed:
        yield from _heading(blocks, say("failed"))
        rows = [[blocks.text(image.id), blocks.text(image.error or "")] for image in failed]
        yield blocks.table([], rows, [2, 8])


def _truth(composition: Composition, blocks: Blocks) -> Iterator[Flowable]:
    truth = composition.content.truth
    if truth is not None:
        yield from _heading(blocks, composition.say("found_against_truth"))
        rows = [[blocks.text(cell) for cell in row] for row in truth.rows]
        yield blocks.table(list(truth.columns), rows, [1] * len(truth.columns))
        yield blocks.text(truth.note, "soft")


def _sheet(sheet: Sheet, composition: Composition, blocks: Blocks) -> Iterator[Flowable]:
    say, image, name = composition.say, sheet.image, sheet.circumstances.equipment
    heading = f"{image.id} · {name}" if name else image.id
    opening: list[Flowable] = [CondPageBreak(60 * mm), HRFlowable(width="100%", color=LINE)]
    opening.append(blocks.text(heading, "heading_small"))
    if image.error:
        yield KeepTogether([*opening, blocks.text(image.file, "soft"), blocks.text(image.error)])
        return
    made = composition.illustrate(sheet)
    shown = [(made.boxed, "boxed"), (made.visible or made.plain, _beside(made.visible))]
    pictures = [(path, say(key)) for path, key in shown if path is not None]
    if pictures:
        opening.append(blocks.side_by_side(pictures, [1.2, 1][: len(pictures)]))
    else:
        opening.append(blocks.text(say("no_picture"), "soft"))
    opening.append(blocks.facts(sheet_facts(sheet, say), columns=5))
    yield KeepTogether(opening)
    if sheet.entries:
        yield _evidence(sheet, composition, blocks)
    else:
        yield blocks.text(say("no_equipment"), "soft")
    for trend in composition.trends(sheet):
        yield KeepTogether(
            [picture(trend, blocks.width_pt * 0.6), blocks.text(say("trend"), "soft")]
        )
    yield Spacer(1, 4 * mm)


def _beside(visible: Path | None) -> str:
    return "plain" if visible is None else "visible"


def _evidence(sheet: Sheet, composition: Composition, blocks: Blocks) -> Flowable:
    say = composition.say
    rows = [
        [
            str(entry.number),
            _severity(entry, composition, blocks),
            blocks.text(say.class_name(entry.verdict.class_name)),
            *_temperatures(entry),
            _reasons(entry, composition, blocks),
        ]
        for entry in sheet.entries
    ]
    head = [say(key) for key in ("number", "verdict", "equipment")]
    head += [*_TEMPERATURES, say("evidence")]
    return blocks.table(head, rows, [0.7, 1.7, 2, 1.1, 1.1, 1.1, 1.1, 6], [0, 3, 4, 5, 6])


def _reasons(entry: Entry, composition: Composition, blocks: Blocks) -> list[Flowable]:
    """Why; for a fault also by which clause, what else was found, and what to do."""
    say, verdict = composition.say, entry.verdict
    said = [blocks.text(say.reason(verdict.reason))]
    if not verdict.severity.is_fault:
        return said
    said += [blocks.text(say.reason(other), "soft") for other in verdict.also]
    source = say.rule_source(verdict.rule_source)
    said.append(blocks.text(f"{say('rule')} {verdict.rule or '–'}: {source}", "soft"))
    said += [blocks.text(say.reason(caution), "soft") for caution in verdict.cautions]
    said.append(blocks.text(f"{say('advice')}: {say.advice(verdict)}"))
    return said


def _severity(entry: Entry, composition: Composition, blocks: Blocks) -> list[Flowable]:
    verdict, say = entry.verdict, composition.say
    said = [blocks.text(say.severity(verdict.severity), color=SEVERITY_COLORS[verdict.severity])]
    if verdict.provisional:
        said.append(blocks.text(say("provisional"), "soft"))
    return said


def _temperatures(entry: Entry) -> list[str]:
    verdict = entry.verdict
    figures = [number(value) for value in (verdict.t1_c, verdict.t2_c, verdict.t0_c)]
    return [*figures, percent(verdict.relative_difference)]


def _closing(composition: Composition, blocks: Blocks) -> Iterator[Flowable]:
    say, details = composition.say, composition.content.details
    terms = [
        ("T1, T2, T0", "term_t"),
        ("δ", "term_delta"),
        (say("provisional"), "term_provisional"),
        (say("unverified"), "term_unverified"),
        (say("boxed"), "term_colors"),
    ]
    yield from _heading(blocks, say("terms"))
    yield blocks.table([], [[blocks.text(a), blocks.text(say(b))] for a, b in terms], [2, 8])
    yield blocks.text(say("holds_for"), "soft")
    people = {"signature_inspector": details.inspector, "signature_checker": details.checker}
    lines = []
    for key in (
        "signature_inspector",
        "signature_checker",
        "signature_approver",
        "signature_date",
    ):
        person = people.get(key)
        label = f"{say(key)}: {person}" if person else say(key)
        lines.append(
            [HRFlowable(width="92%", color=INK, hAlign="LEFT"), blocks.text(label, "soft")]
        )
    signatures = blocks.table([], [lines], [1, 1, 1, 1])
    yield KeepTogether([Spacer(1, 22 * mm), signatures])
