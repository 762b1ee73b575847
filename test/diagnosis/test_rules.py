"""The rule file: what is read, and what is refused with its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from thermoscout_core.diagnosis.rules import KnowledgeBase
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.verdicts import Severity

CLASSES = (
    "bushing",
    "insulator_column",
    "insulator_string",
    "disconnector",
    "connector",
    "transformer",
    "cable_termination",
)

GOOD = """\
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
      - {surface_above_c: 90}
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "site.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        KnowledgeBase.load(written(tmp_path, text))
    message = str(caught.value)
    assert "site.yaml" in message
    return message


def test_a_rule_file_is_read(tmp_path):
    base = KnowledgeBase.load(written(tmp_path, GOOD))
    (rule,) = base.rules_for("connector")
    assert [severity for severity, _ in rule.grades()] == [Severity.SERIOUS]
    assert rule.source == "site rule, 1"


@pytest.mark.parametrize("class_name", CLASSES)
def test_the_shipped_rules_know_every_class_of_the_detector(knowledge_base, class_name):
    assert knowledge_base.rules_for(class_name)


def test_the_shipped_rows_say_that_they_are_unverified(knowledge_base):
    assert all(rule.source.endswith("(unverified)") for rule in knowledge_base.rules)


def test_a_graver_grade_never_asks_for_less(knowledge_base):
    for rule in knowledge_base.rules:
        lowest = [
            min((c.surface_above_c for c in conditions if c.surface_above_c), default=None)
            for _, conditions in rule.grades()
        ]
        known = [limit for limit in lowest if limit is not None]
        assert known == sorted(known, reverse=True), rule.id


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "part: clamp",
            "part: clamp\n    colour: red",
            r"line 8: rule joint\.colour: unknown key",
        ),
        ("title:", "titel:", r"line 2: titel: unknown key"),
        ("surface_above_c: 90", "surface_above_c: hot", r"line 14: .*surface_above_c.*'hot'"),
        ("surface_above_c: 90", "surface_above: 90", r"line 14: .*surface_above: unknown key"),
        ("surface_above_c: 90", "relative_difference: 80", r"relative_difference.*1"),
        ("surface_above_c: 90", "surface_above_c: .nan", r"surface_above_c.*finite"),
        ("{surface_above_c: 90}", "{}", r"always hold"),
        ("    serious:\n      - {surface_above_c: 90}\n", "", r"at least one of general"),
        ("verified: true", "verified: perhaps", r"line 12: rule joint\.verified"),
        ("    verified: true\n", "", r"rule joint\.verified: missing"),
        ("heating: current", "heating: solar", r"line 9: rule joint\.heating"),
        ("equipment: [connector]", "equipment: connector", r"rule joint\.equipment"),
        ("equipment: [connector]", "equipment: []", r"rule joint\.equipment"),
        ("min_rise_k: 10", "min_rise_k: -1", r"line 3: min_rise_k"),
        ("min_rise_k: 10", "min_rise_k: 10\nmin_rise_k: 5", r"line 4: min_rise_k is given twice"),
        ("min_rise_k: 10\n", "", r"min_rise_k: missing"),
    ],
)
def test_a_wrong_entry_is_named_with_its_line_and_key(tmp_path, old, new, complaint):
    assert old in GOOD
    message = refusal(tmp_path, GOOD.replace(old, new))
    assert re.search(complaint, message), message


def test_two_rules_of_one_id_are_refused(tmp_path):
    row = GOOD[GOOD.index("  - id") :]
    assert "repeated: joint" in refusal(tmp_path, GOOD + row)


@pytest.mark.parametrize("text", ["", "- 1\n- 2\n", "just words"])
def test_a_file_that_is_no_rule_set_is_refused(tmp_path, text):
    assert "mapping" in refusal(tmp_path, text)


def test_broken_yaml_is_refused(tmp_path):
    assert "not valid YAML" in refusal(tmp_path, "id: [unclosed")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"none\.yaml"):
        KnowledgeBase.load(tmp_path / "none.yaml")


def test_a_file_that_is_no_text_is_named(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_bytes(b"\xff\xfe\x00\x9f")
    with pytest.raises(ConfigurationError, match=r"site\.yaml"):
        KnowledgeBase.load(path)
