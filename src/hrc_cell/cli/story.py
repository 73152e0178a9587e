"""The story of the demo, act by act, and the figures taken from it.

What counts as true comes from the simulated cell's own truth, not from what the tracker believed.
The required separation used here is that of `core.separation` for the speed that the arm really
had, with the reaction time already spent: a monitor that reacts within its reaction time never
lets a moving arm come nearer than that.
"""

from __future__ import annotations

import json
import math
import statistics
import time

import numpy as np
from geometry_msgs.msg import Point
from hrc_cell_interfaces.msg import MotionPermit

from hrc_cell.adapters.description import load_description
from hrc_cell.cli.checks import Check
from hrc_cell.cli.page_client import PageClient
from hrc_cell.cli.supervisor import Supervisor
from hrc_cell.cli.truth import least_margin_m, moving, standstill_after_s, top_speed_ratio
from hrc_cell.cli.witness import Witness
from hrc_cell.settings.cell import Cell

FAR = (5.4, 0.0)
IN_SLOW_ZONE = (3.7, 0.0)
NEAR = (2.0, 0.0)
HANDOVER = (1.3, 0.0)
SLOWING_S = 0.8
FAST_RADPS = 0.5
JUST_S = 0.1


class Teller:
    """Prints what happens with the time since the start and collects the checks."""

    def __init__(self, checks: list[Check]) -> None:
        self._start_s = time.monotonic()
        self._checks = checks

    def say(self, text: str) -> None:
        """Print one line of the story."""
        print(f"[{time.monotonic() - self._start_s:5.1f} s] {text}", flush=True)

    def yes(self, name: str, ok: bool = True) -> None:
        """Note a check of something that happened or not."""
        self._checks.append(Check(name=name, ok=bool(ok), value=bool(ok)))

    def at_most(self, name: str, value: float, limit: float, unit: str) -> None:
        """Note a check of a value that must be known and not exceed its limit."""
        ok = math.isfinite(value) and bool(value <= limit)
        self._checks.append(Check(name=name, ok=ok, value=float(value), unit=unit, limit=limit))

    def at_least(self, name: str, value: float, limit: float, unit: str) -> None:
        """Note a check of a value that must be known and reach its limit."""
        ok = math.isfinite(value) and bool(value >= limit)
        self._checks.append(Check(name=name, ok=ok, value=float(value), unit=unit, limit=limit))


def tell(cell: Supervisor, witness: Witness, url: str, checks: list[Check]) -> None:
    """Play every act. Raises Late when something that must happen does not."""
    told = Teller(checks)
    settings = cell.cell
    walk(witness, FAR)
    act_start(witness, told)
    began_s = time.monotonic()
    act_pick(witness, told)
    act_give_way(witness, told, settings)
    act_hand_over(witness, told, settings, PageClient(url))
    figures_of_the_permits(witness, told, settings, began_s)
    act_scanner_silent(witness, told, settings)
    chain = load_description(settings).chain
    told.at_least(
        "least_separation_minus_required",
        least_margin_m(witness.since("sim/truth", began_s), settings, chain), 0.0, "m",
    )  # fmt: skip


def walk(witness: Witness, to: tuple[float, float], speed_mps: float = 1.4) -> None:
    """Send the simulated person there."""
    target = [Point(x=to[0], y=to[1], z=0.0)]
    witness.call("sim/person", person_id=1, act="walk", waypoints=target, speed_mps=speed_mps)


def act_start(witness: Witness, told: Teller) -> None:
    """The cell begins latched; reset and start are two acts."""
    permit = witness.wait("the first permit", lambda: witness.last("motion_permit"), 10.0)
    told.yes("begins_stopped", permit.speed_ratio == 0.0)
    witness.wait("reset possible", lambda: witness.last("motion_permit").reset_possible, 20.0)
    witness.press("reset")
    witness.wait("ready", lambda: state(witness) == MotionPermit.READY, 5.0)
    told.say("reset pressed: ready, nothing moves")
    witness.pause(0.5)
    told.yes("reset_moves_nothing", not moving(witness.last("sim/truth")))
    witness.press("start")
    witness.wait("leave to move", lambda: state(witness) >= MotionPermit.REDUCED, 10.0)
    told.say("start pressed: the arm may move")


def act_pick(witness: Witness, told: Teller) -> None:
    """The robot fetches a part from the tray."""
    witness.wait("a part in the gripper", lambda: sensed(witness, "gripper"), 40.0)
    told.say("the robot has picked a part")
    told.yes("part_picked")


