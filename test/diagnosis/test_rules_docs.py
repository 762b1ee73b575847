"""What docs/rules.md shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from thermoscout_core.diagnosis.quantities import QUANTITIES
from thermoscout_core.diagnosis.rule_check import check_rules
from thermoscout_core.diagnosis.rule_examples import run_examples
from thermoscout_core.diagnosis.rule_files import shipped_rule_sets
from thermoscout_core.diagnosis.rules import KnowledgeBase

DOCS = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")


@pytest.fixture
def site(tmp_path):
    (example,) = re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)
    path = tmp_path / "north.yaml"
    path.write_text(example, encoding="utf-8")
    return path


def test_nothing_is_wrong_with_the_site_file_that_is_shown(site):
    assert [str(problem) for problem in check_rules(site)] == []
    assert all(trial.passed for trial in run_examples(KnowledgeBase.load(site)))


def test_the_site_file_does_what_is_said_of_it(site):
    base = KnowledgeBase.load(site)
    assert [rule.id for rule in base.rules_for("insulator_column")] == ["surge-arrester"]
    assert base.rules_for("insulator_string") == ()
    (joint,) = base.rules_for("connector")
    assert joint.source == "North substation, rule 12, aluminium clamps"


def test_every_set_and_every_condition_is_explained():
    for name in (*shipped_rule_sets(), *QUANTITIES):
        assert f"| `{name}`" in DOCS
