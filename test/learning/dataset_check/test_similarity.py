"""Scenes seen again are told from scenes that are merely alike."""

from __future__ import annotations

import cv2
import numpy as np

from thermoscout_core.learning.dataset_check.findings import Limits
from thermoscout_core.learning.dataset_check.similarity import fingerprint, similar_pairs
from thermoscout_core.simulation.dataset import random_frame

SCENES = 16


def everything(_: str, items):
    return items


def scene(seed: int) -> np.ndarray:
    return random_frame(np.random.default_rng(seed), 160, 120)[0]


def seen_again(counts: np.ndarray, seed: int) -> np.ndarray:
    """Another gain and offset, noise, and the camera moved, turned and a step closer."""
    rng = np.random.default_rng(seed)
    height, width = counts.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-3, 3), 1.04)
    matrix[:, 2] += rng.uniform(-0.06, 0.06, 2) * (width, height)
    again = cv2.warpAffine(
        counts.astype(np.float32), matrix, (width, height), borderMode=cv2.BORDER_REFLECT
    )
    noisy = again + rng.normal(0, 1, counts.shape)
    return np.clip(rng.uniform(0.3, 1.5) * noisy + 900, 0, 65535).astype(np.uint16)


def test_every_scene_is_known_again_and_none_is_taken_for_another() -> None:
    scenes = [scene(seed) for seed in range(SCENES)]
    prints = [fingerprint(s) for s in scenes]
    prints += [fingerprint(seen_again(s, seed)) for seed, s in enumerate(scenes)]
    pairs = similar_pairs(prints, Limits().leak, everything)
    assert {(p.first, p.second) for p in pairs} == {(n, n + SCENES) for n in range(SCENES)}


def test_the_most_similar_pair_comes_first() -> None:
    prints = [fingerprint(counts) for counts in (scene(1), seen_again(scene(1), 1), scene(1))]
    first, *others = similar_pairs(prints, 0.5, everything)
    assert (first.first, first.second) == (0, 2)
    assert first.similarity > 0.999
    assert all(pair.similarity <= first.similarity for pair in others)


def test_pictures_without_anything_to_see_are_like_nothing() -> None:
    blank = np.full((96, 128), 7000, np.uint16)
    noise = np.random.default_rng(0).integers(0, 9, (96, 128)).astype(np.uint16)
    prints = [fingerprint(counts) for counts in (blank, blank, noise)]
    assert similar_pairs(prints, 0.5, everything) == []


def test_no_pictures_make_no_pairs() -> None:
    assert similar_pairs([], 0.5, everything) == []
