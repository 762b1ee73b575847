"""The PDF: its text, its fonts, its pages."""

from __future__ import annotations

import io
from pathlib import Path

import pypdf
import pytest
from matplotlib import font_manager

from thermoscout_core.errors import ConfigurationError
from thermoscout_core.reporting import pdf_fonts
from thermoscout_core.reporting.choices import Language
from thermoscout_core.reporting.composition import ReportOptions
from thermoscout_core.reporting.details import Details
from thermoscout_core.reporting.report import Outputs, make_report


def pdf_of(inspected, **options):
    make_report(inspected, options=ReportOptions(**options), outputs=Outputs(html=False, pdf=True))
    return pypdf.PdfReader(inspected / "report.pdf")


def text_of(pdf) -> str:
    return "\n".join(page.extract_text() for page in pdf.pages)


def fonts_of(pdf) -> dict[str, bool]:
    """Base font -> whether its program is in the file."""
    found = {}
    for page in pdf.pages:
        for font in page["/Resources"]["/Font"].values():
            font = font.get_object()
            parts = [part.get_object() for part in font.get("/DescendantFonts", [font])]
            descriptor = parts[0].get("/FontDescriptor")
            found[font["/BaseFont"]] = bool(descriptor) and "/FontFile2" in descriptor.get_object()
    return found


def test_pdf_holds_the_evidence(inspected):
    text = text_of(pdf_of(inspected))
    for said in ("disconnector", "130.0", "95 %", "critical", "provisional", "truncated PNG"):
        assert said in text


def test_pages_are_numbered_and_headed(inspected):
    pdf = pdf_of(inspected, details=Details(site="East station"))
    pages = [page.extract_text() for page in pdf.pages]
    for at, text in enumerate(pages, 1):
        assert f"page {at} of {len(pages)}" in text and "East station" in text


def test_pdf_has_title_and_language(inspected):
    pdf = pdf_of(inspected, title="Bay 7")
    assert pdf.metadata.title == "Bay 7"
    assert pdf.trailer["/Root"]["/Lang"] == "en"


def test_pictures_are_kept_as_jpeg(inspected):
    pdf = pdf_of(inspected)
    filters = [
        str(image.get_object()["/Filter"])
        for page in pdf.pages
        for image in page["/Resources"].get("/XObject", {}).values()
    ]
    assert len(filters) == 2 and all("DCTDecode" in name for name in filters)


def test_chinese_is_embedded_from_a_font_of_the_machine(inspected, tmp_path, monkeypatch):
    font = tmp_path / "NotoSansCJK-Regular.otf"
    cubic_font().save(font)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(font)])
    pdf = pdf_of(inspected, language=Language.ZH)
    assert "危急" in text_of(pdf) and "第 1 页" in text_of(pdf).replace("\u2f00", "")
    assert all(fonts_of(pdf)[name] for name in fonts_of(pdf) if "Helvetica" not in name)


def test_without_a_chinese_font_the_viewer_brings_it(inspected, monkeypatch):
    monkeypatch.setattr(pdf_fonts, "machine_fonts", list)
    pdf = pdf_of(inspected, language=Language.ZH)
    assert any(pdf_fonts.VIEWERS_OWN in name for name in fonts_of(pdf))


def test_font_that_is_none_is_refused(tmp_path, inspected):
    font = tmp_path / "font.ttf"
    font.write_bytes(b"nothing")
    with pytest.raises(ConfigurationError, match=r"font\.ttf"):
        pdf_of(inspected, language=Language.ZH, cjk_font=font)


def test_font_without_chinese_is_refused(inspected):
    from matplotlib import get_data_path

    font = Path(get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    with pytest.raises(ConfigurationError, match="lacks"):
        pdf_of(inspected, language=Language.ZH, cjk_font=font)


def test_cubic_outlines_become_quadratic_ones():
    from fontTools.ttLib import TTFont

    font = cubic_font()
    pdf_fonts._to_truetype(font)
    content = io.BytesIO()
    font.save(content)
    font = TTFont(io.BytesIO(content.getvalue()))
    made = font["glyf"][font.getBestCmap()[0x4E2D]]
    assert (made.xMin, made.yMin, made.xMax, made.yMax) == (100, 0, 500, 500)


def cubic_font():
    """A font with cubic outlines, as the Chinese ones of most machines: one shape for every
    character from 0x2E80 to 0xFFEF."""
    from fontTools.fontBuilder import FontBuilder
    from fontTools.pens.t2CharStringPen import T2CharStringPen

    pen = T2CharStringPen(600, None)
    pen.moveTo((100, 0))
    pen.curveTo((100, 300), (300, 500), (500, 500))
    pen.lineTo((500, 0))
    pen.closePath()
    glyph, empty = pen.getCharString(), T2CharStringPen(600, None).getCharString()
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder([".notdef", "space", "zhong"])
    chinese = dict.fromkeys(range(0x2E80, 0xFFF0), "zhong")
    builder.setupCharacterMap({0x20: "space", **chinese}, allowFallback=True)
    builder.setupCFF("T", {}, {".notdef": empty, "space": empty, "zhong": glyph}, {})
    builder.setupHorizontalMetrics(dict.fromkeys((".notdef", "space", "zhong"), (600, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "T", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    return builder.font
