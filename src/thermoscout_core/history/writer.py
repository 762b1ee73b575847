"""A thread that writes the history, so that no disk holds the inspection back."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path

from thermoscout_core.errors import HistoryError
from thermoscout_core.history.database import CorruptHistoryError, open_for_writing, set_aside
from thermoscout_core.history.recorder import FrameRecord, PatrolInfo, PatrolRecorder

CAPACITY = 5000
"""Frames that may wait: more than an hour at one a second."""

BACK_OFF_FIRST_S, BACK_OFF_LAST_S = 0.5, 10.0


class HistoryWriter:
    """Writes one patrol. put() never waits.

    A frame that can't be written (disk full, locked) is tried again until it can be; meanwhile
    the others wait, and only what finds CAPACITY frames waiting is dropped, counted and told. A
    damaged file is set aside under another name, and a new one begun.

    info(): of the patrol, asked in the thread when the first frame is written.
    report(sentence): told of each change, in the thread. problem: why it can't write now, "" while
    all is well. written, dropped, waiting: frames. Raises HistoryError when the file can't be
    used from the start, unless it is damaged.
    """

    def __init__(
        self,
        path: Path,
        info: Callable[[], PatrolInfo],
        report: Callable[[str], None],
        capacity: int = CAPACITY,
    ) -> None:
        self.path = path
        self.problem = ""
        self.written = 0
        self.dropped = 0
        self._info = info
        self._report = report
        self._queue: queue.Queue[FrameRecord | None] = queue.Queue(capacity + 1)
        self._capacity = capacity
        self._stopping = threading.Event()
        try:
            open_for_writing(path).close()
        except CorruptHistoryError as error:
            self._set_aside(error)
        self._thread = threading.Thread(target=self._run, name="history writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        return self._queue.qsize()

    def put(self, frame: FrameRecord) -> None:
        """Queue a frame; from one thread."""
        if self._stopping.is_set() or self._queue.qsize() >= self._capacity:
            if not self.dropped:
                self._report(f"{self.path}: {self._capacity} frames wait; newer ones are lost")
            self.dropped += 1
            return
        self._queue.put_nowait(frame)

    def close(self, timeout_s: float = 10.0) -> None:
        """Write what waits, each frame tried once more, and end. Safe to call twice."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._queue.put_nowait(None)
        self._thread.join(timeout_s)
        lost = self.dropped + self.waiting
        if lost:
            self._report(f"{self.path}: {lost} frames not written. {self.problem}".rstrip())

    def _run(self) -> None:
        recorder: PatrolRecorder | None = None
        while (frame := self._queue.get()) is not None:
            recorder = self._write(recorder, frame)
        if recorder is not None:
            recorder.close()

    def _write(self, recorder: PatrolRecorder | None, frame: FrameRecord) -> PatrolRecorder | None:
        """Until it is written; when stopping, once."""
        back_off_s, replaced = BACK_OFF_FIRST_S, False
        while True:
            try:
                recorder = recorder or PatrolRecorder(self.path, self._info())
                recorder.record(frame)
                self.written += 1
                self._tell("")
                return recorder
            except CorruptHistoryError as error:
                if recorder is not None:
                    recorder.close()
                recorder = None
                if not replaced and self._set_aside(error):
                    replaced = True
                    continue
                self._tell(str(error))
            except HistoryError as error:
                self._tell(str(error))
            if self._stopping.is_set():
                self.dropped += 1
                return recorder
            self._stopping.wait(back_off_s)
            back_off_s = min(2 * back_off_s, BACK_OFF_LAST_S)

    def _set_aside(self, error: CorruptHistoryError) -> bool:
        try:
            aside = set_aside(self.path)
        except HistoryError as failure:
            self._tell(str(failure))
            return False
        self._report(f"{error}. It is now {aside.name}, and a new history begins")
        return True

    def _tell(self, problem: str) -> None:
        if problem != self.problem:
            self._report(problem or f"{self.path}: written again")
        self.problem = problem
