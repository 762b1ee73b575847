"""How a long check shows how far it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

_Item = TypeVar("_Item")


class Watch(Protocol):
    """Goes through a sequence and shows how far it is."""

    def __call__(self, description: str, items: Sequence[_Item], /) -> Iterable[_Item]: ...
