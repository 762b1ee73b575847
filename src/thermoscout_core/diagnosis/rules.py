"""The knowledge base: rules in YAML, one row of a standard's table each.

A rule names the equipment classes it holds for and, for each severity, its alternatives; an
alternative holds when all of its conditions do:

    critical:
      - {surface_above_c: 130}                             # surface temperature method
      - {relative_difference: 0.95, surface_above_c: 90}   # δ, and hot as well
    general:
      - {like_above_k: 10}                                 # like-comparison
      - {stands_out: 0.5}                                  # comparison with the whole frame
    examples:
      - {t1_c: 131, severity: critical}
      - {t1_c: 130, severity: normal}

Whether a row was checked against a source stands in ``verified``. docs/rules.md teaches the
files; ``thermoscout rules`` checks and explains them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from thermoscout_core.diagnosis.conditions import ConditionLimits
from thermoscout_core.diagnosis.quantities import QUANTITIES
from thermoscout_core.diagnosis.rule_errors import described
from thermoscout_core.diagnosis.rule_extension import read_rule_file
from thermoscout_core.diagnosis.rule_files import RuleFile, RuleFileError
from thermoscout_core.verdicts import Severity

Name = Annotated[str, Field(min_length=1)]
Celsius = Annotated[float, Field(ge=-60, le=1000, allow_inf_nan=False)]
Kelvins = Annotated[float, Field(gt=0, le=1000, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Heating(str, Enum):
    """What heats a defect: the load's current, or the voltage across an insulation."""

    CURRENT = "current"
    VOLTAGE = "voltage"


class Conditions(_Strict):
    """All limits that are given must be passed; at least one is given."""

    surface_above_c: Celsius | None = Field(default=None, description="Hot spot T1 > it, °C.")
    rise_above_k: Kelvins | None = Field(
        default=None, description="T1 − stated air temperature > it, K; unknown air: can't hold."
    )
    relative_difference: Share | None = Field(
        default=None, description="δ = (T1 − T2)/(T1 − T0) >= it, 0..1, from min_rise_k on."
    )
    like_above_k: Kelvins | None = Field(
        default=None, description="T1 − T2 > it, K; T2: like part (another phase, a neighbour)."
    )
    stands_out: Share | None = Field(
        default=None, description="How much the hot spot stands out in its frame >= it, 0..1."
    )
    growth_above_k: Kelvins | None = Field(
        default=None,
        description="The rise T1 − T0 has grown by more since the last comparable measurement, K.",
    )
    category: str = Field(
        default="", description="What the standard calls it, such as 'probable deficiency'."
    )

    @model_validator(mode="after")
    def _says_something(self) -> Conditions:
        if not self.limits:
            raise ValueError(
                f"give one of {', '.join(QUANTITIES)}; an empty condition would always hold"
            )
        return self

    @cached_property
    def limits(self) -> dict[str, float]:
        """Key of :data:`QUANTITIES` -> limit, of those that are given."""
        every = {key: getattr(self, key) for key in QUANTITIES}
        return {key: limit for key, limit in every.items() if limit is not None}

    def implies(self, other: Conditions) -> bool:
        """Whether the other one holds whenever this one does, by its limits alone."""
        ours = self.limits
        return all(key in ours and ours[key] >= limit for key, limit in other.limits.items())


Alternatives = Annotated[tuple[Conditions, ...], Field(min_length=1, strict=False)]


class Example(_Strict):
    """A measurement and the severity that its rule must give it; what is left out is unknown."""

    t1_c: Celsius = Field(description="Hot spot, °C.")
    t2_c: Celsius | None = Field(default=None, description="Like part, °C.")
    t0_c: Celsius | None = Field(default=None, description="Ambient reference, °C.")
    air_c: Celsius | None = Field(default=None, description="Stated air temperature, °C.")
    stands_out: Annotated[float, Field(ge=0, le=1)] | None = Field(
        default=None, description="How much the hot spot stands out in its frame, 0..1."
    )
    growth_k: float | None = Field(
        default=None, description="By how much the rise T1 − T0 has grown, K."
    )
    equipment: Name | None = Field(default=None, description="Class; the rule's first if omitted.")
    severity: Annotated[Severity, Field(strict=False)]
    category: Name | None = Field(
        default=None, description="That the verdict must name, where one severity has several."
    )


