"""Who says that it is ready is known by the kernel's word, not by its own."""

import os
import subprocess
import sys

import pytest

from hrc_cell.cli.readiness import Readiness

SAY = "from hrc_cell.nodes.notify import notify_ready; notify_ready()"
SAY_ELSE = """
import os, socket
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(
    b"STATUS=READY=1 soon", "\\0" + os.environ["NOTIFY_SOCKET"][1:])
"""


@pytest.fixture
def readiness():
    one = Readiness()
    yield one
    one.close()


def child(code, address):
    """Run Python with this address to tell; return its process id."""
    popen = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "NOTIFY_SOCKET": address}
    )
    assert popen.wait(60) == 0
    return popen.pid


def test_each_process_that_says_it_is_ready_is_known_by_its_id(readiness):
    assert readiness.pids() == set()
    first = child(SAY, readiness.address)
    assert readiness.pids() == {first}
    second = child(SAY, readiness.address)
    assert readiness.pids() == {first, second}


def test_other_words_do_not_count(readiness):
    child(SAY_ELSE, readiness.address)
    assert readiness.pids() == set()


def test_nobody_needs_to_listen(readiness):
    child(SAY, "")
    child(SAY, "@nobody-listens-here")
    assert readiness.pids() == set()
