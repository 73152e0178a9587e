"""human_tracker: laser scans in, people out.

Publishes `humans` after each scan, and ten times a second in any case, so that a scanner that falls
silent is told. Says as events when a scanner changes its state and when a person comes, is lost
from sight, is seen again or goes. Who is lost from sight is published as hidden, with a circle
around everywhere that the person may be, until that place is seen empty.

The empty cell is learned when a person says that it is empty (service `learn_background`), and then
kept. Before that a real cell waits; who stood there would become a wall. A simulated cell, whose
people start outside, learns at its start. Whoever was there or hidden is then gone, too, and told
as gone: that person looked. It is the way out for a cell that waits for somebody in a corner that
no scanner sees; a reset of the safety monitor ends no hidden person.

A scan of another frame than its scanner's is no scan: with two drivers on each other's topic people
would be seen where nobody is.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from builtin_interfaces.msg import Time as TimeMsg
from hrc_cell_interfaces.msg import Human, Humans, ScannerStatus
from hrc_cell_interfaces.srv import LearnBackground
from sensor_msgs.msg import LaserScan

from hrc_cell.adapters.record.backgrounds import load_backgrounds, save_backgrounds
from hrc_cell.core.crowd import Crowd, attend
from hrc_cell.core.floor import make_floor
from hrc_cell.core.hidden import Circle, circles
from hrc_cell.core.scan import Scan
from hrc_cell.core.tracking import People, Track
from hrc_cell.core.view import ScannerState, View, forgotten, look, scanner_state
from hrc_cell.nodes.base import NEWEST, SENSOR, CellNode, run
from hrc_cell.nodes.parameters import declare_settings
from hrc_cell.settings.sensing import Scanner

STATUS_PERIOD_S = 0.1
SOURCE = "scanners"


class HumanTracker(CellNode):
    """Sees people."""

    urgent = True

    def __init__(self) -> None:
        super().__init__("human_tracker")

    def setup(self) -> None:
        """Take the background from its file if there is one; make the topics."""
        scanners = self.cell.file.scanners
        declare_settings(self, "tracker", self.cell.file.tracker)
        for scanner in scanners:
            declare_settings(self, f"scanners.{scanner.name}", scanner)
        path = self._background_path()
        known = load_backgrounds(path) if path is not None and path.exists() else {}
        self._views = {scanner.name: known.get(scanner.name, View()) for scanner in scanners}
        self._may_learn = self.cell.file.simulated
        self._save = path is not None and not set(self._views) <= set(known)
        self._stamps = {scanner.name: TimeMsg() for scanner in scanners}
        self._states: dict[str, ScannerState] = {}
        self._strange: dict[str, str] = {}  # frame told of last, by scanner
        tracker, safety = self.cell.file.tracker, self.cell.file.safety
        self._floor = make_floor(
            self.cell.zones.outline_m,
            cell_m=tracker.hidden_cell_m,
            margin_m=tracker.hidden_margin_m,
            filled_m=tracker.filled_m,
        )
        self._unseen_mps = max(safety.human_speed_mps, safety.human_speed_near_mps)
        self._crowd = Crowd()
        self._shown: dict[int, bool] = {}  # confirmed people told of; whether as hidden
        self._newest = TimeMsg()
        self._humans = self.create_publisher(Humans, "humans", NEWEST)
        self._told = Humans()  # made once: to make messages takes longer than to fill them
        self._told.header.frame_id = self.cell.file.frame
        self._told.scanners = [ScannerStatus(name=scanner.name) for scanner in scanners]
        self._spare: list[Human] = []  # the humans of it, and as many more as there ever were
        for scanner in scanners:
            self.create_subscription(
                LaserScan,
                f"scanners/{scanner.name}/scan",
                partial(self._on_scan, scanner),
                SENSOR,
            )
        self.create_service(LearnBackground, "learn_background", self._learn)
        self._running = False
        self._timer = self.create_timer(STATUS_PERIOD_S, self._publish, autostart=False)

    def start(self) -> None:
        """Begin to look."""
        self._running = True
        self._timer.reset()

    def stop(self) -> None:
        """Cease to look. Whoever was known stays, and is searched for when looking begins again."""
        self._running = False
        self._timer.cancel()
        self._shown = {}

    def _forget_everybody(self) -> None:
        self._crowd = Crowd(people=People(next_id=self._crowd.people.next_id))

    def _background_path(self) -> Path | None:
        name = self.cell.file.tracker.background_file
        return self.state_dir / name if name else None

    # Scans.

    def _on_scan(self, scanner: Scanner, msg: LaserScan) -> None:
        """Take one scan. One of another frame is none."""
        if msg.header.frame_id != scanner.frame_id:
            self._tell_frame(scanner, msg.header.frame_id)
            return
        age_s = self.age_s(msg.header.stamp)
        if not self._running:
            return
        heard_s = time.monotonic()
        seen_s, name, settings = heard_s - age_s, scanner.name, self.cell.file.tracker
        before = self._views[name]
        view, things = look(
            settings, scanner, before, _scan(msg), seen_s,
            heard_s=heard_s, may_learn=self._may_learn,
        )  # fmt: skip
        self._views[name] = view
        if view.scans == before.scans:  # it was no scan
            return
        self._stamps[name] = msg.header.stamp
        if before.watch is not None:
            self._crowd = attend(
                settings, self._floor, scanner, self._crowd, view, things,
                speed_mps=self._unseen_mps,
            )  # fmt: skip
        if seen_s >= self._crowd.people.time_s:
            self._newest = msg.header.stamp
        self._keep_background()
        self._publish()

    def _tell_frame(self, scanner: Scanner, frame: str) -> None:
        """Tell once that this scanner's topic carries scans of another frame."""
        if self._strange.get(scanner.name) == frame:
            return
        self._strange[scanner.name] = frame
        told = {"scanner": scanner.name, "frame": frame, "expected": scanner.frame_id}
        self.tell("scanner_frame", told)
        self.get_logger().error(
            f"scanners/{scanner.name}/scan carries scans of frame {frame!r} instead of "
            f"{scanner.frame_id!r}: not taken; correct the topic or frame of the driver, or "
            f"scanners[].frame in cell.yaml"
        )

    def _keep_background(self) -> None:
        """Write the background once all scanners have learned theirs."""
        if not self._save:
            return
        path = self._background_path()
        if path is not None and all(view.watch is not None for view in self._views.values()):
            self._save = False
            try:
                save_backgrounds(path, self._views)
            except OSError as error:
                self.get_logger().error(f"the background is not kept: {error}")

    def _learn(
        self, request: LearnBackground.Request, response: LearnBackground.Response
    ) -> LearnBackground.Response:
        """Learn the empty cell, if a person says that it is empty."""
        told = {"device": request.device, "operator": request.operator_alias}
        hidden = [circle.id for circle in self._circles()]
        try:
            response.reason = self._refusal(request) or self._begin_to_learn()
        except OSError as error:
            response.reason = f"the old background cannot be deleted: {error}"
        response.accepted = not response.reason
        if response.accepted:
            learned = {"scanners": list(self._views), "hidden_ended": hidden}
            self.tell("background_learning", told | learned)
        else:
            self.tell("background_refused", {**told, "reason": response.reason})
        return response

    def _refusal(self, request: LearnBackground.Request) -> str:
        """Return why the cell is not learned now, "" if it may be."""
        if not request.confirmed_empty:
            return (
                "not confirmed that the cell is empty: go and look, then ask again with "
                "confirmed_empty true; who stands there while it is learned becomes a wall"
            )
        return "" if self._running else "the tracker is not active"

    def _begin_to_learn(self) -> str:
        """Forget the background, also the kept one, and everybody. Returns "". Raises OSError."""
        path = self._background_path()
        if path is not None:
            path.unlink(missing_ok=True)
        self._may_learn, self._save = True, path is not None
        self._views = {name: forgotten(view) for name, view in self._views.items()}
        self._forget_everybody()
        return ""

    # People.

    def _publish(self) -> None:
        now_s, told = time.monotonic(), self._told
        people, hidden = self._crowd.people, self._circles()
        known: list[Track | Circle] = [*people.tracks, *hidden]
        self._spare += [Human(source=SOURCE) for _ in known[len(self._spare) :]]
        told.header.stamp = self._newest
        told.humans = self._spare[: len(known)]
        for human, one in zip(told.humans, known, strict=True):
            fill(human, one, people.time_s)
        for scanner, status in zip(self.cell.file.scanners, told.scanners, strict=True):
            self._fill_status(status, scanner, now_s)
        self._humans.publish(told)
        self._tell_people(known)

    def _circles(self) -> list[Circle]:
        """Return where hidden people may be."""
        leg_radius_m = self.cell.file.tracker.leg_radius_m
        return circles(
            self._floor, self._crowd.hidden, self._crowd.people, leg_radius_m=leg_radius_m
        )

    def _fill_status(self, status: ScannerStatus, scanner: Scanner, now_s: float) -> None:
        """Write into the status all but the name; tell of a change."""
        view = self._views[scanner.name]
        state = scanner_state(scanner, view, now_s)
        before = self._states.get(scanner.name)
        if state != before:
            self._states[scanner.name] = state
            self.tell(
                "scanner_state",
                {
                    "scanner": scanner.name,
                    "state": state.name,
                    "before": before.name if before is not None else None,
                },
            )
        status.state, status.stamp = int(state), self._stamps[scanner.name]
        status.beams = view.beams.count if view.beams is not None else 0
        status.beams_valid = view.beams_valid
        status.background_ratio = view.background_ratio

    def _tell_people(self, known: Sequence[Track | Circle]) -> None:
        """Tell which confirmed people came, were lost from sight, were seen again, or are gone."""
        places = {one.id: one for one in known if one.confirmed}
        for id_, one in sorted(places.items()):
            lost, before = isinstance(one, Circle), self._shown.get(id_)
            place = {"id": id_, "x_m": round(one.x_m, 3), "y_m": round(one.y_m, 3)}
            if before is None and not lost:
                self.tell("person_appeared", place)
            elif lost and not before:
                self.tell("person_hidden", place | {"radius_m": round(one.radius_m, 3)})
            elif before and not lost:
                self.tell("person_seen_again", place)
        for id_ in sorted(self._shown.keys() - places.keys()):
            self.tell("person_gone", {"id": id_})
        self._shown = {id_: isinstance(one, Circle) for id_, one in places.items()}


