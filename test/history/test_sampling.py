"""Which frames of a stream are kept."""

from __future__ import annotations

from dataclasses import replace

from thermoscout_core.diagnosis.persistence import Persistence
from thermoscout_core.diagnosis.tracks import Tracker
from thermoscout_core.history.sampling import Sampler
from thermoscout_core.verdicts import Severity


def seen(sighting, frames: int):
    return replace(sighting, seen_frames=frames)


def test_a_frame_is_kept_every_interval(frame, sighting) -> None:
    sampler = Sampler(1.0)
    kept = [
        sampler.take(frame(seen(sighting(), 50 + k), second=0.1 * k)) is not None
        for k in range(31)
    ]
    assert [k for k, is_kept in enumerate(kept) if is_kept] == [0, 10, 20, 30]


def test_equipment_is_kept_from_its_third_sighting_at_once(frame, sighting) -> None:
    sampler = Sampler(60.0)
    known = seen(sighting(0), 50)
    assert sampler.take(frame(known))
    assert sampler.take(frame(known, seen(sighting(1), 1), second=1)) is None
    assert sampler.take(frame(known, seen(sighting(1), 2), second=2)) is None
    assert len(sampler.take(frame(known, seen(sighting(1), 3), second=3)).sightings) == 2


def test_a_slip_of_the_detector_isnt_kept(frame, sighting) -> None:
    kept = Sampler(1.0).take(frame(seen(sighting(0), 50), seen(sighting(1), 1)))
    assert len(kept.sightings) == 1


def test_a_change_of_an_alarm_is_kept_at_once(frame, sighting) -> None:
    tracker, sampler = Tracker(Persistence(1, 1, 1, 1)), Sampler(60.0)
    assert sampler.take(frame(seen(sighting(), 50)))
    hot = [sighting(severity=Severity.SERIOUS).verdict]
    alarms = tracker.update(1.0, hot, (640, 512)).alarms
    assert sampler.take(frame(seen(sighting(), 51), second=0.1, alarms=alarms)).alarms == alarms


def test_a_clock_that_is_set_back_doesnt_stop_the_history(frame, sighting) -> None:
    sampler = Sampler(1.0)
    assert sampler.take(frame(seen(sighting(), 50), second=1000))
    assert sampler.take(frame(seen(sighting(), 51), second=5))