class Rule(_Strict):
    """One row: equipment classes, the part and its fault, where it stands, its limits."""

    id: Name
    equipment: Annotated[tuple[Name, ...], Field(min_length=1, strict=False)] = Field(
        description="Classes of equipment, as the detector names them."
    )
    part: Name
    fault: Name
    heating: Annotated[Heating, Field(strict=False)]
    edition: Name = Field(description="Standard and edition, or whose rule it is.")
    clause: Name = Field(description="Clause or table.")
    verified: bool = Field(description="Whether the limits were checked against a public source.")
    note: str = ""
    measuring: ConditionLimits | None = Field(
        default=None, description="What the row asks of the conditions beyond the set's."
    )
    general: Alternatives | None = None
    serious: Alternatives | None = None
    critical: Alternatives | None = None
    examples: Annotated[tuple[Example, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _grades_something(self) -> Rule:
        if not any(alternatives for _, alternatives in self.grades()):
            raise ValueError("give at least one of general, serious, critical")
        return self

    @model_validator(mode="after")
    def _every_grade_can_be_reached(self) -> Rule:
        graver: list[tuple[Severity, Conditions]] = []
        for severity, alternatives in self.grades():
            for number, conditions in enumerate(alternatives):
                for other, before in graver:
                    if conditions.implies(before):
                        raise PydanticCustomError(
                            "unreachable",
                            "never reached: whenever it holds, {graver} does",
                            {"graver": other.value, "at": (severity.value, number)},
                        )
            graver += [(severity, conditions) for conditions in alternatives]
        return self

    @model_validator(mode="after")
    def _examples_are_of_its_equipment(self) -> Rule:
        for number, example in enumerate(self.examples):
            if example.equipment is not None and example.equipment not in self.equipment:
                raise PydanticCustomError(
                    "foreign_example",
                    "the rule isn't for {equipment}",
                    {"equipment": example.equipment, "at": ("examples", number, "equipment")},
                )
        return self

    def grades(self) -> Iterator[tuple[Severity, Sequence[Conditions]]]:
        """The severities that this rule knows, the gravest first."""
        if self.critical:
            yield Severity.CRITICAL, self.critical
        if self.serious:
            yield Severity.SERIOUS, self.serious
        if self.general:
            yield Severity.GENERAL, self.general

    @cached_property
    def lowest_limits(self) -> dict[str, float]:
        """Key of :data:`QUANTITIES` -> the lowest limit of any grade, of those that are asked."""
        lowest: dict[str, float] = {}
        for _, alternatives in self.grades():
            for conditions in alternatives:
                for key, limit in conditions.limits.items():
                    lowest[key] = min(limit, lowest.get(key, limit))
        return lowest

    @property
    def source(self) -> str:
        """Standard's edition and clause, and "(unverified)" where that is so."""
        return f"{self.edition}, {self.clause}" + ("" if self.verified else " (unverified)")


class KnowledgeBase(_Strict):
    """A rule set.

    min_rise_k: below that rise T1 − T0, δ is not used (DL/T 664). measuring: what it asks of the
    conditions. min_standing: a hot spot that is known to stand out by less in its frame isn't
    compared with like parts: it is no spot of its own (a neighbour's halo, a warm wall behind the
    box), or there are many like it. phase_balance_k: a spot that is nearer than this to the
    colder of two others in a row with it, or less above the coldest of three or more of its
    class, doesn't stand out: parts under load are as warm. load_exponent: with it, and a stated
    load, differences are extrapolated to the rated current, ΔT·(1/load)^exponent; left out, they
    are taken as measured. not_judged: classes that it has no rule for, and why.
    """

    id: Name
    title: Name
    min_rise_k: Kelvins
    measuring: ConditionLimits = ConditionLimits()
    min_standing: Annotated[float, Field(ge=0, le=1)] = 0.0
    phase_balance_k: Annotated[float, Field(ge=0)] = 0.5
    load_exponent: Annotated[float, Field(ge=1, le=3)] | None = None
    not_judged: dict[Name, Name] = Field(default={})
    rules: Annotated[tuple[Rule, ...], Field(min_length=1, strict=False)]

    @model_validator(mode="after")
    def _ids_differ(self) -> KnowledgeBase:
        ids = [rule.id for rule in self.rules]
        repeated = sorted({name for name in ids if ids.count(name) > 1})
        if repeated:
            raise PydanticCustomError(
                "repeated",
                "rule ids must differ; repeated: {ids}",
                {
                    "ids": ", ".join(repeated),
                    "at": ("rules", len(ids) - 1 - ids[::-1].index(repeated[0]), "id"),
                },
            )
        return self

    def rules_for(self, class_name: str) -> tuple[Rule, ...]:
        """The rules that hold for a class of equipment, () when there is none."""
        return tuple(rule for rule in self.rules if class_name in rule.equipment)

    def measuring_for(self, rule: Rule) -> ConditionLimits:
        """What a rule asks of the conditions: what the set does, and the row's own over it."""
        if rule.measuring is None:
            return self.measuring
        return self.measuring.model_copy(update=rule.measuring.model_dump(exclude_unset=True))

    @classmethod
    def load(cls, name: Path | str | None = None) -> KnowledgeBase:
        """Read a rule set: the name of a shipped one, or a file; None is the shipped default.

        Raises ConfigurationError naming the file, the line and the key of whatever is unknown,
        of the wrong type, out of range, repeated, missing, or never reached.
        """
        return cls.of(read_rule_file(name))

    @classmethod
    def of(cls, file: RuleFile) -> KnowledgeBase:
        """The rules of a file that was read. Raises RuleFileError as :meth:`load`."""
        try:
            return cls.model_validate(file.content)
        except ValidationError as error:
            raise RuleFileError(described(file, error, _known_keys())) from None


def _known_keys() -> list[str]:
    models = (KnowledgeBase, Rule, Conditions, Example, ConditionLimits)
    return sorted({name for model in models for name in model.model_fields})
