"""A recipe, step by step: do, pass the gates, measure, keep or refuse, write down.

A step whose record lies in its folder, made from the same model by the same settings, isn't done
again; one that was interrupted goes on from what its folder holds.
"""

from __future__ import annotations

import re
import shutil
import time
from datetime import datetime, timezone
from pathlib import Path

from thermoscout_core.atomic import write_bytes
from thermoscout_core.detection.contract import network_input
from thermoscout_core.detection.view import to_8bit_view
from thermoscout_core.learning.compression.budget import best_of, shortfalls
from thermoscout_core.learning.compression.fingerprints import (
    fingerprint_of,
    fingerprint_of_values,
    fingerprints_of_files,
)
from thermoscout_core.learning.compression.gates import pass_gates
from thermoscout_core.learning.compression.latency import measure_latencies
from thermoscout_core.learning.compression.model import Model
from thermoscout_core.learning.compression.recipe import Recipe
from thermoscout_core.learning.compression.records import (
    FINAL_RECORD,
    CompressionRecord,
    GateRecord,
    Measures,
    StepRecord,
    TestRecord,
    read_step,
    write_record,
)
from thermoscout_core.learning.compression.step import (
    CompressionError,
    NothingToDo,
    Outcome,
    Step,
)
from thermoscout_core.learning.compression.workbench import Workbench, map_of_file
from thermoscout_core.learning.counting import count
from thermoscout_core.learning.data import open_dataset
from thermoscout_core.learning.training.run_folder import locked
from thermoscout_core.machine import describe

DENSE = "dense"
WEIGHTS, ONNX, RECORD, STARTED = "model.safetensors", "model.onnx", "record.json", "started"
FINAL_WEIGHTS, FINAL_ONNX = "compressed.safetensors", "compressed.onnx"


