"""TP8 camera files and FLIR radiometric JPEGs."""

from __future__ import annotations

import math
import warnings

import cv2
import flyr
import numpy as np
import pytest

from thermoscout_core.errors import ThermogramError
from thermoscout_core.thermograms import read_thermogram


def test_tp8_matrix_is_tenths_of_a_degree(tmp_path, make_tp8):
    matrix = np.arange(288 * 384, dtype=np.int64).reshape(288, 384) % 2400 - 400
    (tmp_path / "x.jpg").write_bytes(make_tp8(matrix.astype(np.int16)))
    assert np.allclose(read_thermogram(tmp_path / "x.jpg").celsius(), matrix / 10, atol=1e-4)


def test_tp8_settings_are_unknown(tmp_path, make_tp8):
    (tmp_path / "x.jpg").write_bytes(make_tp8(np.zeros((288, 384), np.int16)))
    radiometry = read_thermogram(tmp_path / "x.jpg").radiometry
    assert "TP8" in radiometry.camera and math.isnan(radiometry.applied.emissivity)


def test_truncated_tp8_is_refused(tmp_path, make_tp8):
    (tmp_path / "x.jpg").write_bytes(make_tp8(np.zeros((288, 384), np.int16))[:-7])
    with pytest.raises(ThermogramError, match="2,028,240 bytes"):
        read_thermogram(tmp_path / "x.jpg")


def test_tp8_matrix_below_absolute_zero_is_refused(tmp_path, make_tp8):
    (tmp_path / "x.jpg").write_bytes(make_tp8(np.full((288, 384), -2800, np.int16)))
    with pytest.raises(ThermogramError, match="absolute zero"):
        read_thermogram(tmp_path / "x.jpg")


def test_plain_jpeg_is_a_picture_without_temperatures(tmp_path):
    cv2.imwrite(str(tmp_path / "x.jpg"), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(ThermogramError, match="without temperatures"):
        read_thermogram(tmp_path / "x.jpg")


def flir_files(data_folder):
    return sorted((data_folder / "flir_rjpeg").glob("*.jpg"))


def test_flir_temperatures_are_flyrs(data_folder):
    for path in flir_files(data_folder):
        if path.name.startswith("07"):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = flyr.unpack(str(path)).celsius
        # Half a count, and what flyr's 273.17 in the water term shifts.
        assert np.abs(read_thermogram(path).celsius() - expected).max() <= 0.006, path.name


def test_flir_file_states_its_settings(data_folder):
    path = next(p for p in flir_files(data_folder) if p.name.startswith("26"))
    radiometry = read_thermogram(path).radiometry
    assert radiometry.applied.emissivity == pytest.approx(0.95)
    assert radiometry.applied.reflected_c == pytest.approx(28.88)
    assert radiometry.scene.distance_m == pytest.approx(7.266, abs=0.001)
    assert radiometry.planck.r1 == pytest.approx(15396.01, abs=0.01)
    assert "FLIR E60" in radiometry.camera


def test_flir_stamp_is_the_cameras_date(data_folder):
    path = next(p for p in flir_files(data_folder) if p.name.startswith("26"))
    assert read_thermogram(path).stamp_s == 1_377_921_632  # 2013-08-31 04:00:32


def test_flir_settings_with_a_window_are_unknown(data_folder):
    path = data_folder / "flir_rjpeg" / "tp_FLIR_E40.jpg"
    assert not read_thermogram(path).radiometry.applied.is_complete


def test_flir_file_that_flyr_cannot_read_names_the_remedy(data_folder):
    path = next(p for p in flir_files(data_folder) if p.name.startswith("07"))
    with pytest.raises(ThermogramError, match=r"BillHotFlash.*float TIFF"):
        read_thermogram(path)


def test_flir_file_with_a_damaged_directory_is_refused_at_once(tmp_path, data_folder):
    content = bytearray(flir_files(data_folder)[0].read_bytes())
    header = content.index(b"FFF\0")
    content[header + 28] = 0xFF  # four billion records, which flyr would count one by one
    (tmp_path / "x.jpg").write_bytes(content)
    with pytest.raises(ThermogramError, match="directory is damaged"):
        read_thermogram(tmp_path / "x.jpg")


def test_flir_temperatures_come_from_the_raw_counts_by_our_own_chain(data_folder, monkeypatch):
    path = data_folder / "flir_rjpeg" / "tp_FLIR_E40.jpg"  # taken through a window
    expected = flyr.unpack(str(path)).celsius
    monkeypatch.delattr(flyr.FlyrThermogram, "kelvin")
    assert np.abs(read_thermogram(path).celsius() - expected).max() <= 0.01
