"""The knowledge base: rules in YAML, one row of a standard's table each.

A rule names the equipment classes it holds for and, for each severity, its alternatives; an
alternative holds when all of its conditions do:

    critical:
      - {surface_above_c: 130}                             # surface temperature method
      - {relative_difference: 0.95, surface_above_c: 90}   # δ, and hot as well
    general:
      - {like_above_k: 10}                                 # like-comparison
      - {stands_out: 0.5}                                  # comparison with the whole frame

Whether a row was checked against the standard itself stands in ``verified``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from thermoscout_core.diagnosis.conditions import ConditionLimits
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.resources import resource_path
from thermoscout_core.verdicts import Severity

SHIPPED = "config/rules/dlt664.yaml"

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
    """All that are given must hold. surface_above_c: T1 > it. relative_difference: δ >= it,
    0..1. like_above_k: T1 − T2 > it. stands_out: how much the hot spot stands out in its frame
    (scorecard.py), 0..1, >= it. growth_above_k: the rise T1 − T0 has grown by more than it since
    the last comparable measurement. At least one is given."""

    surface_above_c: Celsius | None = None
    relative_difference: Share | None = None
    like_above_k: Kelvins | None = None
    stands_out: Share | None = None
    growth_above_k: Kelvins | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Conditions:
        if all(getattr(self, name) is None for name in type(self).model_fields):
            raise ValueError(
                f"give one of {', '.join(type(self).model_fields)}; "
                "an empty condition would always hold"
            )
        return self


Alternatives = Annotated[tuple[Conditions, ...], Field(min_length=1, strict=False)]


class Rule(_Strict):
    """One row: equipment classes, the part and its fault, where it stands, its thresholds."""

    id: Name
    equipment: Annotated[tuple[Name, ...], Field(min_length=1, strict=False)]
    part: Name
    fault: Name
    heating: Annotated[Heating, Field(strict=False)]
    edition: Name
    clause: Name
    verified: bool
    note: str = ""
    general: Alternatives | None = None
    serious: Alternatives | None = None
    critical: Alternatives | None = None

    @model_validator(mode="after")
    def _grades_something(self) -> Rule:
        if not any(alternatives for _, alternatives in self.grades()):
            raise ValueError("give at least one of general, serious, critical")
        return self

    def grades(self) -> Iterator[tuple[Severity, Sequence[Conditions]]]:
        """The severities that this rule knows, the gravest first."""
        if self.critical:
            yield Severity.CRITICAL, self.critical
        if self.serious:
            yield Severity.SERIOUS, self.serious
        if self.general:
            yield Severity.GENERAL, self.general

    @property
    def source(self) -> str:
        """Standard's edition and clause, and "(unverified)" where that is so."""
        return f"{self.edition}, {self.clause}" + ("" if self.verified else " (unverified)")


class KnowledgeBase(_Strict):
    """A rule set.

    min_rise_k: below that rise T1 − T0, δ is not used (DL/T 664). measuring: what it asks of the
    conditions. min_standing: a hot spot that is known to stand out by less in its frame isn't
    compared with like parts: it is no spot of its own (a neighbour's halo, a warm wall behind the
    box), or there are many like it. phase_balance_k: of three spots in a row, one that is less
    than this above the colder of the others doesn't stand out: three phases under load are as
    warm. load_exponent: with it, and a stated load, differences are extrapolated to the rated
    current, ΔT·(1/load)^exponent; left out, they are taken as measured.
    """

    id: Name
    title: Name
    min_rise_k: Kelvins
    measuring: ConditionLimits = ConditionLimits()
    min_standing: Annotated[float, Field(ge=0, le=1)] = 0.0
    phase_balance_k: Annotated[float, Field(ge=0)] = 0.5
    load_exponent: Annotated[float, Field(ge=1, le=3)] | None = None
    rules: Annotated[tuple[Rule, ...], Field(min_length=1, strict=False)]

    @model_validator(mode="after")
    def _ids_differ(self) -> KnowledgeBase:
        ids = [rule.id for rule in self.rules]
        repeated = sorted({name for name in ids if ids.count(name) > 1})
        if repeated:
            raise ValueError(f"rule ids must differ; repeated: {', '.join(repeated)}")
        return self

    def rules_for(self, class_name: str) -> tuple[Rule, ...]:
        """The rules that hold for a class of equipment, () when there is none."""
        return tuple(rule for rule in self.rules if class_name in rule.equipment)

    @classmethod
    def load(cls, path: Path | str | None = None) -> KnowledgeBase:
        """Read a rule set; path None is the shipped one.

        Raises ConfigurationError naming the file, the line and the key of whatever is unknown,
        of the wrong type, out of range, repeated or missing.
        """
        file = Path(path) if path is not None else resource_path(SHIPPED)
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{file}: no readable rule file ({error})") from None
        try:
            tree = yaml.compose(text, Loader=yaml.SafeLoader)
            content = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise ConfigurationError(f"{file}: not valid YAML: {error}") from None
        _refuse_repeated_keys(file, tree)
        if not isinstance(content, dict):
            raise ConfigurationError(f"{file}: a rule file is a mapping with id, title and rules")
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise ConfigurationError(_describe(file, tree, error)) from None


def _describe(file: Path, tree: Any, error: ValidationError) -> str:
    """One clause a problem: file, line, key path, what is wrong."""
    problems = []
    for problem in error.errors():
        keys = [key for key in problem["loc"] if isinstance(key, (str, int))]
        where = ".".join(str(key) for key in keys) or "file"
        message = problem["msg"].removeprefix("Value error, ")
        if problem["type"] == "extra_forbidden":
            message = "unknown key; remove it or mend its spelling"
        elif problem["type"] == "missing":
            message = "missing"
        elif not isinstance(problem["input"], (dict, list)):
            message += f" (got {problem['input']!r})"
        problems.append(f"line {_line(tree, keys)}: {where}: {message}")
    return f"{file}: " + "; ".join(problems)


def _line(node: Any, keys: Sequence[str | int]) -> int:
    """1-based line of the key path, or of the deepest part of it that is there."""
    line = int(node.start_mark.line) + 1
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            pair = next((p for p in node.value if p[0].value == str(key)), None)
            if pair is None:
                return line
            line, node = int(pair[0].start_mark.line) + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int):
            if key >= len(node.value):
                return line
            node = node.value[key]
            line = int(node.start_mark.line) + 1
        else:
            return line
    return line


def _refuse_repeated_keys(file: Path, node: Any) -> None:
    """YAML keeps the last of two equal keys in silence; a threshold must not vanish so."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeated_keys(file, item)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise ConfigurationError(
                    f"{file}: line {key.start_mark.line + 1}: {key.value} is given twice; "
                    "remove one"
                )
            seen.add(key.value)
            _refuse_repeated_keys(file, value)
