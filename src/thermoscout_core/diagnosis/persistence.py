"""From a severity per frame to one that persists: N of M to raise it, N of M to clear it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from thermoscout_core.errors import ConfigurationError
from thermoscout_core.verdicts import Severity

_SEVERITIES = list(Severity)
_RANKS = {severity: severity.rank for severity in Severity}
_NORMAL = Severity.NORMAL.rank


@dataclass(frozen=True)
class Persistence:
    """How long is long enough, in frames in which the equipment was judged.

    A severity is raised when raise_n of the last raise_m verdicts are that grave or graver, and
    lowered when clear_n of the last clear_m since then are that mild or milder. Each change asks
    for fresh evidence against it, so a reading that swings about a threshold changes nothing.
    Raises ConfigurationError for an n that isn't 1..m.
    """

    raise_n: int = 3
    raise_m: int = 5
    clear_n: int = 8
    clear_m: int = 10

    def __post_init__(self) -> None:
        for name in ("raise", "clear"):
            n, m = getattr(self, f"{name}_n"), getattr(self, f"{name}_m")
            if not 1 <= n <= m:
                raise ConfigurationError(
                    f"{name}_n is {n} and {name}_m is {m}: give 1 <= {name}_n <= {name}_m, for "
                    f"n of the last m frames"
                )


class HeldSeverity:
    """The severity that persists, NORMAL at first. UNKNOWN verdicts are no evidence either way.

    recent: the faults among the verdicts that raising looks at, and how many those are.
    first_fault_s: stamp of the earliest fault among them, None when there is none.
    """

    def __init__(self, persistence: Persistence) -> None:
        self._persistence = persistence
        self._up: deque[tuple[float, int]] = deque(maxlen=persistence.raise_m)
        self._down: deque[int] = deque(maxlen=persistence.clear_m)
        self._rank = _NORMAL

    @property
    def severity(self) -> Severity:
        return _SEVERITIES[self._rank]

    @property
    def recent(self) -> tuple[int, int]:
        faults = sum(rank > _NORMAL for _, rank in self._up)
        return faults, len(self._up)

    @property
    def first_fault_s(self) -> float | None:
        return next((stamp_s for stamp_s, rank in self._up if rank > _NORMAL), None)

    def add(self, stamp_s: float, severity: Severity) -> None:
        """One verdict more."""
        if severity is Severity.UNKNOWN:
            return
        p = self._persistence
        rank = _RANKS[severity]
        self._up.append((stamp_s, rank))
        self._down.append(rank)
        if len(self._up) >= p.raise_n:
            # the n-th gravest: n verdicts are that grave or graver
            raised = sorted(rank for _, rank in self._up)[-p.raise_n]
            if raised > self._rank:
                self._rank = raised
                self._down.clear()
                return
        if len(self._down) >= p.clear_n:
            lowered = sorted(self._down)[p.clear_n - 1]
            if lowered < self._rank:
                self._rank = lowered
                self._up.clear()
                self._down.clear()
