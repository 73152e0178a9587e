"""Paces a world to real time on a thread of its own, and serves file descriptors in between.

The thread sleeps in select(2) until the next step is due or one of the descriptors has bytes, so a
request on the serial bus is answered at once and costs nothing while there is none. When the
thread was held up, it catches up by a bounded number of steps and then lets the lost time go: the
world never runs faster than real time for long.

The thread stands for hardware, so it asks for real-time priority, a step below the bus process that
talks to it. Where the system does not allow that it runs as any other.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections.abc import Callable, Mapping

CATCH_UP_S = 0.05
PRIORITY = 45


class Pacer:
    """Calls `step` once for each `step_s` of real time, and the handler of each ready fd."""

    def __init__(
        self,
        step: Callable[[], None],
        step_s: float,
        handlers: Mapping[int, Callable[[], None]],
        lagged: Callable[[float], None],
    ) -> None:
        """`lagged` is told the seconds let go. An exception ends the thread; see `failure`."""
        self._step, self._step_s = step, step_s
        self._handlers, self._lagged = dict(handlers), lagged
        self._running = threading.Event()
        self._thread: threading.Thread | None = None
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Begin."""
        self._running.set()
        self._thread = threading.Thread(target=self._guarded, name="world", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, and wait for the step in progress."""
        self._running.clear()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _guarded(self) -> None:
        with contextlib.suppress(OSError):  # not permitted
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))  # this thread only
        try:
            self._run()
        except BaseException as error:  # carried to whoever asks
            self.failure = error

    def _run(self) -> None:
        due_s = time.monotonic() + self._step_s
        while self._running.is_set():
            wait_s = max(due_s - time.monotonic(), 0.0)
            # select, not poll: its time-out is finer than a millisecond.
            ready, _, _ = select.select(list(self._handlers), [], [], wait_s)
            for fd in ready:
                self._handlers[fd]()
            now_s = time.monotonic()
            if now_s < due_s:
                continue
            if now_s - due_s > CATCH_UP_S:
                self._lagged(now_s - due_s)
                due_s = now_s
            self._step()
            due_s += self._step_s
