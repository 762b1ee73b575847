"""thermoscout rules, and inspect --rules."""

from __future__ import annotations

import json
import math
import re

import pytest

from thermoscout_core.cli import app
from thermoscout_core.diagnosis.rule_files import shipped_rule_sets
from thermoscout_core.resources import resource_path

SITE = """\
id: north
extends: dlt664
rules:
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
    examples:
      - {t1_c: 70.1, severity: serious}
      - {t1_c: 70, severity: normal}
"""


@pytest.fixture
def run(runner):
    return lambda *arguments: runner.invoke(app, ["rules", *map(str, arguments)])


@pytest.fixture
def site(tmp_path):
    path = tmp_path / "north.yaml"
    path.write_text(SITE)
    return path


def flat(output: str) -> str:
    """What a table says, without its line breaks."""
    return re.sub(r"\s+", " ", output)


def test_list_names_the_shipped_sets(run):
    output = run("list").output
    assert all(name in output for name in shipped_rule_sets())


def test_check_finds_nothing_in_the_shipped_sets(run):
    result = run("check", "--strict")
    assert result.exit_code == 0
    assert "neta: no errors, no warnings" in result.output


def test_check_tells_errors_with_file_and_line_and_ends_with_1(run, site):
    site.write_text(SITE.replace("part: joint", "part: joint\n    color: red"))
    result = run("check", site)
    assert result.exit_code == 1
    assert f"{site}:7: error: rule busbar.color: unknown key" in result.output
    assert "1 error, no warnings" in result.output


def test_warnings_count_only_when_strict(run, site):
    site.write_text(SITE.replace("      - {t1_c: 70, severity: normal}\n", ""))
    assert run("check", site).exit_code == 0
    result = run("check", "--strict", site)
    assert result.exit_code == 1
    assert f"{site}:13: warning: rule busbar: serious.0.surface_above_c" in result.output


def test_check_asks_for_the_classes_of_a_detector_of_ones_own(run, site, monkeypatch):
    from thermoscout_core.detection.detector import Detector

    monkeypatch.setattr(
        Detector, "load", lambda path: type("Own", (), {"classes": ("busbar", "wave_trap")})
    )
    output = run("check", site, "--model", "own.onnx").output
    assert "no rule for wave_trap" in output and "no rule for busbar" not in output


def test_test_counts_what_was_right(run, site):
    result = run("test", "neta", site)
    assert result.exit_code == 0
    assert "neta: 25 of 25 examples right; 12 of 12 limits shown" in result.output
    assert re.search(rf"{site}: (\d+) of \1 examples right; (\d+) of \2 limits", result.output)


def test_test_names_the_example_that_fails_and_ends_with_1(run, site):
    site.write_text(SITE.replace("70, severity: normal", "70, severity: serious"))
    result = run("test", site)
    assert result.exit_code == 1
    assert f"{site}:16: error: rule busbar: example 2 should be serious, but is" in result.output
    assert "70.0 °C is not above 70 °C" in result.output


def test_explain_says_a_rule_in_words(run):
    output = flat(run("explain", "dlt664", "connector-joint").output)
    assert "critical the hot spot is above 130 °C or the hot spot is above 90 °C and" in output
    assert "(unverified)" in output
    assert "bushing" not in output


def test_explain_takes_a_class_for_its_rules(run):
    output = run("explain", "neta", "bushing").output
    assert "similar-components" in output and "over-ambient" in output
    assert "hot-region" not in output


def test_explain_speaks_chinese(run):
    output = flat(run("explain", "neta", "over-ambient", "--language", "zh").output)
    assert "危急 比给定气温高 40 K 以上" in output and "重大异常" in output
    both = run("explain", "neta", "over-ambient", "--language", "both").output
    assert "危急" in both and "critical" in both


@pytest.mark.parametrize("name", shipped_rule_sets())
def test_every_shipped_set_can_be_explained(run, name):
    for language in ("en", "zh"):
        assert run("explain", name, "--language", language).exit_code == 0


def test_explain_of_an_unknown_rule_suggests_one(run):
    result = run("explain", "neta", "over-ambiant")
    assert result.exit_code == 2
    assert "did you mean over-ambient?" in result.stderr


def test_a_set_that_isnt_there_is_one_plain_line(run):
    for command in ("check", "test", "explain"):
        result = run(command, "neat")
        assert result.exit_code == 2
        assert "the shipped ones are dlt664" in result.stderr


def test_schema_prints_what_is_shipped(run):
    output = run("schema").output
    shipped = resource_path("config/schema/rules.schema.json").read_text(encoding="utf-8")
    assert json.loads(output) == json.loads(shipped)


def test_inspect_takes_a_set_by_name_or_file(runner, folder, tmp_path, site):
    for rules, said in (("neta", "neta"), (site, "north")):
        out = tmp_path / f"out-{said}"
        options = ["--rules", str(rules), "--output", str(out), "--no-report"]
        result = runner.invoke(app, ["inspect", str(folder / "hot.png"), *options])
        assert result.exit_code == 0, result.output
        results = json.loads((out / "results.json").read_text(encoding="utf-8"))
        assert results["rules"] == said and len(results["rules_sha256"]) == 64


def test_inspect_tells_the_judge_the_conditions_that_were_stated(
    runner, folder, tmp_path, fake_inspector, monkeypatch
):
    told = []
    judge = fake_inspector.judge.judge
    monkeypatch.setattr(
        fake_inspector.judge,
        "judge",
        lambda readings, conditions: told.append(conditions) or judge(readings),
    )
    stated = ["--air", "12", "--humidity", "0.4", "--distance", "7"]
    options = [*stated, "--output", str(tmp_path / "out"), "--no-report"]
    assert runner.invoke(app, ["inspect", str(folder), *options]).exit_code == 0
    assert [(c.air_c, c.relative_humidity, c.distance_m) for c in told] == [(12, 0.4, 7)] * 2
    assert math.isnan(told[0].wind_m_s)


def test_inspect_refuses_a_set_that_isnt_there(runner, folder, tmp_path):
    options = ["--rules", "neat", "--output", str(tmp_path / "out")]
    result = runner.invoke(app, ["inspect", str(folder), *options])
    assert result.exit_code == 2
    assert "no rule set neat" in result.stderr
