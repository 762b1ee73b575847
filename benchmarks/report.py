"""How long the report of a patrol takes, and how much memory: the bar is 500 images in 60 s.

    python benchmarks/report.py [--images 500] [--language zh] [--output DIR]

Simulated 384x288 frames, inspected by the shipped detector and rules; every frame is there several
times under other names, since only the report is timed. Printed: seconds for HTML, for PDF and for
both, drawing of the pictures included; the peak of memory; the sizes of the files.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import tempfile
import time
from pathlib import Path

from thermoscout_core import machine
from thermoscout_core.inspection import Inspector, NamedInspection
from thermoscout_core.reporting.choices import Language
from thermoscout_core.reporting.composition import ReportOptions
from thermoscout_core.reporting.report import RESULTS_FILE, Outputs, Written, make_report
from thermoscout_core.results import ImageRecord, image_record, run_results, write_results
from thermoscout_core.simulation.patrol import Patrol
from thermoscout_core.thermograms import read_thermogram
from thermoscout_core.thermograms.annex_c_frames import annex_c_of_frame, write_annex_c

DISTINCT = 50
WAYS = (
    ("HTML", Outputs(html=True)),
    ("PDF", Outputs(html=False, pdf=True)),
    ("both", Outputs(html=True, pdf=True)),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--language", type=Language, choices=list(Language), default=Language.BOTH)
    parser.add_argument("--output", type=Path, help="keep the files here")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        output = chosen.output or Path(folder)
        records = write_run(output, chosen.images)
        verdicts = sum(len(record.verdicts) for record in records)
        print(f"{machine.in_words()}: {len(records)} simulated images, {verdicts} verdicts")
        for name, outputs in WAYS:
            begun_s = time.perf_counter()
            options = ReportOptions(language=chosen.language)
            written = make_report(output, options=options, outputs=outputs)
            took_s = time.perf_counter() - begun_s
            peak_mib = machine.peak_rss_mib() or math.nan
            print(f"{name:<5} {took_s:6.1f} s   peak {peak_mib:5.0f} MiB   {sizes(written)}")


def write_run(output: Path, images: int) -> list[ImageRecord]:
    """Thermograms and results.json of a simulated patrol; every record has a file of its own."""
    inspector = Inspector.default()
    patrol = Patrol(seed=7, width_px=384, height_px=288)
    (output / "thermograms").mkdir(parents=True, exist_ok=True)
    records = []
    for number in range(min(DISTINCT, images)):
        path = output / "thermograms" / f"frame_{number:03d}.jpg"
        frame = patrol.frame_at((number + 0.5) * patrol.period_s / DISTINCT).frame
        stamped = dataclasses.replace(frame, stamp_s=1_700_000_000.0 + number)
        write_annex_c(path, annex_c_of_frame(stamped))
        inspection = inspector.inspect(read_thermogram(path))
        records.append(image_record(NamedInspection(path.stem, str(path), inspection)))
    repeated = [
        records[number % len(records)].model_copy(update={"id": f"image_{number:04d}"})
        for number in range(images)
    ]
    write_results(output / RESULTS_FILE, run_results(inspector, repeated))
    return repeated


def sizes(written: Written) -> str:
    files = [path for path in (written.page, written.pdf) if path]
    return ", ".join(f"{path.name} {path.stat().st_size / 2**20:.1f} MiB" for path in files)


if __name__ == "__main__":
    main()
