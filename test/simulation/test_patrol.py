import numpy as np
import pytest

from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.simulation.faults import LIMITS, severity_of_surface
from thermoscout_core.simulation.patrol import DEFAULT_FAULTS, HEALTHY, OVERCAST, Patrol
from thermoscout_core.thermometry.atmosphere import object_c
from thermoscout_core.verdicts import Severity

SIZE = (320, 256)


@pytest.fixture(scope="module")
def patrol():
    return Patrol(7, *SIZE)


@pytest.fixture(scope="module")
def stops(patrol):
    return [patrol.frame_at((w + 0.4) * patrol.hold_s) for w in range(patrol.waypoints)]


def pixels_of(simulated, truth):
    x1, y1, x2, y2 = (round(value) for value in truth.box.as_list())
    return simulated.frame.celsius()[y1:y2, x1:x2], (x1, y1)


def test_a_frame_is_a_pure_function_of_seed_and_time():
    one, two = (Patrol(11, *SIZE).frame_at(13.28) for _ in range(2))
    assert np.array_equal(one.frame.counts, two.frame.counts)
    assert one.truth == two.truth
    assert one.distance_m == two.distance_m


def test_other_seeds_show_other_substations(stops):
    other = Patrol(8, *SIZE).frame_at(stops[0].frame.stamp_s)
    assert not np.array_equal(other.frame.counts, stops[0].frame.counts)
    assert other.distance_m != stops[0].distance_m


def test_the_patrol_repeats_after_its_period_with_fresh_noise(patrol):
    first, later = patrol.frame_at(5.0), patrol.frame_at(5.0 + patrol.period_s)
    difference = first.frame.celsius() - later.frame.celsius()
    assert later.truth == first.truth
    assert 0.01 < np.std(difference) < 0.2


def test_each_waypoint_is_held_and_has_its_own_distance(patrol, stops):
    assert [stop.waypoint for stop in stops] == list(range(patrol.waypoints))
    assert all(3.0 <= stop.distance_m <= 20.01 for stop in stops)
    assert len({round(stop.distance_m, 2) for stop in stops}) == patrol.waypoints


def test_truth_boxes_lie_inside_the_frame(patrol):
    for time_s in np.linspace(0, patrol.period_s, 60, endpoint=False):
        for truth in patrol.truth_at(float(time_s)):
            assert 0 <= truth.box.x1 < truth.box.x2 <= SIZE[0]
            assert 0 <= truth.box.y1 < truth.box.y2 <= SIZE[1]


def test_every_fault_that_was_dealt_is_in_sight_with_its_severity(stops):
    shown = [t.severity for stop in stops for t in stop.truth if t.severity.is_fault]
    assert sorted(shown) == sorted(DEFAULT_FAULTS)


@pytest.mark.parametrize("seed", range(6))
def test_on_every_patrol_all_faults_are_in_sight(seed):
    patrol = Patrol(seed, *SIZE)
    found = [
        truth.severity
        for waypoint in range(patrol.waypoints)
        for truth in patrol.truth_at((waypoint + 0.5) * patrol.hold_s)
        if truth.severity.is_fault
    ]
    assert sorted(found) == sorted(DEFAULT_FAULTS)


def test_the_hot_spot_is_the_hottest_in_its_box(stops):
    for stop in stops:
        for truth in stop.truth:
            if not truth.severity.is_fault:
                continue
            pixels, (left, top) = pixels_of(stop, truth)
            x, y = truth.hot_spot_px
            around = pixels[y - top - 1 : y - top + 2, x - left - 1 : x - left + 2]
            assert around.max() >= pixels.max() - 0.3


def test_the_true_temperature_is_what_the_corrected_pixel_says(patrol, stops):
    for stop in stops:
        parameters = patrol.parameters_at(stop.frame.stamp_s)
        for truth in stop.truth:
            if truth.severity.is_fault:
                x, y = truth.hot_spot_px
                seen = object_c(stop.frame.celsius()[y, x], parameters)
                assert seen == pytest.approx(truth.hot_spot_c, abs=1.5)


def test_healthy_equipment_is_normal_and_near_its_phases(stops):
    for stop in stops:
        for truth in stop.truth:
            if truth.class_name == "connector" and not truth.severity.is_fault:
                assert truth.hot_spot_c == pytest.approx(HEALTHY.connector_c, abs=1.5)


def test_a_patrol_without_faults_is_healthy():
    patrol = Patrol(7, *SIZE, faults=())
    for waypoint in range(patrol.waypoints):
        for truth in patrol.truth_at((waypoint + 0.5) * patrol.hold_s):
            assert truth.severity is Severity.NORMAL


def test_the_truth_moves_with_the_picture():
    """The shift that phase correlation finds between two frames is that of the boxes."""
    cv2 = pytest.importorskip("cv2")
    patrol = Patrol(7, *SIZE, sway_px=4.0)
    pairs = [(patrol.frame_at(t), patrol.frame_at(t + 1.1)) for t in (0.5, 1.3, 2.1)]
    one, two = max(pairs, key=lambda pair: abs(_moved(pair)[0]))
    views = [np.float32(to_8bit_view(frame.frame.counts)) for frame in (one, two)]
    seen, _ = cv2.phaseCorrelate(views[0], views[1], cv2.createHanningWindow(SIZE, cv2.CV_32F))
    assert abs(_moved((one, two))[0]) > 1.0
    assert seen == pytest.approx(_moved((one, two)), abs=0.35)


def _moved(pair):
    a, b = (frame.truth[1].box for frame in pair)
    return b.x1 - a.x1, b.y1 - a.y1


def test_truth_alone_equals_the_truth_of_the_frame(patrol, stops):
    assert patrol.truth_at(stops[3].frame.stamp_s) == stops[3].truth


@pytest.mark.parametrize("kind", sorted(LIMITS))
@pytest.mark.parametrize("severity", [Severity.GENERAL, Severity.SERIOUS, Severity.CRITICAL])
@pytest.mark.parametrize("ambient_c", [10.0, 15.0, OVERCAST.air_c])
def test_the_faults_are_unambiguous(kind, severity, ambient_c):
    """Also for a judge whose ambient reference is the cool sky, or who reads 1.5 K wrong."""
    like = {"connector": 31.0, "disconnector": 30.0, "bushing": 27.0}[kind]
    hot = LIMITS[kind].hot_spots_c[severity]
    error_k = 0.3 if severity is Severity.GENERAL else 1.5
    for reading in (hot - error_k, hot, hot + error_k):
        assert severity_of_surface(kind, reading, like, ambient_c) is severity


@pytest.mark.parametrize(
    "wrong",
    [{"hold_s": 0.0}, {"sway_px": -1.0}, {"faults": (Severity.NORMAL,)}, {"width_px": 10}],
)
def test_an_impossible_patrol_is_refused(wrong):
    with pytest.raises(ValueError):
        Patrol(7, **{"width_px": 320, "height_px": 256, **wrong})
