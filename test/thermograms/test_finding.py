"""Looking for thermograms in files, folders and dataset folders."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from thermoscout_core.errors import ThermogramError
from thermoscout_core.frames import LinearScale
from thermoscout_core.thermograms import find_thermograms, read_thermogram


def test_folder_is_searched_recursively(tmp_path, counts):
    (tmp_path / "a" / "b").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "a" / "b" / "x.tiff"), counts)
    assert [item.id for item in find_thermograms([tmp_path])] == ["x"]


def test_dataset_folder_is_read_from_counts_only(dataset):
    found = find_thermograms([dataset])
    assert [item.path for item in found] == [dataset / "counts" / f"{s}.png" for s in "abc"]


def test_dataset_folder_is_recognised_below_the_given_one(dataset):
    assert len(find_thermograms([dataset.parent])) == 3


def test_split_selects_by_stem_in_order_of_path(dataset):
    assert [item.id for item in find_thermograms([dataset], "val")] == ["a", "b"]


def test_stem_of_a_split_whose_file_is_missing_is_still_listed(dataset):
    (dataset / "splits" / "val.txt").write_text("a\nnowhere\n")
    assert [item.id for item in find_thermograms([dataset], "val")] == ["a", "nowhere"]


def test_unknown_split_names_the_known_ones(dataset):
    with pytest.raises(ThermogramError, match=r"test\.txt.*val"):
        find_thermograms([dataset], "test")


def test_file_given_by_name_is_taken_whatever_its_extension(tmp_path):
    (tmp_path / "frame.dat").write_bytes(b"x")
    assert [item.id for item in find_thermograms([tmp_path / "frame.dat"])] == ["frame"]


def test_same_file_given_twice_is_found_once(dataset):
    assert len(find_thermograms([dataset, dataset / "counts" / "a.png", dataset])) == 3


def test_found_files_are_sorted(dataset):
    given = [dataset / "counts" / "c.png", dataset / "counts" / "a.png"]
    assert [item.id for item in find_thermograms(given)] == ["a", "c"]


def test_pictures_of_an_earlier_report_are_passed_over(tmp_path, counts):
    (tmp_path / "annotated").mkdir()
    (tmp_path / "results.json").write_text("{}")
    cv2.imwrite(str(tmp_path / "annotated" / "x.png"), np.zeros((4, 4), np.uint8))
    cv2.imwrite(str(tmp_path / "y.png"), counts)
    assert [item.id for item in find_thermograms([tmp_path])] == ["y"]


def test_empty_folder_is_an_error_that_names_it(tmp_path):
    with pytest.raises(ThermogramError, match=str(tmp_path)):
        find_thermograms([tmp_path])


def test_missing_path_is_an_error_that_names_it(tmp_path):
    with pytest.raises(ThermogramError, match="nowhere"):
        find_thermograms([tmp_path / "nowhere"])


def test_substation_data_are_found_and_read_by_their_scale(data_folder):
    found = find_thermograms([data_folder / "substation"], "val")
    frame = read_thermogram(found[0].path)
    assert len(found) == 48 and (frame.width_px, frame.height_px) == (384, 288)
    assert frame.radiometry.scale == LinearScale(0.1, -1000.0)
