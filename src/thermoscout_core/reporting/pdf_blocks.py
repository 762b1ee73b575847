"""The parts of the PDF: text in the right font, tables, pictures side by side."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.utils import ImageReader
from reportlab.platypus import Flowable, Image, Paragraph, Table, TableStyle

from thermoscout_core.reporting.facts import Facts
from thermoscout_core.reporting.pdf_fonts import Fonts, is_cjk
from thermoscout_core.verdicts import Severity

INK = colors.HexColor("#20262d")
SOFT = colors.HexColor("#5b6570")
LINE = colors.HexColor("#d5dade")
SEVERITY_COLORS = {
    Severity.CRITICAL: colors.HexColor("#a3123a"),
    Severity.SERIOUS: colors.HexColor("#d2391f"),
    Severity.GENERAL: colors.HexColor("#a84e07"),
    Severity.NORMAL: colors.HexColor("#21773b"),
    Severity.UNKNOWN: colors.HexColor("#5a6672"),
}
_BODY_PT = 8.0
Cell: TypeAlias = "str | Flowable | list[Flowable]"


class Blocks:
    """Makes flowables in the report's fonts. width_pt: of the text column."""

    def __init__(self, fonts: Fonts, width_pt: float) -> None:
        self.fonts = fonts
        self.width_pt = width_pt
        self._styles = {
            name: ParagraphStyle(
                name,
                fontName=fonts.latin_bold if bold else fonts.latin,
                fontSize=size,
                leading=1.35 * size,
                textColor=color,
                spaceBefore=before,
                spaceAfter=after,
            )
            for name, bold, size, color, before, after in (
                ("title", True, 18, INK, 0, 6),
                ("heading", True, 12, INK, 12, 4),
                ("heading_small", True, 10, INK, 8, 3),
                ("body", False, _BODY_PT, INK, 0, 2),
                ("soft", False, 7, SOFT, 0, 2),
            )
        }

    def markup(self, text: str) -> str:
        """Plain text -> reportlab's markup, Chinese runs in their own font."""
        if self.fonts.chinese is None or not any(map(is_cjk, text)):
            return escape(text)
        runs: list[str] = []
        chinese = False
        for character in text:
            if is_cjk(character) != chinese or not runs:
                chinese = is_cjk(character)
                runs.append("")
            runs[-1] += character
        return "".join(
            f'<font name="{self.fonts.chinese}">{escape(run)}</font>'
            if is_cjk(run[0])
            else escape(run)
            for run in runs
        )

    def text(self, text: str, style: str = "body", color: Any = None) -> Paragraph:
        """A paragraph."""
        marked = self.markup(text)
        if color is not None:
            marked = f'<font color="#{color.hexval()[2:]}">{marked}</font>'
        return Paragraph(marked, self._styles[style])

    def table(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        shares: Sequence[float],
        numbers: Sequence[int] = (),
    ) -> Table:
        """shares: of the width, one a column. numbers: columns that are aligned to the right.
        The head is repeated on every page; figures are plain strings, which is fast."""
        total = sum(shares)
        cells: list[list[Any]] = [[self.text(name, "soft") for name in head]] if head else []
        cells += [[self._cell(value) for value in row] for row in rows]
        commands: list[Any] = [
            ("FONT", (0, 0), (-1, -1), self.fonts.latin, _BODY_PT, 1.25 * _BODY_PT),
            ("TEXTCOLOR", (0, 0), (-1, -1), INK),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE),
            ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ]
        commands += [("ALIGN", (column, 0), (column, -1), "RIGHT") for column in numbers]
        return Table(
            cells,
            colWidths=[self.width_pt * share / total for share in shares],
            repeatRows=1 if head else 0,
            style=TableStyle(commands),
        )

    def facts(self, facts: Facts, columns: int = 3) -> Table:
        """Names in small letters above their values."""
        cells: list[Any] = [self._fact(name, value) for name, value in facts]
        cells += [""] * (-len(cells) % columns)
        rows = [cells[at : at + columns] for at in range(0, len(cells), columns)]
        style = TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 2),
                ("TOPPADDING", (0, 0), (-1, -1), 1),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
            ]
        )
        return Table(rows, colWidths=[self.width_pt / columns] * columns, style=style)

    def _fact(self, name: str, value: str) -> Paragraph:
        small = f'<font size="7" color="#{SOFT.hexval()[2:]}">{self.markup(name)}</font>'
        return Paragraph(f"{small}<br/>{self.markup(value)}", self._styles["body"])

    def side_by_side(self, pictures: Sequence[tuple[Path, str]], shares: Sequence[float]) -> Table:
        """JPEG files with their captions, as wide as their shares of the column."""
        total = sum(shares)
        widths = [self.width_pt * share / total for share in shares]
        row = [
            [picture(path, width - 8), self.text(caption, "soft")]
            for (path, caption), width in zip(pictures, widths, strict=True)
        ]
        style = TableStyle(
            [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 2)]
        )
        return Table([row], colWidths=widths, style=style)

    def _cell(self, value: Cell) -> Cell:
        if isinstance(value, str) and any(map(is_cjk, value)):
            return self.text(value)
        return value


def picture(source: Path | bytes, width_pt: float, max_height_pt: float = 300) -> Image:
    """A picture as wide as that, or as high as allowed; a file is opened when it is drawn."""
    if isinstance(source, bytes):
        width, height = ImageReader(io.BytesIO(source)).getSize()
    else:
        width, height = ImageReader(str(source)).getSize()
    scale = min(width_pt / width, max_height_pt / height)
    given = io.BytesIO(source) if isinstance(source, bytes) else str(source)
    lazy = 0 if isinstance(source, bytes) else 2
    return Image(given, width * scale, height * scale, lazy=lazy, hAlign="LEFT")
