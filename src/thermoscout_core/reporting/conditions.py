"""The measuring conditions beside what the rule set asks: met, not met, or not stated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from thermoscout_core.diagnosis.conditions import ConditionLimits
from thermoscout_core.diagnosis.rule_files import shipped_rule_sets
from thermoscout_core.diagnosis.rules import KnowledgeBase
from thermoscout_core.reporting.details import Circumstances
from thermoscout_core.reporting.numbers import number, percent
from thermoscout_core.reporting.wording import Wording

NOTHING = "–"


@dataclass(frozen=True)
class ConditionRow:
    """name, value, what is asked and the state, as text. is_broken: not met."""

    name: str
    value: str
    asked: str
    state: str
    is_broken: bool


def asked_by(rules: str) -> ConditionLimits | None:
    """What the rule set of that id asks; None for one that isn't shipped, and so not at hand."""
    return KnowledgeBase.load(rules).measuring if rules in shipped_rule_sets() else None


def condition_rows(
    every: Sequence[Circumstances], limits: ConditionLimits | None, say: Wording
) -> list[ConditionRow]:
    """Conditions of an inspection. Where images differ, the value is a span, and met is what holds
    for all that are known. limits: of the rule set; what it doesn't ask for is neither met nor
    not."""
    rows = _Rows(say)
    asked = limits or ConditionLimits()
    return [
        rows.of(
            "air",
            (one.air_c for one in every),
            lambda value: f"{number(value)} °C",
            (asked.min_air_c, asked.max_air_c),
        ),
        rows.of(
            "humidity",
            (one.relative_humidity for one in every),
            percent,
            (None, asked.max_relative_humidity),
        ),
        rows.of(
            "wind",
            (one.wind_m_s for one in every),
            lambda value: f"{number(value)} m/s",
            (None, asked.max_wind_m_s),
        ),
        rows.of(
            "load_share",
            (one.load_share for one in every),
            percent,
            (asked.min_load_share, None),
        ),
        rows.absent("precipitation", [one.precipitation for one in every], asked.no_precipitation),
        rows.absent("direct_sun", [one.direct_sun for one in every], asked.no_direct_sun),
    ]


class _Rows:
    """Makes rows in one language."""

    def __init__(self, say: Wording) -> None:
        self._say = say

    def of(
        self,
        key: str,
        values: Iterable[float | None],
        text: Callable[[float | None], str],
        limits: tuple[float | None, float | None],
    ) -> ConditionRow:
        """A quantity; limits: the lowest and the highest that is asked for, None for none."""
        low, high = limits
        known = [value for value in values if value is not None]
        asked = [f"≥ {text(low)}"] if low is not None else []
        asked += [f"≤ {text(high)}"] if high is not None else []
        shown = self._span(text(min(known)), text(max(known))) if known else ""
        holds = all(
            (low is None or value >= low) and (high is None or value <= high) for value in known
        )
        return self._row(key, shown, ", ".join(asked), holds)

    def absent(self, key: str, stated: Sequence[bool | None], unwanted: bool) -> ConditionRow:
        """Something that there should not be, if that is asked for."""
        known = [value for value in stated if value is not None]
        shown = self._say("yes" if any(known) else "no") if known else ""
        return self._row(key, shown, self._say("no") if unwanted else "", not any(known))

    def _span(self, low: str, high: str) -> str:
        return low if low == high else self._say("varies", low=low, high=high)

    def _row(self, key: str, shown: str, asked: str, holds: bool) -> ConditionRow:
        say = self._say
        if not shown:
            return ConditionRow(
                say(key), say("unknown_value"), asked or NOTHING, say("not_stated"), False
            )
        state = say("met" if holds else "not_met") if asked else NOTHING
        return ConditionRow(say(key), shown, asked or NOTHING, state, bool(asked) and not holds)
