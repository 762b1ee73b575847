"""The overlay: colors by verdict, labels that can be read, at the camera's sizes."""

from __future__ import annotations

import numpy as np
import pytest

from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.detections import Box
from thermoscout_core.errors import FrameError
from thermoscout_core.reporting.choices import ColorScheme, Palette
from thermoscout_core.reporting.lettering import text_size_px
from thermoscout_core.reporting.overlay import draw_overlay, label_wordings
from thermoscout_core.reporting.palettes import colored
from thermoscout_core.reporting.placement import Wish, place_labels
from thermoscout_core.reporting.scale_bar import (
    add_scale_bar,
    celsius_of_levels,
    panel_width_px,
)
from thermoscout_core.reporting.style import STANDARD_STYLE, OverlayStyle

COLOR_BLIND = OverlayStyle(ColorScheme.COLOR_BLIND)


def has_color(picture, color) -> bool:
    return bool((picture == np.array(color, np.uint8)).all(axis=-1).any())


@pytest.mark.parametrize("size", [(288, 384), (512, 640), (1024, 1280)])
def test_overlay_keeps_the_size_of_the_view(inspection, size):
    picture = draw_overlay(np.zeros(size, np.uint8), inspection.verdicts)
    assert picture.shape == (*size, 3) and picture.dtype == np.uint8


def test_upscaled_overlay_is_that_much_larger(inspection):
    assert draw_overlay(np.zeros((96, 128), np.uint8), (), upscale=2).shape == (192, 256, 3)


@pytest.mark.parametrize("style", [STANDARD_STYLE, COLOR_BLIND])
@pytest.mark.parametrize("index", [0, 1, 2])
def test_box_has_the_color_of_the_verdict(inspection, index, style):
    verdict = inspection.verdicts[index]
    picture = draw_overlay(np.zeros((96, 128), np.uint8), [verdict], style=style)
    assert has_color(picture, style.color(verdict))


def test_standard_colors_are_green_for_normal_and_red_for_a_fault(inspection):
    fault, normal, _ = (STANDARD_STYLE.color(verdict) for verdict in inspection.verdicts)
    assert fault[2] == max(fault) > 2 * fault[1]
    assert normal[1] == max(normal) > 1.8 * normal[2]


