"""What an image alone tells is worked out in a thread while its detections are awaited."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from thermoscout_nodes.matching import Stamp

Image = TypeVar("Image")
Context = TypeVar("Context")
Result = TypeVar("Result")


@dataclass(frozen=True)
class _Ahead(Generic[Image, Context, Result]):
    stamp: Stamp
    image: Image
    context: Context
    result: Future[Result]


class LookAhead(Generic[Image, Context, Result]):
    """Runs look(image, context) in a thread for the image whose answer comes next.

    One image at a time, so that nothing is worked out for images that a busy detector drops: while
    one is awaited, the latest of those that come waits for it, as it does in the detector.
    context: what else the result depends on; compared by identity. take() gives the same result
    with and without the thread's help, or raises what look does. Not thread-safe but for look.
    wait_for: in the thread, returns when it is the time for the image of that stamp.
    """

    def __init__(
        self,
        name: str,
        look: Callable[[Image, Context], Result],
        wait_for: Callable[[Stamp], None] = lambda _: None,
    ) -> None:
        self._look = look
        self._wait_for = wait_for
        self._pool = ThreadPoolExecutor(1, name)
        self._ahead: _Ahead[Image, Context, Result] | None = None
        self._next: tuple[Stamp, Image, Context] | None = None

    def offer(self, stamp: Stamp, image: Image, context: Context) -> None:
        """An image has come."""
        if self._ahead is None or self._ahead.stamp > stamp:  # the clock was set back
            self._begin(stamp, image, context)
        else:
            self._next = stamp, image, context

    def take(self, stamp: Stamp, image: Image, context: Context) -> Result:
        """An image is answered: what look says of it, waited for where it isn't ready."""
        if self._next is not None and self._next[0] <= stamp:
            self._next = None
        ahead = self._ahead
        if ahead is None or ahead.stamp > stamp:  # the answer comes to an earlier one
            return self._look(image, context)
        self._ahead = None
        begun = not ahead.result.cancel()
        if begun and ahead.image is image and ahead.context is context:
            return ahead.result.result()
        return self._look(image, context)

    def go_on(self) -> None:
        """The answer has been dealt with: on to the image that came last, if that is newer."""
        waiting, self._next = self._next, None
        if waiting is not None and self._ahead is None:
            self._begin(*waiting)

    def clear(self) -> None:
        """Forget all images."""
        if self._ahead is not None:
            self._ahead.result.cancel()
        self._ahead = self._next = None

    def close(self) -> None:
        """End the thread, after the image that it works on."""
        self.clear()
        self._pool.shutdown()

    def _begin(self, stamp: Stamp, image: Image, context: Context) -> None:
        result = self._pool.submit(self._in_time, stamp, image, context)
        self._ahead = _Ahead(stamp, image, context, result)

    def _in_time(self, stamp: Stamp, image: Image, context: Context) -> Result:
        self._wait_for(stamp)
        return self._look(image, context)
