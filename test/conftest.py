"""What all tests share: ROS on this machine alone; properties without a time limit, and the same
examples every time; another try for what runs against the clock, and an end to what hangs."""

import contextlib
import faulthandler
import signal
import traceback
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import Phase, settings

from hrc_cell.nodes.middleware import stay_local

stay_local()
settings.register_profile("cell", deadline=None, derandomize=True)
settings.register_profile(  # for tools/mutate.py: that a test fails is enough
    "break", deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate)
)
settings.load_profile("cell")

TRIES = 3
CLOCKED = ("adapters", "cli", "launch", "nodes", "panel", "scenarios", "setup")
"""Folders whose tests run real processes against the clock: a machine that is busy with something
else can make them fail. They are tried again, and every failed try is printed."""
PATIENCE_S = 420
"""A try that takes longer hangs: where is printed, and it fails. What hangs outside Python is ended
with the whole run, by pytest's own `faulthandler_timeout`."""
failed_tries = pytest.StashKey[list[str]]()


def pytest_addoption(parser):
    parser.addoption(
        "--kills", type=int, default=50, help="how often the task manager is killed in its story"
    )
    parser.addoption(
        "--fuzz", type=int, default=40, help="how often the page's server is sent each kind of rot"
    )


def pytest_configure(config):
    config.stash[failed_tries] = []


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item, nextitem):
    """Run one test, up to TRIES times if it runs against the clock."""
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    if folder not in CLOCKED:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for attempt in range(1, TRIES + 1):
        with patience(item):
            reports = runtestprotocol(item, nextitem=nextitem, log=False)
        failed = [report for report in reports if report.failed]
        if not failed or failed[-1].when == "teardown" or attempt == TRIES:
            break
        crash = getattr(failed[0].longrepr, "reprcrash", None)
        why = (crash.message if crash else str(failed[0].longrepr)).splitlines()[0]
        item.config.stash[failed_tries].append(f"{item.nodeid}: try {attempt}: {why}")
        _forget(item)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@contextlib.contextmanager
def patience(item):
    """Fail what runs inside after PATIENCE_S, or a test's own `@pytest.mark.patience(seconds)`."""

    def give_up(_, frame):
        faulthandler.dump_traceback()
        stack = reversed(traceback.extract_stack(frame, limit=6))
        at = " < ".join(f"{Path(file).name}:{line}" for file, line, *_ in stack)
        raise TimeoutError(f"hangs: not over after {wait_s} s, at {at}")

    mark = item.get_closest_marker("patience")
    wait_s = mark.args[0] if mark else PATIENCE_S
    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, wait_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _forget(item):
    """Make a test new: its own fixtures, and those that could not be made."""
    item._initrequest()
    for made in item._fixtureinfo.name2fixturedefs.values():
        for one in made:
            if one.cached_result is not None and one.cached_result[2] is not None:
                one.finish(item._request)


def pytest_sessionfinish(session):
    """Hand the failed tries of one process of several to the one that prints."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["failed_tries"] = session.config.stash[failed_tries]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    """Take the failed tries of another process."""
    node.config.stash[failed_tries] += getattr(node, "workeroutput", {}).get("failed_tries", [])


def pytest_terminal_summary(terminalreporter, config):
    """Say which tests needed another try, and why."""
    if config.stash[failed_tries]:
        terminalreporter.section("failed at first, tried again")
        for line in config.stash[failed_tries]:
            terminalreporter.write_line(line)
