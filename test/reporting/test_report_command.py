"""thermoscout report: which files it writes, from what, and what it says."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from thermoscout_core.cli import app
from thermoscout_core.reporting.details import read_details
from thermoscout_core.reporting.report import Outputs, make_report
from thermoscout_core.thermograms import read_thermogram


def run(*arguments):
    return CliRunner().invoke(app, ["report", *map(str, arguments)])


def pictures_of(page) -> list[str]:
    return re.findall(r'src="(data:[^"]+)"', page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["", "results.json"])
def test_report_is_written_beside_the_results(inspected, name):
    (inspected / "report.html").unlink()
    assert run(inspected / name, "--no-pdf").exit_code == 0
    assert (inspected / "report.html").is_file()
    assert not (inspected / "report.pdf").exists()


def test_report_goes_elsewhere_alone(tmp_path, inspected):
    run(inspected, "--output", tmp_path / "new", "--no-pdf")
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["report.html"]
    assert len(pictures_of(tmp_path / "new" / "report.html")) == 3  # close-up, boxed, plain


def test_without_the_thermogram_the_annotated_picture_is_shown(tmp_path, inspected):
    (tmp_path / "counts" / "a.png").unlink()
    run(inspected, "--no-pdf")
    assert len(pictures_of(inspected / "report.html")) == 2


def test_without_any_picture_there_is_still_the_evidence(tmp_path, inspected):
    (tmp_path / "counts" / "a.png").unlink()
    for picture in (inspected / "annotated").iterdir():
        picture.unlink()
    run(inspected, "--no-pdf")
    page = (inspected / "report.html").read_text(encoding="utf-8")
    assert (
        "130.0 °C" in page and "No picture" in page and not pictures_of(inspected / "report.html")
    )


def test_damaged_annotated_picture_is_no_obstacle(tmp_path, inspected):
    (tmp_path / "counts" / "a.png").unlink()
    (inspected / "annotated" / "a.png").write_bytes(b"no picture")
    assert run(inspected, "--no-pdf").exit_code == 0


def test_details_are_shown_and_what_is_missing_is_unknown(tmp_path, inspected):
    details = tmp_path / "details.yaml"
    details.write_text(
        "site: East station\nwind_m_s: 7.5\nimages: {a: {load_a: 20, rated_load_a: 100}}\n"
    )
    results = inspected / "results.json"
    record = json.loads(results.read_text(encoding="utf-8"))
    results.write_text(json.dumps({**record, "rules": "dlt664"}), encoding="utf-8")
    run(inspected, "--details", details, "--no-pdf")
    page = (inspected / "report.html").read_text(encoding="utf-8")
    assert "East station" in page and "20 A" in page
    assert "asked by the rules dlt664" in page
    rows = {row.split("</td>")[0]: row for row in page.split("<tr><td>")}
    assert "NOT met" in rows["wind"] and "NOT met" in rows["load of rated"]
    assert "unknown" in rows["relative humidity"] and "not stated" in rows["relative humidity"]


def test_the_details_of_the_manual_are_understood(tmp_path):
    manual = Path(__file__).parents[2] / "docs" / "report.md"
    (example,) = re.findall(r"```yaml\n(.+?)```", manual.read_text(encoding="utf-8"), re.S)
    (tmp_path / "details.yaml").write_text(example, encoding="utf-8")
    details = read_details(tmp_path / "details.yaml")
    assert details.site.startswith("North") and details.images["sub_105"].load_a == 240
    assert details.images["sub_105"].visible == tmp_path / "photos" / "q9.jpg"


def test_unknown_key_in_details_is_named(tmp_path, inspected):
    (tmp_path / "details.yaml").write_text("images: {a: {wnid: 2}}\n")
    done = run(inspected, "--details", tmp_path / "details.yaml")
    assert done.exit_code == 2 and "images.a.wnid" in done.output


def test_visible_picture_stands_beside_the_thermogram(tmp_path, inspected, frame):
    cv2.imwrite(str(tmp_path / "photo.jpg"), cv2.merge([frame.counts.astype("u1")] * 3))
    (tmp_path / "details.yaml").write_text("images: {a: {visible: photo.jpg}}\n")
    run(inspected, "--details", tmp_path / "details.yaml", "--no-pdf")
    assert "visible picture" in (inspected / "report.html").read_text(encoding="utf-8")


def test_missing_visible_picture_is_said(tmp_path, inspected):
    (tmp_path / "details.yaml").write_text("images: {a: {visible: gone.jpg}}\n")
    run(inspected, "--details", tmp_path / "details.yaml", "--no-pdf")
    page = (inspected / "report.html").read_text(encoding="utf-8")
    assert "visible picture not found" in page and "gone.jpg" in page


def test_model_and_rules_stand_with_their_checksums(inspected):
    results = inspected / "results.json"
    text = results.read_text(encoding="utf-8")
    text = text.replace('"model_sha256":""', '"model_sha256": ""')
    text = text.replace('"model": ""', '"model": "ssd@12"')
    text = text.replace('"model_sha256": ""', '"model_sha256": "12ab"')
    results.write_text(text, encoding="utf-8")
    run(inspected, "--no-pdf")
    page = (inspected / "report.html").read_text(encoding="utf-8")
    assert "ssd@12, SHA-256 12ab" in page


def test_annex_c_file_is_a_thermogram_again(inspected, frame):
    done = run(inspected, "--annex-c", "--no-pdf")
    path = inspected / "annex_c" / "a.jpg"
    assert "annex c  1 files" in done.output
    again = read_thermogram(path)
    assert abs(again.celsius() - frame.celsius()).max() < 0.01
    assert b"critical: disconnector 130.0" in path.read_bytes()


def test_annex_c_file_opens_as_a_picture_everywhere(inspected):
    run(inspected, "--annex-c", "--no-pdf", "--no-html")
    assert cv2.imread(str(inspected / "annex_c" / "a.jpg")).shape[:2] == (96, 128)


def test_annex_of_unknown_settings_is_left_out_with_its_reason(tmp_path, inspected):
    scale = tmp_path / "scale.yaml"
    scale.write_text("gain: 0.1\noffset: -1000\nencoding: mono16\n")
    written = make_report(inspected, outputs=Outputs(html=False, annex_c=True))
    assert not written.annexes and "emissivity" in written.left_out[0]


def test_trend_of_a_fault_is_shown(inspected, frame):
    from thermoscout_core.reporting.composition import ReportOptions

    asked = []
    trend = cv2.imencode(".png", frame.counts[:20, :30].astype("u1"))[1].tobytes()

    def trend_pictures(image, verdict):
        asked.append((image.id, verdict.class_name))
        return trend

    make_report(inspected, options=ReportOptions(trend_pictures=trend_pictures))
    assert asked == [("a", "disconnector")]
    assert any(
        source.startswith("data:image/png") for source in pictures_of(inspected / "report.html")
    )


def test_foreign_results_are_refused_in_one_line(tmp_path):
    (tmp_path / "results.json").write_text("{}")
    done = run(tmp_path)
    assert done.exit_code == 2 and "results.json" in done.output


def test_missing_reportlab_is_told_with_what_to_do(inspected, monkeypatch):
    monkeypatch.setitem(sys.modules, "reportlab", None)
    for name in [
        name for name in sys.modules if name.startswith("thermoscout_core.reporting.pdf")
    ]:
        monkeypatch.delitem(sys.modules, name)
    done = run(inspected, "--pdf")
    assert done.exit_code == 2 and "thermoscout[report]" in done.output