class Pipeline:
    """One recipe in its output folder."""

    def __init__(self, recipe: Recipe, bench: Workbench) -> None:
        self.recipe, self.bench = recipe, bench
        bench.dense = recipe.model
        self.output = recipe.output

    def run(self, test_split: str | None = None) -> CompressionRecord:
        """Do every step that isn't done; returns the record, which also lies in the folder.

        test_split: measured once at the end, dense and compressed. Raises CompressionError when a
        file that a step reads is missing or a gate isn't passed, and what training raises; what
        was made before stays.
        """
        for step in self.recipe.steps:
            self._read_by(step)
        with locked(self.output):
            dense_model = Model.load(self.recipe.model)
            dense = self._dense(dense_model)
            model, before = dense_model, dense.fingerprint
            steps: list[StepRecord] = []
            for number, step in enumerate(self.recipe.steps, 1):
                folder = self.output / f"{number:02d}-{_slug(step.title)}"
                if step.from_dense:
                    model, before = dense_model, dense.fingerprint
                done = self._step(step, model, folder, before, dense)
                steps.append(done)
                if not done.refused:
                    model, before = Model.load(folder / WEIGHTS), done.fingerprint
            chosen, unmet = best_of(steps, dense, self.recipe.goal)
            if chosen is not None:
                for made, final in ((ONNX, FINAL_ONNX), (WEIGHTS, FINAL_WEIGHTS)):
                    content = (self.output / chosen.folder / made).read_bytes()
                    write_bytes(self.output / final, content)
            record = CompressionRecord(
                date=datetime.now(timezone.utc).isoformat(timespec="seconds"),
                machine=describe(),
                data=f"{self.recipe.data.root.name}, {self.recipe.data.val_split}",
                dense=dense,
                steps=steps,
                chosen=None if chosen is None else chosen.title,
                unmet=unmet,
                test=self._test(dense, chosen, test_split),
            )
            write_record(self.output / FINAL_RECORD, record)
        return record

    def _dense(self, model: Model) -> StepRecord:
        """The model to begin with, exported and measured as the steps' are."""
        folder = self.output / f"00-{DENSE}"
        fingerprint = fingerprint_of(model, self._surroundings())
        known = read_step(folder / RECORD)
        if known is not None and known.fingerprint == fingerprint:
            return known
        self.bench.say("dense model: gates and measurement")
        folder.mkdir(parents=True, exist_ok=True)
        return self._finish(
            DENSE, {"do": DENSE}, Outcome(model), folder, fingerprint, None, time.monotonic()
        )

    def _step(
        self, step: Step, model: Model, folder: Path, before: str, dense: StepRecord
    ) -> StepRecord:
        settings = step.model_dump(mode="json")
        fingerprint = fingerprint_of_values(
            before,
            settings,
            self.recipe.training.model_dump(mode="json"),
            self._read_by(step),
            self._surroundings(),
        )
        known = read_step(folder / RECORD)
        if known is not None and known.fingerprint == fingerprint:
            self.bench.say(f"{step.title}: done before")
            return known.model_copy(update={"refused": self._refusal(step, known, dense)})
        begun = time.monotonic()
        _prepare(folder, fingerprint)
        self.bench.say(f"{step.title}: begins")
        try:
            outcome = self._outcome(step, model, folder)
            return self._finish(step, settings, outcome, folder, fingerprint, dense, begun)
        except CompressionError as error:
            raise CompressionError(f"step '{step.title}': {error}") from error

    def _outcome(self, step: Step, model: Model, folder: Path) -> Outcome:
        """What the step made, or the model before it where it finds nothing to do: hours of other
        steps may stand behind it in the recipe."""
        try:
            return step.run(model, self.bench, folder)
        except NothingToDo as reason:
            self.bench.say(f"{step.title}: skipped: {reason}")
            return Outcome(model, notes=(f"skipped, the model stays as it was: {reason}",))

    def _finish(
        self,
        step: Step | str,
        settings: dict[str, object],
        outcome: Outcome,
        folder: Path,
        fingerprint: str,
        dense: StepRecord | None,
        begun: float,
    ) -> StepRecord:
        """Gates, measures, verdict; the record is written last and makes the step done."""
        title = step if isinstance(step, str) else step.title
        outcome.model.save(folder / WEIGHTS, {"made_by": settings})
        gate = self._gate(outcome, folder)
        measures = self._measure(outcome, gate, folder)
        record = StepRecord(
            title=title,
            do=str(settings["do"]),
            fingerprint=fingerprint,
            settings=settings,
            gate=gate,
            measures=measures,
            figures=outcome.figures,
            notes=list(outcome.notes),
            seconds=round(time.monotonic() - begun, 1),
            folder=folder.name,
        )
        if dense is not None and isinstance(step, Step):
            record = record.model_copy(update={"refused": self._refusal(step, record, dense)})
        write_record(folder / RECORD, record)
        verdict = f"refused: {'; '.join(record.refused)}" if record.refused else "kept"
        self.bench.say(f"{title}: val mAP@0.5 {measures.map_50:.4f}, {verdict}")
        return record

    def _gate(self, outcome: Outcome, folder: Path) -> GateRecord:
        if outcome.deployed is None:
            return pass_gates(outcome.model, folder / WEIGHTS, folder / ONNX, self.bench)
        if outcome.deployed != folder / ONNX:
            shutil.copyfile(outcome.deployed, folder / ONNX)
        return GateRecord(
            folding_difference=None,
            folding_worst_layer=None,
            onnx_difference=outcome.figures.get("output_difference"),
            map_torch=outcome.figures["map_float32"],
            map_onnx=map_of_file(folder / ONNX, self.bench.val, self.bench.training.threads),
        )

    def _measure(self, outcome: Outcome, gate: GateRecord, folder: Path) -> Measures:
        network, size_px = outcome.model.network, outcome.model.architecture.input_size_px
        counts = count(network, size_px)
        zeros = sum(int((p == 0).sum()) for p in network.parameters() if p.ndim == 4)
        frame = self.bench.val.samples[0].counts
        dense = self.output / f"00-{DENSE}" / ONNX
        return Measures(
            parameters=counts.parameters,
            nonzero=counts.parameters - zeros,
            macs=counts.macs,
            onnx_bytes=(folder / ONNX).stat().st_size,
            stored_bytes={name: path.stat().st_size for name, path in outcome.stored.items()},
            map_50=gate.map_onnx,
            latencies=measure_latencies(
                folder / ONNX,
                dense,
                network_input(to_8bit_view(frame), size_px),
                self.recipe.latency,
            ),
        )

    def _refusal(self, step: Step, record: StepRecord, dense: StepRecord) -> list[str]:
        return shortfalls(record.measures, dense.measures, step.budget or self.recipe.budget)

    def _read_by(self, step: Step) -> list[str]:
        """What is in the files that a step depends on."""
        return fingerprints_of_files([*step.reads, *self.recipe.training.reads])

    def _surroundings(self) -> dict[str, object]:
        """What every step's figures depend on."""
        return {
            "data": self.recipe.data.model_dump(mode="json"),
            "latency": self.recipe.latency.model_dump(mode="json"),
        }

    def _test(
        self, dense: StepRecord, chosen: StepRecord | None, split: str | None
    ) -> TestRecord | None:
        if split is None or chosen is None:
            return None
        dataset = open_dataset(self.recipe.data.root, split)
        threads = self.bench.training.threads
        return TestRecord(
            split=split,
            images=len(dataset),
            dense_map_50=map_of_file(self.output / dense.folder / ONNX, dataset, threads),
            compressed_map_50=map_of_file(self.output / chosen.folder / ONNX, dataset, threads),
        )


def _prepare(folder: Path, fingerprint: str) -> None:
    """Keep what an interrupted try of the same step left; clear what another one did."""
    started = folder / STARTED
    if folder.exists() and not (
        started.is_file() and started.read_text(encoding="utf-8") == fingerprint
    ):
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(started, fingerprint.encode())


def _slug(title: str) -> str:
    return re.sub(r"[^\w.-]+", "_", title).strip("_")
