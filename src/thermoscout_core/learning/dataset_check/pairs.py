"""Pictures that are there twice: copies, near-duplicates, and leaks between splits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from thermoscout_core.learning.dataset_check.findings import Finding, Limits
from thermoscout_core.learning.dataset_check.images import CheckedImage
from thermoscout_core.learning.dataset_check.progress import Watch
from thermoscout_core.learning.dataset_check.similarity import similar_pairs


def pair_findings(
    images: Sequence[CheckedImage],
    limits: Limits,
    watch: Watch,
) -> list[Finding]:
    """Compare every picture with every other, of all datasets checked.

    Splits of equal name in different datasets count as one; a picture in no split can't leak.
    """
    copies = _copies(images)
    found = [finding for group in copies for finding in _copy_findings(group)]
    # of a group of copies the first of each split stands for all
    first = {(image.digest, image.split): image for image in reversed(images)}
    kept = [image for image in images if first[image.digest, image.split] is image]
    least = min(limits.leak, limits.suspicion)
    for pair in similar_pairs([image.fingerprint for image in kept], least, watch):
        one, other = kept[pair.first], kept[pair.second]
        if one.digest != other.digest:
            found += _similar_finding(one, other, pair.similarity, limits)
    return found


def _copies(images: Sequence[CheckedImage]) -> list[list[CheckedImage]]:
    groups: dict[bytes, list[CheckedImage]] = defaultdict(list)
    for image in images:
        groups[image.digest].append(image)
    return [group for group in groups.values() if len(group) > 1]


def _copy_findings(group: list[CheckedImage]) -> list[Finding]:
    found = []
    for one, other in pairwise(group):
        names = (one.name, other.name)
        kind = "leak" if _leaks(one, other) else "duplicate_image"
        found.append(Finding(kind, f"{one.name} and {other.name} are identical", names, (), 1.0))
        if _stated(one) != _stated(other):
            message = f"{one.name} and {other.name} are identical, but labelled differently"
            found.append(Finding("copies_disagree", message, names, (), 1.0))
    return found


def _similar_finding(
    one: CheckedImage, other: CheckedImage, similarity: float, limits: Limits
) -> list[Finding]:
    names = (one.name, other.name)
    if similarity >= limits.leak:
        kind = "leak" if _leaks(one, other) else "near_duplicate"
        message = f"{one.name} and {other.name} are nearly the same picture ({similarity:.2f})"
    elif _leaks(one, other):
        kind = "suspected_leak"
        message = f"{one.name} and {other.name} are similar ({similarity:.2f})"
    else:
        return []
    return [Finding(kind, message, names, (), similarity)]


def _leaks(one: CheckedImage, other: CheckedImage) -> bool:
    return None not in (one.split, other.split) and one.split != other.split


def _stated(image: CheckedImage) -> set[tuple[str, tuple[float, ...], bool]]:
    return {(entry.class_name, entry.corners, entry.difficult) for entry in image.sound}
