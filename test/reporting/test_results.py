"""results.json: the interface of docs/results.md."""

from __future__ import annotations

import json

import jsonschema
import pytest

from thermoscout_core.errors import ResultsError
from thermoscout_core.resources import resource_path
from thermoscout_core.results import (
    image_record,
    read_results,
    results_schema,
    run_results,
    write_results,
)


@pytest.fixture
def written(tmp_path, named, failed):
    path = tmp_path / "results.json"
    write_results(path, run_results(None, [image_record(named), image_record(failed)]))
    return json.loads(path.read_text(encoding="utf-8"))


def test_image_has_the_keys_of_the_interface(written):
    image = written["images"][0]
    assert {"id", "file", "detections", "readings", "verdicts"} <= image.keys()
    assert image["detections"][0] == {
        "class": "disconnector",
        "score": 0.9,
        "box": [40.5, 30.0, 64.0, 50.0],
    }


def test_verdict_has_the_keys_of_the_interface(written):
    verdict = written["images"][0]["verdicts"][0]
    assert verdict["severity"] == "critical"
    assert verdict["class"] == "disconnector"
    assert verdict["rule"] == "disconnector-head"
    assert verdict["hot_spot_px"] == [51, 41]


def test_number_that_was_not_measured_is_null(written):
    assert written["images"][0]["verdicts"][2]["t1_c"] is None
    assert written["images"][0]["verdicts"][2]["hot_spot_px"] is None
    assert written["images"][0]["readings"][1]["uncertainty_c"] is None


def test_flags_and_correction_are_names(written):
    reading = written["images"][0]["readings"][0]
    assert (reading["flags"], reading["correction"]) == (["too_small"], "network")


def test_failed_image_is_listed_with_its_error_and_empty_lists(written):
    image = written["images"][1]
    assert (image["id"], image["detections"], image["readings"], image["verdicts"]) == (
        "b",
        [],
        [],
        [],
    )
    assert "truncated" in image["error"]


def test_file_says_what_wrote_it(written):
    assert written["thermoscout"] and written["created"] and written["complete"] is True
    assert {"model", "score_threshold", "rules"} <= written.keys()


def test_what_was_written_is_read_back_equal(tmp_path, named, failed):
    results = run_results(None, [image_record(named, "annotated/a.png"), image_record(failed)])
    write_results(tmp_path / "results.json", results)
    assert read_results(tmp_path / "results.json") == results


def test_shipped_schema_is_the_models(written):
    shipped = resource_path("config/schema/results.schema.json").read_text(encoding="utf-8")
    assert shipped == results_schema(), (
        "run: python -m thermoscout_core.results > config/schema/results.schema.json"
    )


def test_file_obeys_the_shipped_schema(written):
    schema = resource_path("config/schema/results.schema.json").read_text(encoding="utf-8")
    jsonschema.validate(written, json.loads(schema))


@pytest.mark.parametrize(
    ("content", "named_in_message"),
    [
        ("{", "results.json"),
        ('{"images": []}', "created"),
        ('{"created": "x", "images": [], "mood": 1}', "mood"),
        ('{"created": "x", "images": [{"id": "a", "file": 3}]}', "images.0.file"),
    ],
)
def test_foreign_file_is_refused_by_key(tmp_path, content, named_in_message):
    (tmp_path / "results.json").write_text(content)
    with pytest.raises(ResultsError, match=named_in_message):
        read_results(tmp_path / "results.json")


def test_missing_file_is_refused_by_name(tmp_path):
    with pytest.raises(ResultsError, match="gone"):
        read_results(tmp_path / "gone.json")


def test_results_that_cannot_be_written_name_the_file(tmp_path):
    with pytest.raises(ResultsError, match="nowhere"):
        write_results(tmp_path / "nowhere" / "results.json", run_results(None, []))


def test_failed_writing_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "results.json"
    path.write_text("old")

    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("thermoscout_core.atomic.os.fsync", full_disk)
    with pytest.raises(ResultsError, match="No space"):
        write_results(path, run_results(None, []))
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
