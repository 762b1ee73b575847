"""Cuts lines of ASCII out of a noisy stream of bytes."""

from __future__ import annotations

import re

LONGEST_LINE = 80
_ENDS = re.compile(rb"[\r\n]+")


class LineScanner:
    """Lines ended by CR, LF or both; one that never ends, or that isn't printable ASCII, is
    dropped. torn: lines dropped. A first line may have begun before we listened."""

    def __init__(self) -> None:
        self.torn = 0
        self._rest = b""
        self._too_long = False

    def feed(self, data: bytes) -> list[str]:
        """The lines that these bytes complete, without their ends, none empty."""
        *ended, self._rest = _ENDS.split(self._rest + data)
        lines = []
        for line in ended:
            if self._too_long:
                self._too_long = False
            elif len(line) > LONGEST_LINE or not all(0x20 <= byte < 0x7F for byte in line):
                self.torn += 1
            elif line:
                lines.append(line.decode("ascii"))
        if len(self._rest) > LONGEST_LINE:
            self.torn += not self._too_long
            self._rest, self._too_long = b"", True
        return lines

    def reset(self) -> None:
        """Forget a line that has begun."""
        self._rest, self._too_long = b"", False
