"""A frame only after the verdicts of the one before: for files, of which none may be dropped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from std_msgs.msg import Header
from thermoscout.msg import ThermalVerdicts

from thermoscout_nodes.device_messages import stamp_key
from thermoscout_nodes.lifecycle import ManagedNode
from thermoscout_nodes.matching import Stamp
from thermoscout_nodes.qos import STANDARD

LOOK_S = 0.1


class Lockstep:
    """Waits for the verdicts of the latest frame. Make it in configure; cleanup ends it."""

    def __init__(self, node: ManagedNode, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._answered = threading.Event()
        self._asked: Stamp | None = None
        node.subscribe(ThermalVerdicts, "verdicts", self._on_verdicts, STANDARD)

    def send(self, header: Header, send: Callable[[], None], stopping: threading.Event) -> bool:
        """In the reader's thread: send that frame, once more when its verdicts don't come in time.

        False when they still don't; True when they came, or stopping was set.
        """
        self._asked = stamp_key(header)
        self._answered.clear()
        for _ in range(2):
            send()
            latest_s = time.monotonic() + self._timeout_s
            while time.monotonic() < latest_s:
                if self._answered.wait(LOOK_S) or stopping.is_set():
                    return True
        return False

    def _on_verdicts(self, message: ThermalVerdicts) -> None:
        if stamp_key(message.header) == self._asked:
            self._answered.set()
