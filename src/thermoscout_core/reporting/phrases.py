"""The judge's sentences in Chinese: it writes English, templates/phrases.yaml translates."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

import yaml

_TABLE = Path(__file__).parent / "templates" / "phrases.yaml"


@lru_cache
def _phrases() -> list[tuple[re.Pattern[str], str]]:
    pairs = yaml.safe_load(phrase_table())
    return [(re.compile(pattern), said) for pattern, said in pairs]


def phrase_table() -> str:
    """The file as text: every character that a translation may hold."""
    return _TABLE.read_text(encoding="utf-8")


def in_chinese(sentence: str, class_name: Callable[[str], str]) -> str:
    """A sentence of the judge; class_name says a class of equipment in Chinese."""
    for pattern, said in _phrases():
        sentence = pattern.sub(partial(_filled, said=said, class_name=class_name), sentence)
    return sentence


def _filled(match: re.Match[str], said: str, class_name: Callable[[str], str]) -> str:
    if "class" in match.re.groupindex:
        said = said.replace(r"\g<class>", class_name(match["class"]).replace("\\", ""))
    return match.expand(said)
