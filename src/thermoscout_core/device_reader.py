"""Reads a camera or a rangefinder in a thread of its own and brings it back after a loss."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from thermoscout_core.cameras.base import EndOfStream
from thermoscout_core.device_attempts import Attempt
from thermoscout_core.errors import LoginError, ThermoscoutError
from thermoscout_core.supervision import Decision, Phase, Supervisor

Item = TypeVar("Item")
Sample = TypeVar("Sample", covariant=True)
Answer = TypeVar("Answer")

_LOG = logging.getLogger(__name__)
JOIN_TIMEOUT_S = 1.5
Request = tuple[Callable[[Any], Any], Callable[[Any, str], None]]


class Device(Protocol[Sample]):
    """What a camera and a rangefinder have in common (see cameras/base.py)."""

    hardware_id: str
    rate_hz: float

    def open(self) -> None: ...
    def read(self, timeout_s: float) -> Sample | None: ...
    def close(self) -> None: ...


class DeviceReader(Generic[Item]):
    """One device under a Supervisor: a thread for each opening, and poll() that decides.

    The thread opens, reads and closes its device and tells the supervisor; it decides nothing.
    poll() is for a timer: it lets go of a lost device and starts the thread of the next attempt.

    make_device(stopping): a fresh, closed device; stopping is set when it shall end, for a clock
    that waits. deliver(device, sample): in the thread, and only while the supervisor admits the
    attempt. report(sentence): in poll(), of each change of phase or cause. A device may have
    counters (DeviceCounters), silence_is_loss = False when it follows a clock that may stop,
    is_alive: whether a read() without a sample heard from it all the same, and wanted_id: told
    before open(), of several that answer the only one to take ("" for any).
    """

    def __init__(
        self,
        name: str,
        supervisor: Supervisor,
        make_device: Callable[[threading.Event], Device[Item]],
        deliver: Callable[[Any, Item], None],
        report: Callable[[str], None],
        read_timeout_s: float = 0.2,
    ) -> None:
        self.supervisor = supervisor
        self.stopping = threading.Event()
        self._name = name
        self._make_device = make_device
        self._deliver = deliver
        self._report = report
        self._read_timeout_s = read_timeout_s
        self._requests: deque[Request] = deque()
        self._thread: threading.Thread | None = None
        self._told = ""

    def start(self) -> None:
        """Begin; the first poll() opens the device."""
        self.supervisor.start()
        self.poll()

    def poll(self) -> None:
        """Let go of what is lost, open what is due, report what changed. About every 0.1 s."""
        decision = self.supervisor.tick()
        if decision is Decision.CLOSE:
            self.stopping.set()
            self._refuse_requests()
        elif decision is Decision.OPEN and self.supervisor.attempt is not None:
            self.stopping = threading.Event()
            self._thread = threading.Thread(
                target=self._run,
                args=(self.supervisor.attempt, self.stopping),
                name=self._name,
                daemon=True,
            )
            self._thread.start()
        phase, problem = self.supervisor.phase, self.supervisor.problem
        telling = f"{phase.value}: {problem}" if problem else phase.value
        if telling != self._told:
            self._told = telling
            self._report(telling)

    def stop(self) -> None:
        """Let go of the device and wait for its thread, but not for ever."""
        self.supervisor.stop()
        self.stopping.set()
        self._refuse_requests()
        if self._thread is not None:
            self._thread.join(JOIN_TIMEOUT_S)

    def ask(
        self, call: Callable[[Any], Answer], done: Callable[[Answer | None, str], None]
    ) -> None:
        """Run call(device) in the device's thread between two reads.

        done(answer, ""), or done(None, why not) when the device refuses or isn't there; in the
        device's thread, or here when there is none.
        """
        self._requests.append((call, done))
        if self.supervisor.phase is not Phase.STREAMING:
            self._refuse_requests()

    # In the device's thread

    def _run(self, attempt: Attempt, stopping: threading.Event) -> None:
        supervisor = self.supervisor
        device: Device[Item] | None = None
        try:
            device = self._make_device(stopping)
            attempt.silence_is_loss = getattr(device, "silence_is_loss", True)
            attempt.counters = getattr(device, "counters", attempt.counters)
            if hasattr(device, "wanted_id"):
                device.wanted_id = supervisor.wanted_id
            device.open()
            supervisor.opened(attempt, device.hardware_id, device.rate_hz)
            self._stream(device, attempt, stopping)
        except EndOfStream:
            supervisor.ended(attempt)
        except Exception as error:  # whatever a driver raises, the device is opened again
            known = isinstance(error, (ThermoscoutError, OSError))
            problem = str(error) if known else f"{type(error).__name__}: {error}"
            supervisor.failed(attempt, problem, isinstance(error, LoginError))
        finally:
            self._close(device)
            supervisor.released(attempt)

    def _stream(self, device: Device[Item], attempt: Attempt, stopping: threading.Event) -> None:
        while not stopping.is_set():
            self._answer_requests(device)
            sample = device.read(self._read_timeout_s)
            if not self.supervisor.admits(attempt):
                continue
            if sample is None:
                if getattr(device, "is_alive", False):
                    self.supervisor.heard(attempt)
                continue
            self.supervisor.sampled(attempt)
            self._deliver(device, sample)

    def _close(self, device: Device[Item] | None) -> None:
        try:
            if device is not None:
                device.close()
        except Exception as error:  # a device that is gone may not even close
            _LOG.warning("%s: closing failed: %s: %s", self._name, type(error).__name__, error)

    def _answer_requests(self, device: Device[Item]) -> None:
        while (request := self._next_request()) is not None:
            call, done = request
            try:
                answer = call(device)
            except Exception as error:
                done(None, str(error))
                if not isinstance(error, ThermoscoutError):
                    raise
            else:
                done(answer, "")

    def _refuse_requests(self) -> None:
        while (request := self._next_request()) is not None:
            request[1](None, f"{self._name}: the device is {self.supervisor.phase.value}")

    def _next_request(self) -> Request | None:
        try:
            return self._requests.popleft()
        except IndexError:  # another thread may have taken the last one
            return None
