"""Splits, pooled splits, whole folders, and their blocks of neighbouring frames."""

from pathlib import Path

import pytest

from thermoscout_core.errors import DatasetError
from thermoscout_core.learning.evaluation.image_sets import (
    WHOLE_FOLDER,
    block_numbers,
    pooled,
    read_image_sets,
    scale_of,
)


def names(first: int, last: int) -> list[str]:
    return [f"sub_{number:03d}" for number in range(first, last + 1)]


def test_a_block_holds_at_most_twelve_neighbours() -> None:
    assert block_numbers(names(1, 30)).tolist() == [0] * 12 + [1] * 12 + [2] * 6


def test_a_leap_in_the_numbers_begins_a_block() -> None:
    assert block_numbers(names(1, 5) + names(157, 160)).tolist() == [0] * 5 + [1] * 4


def test_numbers_may_be_thinned_out_within_a_block() -> None:
    assert block_numbers(["f_010", "f_020", "f_030"]).tolist() == [0, 0, 0]


def test_another_name_or_a_lower_number_begins_a_block() -> None:
    assert block_numbers(["a_1", "a_2", "b_3", "b_1"]).tolist() == [0, 0, 1, 2]


def test_ids_without_numbers_are_neighbours() -> None:
    assert block_numbers(["yard", "gate", "roof"], block_frames=2).tolist() == [0, 0, 1]


def test_blocks_of_one_frame_are_single_frames() -> None:
    assert block_numbers(names(1, 4), block_frames=1).tolist() == [0, 1, 2, 3]


def test_pooled_splits_keep_their_blocks_apart(small_dataset: Path) -> None:
    sets = read_image_sets(small_dataset, ["val", "train"])
    together = pooled(sets)
    assert together.name == "val,train" and len(together.samples) == 12
    assert together.blocks.tolist() == [0] * 4 + [1] * 8
    assert together.samples[4].id == sets[1].samples[0].id


def test_without_a_split_val_is_read(small_dataset: Path) -> None:
    (only,) = read_image_sets(small_dataset, None)
    assert only.name == "val" and len(only.samples) == 4


def test_a_folder_without_splits_is_read_whole(small_dataset: Path, tmp_path: Path) -> None:
    for part in ("counts", "annotations", "classes.txt"):
        (tmp_path / part).symlink_to(small_dataset / part)
    (only,) = read_image_sets(tmp_path, None)
    assert only.name == WHOLE_FOLDER and len(only.samples) == 12


def test_an_unknown_split_is_named_with_the_known_ones(small_dataset: Path) -> None:
    with pytest.raises(DatasetError, match=r"nights.*train, val"):
        read_image_sets(small_dataset, ["val", "nights"])


def test_an_image_in_two_splits_is_refused(small_dataset: Path) -> None:
    with pytest.raises(DatasetError, match="sim_008 is in val and again in val"):
        read_image_sets(small_dataset, ["val", "val"])


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such folder"):
        read_image_sets(tmp_path / "nowhere", None)


def test_a_missing_annotation_is_named(small_dataset: Path, tmp_path: Path) -> None:
    for part in ("counts", "classes.txt"):
        (tmp_path / part).symlink_to(small_dataset / part)
    (tmp_path / "annotations").mkdir()
    with pytest.raises(DatasetError, match=r"sim_000\.xml: missing"):
        read_image_sets(tmp_path, None)


def test_counts_without_scale_have_none(small_dataset: Path, tmp_path: Path) -> None:
    assert scale_of(small_dataset) is None
    (tmp_path / "scale.yaml").write_text("gain: 0.1\noffset: -100\nencoding: mono16\n")
    assert scale_of(tmp_path) is None  # no counts that it could be of
    (tmp_path / "counts").mkdir()
    scale = scale_of(tmp_path)
    assert scale is not None and scale.gain_c_per_count == 0.1