def act_give_way(witness: Witness, told: Teller, settings: Cell) -> None:
    """A person comes near: slower, then standing; leaves: on again, without a jump."""
    arm = [motor.joint for motor in settings.file.robot.arm]
    witness.wait("the arm at speed", lambda: moving(witness.last("sim/truth")), 20.0)
    walk(witness, IN_SLOW_ZONE)
    permit = witness.wait(
        "slowed for the zone",
        lambda: (p := witness.last("motion_permit")).state == MotionPermit.REDUCED and p.zone and p,
        15.0,
    )
    ratio = next(zone.speed_ratio for zone in settings.zones.zones if zone.name == permit.zone)
    told.say(f"a person is in zone {permit.zone!r}: the arm slows to {ratio:g} of its speed")
    witness.wait("the person in the zone", lambda: _stands(witness, IN_SLOW_ZONE), 15.0)
    witness.pause(SLOWING_S)
    slow_s = time.monotonic()
    witness.pause(1.0)
    told.at_most(
        "slowed_in_the_zone",
        max(m.speed_ratio for _, m in witness.since("motion_progress", slow_s)),
        ratio + 0.02, "ratio",
    )  # fmt: skip
    told.yes("works_on_slowly_in_the_zone", _moved(witness, slow_s))
    ordered_s = _order_to_stop(witness)
    permit = next(p for t, p in witness.since("motion_permit", ordered_s))
    told.yes("moved_when_told_to_stop", _moved(witness, ordered_s - JUST_S, ordered_s))
    told.say(
        f"the person is {permit.distance_m:.2f} m from {permit.link}, {permit.required_m:.2f} m "
        f"are needed: the arm stops ({permit.cause})"
    )
    witness.wait("standstill", lambda: not moving(witness.last("sim/truth")), 5.0)
    witness.pause(1.0)
    told.at_most(
        "permit_to_standstill_for_a_person",
        standstill_after_s(witness.since("sim/truth", ordered_s), ordered_s),
        settings.file.safety.stopping_time_s, "s",
    )  # fmt: skip
    told.yes("stands_while_a_person_is_near", not moving(witness.last("sim/truth")))
    left_s = time.monotonic()
    walk(witness, FAR)
    witness.wait("going on", lambda: moving(witness.last("sim/truth")), 20.0)
    told.say("the person has left: the arm goes on by itself")
    witness.pause(0.5)
    most_radps = dict(zip(arm, settings.file.motion.velocity_max_radps, strict=True))
    error_rad, top_ratio = _resume_figures(witness, left_s, most_radps)
    told.at_most("position_error_at_resume", error_rad, settings.file.bus.rejoin_rad, "rad")
    told.at_most("no_jump_at_resume_top_of_joint_speed_limit", top_ratio, 1.05, "ratio")


def _order_to_stop(witness: Witness) -> float:
    """Let the person come near until the arm is told to stop; return when [s, monotonic].

    Where it happened to rest between two ways just then, the person comes once more.
    """
    for _ in range(3):
        walk(witness, NEAR)
        come_s = time.monotonic()

        def order(since_s: float = come_s) -> float:
            permits = witness.since("motion_permit", since_s)
            return next((t for t, permit in permits if permit.speed_ratio == 0.0), 0.0)

        ordered_s: float = witness.wait("the order to stop", order, 15.0)
        if _moved(witness, ordered_s - JUST_S, ordered_s):
            break
        walk(witness, IN_SLOW_ZONE)
        witness.wait("the arm at work", lambda: moving(witness.last("sim/truth")), 20.0)
    return ordered_s


def _moved(witness: Witness, start_s: float, end_s: float = math.inf) -> bool:
    """Return whether the arm moved between two monotonic instants."""
    return any(moving(m) for t, m in witness.since("sim/truth", start_s) if t <= end_s)


def _resume_figures(
    witness: Witness, left_s: float, most_radps: dict[str, float]
) -> tuple[float, float]:
    """Return how far the goal was from the arm when it went on, and the greatest speed of a joint
    since, as a part of that joint's own limit."""
    going_s = next(t for t, m in witness.since("sim/truth", left_s) if moving(m))
    goals = witness.since("joint_goals", left_s)
    last = [message for t, message in goals if t <= going_s] or [goals[0][1]]
    before = [m for t, m in witness.since("sim/truth", left_s) if t <= going_s]
    goal = dict(zip(last[-1].name, last[-1].position, strict=True))
    true = dict(zip(before[-1].joint, before[-1].position, strict=True))
    error_rad = max(abs(goal[name] - true[name]) for name in most_radps)
    return error_rad, top_speed_ratio(witness.since("sim/truth", going_s), most_radps)


