"""Bring together what belongs to one frame by its exact stamp, whichever comes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

First = TypeVar("First")
Second = TypeVar("Second")
Stamp = tuple[int, int]


class StampMatcher(Generic[First, Second]):
    """Pairs two streams by stamp (seconds, nanoseconds).

    matched(first, second) is called once for each pair. Each side keeps the newest `depth` items;
    unmatched counts the second ones that went out of the buffer alone.
    """

    def __init__(self, matched: Callable[[First, Second], None], depth: int = 16) -> None:
        self._matched = matched
        self._depth = depth
        self._firsts: OrderedDict[Stamp, First] = OrderedDict()
        self._seconds: OrderedDict[Stamp, Second] = OrderedDict()
        self.unmatched = 0

    def add_first(self, stamp: Stamp, first: First) -> None:
        """Add an item of the side that is kept until its partner comes, such as an image."""
        if stamp in self._seconds:
            self._matched(first, self._seconds.pop(stamp))
            return
        self._firsts[stamp] = first
        while len(self._firsts) > self._depth:
            self._firsts.popitem(last=False)

    def add_second(self, stamp: Stamp, second: Second) -> None:
        """Add an item of the side that asks for its partner, such as a frame's detections."""
        if stamp in self._firsts:
            first = self._firsts[stamp]
            for older in list(self._firsts):
                del self._firsts[older]
                if older == stamp:
                    break
            self._matched(first, second)
            return
        self._seconds[stamp] = second
        while len(self._seconds) > self._depth:
            self._seconds.popitem(last=False)
            self.unmatched += 1

    def clear(self) -> None:
        self._firsts.clear()
        self._seconds.clear()
