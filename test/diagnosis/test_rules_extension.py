"""A rule file that extends others: what stays, what changes, and what is refused where."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from thermoscout_core.diagnosis.rule_extension import read_rule_file
from thermoscout_core.diagnosis.rules import KnowledgeBase
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.resources import sha256_of

SITE = """\
id: north
extends: dlt664
without: [insulator-string-like]
measuring: {max_wind_m_s: 3}
rules:
  - id: connector-joint
    edition: site rule
    clause: "7"
    verified: true
    critical:
      - {surface_above_c: 100}
  - id: busbar
    equipment: [busbar]
    part: joint
    fault: poor contact
    heating: current
    edition: site rule
    clause: "8"
    verified: true
    serious:
      - {surface_above_c: 70}
"""


def load(tmp_path: Path, text: str, name: str = "site.yaml") -> KnowledgeBase:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return KnowledgeBase.load(path)


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text)
    return str(caught.value)


def rule(base: KnowledgeBase, rule_id: str):
    return next(rule for rule in base.rules if rule.id == rule_id)


def test_a_rule_is_changed_only_in_what_is_said(tmp_path, knowledge_base):
    joint, before = (
        rule(base, "connector-joint") for base in (load(tmp_path, SITE), knowledge_base)
    )
    assert [c.surface_above_c for c in joint.critical] == [100]
    assert joint.serious == before.serious and joint.part == before.part
    assert joint.source == "site rule, 7"


def test_examples_of_limits_that_changed_hold_no_longer(tmp_path, knowledge_base):
    base = load(tmp_path, SITE)
    assert rule(base, "connector-joint").examples == ()
    assert rule(base, "bushing-column-head") == rule(knowledge_base, "bushing-column-head")


def test_a_rule_of_a_new_class_is_added(tmp_path, knowledge_base):
    base = load(tmp_path, SITE)
    assert [rule.id for rule in base.rules_for("busbar")] == ["busbar"]
    assert len(base.rules) == len(knowledge_base.rules)  # one less, one more


def test_a_rule_is_left_out(tmp_path):
    assert load(tmp_path, SITE).rules_for("insulator_string") == ()


def test_conditions_are_changed_one_by_one(tmp_path):
    measuring = load(tmp_path, SITE).measuring
    assert (measuring.max_wind_m_s, measuring.min_air_c) == (3, 5)


def test_a_grade_is_taken_away_with_null(tmp_path):
    text = SITE.replace("critical:\n      - {surface_above_c: 100}", "critical: null")
    assert rule(load(tmp_path, text), "connector-joint").critical is None


def test_a_file_is_extended_from_where_it_stands(tmp_path):
    load(tmp_path, SITE, "north.yaml")
    (tmp_path / "sub").mkdir()
    base = load(tmp_path, "id: bay\nextends: ../north.yaml\n", "sub/bay.yaml")
    assert base.id == "bay" and base.rules_for("busbar")


def test_of_two_extended_sets_the_first_counts_where_both_speak(tmp_path, knowledge_base):
    base = load(tmp_path, "id: both\nextends: [dlt664, iec62271]\n")
    assert rule(base, "hot-region") == rule(knowledge_base, "hot-region")
    assert {r.id for r in base.rules_for("connector")} == {"connector-joint", "connector-joints"}
    assert (base.measuring.min_air_c, base.measuring.max_air_c) == (5, 40)


def test_rules_are_identified_by_all_their_files(tmp_path):
    shipped = read_rule_file("dlt664")
    assert shipped.sha256 == sha256_of(shipped.path)
    north, bay = tmp_path / "north.yaml", tmp_path / "bay.yaml"
    north.write_text(SITE)
    bay.write_text("id: bay\nextends: north.yaml\n")
    before = read_rule_file(bay).sha256
    north.write_text(SITE.replace("100", "101"))
    assert read_rule_file(bay).sha256 != before


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("extends: dlt664", "extends: dlt665", r"line 2: extends: no rule set dlt665.*dlt664"),
        ("extends: dlt664", "extends: gone.yaml", r"line 2: extends gone\.yaml: there is no"),
        ("extends: dlt664", "extends: site.yaml", r"line 2: site\.yaml extends this file"),
        ("extends: dlt664", "extends: 664", r"line 2: extends names a rule set"),
        ("id: north", "id: dlt664", r"line 1: id: dlt664 is the extended set's"),
        ("id: north\n", "", r"id: missing"),
        ("insulator-string-like]", "insulator-string]", r"line 3: .*mean insulator-string-like"),
        ("- id: connector-joint", "- id: conector-joint", r"line 6: .*did you mean connector-jo"),
        ('    clause: "7"\n', "", r"line 6: .*has other limits: say whose: clause"),
        ("critical:", "critcal:", r"line 10: rule connector-joint\.critcal: .*critical\?"),
        ("surface_above_c: 100", "surface_above_c: 80", r"rule connector-joint\.serious\.0"),
        ("- id: busbar", "- id: connector-joint", r"line 12: rule ids must differ"),
        ("    fault: poor contact\n", "", r"line 12: no rule busbar.*also needs fault"),
        ("rules:", "rules: 1\nmore:", r"line 5: rules: a list of rules"),
        ("without: [", "without: x #", r"line 3: without lists ids"),
        ("extends: dlt664\n", "", r"line 2: without needs extends"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, old, new, complaint):
    assert old in SITE
    message = refusal(tmp_path, SITE.replace(old, new))
    assert re.search(complaint, message), message


def test_two_files_that_extend_each_other_are_refused(tmp_path):
    (tmp_path / "one.yaml").write_text("id: one\nextends: site.yaml\n")
    message = refusal(tmp_path, "id: site\nextends: one.yaml\n")
    assert "one.yaml: line 2: site.yaml extends this file" in message


def test_an_error_of_the_extended_file_is_named_there(tmp_path):
    (tmp_path / "base.yaml").write_text("id: base\nextends: dlt664\nmin_rise_k: -3\n")
    message = refusal(tmp_path, "id: site\nextends: base.yaml\n")
    assert re.search(r"base\.yaml: line 3: min_rise_k", message), message


def test_a_merge_key_brings_what_it_names(tmp_path):
    text = SITE + "  - {<<: *b, id: busbar-2, equipment: [busbar_2]}\n"
    base = load(tmp_path, text.replace("- id: busbar\n", "- &b\n    id: busbar\n"))
    assert rule(base, "busbar-2").serious == rule(base, "busbar").serious
