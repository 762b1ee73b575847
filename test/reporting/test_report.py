"""The report: one page that works offline, and its pictures."""

from __future__ import annotations

import dataclasses
import re

import cv2
import numpy as np
import pytest

from thermoscout_core.errors import ResultsError
from thermoscout_core.frames import Radiometry, ThermalFrame
from thermoscout_core.inspection import FrameInspection, NamedInspection
from thermoscout_core.reporting.overlay import FAULT_BGR
from thermoscout_core.reporting.pictures import CLOSE_UP_PX, PictureNames, close_up
from thermoscout_core.reporting.remake import inspection_of, remake_report
from thermoscout_core.reporting.report import TruthTable, write_report
from thermoscout_core.results import image_record, read_results


@pytest.fixture
def page(tmp_path, named, failed):
    return write_report(tmp_path / "out", [named, failed], "Bay 7").read_text(encoding="utf-8")


def test_report_names_the_fault_with_its_evidence(page):
    for text in ("Bay 7", "disconnector", "130.0 °C", "95 %", "disconnector-head", "(unverified)"):
        assert text in page


def test_report_shows_flags_and_provisional_verdicts(page):
    assert "too small" in page and "provisional" in page


def test_report_lists_the_failed_image_with_its_reason(page):
    assert "truncated PNG" in page


def test_every_picture_of_the_page_lies_beside_it(tmp_path, page):
    sources = set(re.findall(r'src="([^"]+)"', page))
    assert len(sources) == 2
    assert all((tmp_path / "out" / source).is_file() for source in sources)


def test_page_loads_nothing_from_elsewhere(page):
    assert not re.search(r'(src|href)="(https?:)?//|@import|url\(|<script', page)


def test_text_from_files_is_escaped(tmp_path, named):
    evil = dataclasses.replace(named, id="<script>alert(1)</script>", file='"><img>')
    page = write_report(tmp_path, [evil]).read_text(encoding="utf-8")
    assert "<script>" not in page and '"><img>' not in page


def test_small_frame_is_shown_enlarged(tmp_path, named):
    write_report(tmp_path, [named])
    assert cv2.imread(str(tmp_path / "annotated" / "a.png")).shape[0] == 5 * 96


def test_fault_has_a_close_up(tmp_path, named):
    write_report(tmp_path, [named])
    picture = cv2.imread(str(tmp_path / "annotated" / "a.fault1.png"))
    assert picture.shape == (CLOSE_UP_PX[1], CLOSE_UP_PX[0], 3)


def test_close_up_shows_the_hot_spot_where_it_is(inspection, frame):
    counts = np.full_like(frame.counts, 10_200)
    counts[40:44, 50:54] = 11_300
    still = dataclasses.replace(inspection, frame=dataclasses.replace(frame, counts=counts))
    picture = close_up(still, 0)
    ys, xs = np.nonzero(picture.min(axis=-1) > 250)
    x, y = round(xs.mean()), round(ys.mean())
    near = picture[y - 8 : y + 9, x - 8 : x + 9]
    assert (near == np.array(FAULT_BGR, np.uint8)).all(axis=-1).sum() >= 8


def test_frame_without_temperatures_is_reported_too(tmp_path, failed):
    frame = ThermalFrame(np.zeros((20, 30), np.uint16), Radiometry(scale=None))
    bare = NamedInspection("p", "", FrameInspection(frame, (), (), ()))
    assert "No equipment" in write_report(tmp_path, [bare]).read_text(encoding="utf-8")


def test_report_of_nothing_says_so(tmp_path):
    assert "No fault" in write_report(tmp_path, []).read_text(encoding="utf-8")


def test_truth_table_is_shown(tmp_path, named):
    truth = TruthTable(("equipment", "true °C"), [("DS-1", "131.2")], "simulated patrol")
    page = write_report(tmp_path, [named], truth=truth).read_text(encoding="utf-8")
    assert "131.2" in page and "simulated patrol" in page


def test_results_lie_beside_the_report(tmp_path, named, failed):
    write_report(tmp_path, [named, failed])
    assert [image.id for image in read_results(tmp_path / "results.json").images] == ["a", "b"]


def test_folder_that_cannot_be_made_is_named(tmp_path, named):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match=r"file.*--output"):
        write_report(tmp_path / "file" / "out", [named])


def test_images_of_equal_id_get_different_pictures(tmp_path, named):
    write_report(tmp_path, [named, named])
    images = read_results(tmp_path / "results.json").images
    assert len({image.picture for image in images}) == 2


@pytest.mark.parametrize("image_id", ["../../x", "a/b", "", ".", "C:\\x", "é 变" * 100])
def test_picture_names_stay_inside_the_folder(image_id):
    name = PictureNames().next(image_id)
    assert re.fullmatch(r"annotated/[^/\\.][^/\\]*\.png", name)


def test_record_and_frame_give_the_inspection_back(named, inspection, frame):
    again = inspection_of(image_record(named), frame)
    assert image_record(dataclasses.replace(named, inspection=again)) == image_record(named)


def test_report_is_remade_elsewhere_with_its_pictures(tmp_path, named, failed):
    write_report(tmp_path / "old", [named, failed])
    remake_report(tmp_path / "old" / "results.json", tmp_path / "new")
    assert sorted(file.name for file in (tmp_path / "new" / "annotated").iterdir()) == [
        "a.fault1.png",
        "a.png",
    ]


def test_remade_report_is_the_same_page(tmp_path, named, failed):
    old = write_report(tmp_path / "old", [named, failed], "T").read_text(encoding="utf-8")
    new = remake_report(tmp_path / "old" / "results.json", tmp_path / "new", "T")
    assert new.read_text(encoding="utf-8") == old


def test_missing_picture_is_drawn_again_from_the_thermogram(tmp_path, named, frame):
    source = tmp_path / "a.png"
    cv2.imwrite(str(source), frame.counts)
    (tmp_path / "scale.yaml").write_text("gain: 0.1\noffset: -1000\nencoding: mono16\n")
    write_report(tmp_path / "old", [dataclasses.replace(named, file=str(source))])
    (tmp_path / "old" / "annotated" / "a.png").unlink()
    remake_report(tmp_path / "old" / "results.json", tmp_path / "new")
    assert (tmp_path / "new" / "annotated" / "a.png").is_file()


def test_report_without_pictures_and_thermograms_still_has_its_evidence(tmp_path, named):
    write_report(tmp_path / "old", [named])
    (tmp_path / "old" / "annotated" / "a.png").unlink()
    page = remake_report(tmp_path / "old" / "results.json", tmp_path / "new")
    text = page.read_text(encoding="utf-8")
    assert "130.0 °C" in text and 'src="annotated/a.png"' not in text
