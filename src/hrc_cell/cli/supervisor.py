"""Starts a cell's processes, watches them, brings back the one that died, ends them in order.

Every process gets a session of its own and the order from the kernel to end when its supervisor
does, so that none is left behind, whatever happens to the supervisor.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import hashlib
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import psutil

from hrc_cell.cli.logs import LogReader, fresh
from hrc_cell.cli.places import begin_anew
from hrc_cell.cli.readiness import Readiness
from hrc_cell.nodes.middleware import stay_local
from hrc_cell.nodes.processes import MARKERS, CellProcess, Deaths, processes_of, ros_arguments
from hrc_cell.settings.cell import load_cell

READY_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 4.5
POLL_S = 0.05
PR_SET_PDEATHSIG = 1
LOGGING = ("--disable-external-lib-logs",)
"""No second log of the same under ~/.ros."""

_libc = ctypes.CDLL(None, use_errno=True)


class CellFailed(RuntimeError):
    """The cell did not come up, or a process of it cannot be kept alive."""


def _die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends. Runs in the child before exec."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


class _Child:
    """One process of the cell, with its log."""

    def __init__(
        self,
        process: CellProcess,
        command: list[str],
        log_path: Path,
        *,
        notify_socket: str,
        verbose: bool,
    ) -> None:
        self.process = process
        self.command = command
        self.log = fresh(log_path).open("ab")
        self.reader = LogReader(log_path, everything=verbose)
        self.deaths = Deaths()
        self._environment = {**os.environ, "NOTIFY_SOCKET": notify_socket}
        self.popen: subprocess.Popen[bytes] = self._spawn()

    def _spawn(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            env=self._environment,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )

    def respawn(self) -> None:
        """Start it again."""
        self.popen = self._spawn()


class Supervisor:
    """A running cell. Use as a context manager."""

    def __init__(
        self,
        *,
        cell: Path,
        state_dir: Path,
        namespace: str = "",
        port: int | None = None,
        say: Callable[[str], None] = lambda text: None,
        verbose: bool = False,
        markers: bool = False,
    ) -> None:
        self.folder = cell.resolve()
        self.cell = load_cell(self.folder)
        self.state_dir = state_dir.resolve()
        self.namespace = namespace
        self._port = port
        self._say = say
        self._verbose = verbose
        self._extra = (MARKERS,) if markers else ()
        self._children: dict[str, _Child] = {}
        self._ending = threading.Event()
        self._settled = threading.Event()  # nothing is started any more
        self._over = threading.Event()  # nothing runs any more
        self._failed: str | None = None
        self.told_to_end = False
        self._watcher: threading.Thread | None = None
        self._lock_file: IO[bytes] | None = None
        self._readiness: Readiness | None = None

    def __enter__(self) -> Supervisor:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    @property
    def log_dir(self) -> Path:
        """Return the folder with one log file for each process."""
        return self.state_dir / "log"

    def start(self) -> None:
        """Start every process. Raises CellFailed if folder, namespace or journal are in use."""
        try:
            self.log_dir.mkdir(parents=True, exist_ok=True)
            self._lock_file = (self.state_dir / "lock").open("wb")
        except OSError as error:
            raise CellFailed(f"the state folder cannot be used: {error}") from error
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock_file.close()
            raise CellFailed(
                f"a cell runs already with the state folder {self.state_dir}; "
                "end it, or name another folder with --state"
            ) from None
        try:
            self._readiness = Readiness(_graph_name(self.namespace))
        except OSError as error:
            self._lock_file.close()
            if error.errno != errno.EADDRINUSE:
                raise
            raise CellFailed(
                f"a cell runs already in ROS domain {_domain()} and namespace "
                f"{self.namespace!r}: its permits and goals would be taken for those of this one; "
                "end it, or name another --namespace"
            ) from None
        (self.state_dir / "panel.url").unlink(missing_ok=True)
        try:
            begin_anew(self.cell, self.state_dir)
        except OSError as error:
            raise CellFailed(f"the journal of the last world stays: {error}") from error
        stay_local()
        for process in (*processes_of(self.cell), *self._extra):
            extra = {}
            if process.name == "operator_panel" and self._port is not None:
                extra["port"] = str(self._port)
            arguments = ros_arguments(
                cell_folder=str(self.folder), state_dir=str(self.state_dir),
                namespace=self.namespace, extra=extra,
            )  # fmt: skip
            command = [sys.executable, "-m", process.module, *arguments, *LOGGING]
            log_path = self.log_dir / f"{process.name}.log"
            self._children[process.name] = _Child(
                process, command, log_path,
                notify_socket=self._readiness.address, verbose=self._verbose,
            )  # fmt: skip
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._watcher.start()

    def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> str:
        """Return the address of the operator page once every node acts and permits reach the page.

        Raises CellFailed with what is missing and the last lines of the logs when that takes too
        long.
        """
        end_s = time.monotonic() + timeout_s
        while time.monotonic() < end_s:
            if self._failed or self.told_to_end:
                raise CellFailed(self._failed or "told to end before the cell was ready")
            url = self.page_url()
            if url and not self.unready() and _answers(f"{url.rstrip('/')}/api/health"):
                return url
            self._ending.wait(POLL_S)
        missing = ", ".join(self.unready()) or "the page, or permits on it"
        raise CellFailed(
            f"the cell was not ready within {timeout_s:g} s; missing: {missing}\n"
            f"{self._last_lines()}"
        )

    def unready(self) -> list[str]:
        """Return the names of the processes that have not said since their start that they act."""
        pids = self._readiness.pids() if self._readiness is not None else set()
        return [name for name, pid in self.pids().items() if pid not in pids]

    def page_url(self) -> str:
        """Return the address that the operator panel wrote down, "" if it has not yet."""
        try:
            return (self.state_dir / "panel.url").read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return ""

    def wait_failed(self, seconds: float | None = None) -> str | None:
        """Wait until told to end or until a process cannot be kept alive; return why."""
        self._ending.wait(seconds)
        return self._failed

    def end(self) -> None:
        """Make `wait_ready` and `wait_failed` return. Safe in a signal handler."""
        self.told_to_end = True
        self._ending.set()

    def pids(self) -> dict[str, int]:
        """Return the process id of every process by name."""
        return {name: child.popen.pid for name, child in self._children.items()}

    def children(self, name: str) -> list[int]:
        """Return the process ids of what a process started itself."""
        return [p.pid for p in psutil.Process(self.pids()[name]).children(recursive=True)]

    def wait_respawned(self, name: str, old_pid: int, timeout_s: float) -> None:
        """Wait until a killed process was started again. Raises CellFailed if it was not."""
        end_s = time.monotonic() + timeout_s
        while self.pids()[name] == old_pid:
            if time.monotonic() > end_s:
                raise CellFailed(f"{name} was not started again within {timeout_s:g} s")
            self._ending.wait(POLL_S)

    def stop(self) -> None:
        """End every process in order: first who asks for motion, last who holds the motors.

        Signals to end, of which an impatient person sends more than one, do not disturb it.
        """
        with _undisturbed():
            self._stop()

    def _stop(self) -> None:
        self._ending.set()
        if self._watcher is not None:
            self._settled.wait()
        end_s = time.monotonic() + STOP_TIMEOUT_S
        for turn in sorted({child.process.ends for child in self._children.values()}):
            group = [c for c in self._children.values() if c.process.ends == turn]
            for child in group:
                _signal(child, signal.SIGINT)
            group_end_s = min(end_s, time.monotonic() + max(c.process.ends_within_s for c in group))
            for child in group:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.popen.wait(max(0.05, group_end_s - time.monotonic()))
        for child in self._children.values():
            if child.popen.poll() is None:
                self._say(f"{child.process.name} did not end by itself: killed")
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.popen.pid, signal.SIGKILL)
            child.popen.wait()
            child.log.close()
        self._over.set()
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None
        self._children.clear()
        if self._readiness is not None:
            self._readiness.close()
            self._readiness = None
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None

    def _watch(self) -> None:
        """Watch until the end begins, then stay until it is over.

        The kernel ends a process with the thread that started it, not with the program: this one
        must not go before those it has started again.
        """
        while not self._failed and not self._ending.wait(POLL_S):
            for child in tuple(self._children.values()):
                self._show(child)
                code = child.popen.poll()
                if code is not None and not self._ending.is_set():
                    self._bring_back(child, code)
        self._settled.set()
        while not self._over.wait(POLL_S):
            for child in self._children.values():
                self._show(child)

    def _show(self, child: _Child) -> None:
        for line in child.reader.unread():
            self._say(f"{child.process.name}: {line}")

    def _bring_back(self, child: _Child, code: int) -> None:
        """Start again what died, unless it dies, or refuses to be configured, again and again."""
        name = child.process.name
        if child.deaths.no_use(code, time.monotonic()):
            if not child.process.needed:
                self._say(f"{name} ended with code {code} again and again: the cell runs without")
                self._children = {n: c for n, c in self._children.items() if c is not child}
                child.log.close()
                return
            self._failed = f"{name} ended with code {code}\n{self._last_lines(name)}"
            self._ending.set()
            return
        self._say(f"{name} died ({_why(code)}): started again")
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.popen.pid, signal.SIGKILL)  # what it may have left behind
        if not self._ending.wait(child.process.respawn_delay_s):
            child.respawn()

    def _last_lines(self, *names: str) -> str:
        """Return the ends of the logs, for a message to a person."""
        parts = []
        for name in names or tuple(self._children):
            text = (self.log_dir / f"{name}.log").read_text(encoding="utf-8", errors="replace")
            parts += [f"{name}: {line}" for line in text.splitlines()[-8:]]
        return "\n".join(parts)


def _domain() -> str:
    return os.environ.get("ROS_DOMAIN_ID", "0")


def _graph_name(namespace: str) -> str:
    """Return a name for this namespace of this ROS domain, short enough for a socket."""
    graph = f"{_domain()}/{namespace.strip('/')}"
    return f"hrc_cell/{hashlib.sha256(graph.encode()).hexdigest()[:32]}"


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Leave signals to end aside for as long as this lasts; another thread gets none anyway."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ends = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.SIG_IGN) for number in ends]
    try:
        yield
    finally:
        for number, handler in zip(ends, before, strict=True):
            signal.signal(number, handler)


def _why(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _signal(child: _Child, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.popen.send_signal(number)


def _answers(url: str) -> bool:
    """Return whether the page says that it is connected to the cell."""
    unchecked = ssl.create_default_context()  # its own process on its own machine; no secret goes
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(url, timeout=1.0, context=unchecked) as reply:  # noqa: S310
            return bool(reply.status == 200)
    except (urllib.error.URLError, OSError):
        return False
