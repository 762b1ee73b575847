"""Six simulated patrols, a day apart, into a history: an example, and the time that writing takes.

python benchmarks/history.py --output history.sqlite --plots trends

The shipped detector, correction and rules look at the simulated substation (seed 7), two frames a
second. On the first three days nothing is wrong; then one joint goes from general over serious to
critical. `thermoscout history` reads the file.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from thermoscout_core.bench.timing import percentiles_ms
from thermoscout_core.diagnosis.tracks import Tracker
from thermoscout_core.history.places import Place
from thermoscout_core.history.plots import write_trend
from thermoscout_core.history.queries import History
from thermoscout_core.history.recorder import FrameRecord, PatrolInfo, PatrolRecorder
from thermoscout_core.history.sampling import Sampler
from thermoscout_core.inspection import Inspector
from thermoscout_core.simulation.patrol import Patrol
from thermoscout_core.thermometry.ranging import RangeFix
from thermoscout_core.verdicts import Severity

DAYS = ((), (), (), (Severity.GENERAL,), (Severity.SERIOUS,), (Severity.CRITICAL,))
"""The faults of each day's patrol."""

BEGIN_S = 1_777_593_600.0  # 2026-05-01
DAY_S = 86400.0
PERIOD_S = 0.5
SIZE = 384, 288


def record(path: Path) -> list[float]:
    """Write the patrols; the seconds that each frame took to be safe on the disk."""
    inspector = Inspector.default()
    info = PatrolInfo("simulated", "simulated", inspector.model_id, inspector.rules_id)
    seconds = []
    for day, faults in enumerate(DAYS):
        patrol = Patrol(7, *SIZE, faults=faults)
        recorder, tracker, sampler = PatrolRecorder(path, info), Tracker(), Sampler(1.0)
        begin_s = BEGIN_S + day * DAY_S
        begin_s -= begin_s % patrol.period_s
        for k in range(int(patrol.period_s / PERIOD_S)):
            seen = patrol.frame_at(begin_s + k * PERIOD_S)
            fix = RangeFix(seen.distance_m, False, 0.0)
            verdicts = inspector.inspect(seen.frame, fix).verdicts
            place = Place(f"stop {seen.waypoint + 1}")
            stamp_s = seen.frame.stamp_s
            tracked = tracker.update(stamp_s, verdicts, SIZE, place.waypoint)
            kept = sampler.take(
                FrameRecord(stamp_s, SIZE, tracked.sightings, tracked.alarms, place)
            )
            if kept is not None:
                begun = time.perf_counter()
                recorder.record(kept)
                seconds.append(time.perf_counter() - begun)
        recorder.close()
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, required=True, help="the history file, added to")
    parser.add_argument("--plots", type=Path, help="folder for the trend of the worst equipment")
    options = parser.parse_args()
    taken_s = record(options.output)
    figures = ", ".join(f"{name} {ms:.2f} ms" for name, ms in percentiles_ms(taken_s).items())
    size_kib = options.output.stat().st_size / 1024
    print(f"{len(taken_s)} frames written, {size_kib:.0f} KiB in all")
    print(f"a frame until it is safe: {figures}")
    with History(options.output) as history:
        worst = max(history.equipment(), key=lambda piece: piece["highest_c"] or 0.0)
        trend = history.trend(worst["id"])
        raised = [alarm for alarm in history.alarms() if alarm["state"] == "raised"]
    print(f"{len(raised)} alarms raised; the hottest equipment is {trend.name}")
    if options.plots:
        options.plots.mkdir(parents=True, exist_ok=True)
        write_trend(options.plots / "trend.png", trend)


if __name__ == "__main__":
    main()
