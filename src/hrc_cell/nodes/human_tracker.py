"""human_tracker: laser scans in, people out.

Publishes `humans` after each scan, and ten times a second in any case, so that a scanner that falls
silent is told. Says as events when a scanner changes its state and when a person comes or goes.

A scan of another frame than its scanner's is no scan: with two drivers on each other's topic people
would be seen where nobody is.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import numpy as np
from builtin_interfaces.msg import Time as TimeMsg
from geometry_msgs.msg import Point, Vector3
from hrc_cell_interfaces.msg import Human, Humans, ScannerStatus
from sensor_msgs.msg import LaserScan

from hrc_cell.adapters.record.backgrounds import load_backgrounds, save_backgrounds
from hrc_cell.core.scan import Scan
from hrc_cell.core.tracking import People, Track, observe
from hrc_cell.core.view import ScannerState, View, look, scanner_state
from hrc_cell.nodes.base import NEWEST, SENSOR, CellNode, run
from hrc_cell.nodes.parameters import declare_settings
from hrc_cell.settings.sensing import Scanner

STATUS_PERIOD_S = 0.1


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
        self._save = path is not None and not set(self._views) <= set(known)
        self._stamps = {scanner.name: TimeMsg() for scanner in scanners}
        self._states: dict[str, ScannerState] = {}
        self._strange: dict[str, str] = {}  # frame told of last, by scanner
        self._people = People()
        self._confirmed: frozenset[int] = frozenset()
        self._newest = TimeMsg()
        self._humans = self.create_publisher(Humans, "humans", NEWEST)
        for scanner in scanners:
            self.create_subscription(
                LaserScan,
                f"scanners/{scanner.name}/scan",
                partial(self._on_scan, scanner),
                SENSOR,
            )
        self._running = False
        self._timer = self.create_timer(STATUS_PERIOD_S, self._publish, autostart=False)

    def start(self) -> None:
        """Begin to look."""
        self._running = True
        self._timer.reset()

    def stop(self) -> None:
        """Cease to look; who comes next begins with nobody known."""
        self._running = False
        self._timer.cancel()
        self._people = People(next_id=self._people.next_id)
        self._confirmed = frozenset()

    def _background_path(self) -> Path | None:
        name = self.cell.file.tracker.background_file
        return self.state_dir / name if name else None

    # Scans.

    def _on_scan(self, scanner: Scanner, msg: LaserScan) -> None:
        """Take one scan. One of another frame or with an impossible stamp is none: silence."""
        if msg.header.frame_id != scanner.frame_id:
            self._tell_frame(scanner, msg.header.frame_id)
            return
        age_s = self.age_s(msg.header.stamp)
        if not self._running or not 0.0 <= age_s <= scanner.timeout_s:
            return
        name, settings = scanner.name, self.cell.file.tracker
        seen_s = time.monotonic() - age_s
        before = self._views[name]
        view, things = look(settings, scanner, before, _scan(msg), seen_s)
        if view is before:  # it was no scan
            return
        if before.watch is not None and view.watch is None:
            self._save = self._background_path() is not None
        self._views[name], self._stamps[name] = view, msg.header.stamp
        if view.watch is not None:
            self._people = observe(settings, self._people, things, seen_s)
        if seen_s >= self._people.time_s:
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
        path = self._background_path()
        if not self._save or path is None:
            return
        if all(view.watch is not None for view in self._views.values()):
            self._save = False
            try:
                save_backgrounds(path, self._views)
            except OSError as error:
                self.get_logger().error(f"the background is not kept: {error}")

    # People.

    def _publish(self) -> None:
        now_s = time.monotonic()
        msg = Humans()
        msg.header.stamp, msg.header.frame_id = self._newest, self.cell.file.frame
        msg.humans = [_human(track, self._people.time_s) for track in self._people.tracks]
        msg.scanners = [self._status(scanner, now_s) for scanner in self.cell.file.scanners]
        self._humans.publish(msg)
        self._tell_people()

    def _status(self, scanner: Scanner, now_s: float) -> ScannerStatus:
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
        return ScannerStatus(
            name=scanner.name,
            state=int(state),
            stamp=self._stamps[scanner.name],
            beams=view.beams.count if view.beams is not None else 0,
            beams_valid=view.beams_valid,
        )

    def _tell_people(self) -> None:
        shown = {track.id: track for track in self._people.tracks if track.confirmed}
        for id_ in sorted(shown.keys() - self._confirmed):
            track = shown[id_]
            self.tell(
                "person_appeared",
                {"id": id_, "x_m": round(track.x_m, 3), "y_m": round(track.y_m, 3)},
            )
        for id_ in sorted(self._confirmed - shown.keys()):
            self.tell("person_gone", {"id": id_})
        self._confirmed = frozenset(shown)


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


def _human(track: Track, now_s: float) -> Human:
    return Human(
        id=track.id,
        position=Point(x=track.x_m, y=track.y_m),
        velocity=Vector3(x=track.vx_mps, y=track.vy_mps),
        position_std_m=track.position_std_m,
        velocity_std_mps=track.velocity_std_mps,
        radius_m=track.radius_m,
        age_s=now_s - track.seen_s,
        confirmed=track.confirmed,
    )


def main() -> None:
    """Run human_tracker."""
    run(HumanTracker)


if __name__ == "__main__":
    main()
