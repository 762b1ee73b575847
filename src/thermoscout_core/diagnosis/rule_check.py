"""What may be wrong with a rule set that can be read: rows that never decide, gaps, limits
without an example. What can't be read at all is refused by KnowledgeBase.load already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import permutations
from pathlib import Path

from thermoscout_core.diagnosis.quantities import QUANTITIES
from thermoscout_core.diagnosis.rule_examples import uncovered
from thermoscout_core.diagnosis.rule_extension import read_rule_file
from thermoscout_core.diagnosis.rule_files import Keys, Problem, RuleFileError
from thermoscout_core.diagnosis.rules import Conditions, KnowledgeBase, Rule
from thermoscout_core.diagnosis.survey import HOT_REGION
from thermoscout_core.verdicts import Severity

DETECTOR_CLASSES = (
    *("bushing", "insulator_column", "insulator_string", "disconnector", "connector"),
    *("transformer", "cable_termination"),
)
"""Of the shipped detector."""
SPELT_ALIKE = 0.9

Finding = tuple[Keys, str]
"""Where in the merged file, and what."""


def check_rules(
    name: Path | str | None, classes: Iterable[str] = DETECTOR_CLASSES
) -> list[Problem]:
    """Everything that is wrong with a rule set, errors first, then by place.

    name: as of :meth:`KnowledgeBase.load`. classes: that a detector can find, so that each should
    be judged or said not to be; a hot region without equipment always should.
    Raises ConfigurationError when the name is no shipped set.
    """
    try:
        file = read_rule_file(name)
        base = KnowledgeBase.of(file)
    except RuleFileError as error:
        return _in_order(error.problems)
    checks = (_repeats, _idle_limits, _overlaps, _gaps, _not_shown)
    found = [finding for check in checks for finding in check(base)]
    found += _class_gaps(base, classes)
    return _in_order(file.problem(keys, message, is_error=False) for keys, message in found)


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    unique = dict.fromkeys(problems)
    return sorted(unique, key=lambda p: (not p.is_error, str(p.file), p.line))


def _alternatives(rule: Rule) -> Iterator[tuple[Severity, int, Conditions]]:
    for severity, alternatives in rule.grades():
        for number, conditions in enumerate(alternatives):
            yield severity, number, conditions


def _repeats(base: KnowledgeBase) -> Iterator[Finding]:
    """Alternatives of one severity of which one holds whenever the other does."""
    for index, rule in enumerate(base.rules):
        for severity, alternatives in rule.grades():
            for (n, one), (m, other) in permutations(enumerate(alternatives), 2):
                names_more = n < m and one.category != other.category
                if one.implies(other) and (m < n or not other.implies(one)) and not names_more:
                    yield (
                        ("rules", index, severity.value, n),
                        f"rule {rule.id}: never decides: alternative {m + 1} holds whenever it "
                        "does",
                    )


def _idle_limits(base: KnowledgeBase) -> Iterator[Finding]:
    """T1 − T2 = δ · (T1 − T0), and δ counts from a rise of min_rise_k on."""
    for index, rule in enumerate(base.rules):
        for severity, number, conditions in _alternatives(rule):
            delta, like_k = conditions.relative_difference, conditions.like_above_k
            if delta is None or like_k is None:
                continue
            least_k = delta * base.min_rise_k
            if like_k <= least_k:
                yield (
                    ("rules", index, severity.value, number, "like_above_k"),
                    f"rule {rule.id}: says nothing: a relative difference of {delta:g} from a "
                    f"rise of {base.min_rise_k:g} K on is {least_k:g} K or more",
                )


@dataclass(frozen=True)
class _Drowned:
    """An alternative that another rule outvotes for a class: whenever it holds, the other rule
    says as much, or worse."""

    severity: Severity
    number: int
    class_name: str
    by: str
    graded: Severity


def _overlaps(base: KnowledgeBase) -> Iterator[Finding]:
    """Alternatives and whole rules that never decide a verdict, because another rule does."""
    for index, rule in enumerate(base.rules):
        drowned = list(_drowned(base, index))
        every = {(c, s, n) for c in rule.equipment for s, n, _ in _alternatives(rule)}
        if every == {(one.class_name, one.severity, one.number) for one in drowned}:
            others = ", ".join(sorted({one.by for one in drowned}))
            yield ("rules", index, "id"), f"rule {rule.id} never decides: {others} says as much"
            continue
        classes: dict[_Drowned, list[str]] = {}
        for one in drowned:
            classes.setdefault(replace(one, class_name=""), []).append(one.class_name)
        for one, names in classes.items():
            yield (
                ("rules", index, one.severity.value, one.number),
                f"rule {rule.id} overlaps rule {one.by}: this never decides for "
                f"{', '.join(names)}, which {one.by} calls {one.graded.value} whenever it holds",
            )


def _drowned(base: KnowledgeBase, place: int) -> Iterator[_Drowned]:
    """Of the rule at that place. Of two that say the same, the later one is."""
    rule = base.rules[place]
    for index, other in enumerate(base.rules):
        shared = [name for name in rule.equipment if name in other.equipment]
        if index == place or not shared:
            continue
        for severity, number, conditions in _alternatives(rule):
            for graded, _, theirs in _alternatives(other):
                same = theirs.implies(conditions) and graded is severity
                outvoted = conditions.implies(theirs) and graded.rank >= severity.rank
                if outvoted and (not same or index < place):
                    for name in shared:
                        yield _Drowned(severity, number, name, other.id, graded)
                    break


def _gaps(base: KnowledgeBase) -> Iterator[Finding]:
    """Grades that are jumped over."""
    for index, rule in enumerate(base.rules):
        if rule.critical and rule.general and not rule.serious:
            yield (
                ("rules", index, "critical"),
                f"rule {rule.id}: gap: from general to critical, with no serious between",
            )
        if rule.critical and rule.serious:
            serious = {key for one in rule.serious for key in one.limits}
            for number, one in enumerate(rule.critical):
                (key, *more) = one.limits
                if not more and key not in serious:
                    yield (
                        ("rules", index, "critical", number),
                        f"rule {rule.id}: gap: by {QUANTITIES[key].name} it is critical or not "
                        "even serious",
                    )


def _class_gaps(base: KnowledgeBase, classes: Iterable[str]) -> Iterator[Finding]:
    """Classes that nobody judges, and names that look like a slip of the pen."""
    known = (*classes, HOT_REGION)
    for name in known:
        if not base.rules_for(name) and name not in base.not_judged:
            yield (
                ("rules",),
                f"gap: no rule for {name}; write one, or say why under not_judged",
            )
    for index, rule in enumerate(base.rules):
        for number, name in enumerate(rule.equipment):
            close = get_close_matches(name, known, 1, SPELT_ALIKE)
            if name not in known and close:
                yield (
                    ("rules", index, "equipment", number),
                    f"rule {rule.id}: {name} is no class of the detector; is {close[0]} meant?",
                )


def _not_shown(base: KnowledgeBase) -> Iterator[Finding]:
    for index, rule in enumerate(base.rules):
        for keys, said in uncovered(base, rule):
            where = ".".join(map(str, keys))
            yield ("rules", index, *keys), f"rule {rule.id}: {where}: {said}"
