"""What may be chosen of a report or an overlay. Light to import: the command line lists them."""

from __future__ import annotations

from enum import Enum


class Palette(str, Enum):
    """GREY: hot is white. BLACK_HOT: hot is black. IRONBOW: the thermographers' usual one.
    VIRIDIS: even steps of lightness, also for eyes that tell no red from green."""

    GREY = "grey"
    BLACK_HOT = "black_hot"
    IRONBOW = "ironbow"
    VIRIDIS = "viridis"

    @property
    def is_colored(self) -> bool:
        return self in (Palette.IRONBOW, Palette.VIRIDIS)


class ColorScheme(str, Enum):
    """STANDARD: green is normal, red is a fault. COLOR_BLIND: blue and vermilion, which every
    kind of color vision tells apart (M. Okabe and K. Ito, Color Universal Design, 2008)."""

    STANDARD = "standard"
    COLOR_BLIND = "color_blind"


class Language(str, Enum):
    """EN: English. ZH: simplified Chinese. BOTH: Chinese and English beside each other."""

    EN = "en"
    ZH = "zh"
    BOTH = "both"

    @property
    def html_tag(self) -> str:
        """For the page's lang attribute (BCP 47)."""
        return "en" if self is Language.EN else "zh-CN"
