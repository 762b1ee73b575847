"""What the models refuse in a rule file, said for who wrote the file: place and remedy."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from thermoscout_core.diagnosis.rule_files import Keys, Problem, RuleFile

_SAID = {
    "missing": "missing",
    "too_short": "is empty",
    "tuple_type": "a list is expected, [in, brackets] or one - item a line",
    "model_type": "a mapping is expected, key: value",
}
"""Pydantic's kinds of errors whose own words speak of Python."""


def described(file: RuleFile, error: ValidationError, known_keys: Sequence[str]) -> list[Problem]:
    """One problem an error. known_keys: of which an unknown one may be a slip of the pen."""
    content = file.content
    # a list of which items are wrong is called too short as well
    told = [e for e in error.errors() if not (e["type"] == "too_short" and e["input"])]
    return [_problem(file, content, one, known_keys) for one in told]


def _problem(
    file: RuleFile, content: dict[str, Any], error: ErrorDetails, known_keys: Sequence[str]
) -> Problem:
    keys = [key for key in error["loc"] if isinstance(key, (str, int))]
    keys += error.get("ctx", {}).get("at", ())
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        close = get_close_matches(str(keys[-1]), known_keys, 1)
        hint = f"did you mean {close[0]}?" if close else "remove it or mend its spelling"
        message = f"unknown key; {hint}"
    elif error["type"] in _SAID:
        message = _SAID[error["type"]]
    elif not isinstance(error["input"], (dict, list)):
        message += f" (got {error['input']!r})"
    return file.problem(keys, f"{_where(content, keys)}: {message}")


def _where(content: dict[str, Any], keys: Keys) -> str:
    """A key path in words; a rule is named by its id where it has one."""
    words = [str(key) for key in keys]
    if len(keys) > 1 and keys[0] == "rules" and isinstance(keys[1], int):
        row = content["rules"][keys[1]]
        if isinstance(row, dict) and isinstance(row.get("id"), str):
            words[:2] = [f"rule {row['id']}"]
    return ".".join(words) or "file"