def seen_by_a_deuteranope(bgr) -> np.ndarray:
    """Machado, Oliveira, Fernandes 2009, severity 1.0, on linear RGB; -> Y, b - y."""
    linear = (np.array(bgr[::-1]) / 255) ** 2.2
    matrix = [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
    red, green, blue = np.array(matrix) @ linear
    return np.array([0.2126 * red + 0.7152 * green + 0.0722 * blue, blue - (red + green) / 2])


def test_color_blind_colors_differ_more_without_red_and_green(inspection):
    def apart(style):
        fault, normal, _ = (style.color(verdict) for verdict in inspection.verdicts)
        return np.abs(seen_by_a_deuteranope(fault) - seen_by_a_deuteranope(normal)).max()

    assert apart(COLOR_BLIND) > 2 * apart(STANDARD_STYLE)


def test_line_tells_severities_apart_without_color(inspection):
    shares, widths = [], []
    for verdict in inspection.verdicts:
        box = verdict.reading.detection.box
        picture = draw_overlay(np.zeros((96, 128), np.uint8), [verdict], labels=False)
        line = (picture == np.array(STANDARD_STYLE.color(verdict), np.uint8)).all(axis=-1)
        shares.append(line[round(box.y1), round(box.x1) : round(box.x2)].mean())
        widths.append(line[round(box.y1) - 3 : round(box.y1) + 3, round(box.x1) + 3].sum())
    fault, normal, unknown = shares
    assert fault == normal == 1 and unknown <= 0.8
    assert widths[0] >= 2 * widths[1] == 2


@pytest.mark.parametrize("palette", list(Palette))
def test_palette_gives_every_level_its_own_color(palette):
    levels = np.arange(256, dtype=np.uint8)[None]
    assert len(np.unique(colored(levels, palette)[0], axis=0)) > 200


@pytest.mark.parametrize("palette", [Palette.GREY, Palette.IRONBOW, Palette.VIRIDIS])
def test_hotter_is_lighter(palette):
    bgr = colored(np.arange(256, dtype=np.uint8)[None], palette)[0].astype(float)
    lightness = bgr @ [0.0722, 0.7152, 0.2126]
    assert (np.diff(lightness) > -1.5).all() and lightness[-1] > lightness[0] + 150


def test_numbers_stand_in_the_place_of_classes(inspection):
    assert label_wordings(inspection.verdicts[0], 3) == ("3 C 130.0°C", "3")


def test_hot_spot_is_marked_by_a_cross(inspection):
    picture = draw_overlay(np.zeros((96, 128), np.uint8), [inspection.verdicts[0]], labels=False)
    assert tuple(int(v) for v in picture[42, 52 + 4]) == STANDARD_STYLE.color(
        inspection.verdicts[0]
    )


def test_without_verdicts_the_view_is_unchanged():
    view = np.arange(64, dtype=np.uint8).reshape(8, 8)
    assert (draw_overlay(view, ()) == view[..., None]).all()


def test_the_view_given_is_not_drawn_into(inspection):
    view = np.zeros((96, 128, 3), np.uint8)
    draw_overlay(view, inspection.verdicts)
    assert not view.any()


def test_label_says_severity_temperature_and_class(inspection):
    assert label_wordings(inspection.verdicts[0])[0] == "C 130.0°C disconnector"


def test_label_without_a_temperature_gives_none(inspection):
    assert label_wordings(inspection.verdicts[2]) == ("? connector", "?")


def test_lettering_grows_with_the_picture():
    small, large = (panel_width_px(width) for width in (384, 1280))
    assert large > 2 * small


def test_box_outside_the_picture_does_no_harm(inspection):
    draw_overlay(np.zeros((10, 10), np.uint8), inspection.verdicts)


def test_another_dtype_is_refused(inspection):
    with pytest.raises(FrameError, match="uint16"):
        draw_overlay(np.zeros((8, 8), np.uint16), inspection.verdicts)


def test_degree_sign_takes_room():
    assert text_size_px("1°C", 0.4)[0] > text_size_px("1C", 0.4)[0]


def overlaps(a: Box, b: Box) -> bool:
    return min(a.x2, b.x2) > max(a.x1, b.x1) and min(a.y2, b.y2) > max(a.y1, b.y1)


def test_labels_of_neighbours_do_not_cover_each_other():
    wishes = [Wish(Box(x, 40, x + 20, 60), [(60, 12), (25, 12)], False) for x in (10, 30, 50)]
    rects = [place.rect for place in place_labels(wishes, 200, 100) if place]
    assert len(rects) == 3
    assert not any(overlaps(a, b) for i, a in enumerate(rects) for b in rects[:i])


def test_label_in_a_crowd_gets_its_short_wording():
    wishes = [
        Wish(Box(0, 0, 60, 30), [(60, 30)], True),
        Wish(Box(62, 0, 75, 10), [(60, 12), (30, 12)], False),
    ]
    place = place_labels(wishes, 90, 30)[1]
    assert place is not None and place.wording == 1


def test_label_without_room_is_left_out():
    wishes = [Wish(Box(0, 0, 60, 30), [(60, 30)], must) for must in (True, False)]
    assert place_labels(wishes, 60, 30)[1] is None


def test_label_of_a_fault_is_always_shown():
    wishes = [Wish(Box(0, 0, 60, 30), [(60, 30)], True)] * 2
    assert place_labels(wishes, 60, 30)[1] is not None


def test_labels_stay_inside_the_picture():
    (place,) = place_labels([Wish(Box(190, 0, 200, 4), [(60, 12)], True)], 200, 100)
    assert place is not None and place.rect.x2 <= 200 and place.rect.y1 >= 0


def test_label_keeps_off_the_hot_spots():
    wish = Wish(Box(10, 20, 40, 60), [(30, 12)], False)
    obstacle = Box(10, 8, 40, 20)
    (place,) = place_labels([wish], 200, 100, [obstacle])
    assert place is not None and not overlaps(place.rect, obstacle)


def test_grey_levels_are_read_as_rising_temperatures(frame):
    levels = celsius_of_levels(to_8bit_view(frame.counts), frame.celsius())
    assert levels is not None and (np.diff(levels) >= 0).all()
    assert levels[-1] == pytest.approx(130, abs=0.1)


def test_scale_bar_widens_the_picture(frame):
    view = to_8bit_view(frame.counts)
    picture = add_scale_bar(draw_overlay(view, ()), view, frame.celsius())
    assert picture.shape == (96, 128 + panel_width_px(128), 3)


@pytest.mark.parametrize("celsius", [np.full((96, 128), np.nan), np.full((96, 128), 20.0)])
def test_scale_bar_bears_frames_without_contrast(celsius):
    view = np.full((96, 128), 128, np.uint8)
    assert add_scale_bar(draw_overlay(view, ()), view, celsius.astype(np.float32)).size
