"""The words of the report, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from thermoscout_core.detections import Box, Detection
from thermoscout_core.diagnosis.judge import Judge
from thermoscout_core.diagnosis.rules import KnowledgeBase
from thermoscout_core.readings import Reading, ReadingFlag
from thermoscout_core.reporting.choices import Language
from thermoscout_core.reporting.wording import Wording, wording_table
from thermoscout_core.verdicts import Severity

ENGLISH, CHINESE, BOTH = (Wording(language) for language in Language)
ENTRIES = [
    (section, key, entry)
    for section, texts in wording_table().items()
    for key, entry in texts.items()
]


@pytest.mark.parametrize(("section", "key", "entry"), ENTRIES)
def test_every_entry_has_both_languages(section, key, entry):
    assert set(entry) == {"en", "zh"} and all(isinstance(text, str) for text in entry.values())


@pytest.mark.parametrize(("section", "key", "entry"), ENTRIES)
def test_both_languages_of_an_entry_have_the_same_fields(section, key, entry):
    fields = [set(re.findall(r"\{(\w+)\}", text)) for text in entry.values()]
    assert fields[0] == fields[1]


def test_every_severity_and_flag_has_its_words():
    assert [CHINESE.severity(severity) for severity in Severity]
    assert [ENGLISH.flag(flag) for flag in ReadingFlag]


def test_both_languages_stand_beside_each_other():
    assert BOTH("severity") == "缺陷等级 severity"


def test_class_without_an_entry_is_called_by_its_name():
    assert CHINESE.class_name("wave_trap") == "wave trap"


def test_templates_use_no_text_that_is_not_there():
    folder = Path(__file__).parents[2] / "src" / "thermoscout_core" / "reporting"
    used = set()
    for file in [*folder.glob("*.py"), *folder.glob("templates/*.jinja")]:
        used |= set(re.findall(r'\bsay\("(\w+)"', file.read_text(encoding="utf-8")))
    assert used <= set(wording_table()["texts"])


def reading(class_name, hot_c, at=0, **fields) -> Reading:
    box = Box(10.0 + 60 * at, 10.0, 40.0 + 60 * at, 40.0)
    spot = (25 + 60 * at, 25)
    return Reading(
        Detection(class_name, 0.9, box),
        **{
            "measured_c": hot_c,
            "corrected_c": hot_c,
            "background_c": 12.0,
            "hot_spot_px": spot,
            "distance_m": 8.0,
            "emissivity": 0.9,
            **fields,
        },
    )


SCENES = {
    "too hot": [reading("connector", 140.0)],
    "hotter than its like": [reading("connector", t, n) for n, t in enumerate((60, 20, 21))],
    "sound": [reading("bushing", 20.0 + n, n) for n in range(2)],
    "alone": [reading("insulator_column", 20.0)],
    "unread": [
        reading(
            "bushing",
            float("nan"),
            hot_spot_px=None,
            flags=frozenset({ReadingFlag.NO_RADIOMETRY}),
        )
    ],
    "flagged": [reading("connector", 95.0, flags=frozenset(ReadingFlag))],
    "no rule": [reading("wave_trap", 20.0)],
}


@pytest.mark.parametrize("scene", SCENES)
def test_the_judge_is_understood_in_chinese(scene):
    """A sentence that stays English needs a line in templates/phrases.yaml."""
    for verdict in Judge(KnowledgeBase.load()).judge(SCENES[scene]):
        for sentence in (verdict.reason, *verdict.also, *verdict.cautions):
            said = CHINESE.reason(sentence)
            names = {"dlt", "wave", "trap"}
            names |= {rule.id for rule in KnowledgeBase.load().rules}
            english = set(re.findall(r"[a-z][a-z_-]{2,}", said)) - names
            assert not english, (sentence, said)
