"""What may be wrong with a rule set that can be read, and where."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thermoscout_core.detection.detector import Detector
from thermoscout_core.diagnosis.rule_check import DETECTOR_CLASSES, check_rules
from thermoscout_core.diagnosis.rule_files import find_rule_file, shipped_rule_sets
from thermoscout_core.errors import ConfigurationError

HEAD = """\
id: site
title: Site rules
min_rise_k: 10
not_judged: {bushing: not here, insulator_column: not here, insulator_string: not here,
  disconnector: not here, transformer: not here, cable_termination: not here, hot_region: not here}
rules:
"""
ROW = """\
  - id: ID
    equipment: [connector]
    part: clamp
    fault: poor contact
    heating: current
    edition: site rule
    clause: "1"
    verified: true
"""
FIRST = 15
"""Line on which the first row's grades begin."""


def check(tmp_path: Path, *rows: str, head: str = HEAD) -> list[tuple[int, bool, str]]:
    """Line, whether it is an error, and message, of all that isn't about examples."""
    path = tmp_path / "site.yaml"
    text = "".join(ROW.replace("ID", name) + row for name, row in zip("abc", rows, strict=False))
    path.write_text(head + text, encoding="utf-8")
    found = [(p.line, p.is_error, p.message) for p in check_rules(path)]
    return [one for one in found if "no example" not in one[2]]


def grade(severity: str, *alternatives: str) -> str:
    return f"    {severity}:\n" + "".join(f"      - {{{one}}}\n" for one in alternatives)


@pytest.mark.parametrize("name", shipped_rule_sets())
def test_nothing_is_wrong_with_the_shipped_sets(name):
    assert check_rules(name) == []


def test_the_classes_are_those_of_the_shipped_detector():
    assert set(DETECTOR_CLASSES) == set(Detector.load().classes)


def test_a_sound_rule_has_nothing_wrong(tmp_path):
    assert check(tmp_path, grade("serious", "surface_above_c: 90")) == []


def test_a_grade_that_a_graver_one_forestalls_is_an_error(tmp_path):
    row = grade("critical", "surface_above_c: 80") + grade("serious", "surface_above_c: 90")
    ((line, is_error, message),) = check(tmp_path, row)
    assert (line, is_error) == (FIRST + 3, True)
    assert "rule a.serious.0: never reached" in message and "critical" in message


def test_an_alternative_that_another_one_contains_never_decides(tmp_path):
    row = grade("serious", "surface_above_c: 90", "surface_above_c: 95, like_above_k: 8")
    ((line, is_error, message),) = check(tmp_path, row)
    assert (line, is_error) == (FIRST + 2, False)
    assert "never decides: alternative 1" in message


def test_the_same_alternative_twice_is_told_once(tmp_path):
    row = grade("serious", "surface_above_c: 90", "surface_above_c: 90")
    assert [line for line, *_ in check(tmp_path, row)] == [FIRST + 2]


def test_an_alternative_that_only_names_a_category_more_is_meant(tmp_path):
    row = grade("serious", "surface_above_c: 95, category: bad", "surface_above_c: 90")
    assert check(tmp_path, row) == []


def test_a_limit_that_delta_passes_anyway_says_nothing(tmp_path):
    row = grade("serious", "relative_difference: 0.8, like_above_k: 8")
    ((line, _, message),) = check(tmp_path, row)
    assert line == FIRST + 1 and "is 8 K or more" in message
    assert check(tmp_path, grade("serious", "relative_difference: 0.8, like_above_k: 9")) == []


def test_rules_that_overlap_are_named_both(tmp_path):
    first = grade("serious", "surface_above_c: 80")
    second = grade("general", "surface_above_c: 90", "like_above_k: 8")
    ((line, is_error, message),) = check(tmp_path, first, second)
    assert (line, is_error) == (FIRST + 11, False)
    assert message.startswith("rule b overlaps rule a")
    assert "for connector" in message and "calls serious" in message


def test_a_rule_that_others_outvote_wholly_never_decides(tmp_path):
    first = grade("serious", "surface_above_c: 80")
    ((line, _, message),) = check(tmp_path, first, grade("general", "surface_above_c: 90"))
    assert line == FIRST + 2
    assert message == "rule b never decides: a says as much"


