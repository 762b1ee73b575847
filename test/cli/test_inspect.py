"""thermoscout inspect: results, pictures and report; bad files do not stop it."""

from __future__ import annotations

import json

import pytest

from thermoscout_core.cli import app
from thermoscout_core.errors import ModelError
from thermoscout_core.inspection import Inspector

pytestmark = pytest.mark.usefixtures("fake_inspector")


@pytest.fixture
def run(runner, folder, tmp_path):
    output = tmp_path / "out"

    def call(*arguments, paths=(folder,)):
        given = [str(path) for path in paths]
        result = runner.invoke(app, ["inspect", *given, "--output", str(output), *arguments])
        file = output / "results.json"
        return result, json.loads(file.read_text("utf-8")) if file.is_file() else None

    return call


def test_every_image_is_in_the_results_in_order(run):
    assert [image["id"] for image in run()[1]["images"]] == ["cold", "hot"]


def test_report_and_pictures_are_written(run, tmp_path):
    run()
    assert (tmp_path / "out" / "report.html").is_file()
    assert (tmp_path / "out" / "annotated" / "hot.png").is_file()


def test_no_report_leaves_results_only(run, tmp_path):
    run("--no-report")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["results.json"]


def test_summary_lists_the_fault_and_the_paths(run):
    output = run()[0].output
    assert "serious 1" in output and "100.0" in output and "report.html" in output


def test_good_run_ends_with_0(run):
    assert run()[0].exit_code == 0


def test_results_say_what_made_them(run):
    results = run()[1]
    assert (results["model"], results["rules"], results["score_threshold"]) == (
        "fake@0",
        "fake",
        0.3,
    )


def test_one_bad_file_does_not_stop_the_run(run, folder):
    (folder / "a_broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    result, results = run()
    assert result.exit_code == 0 and "not inspected" in result.output
    assert "truncated" in results["images"][0]["error"]
    assert len(results["images"]) == 3


def test_only_bad_files_end_with_1(run, folder):
    for file in folder.glob("*.png"):
        file.write_bytes(b"")
    result, results = run()
    assert result.exit_code == 1 and len(results["images"]) == 2


def test_options_become_the_parameters_of_the_scene(run):
    results = run("--distance", "12.5", "--emissivity", "0.92")[1]
    reading = results["images"][0]["readings"][0]
    assert (reading["distance_m"], reading["emissivity"]) == (12.5, 0.92)


@pytest.fixture
def judged_by(run, fake_inspector, tmp_path, monkeypatch):
    """details' YAML, options -> the conditions that each image was judged by, and the results."""
    judge = fake_inspector.judge.judge

    def call(details, *options):
        heard = []

        def listening(readings, conditions=None):
            heard.append(conditions)
            return judge(readings, conditions)

        monkeypatch.setattr(fake_inspector.judge, "judge", listening)
        file = tmp_path / "site.yaml"
        file.write_text(details)
        _, results = run("--details", str(file), *options)
        return heard, results

    return call


def test_the_judge_hears_of_wind_and_load_from_the_details(judged_by):
    heard, _ = judged_by("{wind_m_s: 7, rated_load_a: 100, images: {hot: {load_a: 40}}}")
    assert [(known.wind_m_s, known.load_share) for known in heard][1] == (7.0, 0.4)


def test_judge_correction_and_report_take_the_air_of_the_details(judged_by):
    """It goes before what options and thermograms state, image by image."""
    heard, results = judged_by("{images: {hot: {air_c: 8}}}", "--air", "20", "--humidity", "0.4")
    known = [(one.air_c, one.relative_humidity) for one in heard]
    assert known == [(20.0, 0.4), (8.0, 0.4)]
    assert [image["scene"]["air_c"] for image in results["images"]] == [20.0, 8.0]


def test_what_is_not_given_stays_unknown(run):
    assert run()[1]["images"][0]["readings"][0]["distance_m"] is None


def test_stopped_run_keeps_what_was_done(run, fake_inspector, monkeypatch):
    done = fake_inspector.inspect

    def interrupted_at_the_second(frame, **known):
        if "hot" in frame.source:
            raise KeyboardInterrupt
        return done(frame, **known)

    monkeypatch.setattr(fake_inspector, "inspect", interrupted_at_the_second)
    result, results = run()
    assert result.exit_code == 130
    assert results["complete"] is False and [i["id"] for i in results["images"]] == ["cold"]


def test_split_takes_the_listed_stems(run, folder):
    (folder / "counts").mkdir()
    for file in folder.glob("*.png"):
        file.rename(folder / "counts" / file.name)
    (folder / "splits").mkdir()
    (folder / "splits" / "val.txt").write_text("hot\n")
    assert [image["id"] for image in run("--split", "val")[1]["images"]] == ["hot"]


def test_empty_folder_is_one_plain_line_and_exit_code_2(run, tmp_path):
    (tmp_path / "empty").mkdir()
    result, _ = run(paths=(tmp_path / "empty",))
    assert result.exit_code == 2
    assert result.stderr.startswith("thermoscout: ") and "Traceback" not in result.output


def test_output_that_cannot_be_written_is_refused_before_the_work(run, tmp_path):
    (tmp_path / "out").write_text("a file")
    result, _ = run()
    assert result.exit_code == 2 and "--output" in result.stderr


def test_missing_model_is_one_plain_line(run, monkeypatch):
    def missing(*_):
        raise ModelError("x.onnx: no such model; train one")

    monkeypatch.setattr(Inspector, "default", missing)
    result, _ = run("--model", "x.onnx")
    assert result.exit_code == 2 and "x.onnx: no such model" in result.stderr


def test_library_that_is_missing_is_named_with_its_extra(run, monkeypatch):
    def without_torch(*_):
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(Inspector, "default", without_torch)
    result, _ = run()
    assert result.exit_code == 2 and "pip install 'thermoscout[train]'" in result.stderr


def test_report_is_made_again_from_the_results(run, runner, tmp_path):
    run()
    results = str(tmp_path / "out" / "results.json")
    result = runner.invoke(app, ["report", results, "--output", str(tmp_path / "again")])
    assert result.exit_code == 0 and (tmp_path / "again" / "report.html").is_file()
