"""What each look sees, and what it may say of it."""

import numpy as np
import pytest

from thermoscout_core.detection.looks import EDGE, LARGEST, LOOKS, THRESHOLD_SHARE, Look

FRAME = np.arange(300 * 400, dtype=np.uint16).reshape(300, 400)
BOX = np.array([[0.25, 0.5, 0.5, 0.75]], np.float32)


def test_the_first_look_is_the_frame_itself() -> None:
    assert LOOKS[1][0].picture(FRAME) is FRAME
    assert (LOOKS[1][0].placed(BOX) == BOX).all()


def test_every_set_has_as_many_looks_as_its_name_says_half_of_them_mirrored() -> None:
    assert LOOKS.keys() == THRESHOLD_SHARE.keys()
    for number, looks in LOOKS.items():
        assert len(set(looks)) == number
        assert number == 1 or sum(look.mirrored for look in looks) * 2 == number


@pytest.mark.parametrize("look", LOOKS[12], ids=str)
def test_what_a_look_finds_lies_where_it_is_in_the_frame(look: Look) -> None:
    """A bright patch is found in what is seen, and placed back."""
    frame = np.zeros((300, 400), np.uint8)
    frame[150:180, 180:220] = 255
    seen = look.picture(frame)
    rows, columns = (np.flatnonzero((seen == 255).any(axis=axis)) for axis in (1, 0))
    height, width = seen.shape
    edges = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)
    box = edges / np.array([width, height] * 2, np.float32)
    placed = look.placed(box[None])[0]
    assert placed == pytest.approx([180 / 400, 150 / 300, 220 / 400, 180 / 300], abs=0.002)


def test_a_wide_look_has_grey_around_the_frame() -> None:
    frame = np.full((100, 200), 40, np.uint8)
    frame[:, :100] = 60
    seen = Look(-0.1, -0.1, 1.2).picture(frame)
    assert seen.shape == (120, 240)
    assert (seen[10:110, 20:220] == frame).all()
    assert (seen[:10] == 50).all() and (seen[:, 220:] == 50).all()


def test_a_close_look_has_no_say_in_what_its_edge_may_cut() -> None:
    look = Look(0.15, 0.0, 0.85)
    inside = 0.15 + EDGE * 0.85
    boxes = np.array(
        [
            [inside + 0.001, 0.0, 0.4, 0.2],  # at the frame's own edge, which cuts nothing more
            [inside - 0.001, 0.1, 0.4, 0.2],
            [0.5, 0.6, 0.6, 0.84],
            [0.7, 0.6, 1.0, 0.7],
        ],
        np.float32,
    )
    assert look.speaks_of(boxes).tolist() == [True, False, False, True]


def test_a_close_look_has_no_say_in_what_is_large() -> None:
    look, wide = Look(0.0, 0.0, 0.85), Look(-0.1, -0.1, 1.2)
    side = LARGEST * 0.85
    boxes = np.array([[0.1, 0.1, 0.09 + side, 0.2], [0.1, 0.1, 0.11 + side, 0.2]], np.float32)
    assert look.speaks_of(boxes).tolist() == [True, False]
    assert wide.speaks_of(boxes).all()