def act_hand_over(witness: Witness, told: Teller, settings: Cell, page: PageClient) -> None:
    """The robot offers the part, a person confirms on the page, it is released and taken."""
    witness.wait(
        "the part offered", lambda: witness.last("task_state").handoff_state == "offered", 60.0
    )
    told.say("the robot is at the handover place and offers the part")
    walk(witness, HANDOVER)
    witness.wait("monitored standstill", lambda: state(witness) == MotionPermit.STANDSTILL, 15.0)
    told.yes("offers_at_monitored_standstill", not moving(witness.last("sim/truth")))
    witness.wait("the person at the handover place", lambda: _stands(witness, HANDOVER), 15.0)
    reaching = witness.call("sim/person", person_id=1, act="take", waypoints=[], speed_mps=1.0)
    witness.pause(reaching.duration_s + 1.0)
    told.yes("holds_the_part_until_confirmed", sensed(witness, "gripper"))
    told.say("the person holds the part and confirms on the page")
    refusal = page.confirm(settings.file.panel.hold_s)
    told.yes("page_confirmation_accepted", refusal == "")
    witness.wait("the part taken", lambda: not sensed(witness, "gripper"), 15.0)
    witness.wait(
        "the handoff done",
        lambda: any(
            json.loads(m.data).get("to") == "done"
            for m in witness.heard["events"].messages
            if m.kind == "handoff"
        ),
        20.0,
    )
    told.yes("part_released_and_taken", "person_1" in witness.last("sim/truth").part_place)
    told.say("the part is released and taken")
    walk(witness, FAR)


def _stands(witness: Witness, place: tuple[float, float]) -> bool:
    """Return whether the first simulated person stands within half a metre of a place."""
    truth = witness.last("sim/truth")
    at = truth.person_position[0]
    near = np.hypot(at.x - place[0], at.y - place[1]) < 0.5
    return bool(near and not truth.person_walking[0])


def figures_of_the_permits(witness: Witness, told: Teller, settings: Cell, began_s: float) -> None:
    """Note how old the data behind the permits were."""
    ages_s = [m.oldest_sample_age_s for _, m in witness.since("motion_permit", began_s)]
    limit_s = settings.file.safety.reaction_time_s
    told.at_most("scan_to_permit_median", statistics.median(ages_s), limit_s, "s")
    told.at_most("scan_to_permit_p99", float(np.quantile(ages_s, 0.99)), limit_s, "s")


def act_scanner_silent(witness: Witness, told: Teller, settings: Cell) -> None:
    """A scanner falls silent: stop; it is back: still stopped; reset and start: on."""
    witness.wait(
        "the arm at work again", lambda: moving(witness.last("sim/truth"), FAST_RADPS), 30.0
    )
    name = settings.file.scanners[0].name
    silent_s = time.monotonic()
    witness.call("sim/inject", fault="scanner_silent", target=name, active=True)
    told.say(f"scanner {name!r} falls silent")
    witness.wait("latched", lambda: state(witness) == MotionPermit.LATCHED, 5.0)
    told.yes("silence_latches", name in witness.last("motion_permit").cause)
    witness.wait("standstill", lambda: not moving(witness.last("sim/truth")), 5.0)
    witness.pause(1.0)
    latched_s = next(
        t for t, p in witness.since("motion_permit", silent_s) if p.state == MotionPermit.LATCHED
    )
    told.at_most(
        "permit_to_standstill_for_a_fault",
        standstill_after_s(witness.since("sim/truth", latched_s), latched_s),
        settings.file.safety.stopping_time_s, "s",
    )  # fmt: skip
    told.at_most(
        "silence_to_standstill",
        standstill_after_s(witness.since("sim/truth", silent_s), silent_s),
        settings.file.safety.reaction_time_s + settings.file.safety.stopping_time_s, "s",
    )  # fmt: skip
    witness.call("sim/inject", fault="scanner_silent", target=name, active=False)
    witness.wait("the cause gone", lambda: witness.last("motion_permit").reset_possible, 10.0)
    told.say("the scanner is back: the arm stays stopped")
    back_s = time.monotonic()
    witness.pause(2.0)
    told.yes(
        "stays_stopped_when_the_scanner_is_back",
        not any(moving(m) for _, m in witness.since("sim/truth", back_s)),
    )
    witness.press("reset")
    witness.wait("ready", lambda: state(witness) == MotionPermit.READY, 5.0)
    witness.pause(0.5)
    told.yes("reset_alone_moves_nothing", not moving(witness.last("sim/truth")))
    witness.press("start")
    witness.wait("going on", lambda: moving(witness.last("sim/truth")), 20.0)
    told.say("after reset and start the arm goes on")
    told.yes("goes_on_after_reset_and_start")


def state(witness: Witness) -> int:
    """Return the state of the newest permit."""
    return int(witness.last("motion_permit").state)


def sensed(witness: Witness, place: str) -> bool:
    """Return whether the newest part sensors see a part there."""
    sensors = witness.last("part_sensors")
    return bool(sensors) and dict(zip(sensors.place, sensors.occupied, strict=True)).get(
        place, False
    )
