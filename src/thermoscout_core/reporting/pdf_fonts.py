"""Fonts for the PDF: DejaVu Sans for Latin, Greek and signs, and a Chinese one where needed.

reportlab embeds TrueType outlines only, while the Chinese fonts of most Linux machines (Noto Sans
CJK, Source Han Sans) have cubic ones. So the characters that the report uses are cut out of the
machine's font and, where necessary, their outlines converted. Without any Chinese font the PDF
names the standard font STSong-Light and leaves it to the viewer to have it.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from thermoscout_core.errors import ConfigurationError

LATIN, LATIN_BOLD, CJK = "ThermoscoutLatin", "ThermoscoutLatinBold", "ThermoscoutCJK"
VIEWERS_OWN = "STSong-Light"
_FIRST_CJK = 0x2E80
_PREFERRED = (
    "notosanscjk",
    "notosanssc",
    "sourcehansans",
    "droidsansfallback",
    "wqy-microhei",
    "wqy-zenhei",
    "msyh",
    "simhei",
    "pingfang",
    "simsun",
    "notoserifcjk",
)
_MAY_LACK = 0.05  # a rare character in somebody's name shall not cost all the others
_MAX_ERROR = 0.001  # of the em, by which a converted outline may miss the original


@dataclass(frozen=True)
class Fonts:
    """Names by which reportlab knows the fonts. chinese: None when the text has no Chinese."""

    latin: str
    latin_bold: str
    chinese: str | None

    @property
    def is_left_to_viewer(self) -> bool:
        """True when there was no Chinese font to embed."""
        return self.chinese == VIEWERS_OWN


def is_cjk(character: str) -> bool:
    return ord(character) >= _FIRST_CJK


def register_fonts(text: str, chosen: Path | None = None) -> Fonts:
    """Register with reportlab the fonts for a text. chosen: a font file for the Chinese.

    Raises ConfigurationError when the chosen file is no font that has the characters.
    """
    from matplotlib import get_data_path
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont

    folder = Path(get_data_path()) / "fonts" / "ttf"
    pdfmetrics.registerFont(TTFont(LATIN, str(folder / "DejaVuSans.ttf")))
    pdfmetrics.registerFont(TTFont(LATIN_BOLD, str(folder / "DejaVuSans-Bold.ttf")))
    characters = {character for character in text if is_cjk(character)}
    if not characters:
        return Fonts(LATIN, LATIN_BOLD, None)
    cut = _cut_from_file(chosen, characters) if chosen else _cut_from_machine(characters)
    if cut is None:
        pdfmetrics.registerFont(UnicodeCIDFont(VIEWERS_OWN))
        return Fonts(LATIN, LATIN_BOLD, VIEWERS_OWN)
    pdfmetrics.registerFont(TTFont(CJK, io.BytesIO(cut)))
    return Fonts(LATIN, LATIN_BOLD, CJK)


def _cut_from_file(path: Path, characters: set[str]) -> bytes:
    try:
        cut = cut_font(path, characters)
    except Exception as error:  # fontTools raises what its parsers meet
        raise ConfigurationError(f"{path}: no usable font file: {error}") from error
    if cut is None:
        raise ConfigurationError(f"{path}: this font lacks Chinese characters of the report")
    return cut


def _cut_from_machine(characters: set[str]) -> bytes | None:
    for path in machine_fonts():
        try:
            cut = cut_font(path, characters)
        except Exception as error:
            warnings.warn(f"{path}: not used for Chinese: {error}", stacklevel=2)
            continue
        if cut is not None:
            return cut
    return None


def machine_fonts() -> list[Path]:
    """The machine's Chinese fonts, the preferred ones first, regular weights only."""
    from matplotlib import font_manager

    ranked = []
    for name in font_manager.findSystemFonts():
        stem = Path(name).stem.lower()
        rank = next((n for n, known in enumerate(_PREFERRED) if stem.startswith(known)), None)
        if rank is not None and not any(w in stem for w in ("bold", "black", "light", "thin")):
            ranked.append((rank, "regular" not in stem, name))
    return [Path(name) for _, _, name in sorted(ranked)]


def cut_font(path: Path, characters: Iterable[str]) -> bytes | None:
    """Those characters of a font file as a small TrueType font; None when it lacks many of them.

    Of a collection, the face for simplified Chinese is taken.
    """
    from fontTools import subset

    font = _open_face(path)
    wanted = {ord(character) for character in characters}
    missing = wanted - set(font.getBestCmap())
    if len(missing) > _MAY_LACK * len(wanted):
        return None
    options = subset.Options(layout_features=[], hinting=False, notdef_outline=True)
    options.drop_tables += ["BASE", "GPOS", "GSUB", "VORG", "vhea", "vmtx", "DSIG"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted | {ord(" ")})
    cutter.subset(font)
    if "glyf" not in font:
        _to_truetype(font)
    content = io.BytesIO()
    font.save(content)
    return content.getvalue()


def _open_face(path: Path) -> Any:
    from fontTools.ttLib import TTCollection, TTFont

    if path.suffix.lower() not in (".ttc", ".otc"):
        return TTFont(path, lazy=True)
    faces = TTCollection(path, lazy=True).fonts
    names = [face["name"].getDebugName(1) or "" for face in faces]
    simplified = (n for n, name in enumerate(names) if name.endswith(("SC", "YaHei", "SimSun")))
    return TTFont(path, fontNumber=next(simplified, 0), lazy=True)


def _to_truetype(font: Any) -> None:
    """Cubic (CFF) outlines -> quadratic ones, in place."""
    from fontTools.pens.cu2quPen import Cu2QuPen
    from fontTools.pens.ttGlyphPen import TTGlyphPen
    from fontTools.ttLib import newTable

    glyphs, order = font.getGlyphSet(), font.getGlyphOrder()
    drawn = {}
    for name in order:
        pen = TTGlyphPen(glyphs)
        error = _MAX_ERROR * font["head"].unitsPerEm
        glyphs[name].draw(Cu2QuPen(pen, error, reverse_direction=True))
        drawn[name] = pen.glyph()
    font["loca"] = newTable("loca")
    font["glyf"] = table = newTable("glyf")
    table.glyphOrder, table.glyphs = order, drawn
    maximum = font["maxp"]
    maximum.tableVersion = 0x00010000
    for name in (
        *("maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs"),
        *("maxStackElements", "maxSizeOfInstructions", "maxComponentElements"),
    ):
        setattr(maximum, name, 0)
    maximum.maxZones = 1
    del font["CFF "]
    for name, glyph in drawn.items():
        glyph.recalcBounds(table)
        font["hmtx"][name] = font["hmtx"][name][0], getattr(glyph, "xMin", 0)
    font["post"].formatType = 3.0
    font.sfntVersion = "\x00\x01\x00\x00"
