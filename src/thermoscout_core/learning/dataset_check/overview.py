"""The overview page: what was found, the tables, and links to the sheets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import jinja2

from thermoscout_core.atomic import write_bytes
from thermoscout_core.errors import DatasetError
from thermoscout_core.learning.dataset_check.balance import size_names
from thermoscout_core.learning.dataset_check.check import Check
from thermoscout_core.learning.dataset_check.findings import KINDS, Level
from thermoscout_core.learning.dataset_check.sheets import Sheet
from thermoscout_core.learning.dataset_check.tiles import class_color

PAGE, RECORD = "index.html", "check.json"
MOST_SHOWN = 200
"""Findings of one kind on the page; check.json has all."""
_GROUPS = {
    "similar": "Similar pictures",
    "boxes": "Boxes to look at",
    "class": "Classes",
    "split": "Splits",
}


def write_overview(check: Check, sheets: Sequence[Sheet], output: Path) -> Path:
    """Write index.html and check.json; returns the page.

    Raises DatasetError when they can't be written.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("overview.html.jinja").render(
        check=check,
        levels=[level.name.lower() for level in reversed(Level)],
        counts={level.name.lower(): _count(check, level) for level in Level},
        kinds=[
            (name, KINDS[name], list(found))
            for name, found in groupby(check.findings, key=lambda finding: finding.kind)
        ],
        most_shown=MOST_SHOWN,
        sizes=size_names(),
        colors={name: _css(check.classes, name) for name in check.classes},
        groups=[(title, [s for s in sheets if s.group == key]) for key, title in _GROUPS.items()],
    )
    try:
        output.mkdir(parents=True, exist_ok=True)
        record = json.dumps(check.as_dict(), indent=1, ensure_ascii=False)
        write_bytes(output / RECORD, record.encode(), durable=False)
        write_bytes(output / PAGE, page.encode(), durable=False)
    except OSError as error:
        raise DatasetError(f"{output}: can't be written: {error.strerror or error}") from error
    return output / PAGE


def _count(check: Check, level: Level) -> int:
    return sum(finding.level is level for finding in check.findings)


def _css(classes: Sequence[str], name: str) -> str:
    blue, green, red = class_color(classes, name)
    return f"rgb({red} {green} {blue})"