def test_of_two_equal_rules_the_second_never_decides(tmp_path):
    row = grade("serious", "surface_above_c: 80")
    assert [message for *_, message in check(tmp_path, row, row)] == [
        "rule b never decides: a says as much"
    ]


def test_rules_of_different_quantities_do_not_overlap(tmp_path):
    rows = grade("serious", "surface_above_c: 80"), grade("general", "like_above_k: 8")
    assert check(tmp_path, *rows) == []


def test_a_jump_over_serious_is_a_gap(tmp_path):
    row = grade("critical", "surface_above_c: 80") + grade("general", "surface_above_c: 60")
    ((line, _, message),) = check(tmp_path, row)
    assert line == FIRST and "gap: from general to critical" in message


def test_a_quantity_that_is_critical_but_never_serious_is_a_gap(tmp_path):
    row = grade("critical", "surface_above_c: 80") + grade("serious", "like_above_k: 20")
    ((line, _, message),) = check(tmp_path, row)
    assert line == FIRST + 1 and "gap: by surface temperature" in message


def test_a_class_that_nobody_judges_is_a_gap(tmp_path):
    head = HEAD.replace("bushing: not here, ", "")
    found = check(tmp_path, grade("serious", "surface_above_c: 90"), head=head)
    assert [message for *_, message in found] == [
        "gap: no rule for bushing; write one, or say why under not_judged"
    ]


def test_a_misspelt_class_is_suspected(tmp_path):
    row = grade("serious", "surface_above_c: 90")
    head = HEAD.replace("hot_region: not here", "hot_region: not here, connector: not here")
    path = tmp_path / "site.yaml"
    path.write_text(head + ROW.replace("[connector]", "[conector]").replace("ID", "a") + row)
    (found,) = [p for p in check_rules(path) if "no example" not in p.message]
    assert (found.line, found.is_error) == (8, False)
    assert "is connector meant?" in found.message


def test_a_limit_without_examples_is_told_on_its_line(tmp_path):
    path = tmp_path / "site.yaml"
    path.write_text(HEAD + ROW.replace("ID", "a") + grade("serious", "surface_above_c: 90"))
    (found,) = check_rules(path)
    assert str(found) == (
        f"{path}:{FIRST + 1}: warning: rule a: serious.0.surface_above_c: "
        "no example just above or just below 90"
    )


def test_all_errors_of_a_file_are_told_in_the_order_of_its_lines(tmp_path):
    row = grade("serious", "surface_above: 90").replace("serious", "srious")
    found = check(tmp_path, row, head=HEAD.replace("min_rise_k: 10", "min_rise_k: -1"))
    assert all(is_error for _, is_error, _ in found)
    assert [line for line, *_ in found] == [3, FIRST]


def test_a_name_that_isnt_shipped_is_refused():
    with pytest.raises(ConfigurationError, match=r"no rule set neta9: the shipped ones.*neta"):
        check_rules("neta9")


@pytest.mark.parametrize("text", ["a: [1", "edition: 2016-99-99\n", "? [a]\n: 1\n", "\x00"])
def test_what_is_no_yaml_is_an_error_with_a_line(tmp_path, text):
    path = tmp_path / "site.yaml"
    path.write_text(text)
    (found,) = check_rules(path)
    assert found.is_error and found.line >= 1


SCRAPS = (
    "null",
    "[]",
    "{}",
    "&a [*a]",
    "*a",
    "<<: *a",
    "? x",
    '"',
    "- ",
    "!!set {a}",
    "1",
    "id: x",
)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_whatever_is_written_into_a_file_is_judged_or_refused_with_a_line(data):
    lines = find_rule_file("neta").read_text(encoding="utf-8").splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        key = lines[at].split(":")[0]
        scrap = data.draw(st.sampled_from(SCRAPS))
        lines[at] = data.draw(st.sampled_from((scrap, f"{key}: {scrap}", lines[at].strip())))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "site.yaml"
        path.write_text("\n".join(lines), encoding="utf-8")
        assert all(1 <= problem.line <= len(lines) + 1 for problem in check_rules(path))
