"""A run that is stopped, killed or fails goes on as if nothing had been."""

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from thermoscout_core.errors import ModelError
from thermoscout_core.learning.checkpoint import CheckpointError, load_state, load_weights
from thermoscout_core.learning.config import TrainConfig
from thermoscout_core.learning.training.interrupts import Interrupts, StopRequested
from thermoscout_core.learning.training.progress import EpochReport
from thermoscout_core.learning.training.run_folder import BEST, EMA, LOG, STATE, locked
from thermoscout_core.learning.training.step import TrainingDiverged
from thermoscout_core.learning.training.trainer import Trainer

Recipe = Callable[..., TrainConfig]


def quiet(_: EpochReport) -> None:
    return None


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    return load_weights(folder / EMA)[0]


@pytest.mark.parametrize("workers", [0, 1])
def test_a_run_stopped_within_an_epoch_ends_as_the_unstopped_one(
    recipe: Recipe, small_dataset: Path, tmp_path: Path, workers: int
) -> None:
    Trainer(recipe(small_dataset, tmp_path / "whole", workers=workers), quiet).run()

    def stop(report: EpochReport) -> None:
        if report.epoch == 2 and report.batch == 1:
            os.kill(os.getpid(), signal.SIGTERM)

    stopped = recipe(small_dataset, tmp_path / "stopped", workers=workers)
    with pytest.raises(StopRequested):
        Trainer(stopped, stop).run()
    resumed = Trainer(stopped, quiet)
    assert resumed.resume() and resumed.epoch == 1 and resumed.sums.batches == 1
    resumed.run()
    whole, again = weights_of(tmp_path / "whole"), weights_of(tmp_path / "stopped")
    assert all(torch.equal(whole[name], again[name]) for name in whole)
    losses = [
        [row.split(",")[:5] for row in (tmp_path / name / LOG).read_text().splitlines()]
        for name in ("whole", "stopped")
    ]
    assert losses[0] == losses[1]


def test_a_signal_is_answered_where_it_is_asked_for() -> None:
    interrupts, done = Interrupts(), []
    with pytest.raises(StopRequested), interrupts.listening():
        signal.raise_signal(signal.SIGTERM)
        done.append("the rest of the step")
        interrupts.check()
    assert done and interrupts.received is signal.SIGTERM


def test_a_second_signal_does_not_wait() -> None:
    interrupts, done = Interrupts(), []
    with pytest.raises(KeyboardInterrupt) as raised, interrupts.listening():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        done.append("the rest of the step")
    assert not done and not isinstance(raised.value, StopRequested)


def test_the_handlers_of_before_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Interrupts().listening():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_loss_that_is_not_finite_names_the_frames_and_keeps_the_checkpoint(
    recipe: Recipe, small_dataset: Path, tmp_path: Path
) -> None:
    config = recipe(small_dataset, tmp_path, schedule={"epochs": 1})
    Trainer(config, quiet).run()
    kept = (tmp_path / STATE).read_bytes()
    longer = recipe(small_dataset, tmp_path, schedule={"epochs": 2})
    trainer = Trainer(longer, quiet)
    trainer.resume()
    with torch.no_grad():
        trainer.network.class_heads[0].bias.fill_(float("nan"))
    with pytest.raises(TrainingDiverged, match=r"epoch 2, batch 1: .*sim_00\d") as raised:
        trainer.run()
    assert "learning_rate" in str(raised.value)
    assert (tmp_path / STATE).read_bytes() == kept


@pytest.fixture
def files_of_at_most_64_kib() -> Iterator[None]:
    """A real limit of the system, which ends every larger write with EFBIG."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_the_checkpoint_before(
    recipe: Recipe, small_dataset: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    Trainer(recipe(small_dataset, tmp_path, schedule={"epochs": 1}), quiet).run()
    kept = (tmp_path / STATE).read_bytes()
    trainer = Trainer(recipe(small_dataset, tmp_path), quiet)
    trainer.resume()
    request.getfixturevalue("files_of_at_most_64_kib")
    with pytest.raises(CheckpointError, match=os.strerror(errno.EFBIG)):
        trainer.run()
    assert (tmp_path / STATE).read_bytes() == kept
    assert load_state(tmp_path / STATE)["epoch"] == 1
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".state")]


def test_two_trainings_do_not_write_into_one_folder(
    recipe: Recipe, small_dataset: Path, tmp_path: Path
) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, pathlib\n"
            "from thermoscout_core.learning.training.run_folder import locked\n"
            "with locked(pathlib.Path(sys.argv[1])):\n"
            "    print('locked', flush=True)\n"
            "    sys.stdin.read()\n",
            str(tmp_path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "locked\n"
        with pytest.raises(CheckpointError, match=f"process {holder.pid}"):
            Trainer(recipe(small_dataset, tmp_path), quiet).run()
    finally:
        holder.communicate()
    with locked(tmp_path):
        pass  # the lock ended with its process


def test_resuming_another_architecture_is_refused(
    recipe: Recipe, small_dataset: Path, tmp_path: Path
) -> None:
    Trainer(recipe(small_dataset, tmp_path, schedule={"epochs": 1}), quiet).run()
    wider = recipe(small_dataset, tmp_path, model={"width": 0.5})
    with pytest.raises(ModelError, match="another architecture"):
        Trainer(wider, quiet).resume()


def test_resuming_with_another_recipe_says_what_has_changed(
    recipe: Recipe, small_dataset: Path, tmp_path: Path
) -> None:
    Trainer(recipe(small_dataset, tmp_path, schedule={"epochs": 1}), quiet).run()
    trainer = Trainer(recipe(small_dataset, tmp_path, schedule={"learning_rate": 5e-4}), quiet)
    trainer.resume()
    told = "\n".join(trainer.notes)
    assert "schedule.learning_rate is 0.0005, was 0.001" in told
    assert "schedule.epochs is 2, was 1" in told


def test_a_broken_state_file_is_named(recipe: Recipe, small_dataset: Path, tmp_path: Path) -> None:
    (tmp_path / STATE).write_bytes(np.random.default_rng(0).bytes(500))
    with pytest.raises(ModelError, match=r"state\.pt: can't be resumed from.*--restart"):
        Trainer(recipe(small_dataset, tmp_path), quiet).resume()


def test_the_command_stops_at_sigterm_and_goes_on(
    recipe: Recipe, small_dataset: Path, tmp_path: Path
) -> None:
    """The real process, with its worker: it dies of the signal's code and leaves its state."""
    config = recipe(small_dataset, tmp_path / "run", workers=1, schedule={"epochs": 200})
    content = config.model_dump(mode="json")
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(content))
    command = [
        sys.executable,
        "-m",
        "thermoscout_core.cli",
        "train",
        str(tmp_path / "recipe.yaml"),
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    for line in process.stdout:
        if "val mAP" in line:
            break
    process.send_signal(signal.SIGTERM)
    rest = process.stdout.read()
    assert process.wait() == 128 + signal.SIGTERM
    assert "everything is in" in " ".join(rest.split())
    assert load_state(tmp_path / "run" / STATE)["epoch"] >= 1
    assert (tmp_path / "run" / BEST).is_file()
