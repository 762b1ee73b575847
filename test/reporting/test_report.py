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
from thermoscout_core.reporting.pictures import CLOSE_UP_PX, PictureNames, close_up
from thermoscout_core.reporting.report import write_report
from thermoscout_core.reporting.restored import inspection_of
from thermoscout_core.reporting.sheets import TruthTable
from thermoscout_core.reporting.style import STANDARD_STYLE
from thermoscout_core.results import image_record, read_results


@pytest.fixture
def page(tmp_path, named, failed):
    return write_report(tmp_path / "out", [named, failed], "Bay 7").read_text(encoding="utf-8")


def test_report_names_the_fault_with_its_evidence(page):
    for text in ("Bay 7", "disconnector", "130.0 °C", "95 %", "disconnector-head", "(unverified)"):
        assert text in page


def test_report_shows_flags_and_provisional_verdicts(page):
    assert "reads low" in page and "provisional" in page


def test_report_lists_the_failed_image_with_its_reason(page):
    assert "truncated PNG" in page


def test_page_holds_its_pictures_itself(page):
    sources = re.findall(r'src="([^"]{30})', page)
    assert len(sources) == 2
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)


def test_every_picture_has_a_text_for_those_who_do_not_see_it(page):
    pictures = re.findall(r"<img [^>]*>", page)
    assert pictures and all(re.search(r'alt="[^"]+"', picture) for picture in pictures)


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
    assert (near == np.array(STANDARD_STYLE.color(inspection.verdicts[0]), np.uint8)).all(
        axis=-1
    ).sum() >= 8


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
