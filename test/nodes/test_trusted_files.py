"""Parameters that name files reach only the files that they may."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from thermoscout_core.errors import ConfigurationError
from thermoscout_nodes.parameter_tables import TABLES
from thermoscout_nodes.trusted_files import OUTPUT, TRUSTED, input_file, output_path, verified

MODEL = input_file(".onnx")


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A trusted folder with one model and its checksum."""
    folder = tmp_path / "trusted"
    folder.mkdir()
    (folder / "mine.onnx").write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    (folder / "SHA256SUMS").write_text(f"{digest}  mine.onnx\n")
    monkeypatch.setenv(TRUSTED, str(folder))
    return folder


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "models/../../secret.onnx", "a\0b.onnx", "/etc/passwd", "x.pkl"]
)
def test_traversal_and_foreign_kinds_are_refused(path: str) -> None:
    assert MODEL(path)


def test_nothing_given_is_the_shipped_file() -> None:
    assert MODEL("") == ""
    assert verified("") is None


def test_only_names_of_shipped_models_stand_for_a_file(trusted: Path) -> None:
    check = input_file(".onnx", shipped=("int8",))
    assert check("int8") == "" and verified("int8") == "int8"
    assert check("int9") and check("weights")


def test_a_trusted_file_with_its_checksum_is_taken(trusted: Path) -> None:
    path = str(trusted / "mine.onnx")
    assert MODEL(path) == ""
    assert verified(path) == path


def test_a_file_that_was_changed_is_not_loaded(trusted: Path) -> None:
    (trusted / "mine.onnx").write_bytes(b"other weights")
    with pytest.raises(ConfigurationError, match="another SHA-256"):
        verified(str(trusted / "mine.onnx"))


def test_a_file_that_is_not_listed_is_not_loaded(trusted: Path) -> None:
    (trusted / "new.onnx").write_bytes(b"weights")
    with pytest.raises(ConfigurationError, match=r"doesn't list new\.onnx"):
        verified(str(trusted / "new.onnx"))


def test_a_link_out_of_the_folder_is_outside(trusted: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.onnx").write_bytes(b"weights")
    (trusted / "link.onnx").symlink_to(tmp_path / "outside.onnx")
    assert "doesn't lie in" in MODEL(str(trusted / "link.onnx"))


def test_outputs_stay_in_their_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(OUTPUT, str(tmp_path))
    assert output_path(str(tmp_path / "bag")) == ""
    assert "doesn't lie in" in output_path(str(tmp_path.parent / "elsewhere"))


def test_a_shipped_rule_set_is_named_by_a_word(trusted: Path) -> None:
    assert input_file(".yaml", plain_names=True)("neta") == ""
    assert verified("neta") == "neta"


@pytest.mark.parametrize(
    ("node", "name"),
    [
        ("detector", "model"),
        ("temperature_correction", "network"),
        ("temperature_correction", "dead_pixels"),
        ("fault_judge", "rules"),
        ("fault_judge", "history_path"),
        ("bag_recorder", "output"),
        ("bag_player", "bag"),
    ],
)
def test_every_parameter_that_is_a_path_is_checked(node: str, name: str) -> None:
    [parameter] = [p for p in TABLES[node] if p.name == name]
    assert name in parameter.problem_with("../../etc/shadow")
