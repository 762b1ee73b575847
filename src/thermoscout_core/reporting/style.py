"""How a verdict looks: its color, its line and its letter."""

from __future__ import annotations

from dataclasses import dataclass

from thermoscout_core.reporting.choices import ColorScheme, Palette
from thermoscout_core.reporting.lettering import Color
from thermoscout_core.verdicts import Severity, Verdict


@dataclass(frozen=True)
class _Colors:
    """BGR. unsure: a temperature, but no rule or no trust to judge it. unread: none at all."""

    normal: Color
    fault: Color
    unsure: Color
    unread: Color


_SCHEMES = {
    ColorScheme.STANDARD: _Colors(
        normal=(92, 190, 72), fault=(56, 48, 226), unsure=(64, 166, 230), unread=(170, 170, 170)
    ),
    ColorScheme.COLOR_BLIND: _Colors(
        normal=(233, 180, 86), fault=(0, 94, 213), unsure=(66, 228, 240), unread=(200, 200, 200)
    ),
}
_LETTERS = {
    Severity.UNKNOWN: "?",
    Severity.NORMAL: "N",
    Severity.GENERAL: "G",
    Severity.SERIOUS: "S",
    Severity.CRITICAL: "C",
}


@dataclass(frozen=True)
class OverlayStyle:
    """scheme: colors of the verdicts. palette: of the picture beneath.

    Color is never alone: a fault's box is thick, a normal one thin, an unknown one dashed, and
    each label begins with the letter of its severity.
    """

    scheme: ColorScheme = ColorScheme.STANDARD
    palette: Palette = Palette.GREY

    def color(self, verdict: Verdict) -> Color:
        """BGR color of a verdict."""
        colors = _SCHEMES[self.scheme]
        if verdict.severity is Severity.UNKNOWN and not verdict.reading.has_temperature:
            return colors.unread
        return self.severity_color(verdict.severity)

    def severity_color(self, severity: Severity) -> Color:
        """BGR color of a severity."""
        colors = _SCHEMES[self.scheme]
        if severity.is_fault:
            return colors.fault
        return colors.normal if severity is Severity.NORMAL else colors.unsure


def letter(severity: Severity) -> str:
    """N, G, S, C, or ? for unknown."""
    return _LETTERS[severity]


STANDARD_STYLE = OverlayStyle()
