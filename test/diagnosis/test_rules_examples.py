"""The examples of rule files: run through the judge, and held against every limit."""

from __future__ import annotations

import pytest

from thermoscout_core.diagnosis.rule_examples import run_examples, uncovered
from thermoscout_core.diagnosis.rule_files import shipped_rule_sets
from thermoscout_core.diagnosis.rules import KnowledgeBase
from thermoscout_core.verdicts import Severity

SETS = shipped_rule_sets()
RULE = """\
id: site
title: Site rules
min_rise_k: 10
rules:
  - id: joint
    equipment: [connector]
    part: clamp
    fault: poor contact
    heating: current
    edition: site rule
    clause: "1"
    verified: true
    serious:
      - {LIMITS}
    examples:
EXAMPLES
"""


def rule_set(tmp_path, limits: str, *examples: str) -> KnowledgeBase:
    text = RULE.replace("LIMITS", limits)
    path = tmp_path / "site.yaml"
    path.write_text(text.replace("EXAMPLES", "\n".join(f"      - {{{e}}}" for e in examples)))
    return KnowledgeBase.load(path)


def missing(base: KnowledgeBase) -> list[str]:
    return [f"{keys[-1]}: {said}" for keys, said in uncovered(base, base.rules[0])]


@pytest.mark.parametrize("name", SETS)
def test_the_examples_of_a_shipped_set_are_judged_as_they_say(name):
    trials = run_examples(KnowledgeBase.load(name))
    wrong = [f"{t.rule.id} {t.number + 1}: {t.verdict.reason}" for t in trials if not t.passed]
    assert trials and not wrong


@pytest.mark.parametrize("name", SETS)
def test_every_limit_of_a_shipped_set_is_shown_from_both_sides(name):
    base = KnowledgeBase.load(name)
    assert [(rule.id, found) for rule in base.rules for found in uncovered(base, rule)] == []


@pytest.mark.parametrize("name", SETS)
def test_every_severity_of_a_shipped_rule_has_an_example(name):
    for rule in KnowledgeBase.load(name).rules:
        graded = {severity for severity, _ in rule.grades()}
        assert graded < {example.severity for example in rule.examples}, rule.id


def test_a_wrong_example_fails_with_what_the_judge_said(tmp_path):
    base = rule_set(tmp_path, "surface_above_c: 90", "t1_c: 91, severity: normal")
    (trial,) = run_examples(base)
    assert not trial.passed
    assert trial.verdict.severity is Severity.SERIOUS and "above 90 °C" in trial.verdict.reason


def test_an_example_is_judged_by_its_own_rule_alone(tmp_path):
    path = tmp_path / "both.yaml"
    path.write_text("id: both\nextends: [neta, iec62271]\n")
    assert all(trial.passed for trial in run_examples(KnowledgeBase.load(path)))


@pytest.mark.parametrize(
    ("limits", "above", "below"),
    [
        ("surface_above_c: 90", "t1_c: 90.1", "t1_c: 90"),
        ("rise_above_k: 40", "t1_c: 60.1, air_c: 20", "t1_c: 60, air_c: 20"),
        ("like_above_k: 8", "t1_c: 28.1, t2_c: 20", "t1_c: 28, t2_c: 20"),
        (
            "relative_difference: 0.8",
            "t1_c: 40, t2_c: 23.9, t0_c: 20",
            "t1_c: 40, t2_c: 24.1, t0_c: 20",
        ),
        ("stands_out: 0.5", "t1_c: 20, stands_out: 0.5", "t1_c: 20, stands_out: 0.49"),
        (
            "growth_above_k: 10",
            "t1_c: 40, t0_c: 20, growth_k: 10.1",
            "t1_c: 40, t0_c: 20, growth_k: 9.9",
        ),
    ],
)
def test_each_quantity_can_be_shown_from_both_sides(tmp_path, limits, above, below):
    above, below = f"{above}, severity: serious", f"{below}, severity: normal"
    base = rule_set(tmp_path, limits, above, below)
    assert all(trial.passed for trial in run_examples(base))
    assert missing(base) == []
    assert "just below" in missing(rule_set(tmp_path, limits, above))[0]
    assert "just above" in missing(rule_set(tmp_path, limits, below))[0]


@pytest.mark.parametrize("t1_c", [120, 60])
def test_an_example_far_from_the_limit_does_not_show_it(tmp_path, t1_c):
    severity = "serious" if t1_c > 90 else "normal"
    base = rule_set(tmp_path, "surface_above_c: 90", f"t1_c: {t1_c}, severity: {severity}")
    assert missing(base) == ["surface_above_c: no example just above or just below 90"]


def test_of_two_limits_each_is_shown_with_the_other_one_passed(tmp_path):
    limits = "surface_above_c: 90, like_above_k: 8"
    beside = (
        "t1_c: 90.1, t2_c: 81.9, severity: serious",
        "t1_c: 90, t2_c: 81.9, severity: normal",
    )
    found = missing(rule_set(tmp_path, limits, *beside))
    assert found == ["like_above_k: no example just below 8"]
