"""Writes docs/recipe.md from the recipe's sections.

``python -m thermoscout_core.learning.recipe_page .`` in the repository's root.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from thermoscout_core.learning.config import TrainConfig

DOCS = Path("docs/recipe.md")
HEAD = """# The training recipe, key by key

Written from `src/thermoscout_core/learning/config.py` and `augmentation/config.py` by
`python -m thermoscout_core.learning.recipe_page .`; edit those files, not this page.
[training.md](training.md) tells how to use it.

An unknown key, a value of the wrong type or out of range is refused with its name before anything
is read. `data.root` and `output` have no default; everything else may be left out.
"""


def recipe_page() -> str:
    """The page docs/recipe.md."""
    parts = [HEAD]
    parts += [section_table(title, section) for title, section in _sections()]
    return "\n".join(parts)


def section_table(title: str, section: type[BaseModel], leave_out: Sequence[str] = ()) -> str:
    """A heading, what the section is, and a row for each of its keys."""
    rows = ["| key | default | allowed | meaning |", "|---|---|---|---|"]
    fields = section.model_fields.items()
    rows += [_row(name, entry) for name, entry in fields if name not in leave_out]
    shown = [row for row in rows if row]
    return "\n".join([f"## {title}", "", _plain(section.__doc__ or ""), "", *shown, ""])


def _sections() -> Iterator[tuple[str, type[BaseModel]]]:
    yield "top level", TrainConfig
    for name, entry in TrainConfig.model_fields.items():
        if _is_section(entry):
            yield f"`{name}:`", entry.annotation  # type: ignore[misc]


def _is_section(entry: FieldInfo) -> bool:
    return isinstance(entry.annotation, type) and issubclass(entry.annotation, BaseModel)


def _row(name: str, entry: FieldInfo) -> str:
    if _is_section(entry):
        return ""
    given = entry.get_default(call_default_factory=True, validated_data={})
    default = "" if entry.is_required() else f"`{_yaml(given)}`"
    return f"| `{name}` | {default} | {_allowed(entry)} | {_plain(entry.description or '')} |"


def _allowed(entry: FieldInfo) -> str:
    if get_origin(entry.annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(entry.annotation))
    bounds = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    found = [
        f"{sign} {getattr(limit, key):g}"
        for limit in entry.metadata
        for key, sign in bounds.items()
        if getattr(limit, key, None) is not None
    ]
    return ", ".join(found)


def _yaml(value: Any) -> str:
    return json.dumps(value)


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    (Path(sys.argv[1]) / DOCS).write_text(recipe_page(), encoding="utf-8")
