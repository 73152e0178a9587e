"""The bus process as its parent sees it: started, listened to, ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from hrc_cell.adapters.serial.plan import BusPlan
from hrc_cell.adapters.serial.shared import Shared

LISTEN_S = 0.01


class BusChild:
    """The bus process, its memory and the lines that it tells."""

    def __init__(self, plan: BusPlan) -> None:
        self.shared = Shared(len(plan.motors))
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "hrc_cell.adapters.serial.bus_process",
                str(os.getpid()),
                str(self.shared.fd),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(self.shared.fd,),
        )
        with self._process.stdin as into:  # type: ignore[union-attr]
            into.write(plan.to_json().encode())
        out: Any = self._process.stdout
        self._out = out
        os.set_blocking(self._out.fileno(), False)
        self._rest = b""

    @property
    def exit_code(self) -> int | None:
        """Return the exit code, None while it runs."""
        return self._process.poll()

    @property
    def pid(self) -> int:
        """Return its process ID."""
        return self._process.pid

    def wait_ready(self, timeout_s: float) -> dict[str, Any]:
        """Return what it says once the motors are up. Raises ValueError that says why not."""
        end_s = time.monotonic() + timeout_s
        while time.monotonic() < end_s:
            ended = self.exit_code
            for line in self.lines():
                if line["kind"] == "ready":
                    return line
                if "text" in line:
                    raise ValueError(line["text"])
            if ended is not None:
                raise ValueError(f"the bus process ended with code {ended}")
            time.sleep(LISTEN_S)
        raise ValueError(f"the motors are not up after {timeout_s:g} s")

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield what it has told since the last call."""
        self._rest += self._out.read() or b""
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            told: dict[str, Any] = json.loads(line)
            yield told

    def wait(self, timeout_s: float) -> bool:
        """Return whether it has ended within this time."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        """End it whatever it does, and give everything back."""
        if self.exit_code is None:
            self._process.kill()
            self._process.wait()
        self._out.close()
        self.shared.close()
