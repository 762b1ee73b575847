import numpy as np
import pytest

from thermoscout_core.simulation.canvas import Canvas, Material, Pose

SQUARE = np.array([[0.25, 0.25], [0.5, 0.25], [0.5, 0.5], [0.25, 0.5]])


def canvas_with_square(**options) -> Canvas:
    canvas = Canvas(120, 100, **options)
    canvas.begin("connector", "square")
    canvas.fill(SQUARE, 40.0, Material.FITTING)
    canvas.end()
    return canvas


def test_a_box_is_where_the_scene_coordinates_say():
    (drawn,) = canvas_with_square().drawn()
    assert drawn.box.as_list() == pytest.approx([25, 25, 50, 50], abs=0.75)
    assert (drawn.visible, drawn.inside) == (1.0, 1.0)


def test_a_box_does_not_depend_on_the_margin():
    (plain,), (framed,) = canvas_with_square().drawn(), canvas_with_square(margin_px=9).drawn()
    assert plain.box == framed.box


def test_what_is_covered_counts_as_not_visible():
    canvas = canvas_with_square()
    canvas.fill(SQUARE + np.array([0.125, 0.0]), 20.0, Material.STEEL)
    (drawn,) = canvas.drawn()
    assert drawn.visible == pytest.approx(0.5, abs=0.05)
    assert drawn.box.x2 == pytest.approx(37.5, abs=0.75)


def test_what_the_frame_cuts_off_counts_as_outside():
    canvas = Canvas(100, 100)
    canvas.begin("connector", "square")
    canvas.fill(SQUARE - np.array([0.375, 0.0]), 40.0, Material.FITTING)
    canvas.end()
    (drawn,) = canvas.drawn()
    assert drawn.inside == pytest.approx(0.5, abs=0.05)
    assert drawn.box.x1 == 0.0


def test_heat_spares_other_items():
    canvas = canvas_with_square()
    canvas.heat(Pose(0.375, 0.375), 0.1, 50.0, (Material.FITTING,))
    assert canvas.temperature_c.max() == pytest.approx(40.0)


def test_a_pose_turns_clockwise():
    point = Pose(1.0, 1.0, np.pi / 2).at(0.0, 0.5)[0]
    assert point == pytest.approx([1.5, 1.0])
