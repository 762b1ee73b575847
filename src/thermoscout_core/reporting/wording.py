"""The words of the report in the language asked for; they stand in templates/wording.yaml."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml

from thermoscout_core.readings import ReadingFlag
from thermoscout_core.reporting.choices import Language
from thermoscout_core.reporting.phrases import in_chinese
from thermoscout_core.results import VerdictRecord
from thermoscout_core.verdicts import Severity

_TABLE = Path(__file__).parent / "templates" / "wording.yaml"
Entries = dict[str, dict[str, str]]


@lru_cache
def wording_table() -> dict[str, Entries]:
    """Section -> key -> {"en": …, "zh": …}, as the file has it."""
    table: dict[str, Entries] = yaml.safe_load(_TABLE.read_text(encoding="utf-8"))
    return table


class Wording:
    """Says the report's texts in one language or in both."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._table = wording_table()

    def __call__(self, key: str, **fields: object) -> str:
        """A text by its key, with its fields filled in."""
        return self._say(self._table["texts"][key], fields)

    def severity(self, severity: Severity) -> str:
        return self._say(self._table["severities"][severity.value])

    def class_name(self, name: str) -> str:
        """A class of equipment; one that the table lacks is called by its own name."""
        return self._say(self._class_entry(name))

    def correction(self, name: str) -> str:
        return self._say(self._table["corrections"][name])

    def flag(self, flag: ReadingFlag) -> str:
        """What a flag means."""
        return self._say(self._table["flags"][flag.value])

    def advice(self, verdict: VerdictRecord) -> str:
        """What is done about a verdict; a provisional fault is measured again first."""
        advice = self._table["advice"]
        said = self._say(advice[verdict.severity.value])
        if verdict.provisional and verdict.severity.is_fault:
            return f"{self._say(advice['provisional'])}; {said}"
        return said

    def reason(self, sentence: str) -> str:
        """A sentence of the judge's evidence."""
        if self.language is Language.EN:
            return sentence
        chinese = in_chinese(sentence, lambda name: self._class_entry(name)["zh"])
        if self.language is Language.ZH or chinese == sentence:
            return chinese
        return f"{chinese} {sentence}"

    def rule_source(self, source: str) -> str:
        """Standard and clause, and that they are unverified, in the language."""
        return source.replace("(unverified)", self("unverified"))

    def _class_entry(self, name: str) -> dict[str, str]:
        plain = name.replace("_", " ")
        return self._table["classes"].get(name, {"en": plain, "zh": plain})

    def _say(self, entry: dict[str, str], fields: dict[str, object] | None = None) -> str:
        if self.language is not Language.BOTH:
            return entry[self.language.value].format(**fields or {})
        chinese, english = (entry[key].format(**fields or {}) for key in ("zh", "en"))
        return chinese if chinese == english else f"{chinese} {english}"