def _scan(msg: LaserScan) -> Scan:
    """Return the core's scan of a message."""
    stamp = msg.header.stamp
    return Scan(
        stamp_s=stamp.sec + stamp.nanosec * 1e-9,
        frame=msg.header.frame_id,
        angle_min_rad=msg.angle_min,
        angle_increment_rad=msg.angle_increment,
        range_min_m=msg.range_min,
        range_max_m=msg.range_max,
        ranges=np.asarray(msg.ranges),
    )


def fill(human: Human, one: Track | Circle, now_s: float) -> None:
    """Write somebody into a message that may have held somebody else: all but `source`.

    The circle of a hidden person holds the way walked until the newest scan: age 0.
    """
    human.id, human.radius_m, human.confirmed = one.id, one.radius_m, one.confirmed
    human.position.x, human.position.y = one.x_m, one.y_m
    human.hidden = isinstance(one, Circle)
    if isinstance(one, Circle):
        human.velocity.x = human.velocity.y = 0.0
        human.position_std_m = human.velocity_std_mps = human.age_s = 0.0
    else:
        human.velocity.x, human.velocity.y = one.vx_mps, one.vy_mps
        human.position_std_m, human.velocity_std_mps = one.position_std_m, one.velocity_std_mps
        human.age_s = now_s - one.seen_s


def main() -> None:
    """Run human_tracker."""
    run(HumanTracker)


if __name__ == "__main__":
    main()
