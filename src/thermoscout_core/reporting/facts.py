"""Names and values that head a report and each of its sheets; what isn't known says so."""

from __future__ import annotations

from pathlib import PurePath

from thermoscout_core.reporting.numbers import number, percent, utc
from thermoscout_core.reporting.sheets import Content, Sheet
from thermoscout_core.reporting.wording import Wording
from thermoscout_core.results import Results

Facts = list[tuple[str, str]]


def detail_facts(content: Content, say: Wording) -> Facts:
    """Who, where, when, with what."""
    details, images = content.details, content.results.images
    stamps = [image.stamp_s for image in images if image.stamp_s is not None]
    cameras = sorted({image.camera for image in images if image.camera})
    date = ""
    if stamps:
        first, last = utc(min(stamps)), utc(max(stamps))
        date = first if first == last else say("varies", low=first, high=last)
    pairs = [
        ("site", details.site),
        ("voltage", details.voltage),
        ("equipment_name", details.equipment),
        ("inspector", details.inspector),
        ("checker", details.checker),
        ("instrument", details.instrument or ", ".join(cameras)),
        ("serial_number", details.serial_number),
        ("weather", details.weather),
        ("date", date),
        ("made", content.results.created.replace("T", " ").replace("+00:00", " UTC")),
    ]
    if details.remark:
        pairs.append(("remark", details.remark))
    return [(say(key), value or say("unknown_value")) for key, value in pairs]


def maker_facts(results: Results, say: Wording) -> Facts:
    """The software, the model and the rules, with what identifies them."""
    return [
        (say("software"), f"Thermoscout {results.thermoscout}"),
        (say("model"), _checked(results.model, results.model_sha256, say)),
        (say("threshold"), number(results.score_threshold, 2)),
        (say("rules"), _checked(results.rules, results.rules_sha256, say)),
    ]


def sheet_facts(sheet: Sheet, say: Wording) -> Facts:
    """How one image was taken."""
    image, around = sheet.image, sheet.circumstances

    def measured(value: float | None, unit: str, digits: int = 1) -> str:
        return say("unknown_value") if value is None else f"{number(value, digits)}{unit}"

    def share(value: float | None) -> str:
        return say("unknown_value") if value is None else percent(value)

    def text(value: str) -> str:
        return value or say("unknown_value")

    pairs = [
        ("equipment_name", text(around.equipment)),
        ("file", text(PurePath(image.file).name)),
        ("date", utc(image.stamp_s)),
        ("camera", text(image.camera)),
        ("distance", measured(sheet.distance_m, " m")),
        ("emissivity", measured(sheet.emissivity, "", 2)),
        ("air", measured(around.air_c, " °C")),
        ("humidity", share(around.relative_humidity)),
        ("reflected", measured(image.scene.reflected_c, " °C")),
        ("wind", measured(around.wind_m_s, " m/s")),
        ("load", measured(around.load_a, " A", 0)),
        ("rated_load", measured(around.rated_load_a, " A", 0)),
        ("load_share", share(around.load_share)),
        ("weather", text(around.weather)),
    ]
    if around.remark:
        pairs.append(("remark", around.remark))
    return [(say(key), value) for key, value in pairs]


def _checked(name: str, sha256: str, say: Wording) -> str:
    if not name:
        return say("unknown_value")
    return f"{name}, SHA-256 {sha256}" if sha256 else name
