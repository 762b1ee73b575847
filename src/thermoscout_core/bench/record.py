"""bench.json: what a bench found, for other programs; docs/bench.md explains it.

The models below are the interface; config/schema/bench.schema.json is made of them, and a test
holds the two equal. A figure that doesn't exist is null: it wasn't measured, and isn't guessed.
"""

from __future__ import annotations

import json

from pydantic import BaseModel, ConfigDict, Field

from thermoscout_core import __version__


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MachineRecord(_Record):
    """Where the figures come from."""

    cpu: str
    cores: int
    system: str
    versions: dict[str, str]
    energy_counter: str | None = Field(description="Null: the machine shows none.")
    foreign_before: float | None = Field(
        description="Share of the processors that others took just before, 0..1."
    )


class OptionsRecord(_Record):
    """How it was measured."""

    threads: int
    repeats: int = Field(description="Timed frames of a line, all rounds together.")
    rounds: int = Field(description="Turns that they were spread over.")
    warm_up: int = Field(description="Untimed frames before each turn.")
    max_foreign: float = Field(description="A line with more foreign load is marked, 0..1.")
    calibration: str = Field(description="Frames that the int8 files were calibrated on.")
    data: str | None = Field(description="Dataset and split of map_50.")


class LineRecord(_Record):
    """One network in one runtime."""

    model: str
    title: str
    input_size_px: tuple[int, int]
    runtime: str
    weights: str = Field(description="trained, or random: then time and size alone are meant.")
    map_50: float | None = Field(description="VOC mAP@0.5 of this file; null for random weights.")
    parameters: int | None = Field(description="Batch norm's included.")
    macs: int | None = Field(description="Multiply-adds of convolutions, one frame.")
    file_bytes: int | None = Field(description="What the runtime loads.")
    frames: int = Field(description="Timed ones; fewer than repeats when stopped early.")
    p50_ms: float | None = Field(description="One frame through the network, median.")
    p95_ms: float | None
    images_per_s: float | None = Field(description="Timed frames over their time.")
    load_s: float | None = Field(description="From the file to the first answer, median.")
    peak_rss_mib: float | None = Field(description="Largest resident memory of its process.")
    energy_j: float | None = Field(description="Per frame, idle draw included.")
    foreign: float | None = Field(description="Largest foreign load of its turns, 0..1.")
    difference: float | None = Field(
        description="Largest difference of an output from the unoptimised graph's."
    )
    error: str | None = Field(description="Why there are no figures.")


class RatioRecord(_Record):
    """A network's median time over MobileNet-SSD's in the same runtime."""

    model: str
    input_size_px: tuple[int, int]
    baseline_size_px: tuple[int, int]
    runtime: str
    ratio: float
    seed_000: float = Field(description="The same on a Jetson TX1, Wang et al. 2020, table 3.")


class ChoiceRecord(_Record):
    """The fastest runtime whose outputs are the network's, on the first trained network."""

    model: str
    runtime: str
    p50_ms: float
    default_runtime: str
    default_over: dict[str, float] = Field(
        description="Median time of the default runtime over that of each exact one."
    )


class BenchRecord(_Record):
    """A whole bench."""

    thermoscout: str = Field(default=__version__, description="Version that wrote the file.")
    date: str = Field(description="UTC, ISO 8601.")
    machine: MachineRecord
    options: OptionsRecord
    lines: list[LineRecord]
    ratios: list[RatioRecord]
    choice: ChoiceRecord | None


def bench_schema() -> str:
    """The JSON schema of bench.json, as in config/schema/bench.schema.json."""
    schema = BenchRecord.model_json_schema(mode="serialization")
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(bench_schema(), end="")
