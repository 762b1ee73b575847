"""Cuts checksummed frames out of a noisy stream of bytes."""

from __future__ import annotations

from collections.abc import Callable

NEEDS_MORE = -1
NO_FRAME = 0


class FrameScanner:
    """Finds frames one after the other; where one is wrong it steps one byte, not one frame.

    A stray byte before a header shifts everything after it, so that the true frame begins inside
    the wrong one.

    length_of(buffer, at): bytes of the frame that begins at `at`, by its header; NO_FRAME when
    none does, NEEDS_MORE when too few bytes are there to tell. is_whole(frame): its checksum is
    right.
    torn: frames whose header was right and whose checksum was not.
    """

    def __init__(
        self, length_of: Callable[[bytes, int], int], is_whole: Callable[[bytes], bool]
    ) -> None:
        self.torn = 0
        self._length_of = length_of
        self._is_whole = is_whole
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that these bytes complete."""
        buffer, at = self._rest + data, 0
        frames = []
        while at < len(buffer):
            length = self._length_of(buffer, at)
            if length == NEEDS_MORE or at + length > len(buffer):
                break
            frame = buffer[at : at + length]
            if length != NO_FRAME and self._is_whole(frame):
                frames.append(frame)
                at += length
            else:
                self.torn += length != NO_FRAME
                at += 1
        self._rest = buffer[at:]
        return frames

    def reset(self) -> None:
        """Forget a frame that has begun."""
        self._rest = b""
