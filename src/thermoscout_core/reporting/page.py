"""The report as one HTML file that needs nothing beside itself, written while it is made."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from thermoscout_core.readings import ReadingFlag
from thermoscout_core.reporting.conditions import asked_by, condition_rows
from thermoscout_core.reporting.facts import detail_facts, maker_facts, sheet_facts
from thermoscout_core.reporting.numbers import number, percent, utc
from thermoscout_core.reporting.sheets import Content, Entry, Sheet

if TYPE_CHECKING:
    from thermoscout_core.reporting.composition import Composition
    from thermoscout_core.reporting.illustrations import Illustration

_TEMPLATES = Path(__file__).parent / "templates"
_PNG = b"\x89PNG"


def page_chunks(composition: Composition) -> Iterator[bytes]:
    """The page in UTF-8, piece by piece; the pictures of one image are in memory at a time."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        number=number,
        percent=percent,
        utc=utc,
        words=lambda text: text.replace("_", " "),
        embedded=lambda path: _data_uri(path.read_bytes()),
        embedded_bytes=_data_uri,
    )
    environment.globals.update(_names(composition))
    for text in environment.get_template("report.html.jinja").generate():
        yield text.encode("utf-8")


def _names(composition: Composition) -> dict[str, object]:
    """What the templates may use."""
    content, say = composition.content, composition.say

    def alt(picture: str, name: str) -> str:
        return say("picture_of", picture=say(picture), name=name)

    return {
        "title": composition.title,
        "language_tag": say.language.html_tag,
        "say": say,
        "content": content,
        "results": content.results,
        "truth": content.truth,
        "flags": _flags_that_occur(content),
        "conditions": condition_rows(
            [s.circumstances for s in content.sheets], asked_by(content.results.rules), say
        ),
        "detail_facts": detail_facts(content, say),
        "maker_facts": maker_facts(content.results, say),
        "sheet_facts": lambda sheet: sheet_facts(sheet, say),
        "illustrated": lambda: _illustrated(composition),
        "close_up_of": composition.close_up,
        "trends_of": composition.trends,
        "alt": alt,
    }


def _illustrated(composition: Composition) -> Iterator[tuple[Sheet, Illustration]]:
    for sheet in composition.watched_sheets("HTML"):
        yield sheet, composition.illustrate(sheet)


def _flags_that_occur(content: Content) -> list[ReadingFlag]:
    def flags_of(entry: Entry) -> list[ReadingFlag]:
        return entry.reading.flags if entry.reading else []

    seen = {flag for entry in content.entries() for flag in flags_of(entry)}
    return [flag for flag in ReadingFlag if flag in seen]


def _data_uri(content: bytes) -> str:
    kind = "png" if content.startswith(_PNG) else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
