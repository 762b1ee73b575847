"""The measuring conditions beside what DL/T 664 asks: met, not met, or not stated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from thermoscout_core.reporting.details import Circumstances
from thermoscout_core.reporting.numbers import number, percent
from thermoscout_core.reporting.wording import Wording

AIR_AT_LEAST_C = 5.0
HUMIDITY_AT_MOST = 0.85
WIND_AT_MOST_M_S = 5.0
LOAD_AT_LEAST = 0.30


@dataclass(frozen=True)
class ConditionRow:
    """name, value and what is asked, as text. met: None when the value isn't known."""

    name: str
    value: str
    asked: str
    met: bool | None


def condition_rows(every: Sequence[Circumstances], say: Wording) -> list[ConditionRow]:
    """Conditions of an inspection. Where images differ, the value is a span, and met is what holds
    for all that are known.

    DL/T 664 asks for air of at least 5 °C, humidity of at most 85 %, wind of at most 5 m/s, a load
    of at least 30 % of rated, and no rain, fog, snow or direct sun.
    """

    def row(
        key: str,
        values: Iterable[float | None],
        text: Callable[[float | None], str],
        asked: str,
        holds: Callable[[float], bool],
    ) -> ConditionRow:
        known = [value for value in values if value is not None]
        if not known:
            return ConditionRow(say(key), say("unknown_value"), asked, None)
        low, high = text(min(known)), text(max(known))
        value = low if low == high else say("varies", low=low, high=high)
        return ConditionRow(say(key), value, asked, all(map(holds, known)))

    return [
        row(
            "air",
            (one.air_c for one in every),
            lambda value: f"{number(value)} °C",
            f"≥ {AIR_AT_LEAST_C:g} °C",
            lambda value: value >= AIR_AT_LEAST_C,
        ),
        row(
            "humidity",
            (one.relative_humidity for one in every),
            percent,
            f"≤ {100 * HUMIDITY_AT_MOST:g} %",
            lambda value: value <= HUMIDITY_AT_MOST,
        ),
        row(
            "wind",
            (one.wind_m_s for one in every),
            lambda value: f"{number(value)} m/s",
            f"≤ {WIND_AT_MOST_M_S:g} m/s",
            lambda value: value <= WIND_AT_MOST_M_S,
        ),
        row(
            "load_share",
            (one.load_share for one in every),
            percent,
            f"≥ {100 * LOAD_AT_LEAST:g} %",
            lambda value: value >= LOAD_AT_LEAST,
        ),
        _absent("precipitation", [one.precipitation for one in every], say),
        _absent("direct_sun", [one.direct_sun for one in every], say),
    ]


def _absent(key: str, stated: Sequence[bool | None], say: Wording) -> ConditionRow:
    """Something that there should not be."""
    known = [value for value in stated if value is not None]
    if not known:
        return ConditionRow(say(key), say("unknown_value"), say("no"), None)
    return ConditionRow(say(key), say("yes" if any(known) else "no"), say("no"), not any(known))
