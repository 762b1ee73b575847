"""Rules in words, in English and in Chinese; the texts stand in templates/rules.yaml."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import yaml

from thermoscout_core.diagnosis.conditions import ConditionLimits
from thermoscout_core.diagnosis.quantities import QUANTITIES
from thermoscout_core.diagnosis.rules import Conditions, KnowledgeBase, Rule
from thermoscout_core.reporting.choices import Language
from thermoscout_core.reporting.wording import Wording

_TABLE = Path(__file__).parent / "templates" / "rules.yaml"
Row = tuple[str, str]
"""A heading and what is said; "" continues the row before."""


@lru_cache
def rule_texts() -> dict[str, dict[str, dict[str, str]]]:
    """Section -> key -> {"en": …, "zh": …}, as the file has it."""
    table: dict[str, dict[str, dict[str, str]]] = yaml.safe_load(_TABLE.read_text("utf-8"))
    return table


class RuleWords:
    """Says rules in one language, EN or ZH. What a rule file says itself, such as a part's name,
    stays as it stands there."""

    def __init__(self, language: Language) -> None:
        self._words = Wording(language)
        self._language = language

    def base(self, base: KnowledgeBase) -> list[Row]:
        """Heading and text of what holds for the whole set."""
        rows = self._measuring(base.measuring)
        if any("relative_difference" in one.limits for one in _every(base)):
            rows.append(("δ", self._say("texts", "delta_from", base.min_rise_k)))
        if base.load_exponent is not None:
            rows.append(("ΔT", self._say("texts", "load_exponent", base.load_exponent)))
        for name, why in base.not_judged.items():
            rows.append((self._say("texts", "not_judged"), f"{self._class_name(name)}: {why}"))
        return rows

    def rule(self, rule: Rule) -> list[Row]:
        """Heading and text, row by row: the gravest severity first."""
        rows = [
            (self._say("texts", "for"), self._list(map(self._class_name, rule.equipment))),
            (self._say("texts", "part"), rule.part),
            (
                self._say("texts", "fault"),
                f"{rule.fault} ({self._say('texts', rule.heating.value)})",
            ),
        ]
        for severity, alternatives in rule.grades():
            for number, conditions in enumerate(alternatives):
                said = self.conditions(conditions)
                if number == 0:
                    rows.append((self._words.severity(severity), said))
                else:
                    rows.append(("", self._say("texts", "or") + said))
        used = {key for one in _of(rule) for key in one.limits}
        methods = [self._say("methods", key) for key in QUANTITIES if key in used]
        rows.append((self._say("texts", "by"), self._list(methods)))
        if rule.measuring is not None:
            rows += self._measuring(rule.measuring)
        rows.append((self._say("texts", "source"), self._words.rule_source(rule.source)))
        if rule.note:
            rows.append((self._say("texts", "note"), rule.note))
        return rows

    def conditions(self, conditions: Conditions) -> str:
        """One alternative: all that must hold."""
        limits = [self._say("limits", key, limit) for key, limit in conditions.limits.items()]
        category = f": {self._words.reason(conditions.category)}" if conditions.category else ""
        return self._say("texts", "and").join(limits) + category

    def _class_name(self, name: str) -> str:
        """In English as the rule file and the detector spell it."""
        return name if self._language is Language.EN else self._words.class_name(name)

    def _measuring(self, asked: ConditionLimits) -> list[Row]:
        every = asked.model_dump(exclude_defaults=True)
        said = [self._say("conditions", key, limit) for key, limit in every.items()]
        return [(self._say("texts", "measured"), self._list(said))] if said else []

    def _list(self, items: Iterable[str]) -> str:
        return self._say("texts", "comma").join(items)

    def _say(self, section: str, key: str, limit: float = 0.0) -> str:
        entry = rule_texts()[section][key]
        return entry[self._language.value].format(limit=f"{limit:g}", percent=f"{100 * limit:g}")


def _of(rule: Rule) -> Iterator[Conditions]:
    for _, alternatives in rule.grades():
        yield from alternatives


def _every(base: KnowledgeBase) -> Iterator[Conditions]:
    for rule in base.rules:
        yield from _of(rule)
