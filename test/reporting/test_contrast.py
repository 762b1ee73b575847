"""Text of the report stands out from its ground as WCAG 2.1 (1.4.3, AA) asks: 4.5 to 1."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = Path(__file__).parents[2] / "src/thermoscout_core/reporting/templates/report.css"
COLORS = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{3,6})", CSS.read_text(encoding="utf-8")))


def luminance(color: str) -> float:
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    shares = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        s / 12.92 if s <= 0.03928 else ((s + 0.055) / 1.055) ** 2.4 for s in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", ["critical", "serious", "general", "normal", "unknown"])
def test_white_text_on_a_badge_can_be_read(name):
    assert contrast(COLORS[name], "#ffffff") >= 4.5


@pytest.mark.parametrize("name", ["ink", "soft", "serious"])
@pytest.mark.parametrize("ground", ["ground", "card"])
def test_text_on_the_page_can_be_read(name, ground):
    assert contrast(COLORS[name], COLORS[ground]) >= 4.5
