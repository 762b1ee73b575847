"""What a binding to CUDA owes the engine's session."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Buffer:
    """host: page-locked memory as an array. address: of the memory that the GPU works on; on an
    integrated GPU both are the same memory. owner: whatever keeps it alive."""

    host: NDArray[Any]
    address: int
    owner: object


class Device(Protocol):
    """A GPU with a context; every call comes from one thread, and all but close() within active().

    name: the GPU's. compute_capability: such as 8.7. is_integrated: it shares the CPU's memory.
    stream: handle of the one stream. Every call may raise EngineError.
    """

    name: str
    compute_capability: str
    is_integrated: bool
    stream: int

    def active(self) -> AbstractContextManager[None]:
        """The context pushed, and popped at the end. PyCUDA aborts the process when a thread ends
        with a context on its stack, so none stays there between frames."""
        ...

    def buffer(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Buffer:
        """Memory that stays where it is until close()."""
        ...

    def upload(self, buffer: Buffer) -> None:
        """Queue the copy to the GPU; nothing on an integrated one."""
        ...

    def download(self, buffer: Buffer) -> None:
        """Queue the copy from the GPU; nothing on an integrated one."""
        ...

    def synchronise(self) -> None:
        """Wait until the stream is done, the CPU free meanwhile."""
        ...

    def capture(self, work: Callable[[], None]) -> Callable[[], None] | None:
        """Record what work queues as a CUDA graph; a call that queues all of it at once. None when
        it can't be recorded."""
        ...

    def free_memory(self) -> tuple[int, int]:
        """Bytes (free, in all)."""
        ...

    def close(self) -> None:
        """Free the memory and let the context go; also after an error."""
        ...
