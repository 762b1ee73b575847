"""Rules in words, in both languages."""

from __future__ import annotations

import re

import pytest

from thermoscout_core.detections import Box, Detection
from thermoscout_core.diagnosis.conditions import ConditionLimits, MeasuringConditions
from thermoscout_core.diagnosis.judge import Judge
from thermoscout_core.diagnosis.quantities import QUANTITIES
from thermoscout_core.diagnosis.rules import Conditions, KnowledgeBase
from thermoscout_core.readings import Reading
from thermoscout_core.reporting.choices import Language
from thermoscout_core.reporting.rule_words import RuleWords, rule_texts
from thermoscout_core.reporting.wording import Wording

ENTRIES = [
    (f"{s}.{key}", entry) for s, texts in rule_texts().items() for key, entry in texts.items()
]


@pytest.mark.parametrize(("key", "entry"), ENTRIES)
def test_every_entry_says_the_same_figures_in_both_languages(key, entry):
    assert set(entry) == {"en", "zh"}
    fields = [set(re.findall(r"\{(\w+)\}", text)) for text in entry.values()]
    assert fields[0] == fields[1] <= {"limit", "percent"}


def test_every_condition_and_limit_of_conditions_has_its_words():
    assert set(rule_texts()["limits"]) == set(rule_texts()["methods"]) == set(QUANTITIES)
    assert set(rule_texts()["conditions"]) == set(ConditionLimits.model_fields)


def test_conditions_that_must_all_hold_are_joined():
    both = Conditions(relative_difference=0.95, surface_above_c=90, category="hot")
    assert RuleWords(Language.EN).conditions(both) == (
        "the hot spot is above 90 °C and the relative difference δ is 95 % or more: hot"
    )
    assert RuleWords(Language.ZH).conditions(both).startswith("热点温度高于 90 °C，且相对温差")


def test_a_set_says_what_holds_for_all_its_rules():
    rows = dict(RuleWords(Language.EN).base(KnowledgeBase.load("iec62271")))
    assert rows["measured in"] == "air of at most 40 °C"
    assert rows["not judged"].startswith("transformer: ")
    assert "10 K" in dict(RuleWords(Language.EN).base(KnowledgeBase.load()))["δ"]


@pytest.mark.parametrize("name", ["neta", "iec62271"])
@pytest.mark.parametrize("hot_c", [5.0, 25.0, 35.0, 55.0, 95.0, 150.0])
@pytest.mark.parametrize("air_c", [20.0, float("nan")])
def test_verdicts_by_other_sets_are_understood_in_chinese(name, hot_c, air_c):
    """A sentence that stays English needs a line in templates/phrases.yaml."""
    base = KnowledgeBase.load(name)
    box = Detection("disconnector", 0.9, Box(10.0, 10.0, 40.0, 40.0))
    reading = Reading(box, hot_c, hot_c, hot_spot_px=(25, 25))
    verdict = Judge(base).judge([reading], MeasuringConditions(air_c=air_c))[0]
    for sentence in (verdict.reason, *verdict.also, *verdict.cautions):
        said = Wording(Language.ZH).reason(sentence)
        english = set(re.findall(r"[a-z][a-z_-]{2,}", said)) - {rule.id for rule in base.rules}
        assert not english, (sentence, said)
