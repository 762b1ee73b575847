"""Sizes on the command line."""

from __future__ import annotations

import re

import typer


def parse_size(text: str) -> tuple[int, int]:
    """ "640x512" -> (640, 512): width and height in px. Raises typer.BadParameter."""
    match = re.fullmatch(r"(\d+)[x×](\d+)", text)
    if match is None or "0" in match.groups():
        raise typer.BadParameter(f"'{text}' isn't a size; write WIDTHxHEIGHT, like 640x512")
    return int(match[1]), int(match[2])
