"""The record of a cell that works: one recipe of two steps, its times the test's own."""

import contextlib

from hrc_cell.adapters.record.events import EventLog, record_files

NOON_S = 1_800_000_000.0
DAY_S = 86400.0


class Written:
    """A record that a cell writes; time is the test's."""

    def __init__(self, folder, size_max_mb=50.0, files_max=20, at_s=NOON_S, recipe="bolts"):
        self.folder, self.at_s, self.recipe = folder, at_s, recipe
        self.log = EventLog(folder, size_max_mb=size_max_mb, files_max=files_max)

    def line(self, kind, source="task_manager", **data):
        stamp_ns = round(self.at_s * 1e9)
        mono_s = self.at_s - 1e9
        assert self.log.write(stamp_ns=stamp_ns, mono_s=mono_s, source=source, kind=kind, data=data)

    def task(self, step, op="move", phase="RUNNING", cycle=1, **more):
        about = {"phase": phase, "recipe": self.recipe, "run_id": "r", "cycle": cycle, "op": op}
        self.line("task", **about, step=step, **more)

    def permit(self, state, cause=""):
        self.line("permit", "safety_monitor", state=state, cause=cause, human_id=3)

    def cycle(self, number, stops=True):
        """Write one cycle: 2 s of movement with a stop of 1 s in it, 3 s of a handoff."""
        self.task("fetch", cycle=number)
        self.later(1.0)
        if stops:
            self.permit(2, "separation")
            self.later(1.0)
            self.permit(4)
        self.later(1.0)
        self.task("hand", "offer", "WAITING", cycle=number, reason="an asked", question_id="r.7")
        self.later(3.0)

    def later(self, time_s):
        self.at_s += time_s

    def newest(self):
        return record_files(self.folder)[-1]


@contextlib.contextmanager
def writing(folder, **more):
    """Give a record that is written into a folder."""
    made = Written(folder, **more)
    try:
        yield made
    finally:
        made.log.close()
