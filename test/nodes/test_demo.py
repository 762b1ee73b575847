"""The demo as a user runs it: real processes, a bag, a report, and errors that say what to do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from rosbags.highlevel import AnyReader

from thermoscout_core.simulation.patrol import Patrol
from thermoscout_nodes import demo

SCALE = "encoding: mono16\ngain: {gain!r}\noffset: {offset!r}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three thermograms of the simulated patrol and a file that is cut short."""
    patrol = Patrol(7, 192, 144)
    counts_folder = tmp_path / "site" / "counts"
    counts_folder.mkdir(parents=True)
    scale = patrol.radiometry.scale
    assert scale is not None
    (tmp_path / "site" / "scale.yaml").write_text(
        SCALE.format(gain=scale.gain_c_per_count, offset=scale.offset_c)
    )
    for index, waypoint in enumerate((0, 4, 8)):
        counts = patrol.frame_at((waypoint + 0.5) * patrol.hold_s).frame.counts
        cv2.imwrite(str(counts_folder / f"image_{index}.png"), counts)
    (counts_folder / "image_9.png").write_bytes(b"\x89PNG\r\n\x1a\n cut short")
    return tmp_path / "site"


def only(root: Path) -> Path:
    (folder,) = root.iterdir()
    return folder


def test_every_image_of_a_folder_is_in_the_report(folder: Path, tmp_path: Path) -> None:
    demo.main(["--input", str(folder), "--output", str(tmp_path / "out")])
    output = only(tmp_path / "out")
    results = json.loads((output / "results.json").read_text())
    images = {image["id"]: image for image in results["images"]}
    assert sorted(images) == ["image_0", "image_1", "image_2", "image_9"]
    assert sum(len(images[f"image_{i}"]["verdicts"]) for i in range(3)) > 0
    assert "image_9.png" in json.dumps(images["image_9"])
    assert (output / "report.html").stat().st_size > 1000
    assert len(list((output / "annotated").glob("*.png"))) >= 3
    with AnyReader([output / "bag"]) as reader:
        counts = {name: info.msgcount for name, info in reader.topics.items()}
    assert counts["/thermal/image_raw"] == counts["/verdicts"] == counts["/readings"] == 3


def test_an_empty_folder_is_named(tmp_path: Path, capsys: Any) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(SystemExit) as ended:
        demo.main(["--input", str(empty), "--output", str(tmp_path / "out")])
    assert ended.value.code == 2
    assert "empty" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_node_that_cannot_start_ends_the_demo_with_its_log(
    folder: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    overrides_of = demo.overrides_of

    def without_model(*arguments: Any) -> Any:
        return {**overrides_of(*arguments), "detector": {"model": "no/such/model.onnx"}}

    monkeypatch.setattr(demo, "overrides_of", without_model)
    with pytest.raises(SystemExit) as ended:
        demo.main(["--input", str(folder), "--output", str(tmp_path / "out")])
    assert ended.value.code == 2
    assert "no/such/model.onnx" in capsys.readouterr().err


def test_a_process_that_dies_is_noticed(
    folder: Path, tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    overrides_of = demo.overrides_of

    def misspelt(*arguments: Any) -> Any:
        return {**overrides_of(*arguments), "fault_judge": {"ruels": "x.yaml"}}

    monkeypatch.setattr(demo, "overrides_of", misspelt)
    with pytest.raises(SystemExit):
        demo.main(["--input", str(folder), "--output", str(tmp_path / "out")])
    said = capsys.readouterr().err
    assert "inspection ended with code 2" in said
    assert "did you mean rules?" in said


def test_ctrl_c_leaves_a_whole_bag_and_a_report(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "thermoscout_nodes.demo", "--size", "192x144"]
    command += ["--seconds", "600"]  # it can't be over before Ctrl-C comes
    process = subprocess.Popen(
        [*command, "--output", str(tmp_path / "out")],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "100"},
    )
    bag = tmp_path / "out"
    while not list(bag.glob("*/bag/*.mcap")) or _size(bag) < 400_000:
        assert process.poll() is None
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60.0)
    assert process.returncode == 0, output
    assert "stopped early" in output
    assert (only(bag) / "report.html").is_file()
    with AnyReader([only(bag) / "bag"]) as reader:
        assert reader.topics["/verdicts"].msgcount > 0


def _size(root: Path) -> int:
    return sum(file.stat().st_size for file in root.glob("*/bag/*.mcap"))


def test_invalid_pixels_do_not_hide_which_image_it_was() -> None:
    from thermoscout_nodes.demo_report import same_counts

    read = np.array([[0, 5], [7, 9]], np.uint16)
    sent = np.array([[1, 5], [0, 9]], np.uint16)
    assert same_counts(sent, read)
    assert not same_counts(sent, read + 3)
