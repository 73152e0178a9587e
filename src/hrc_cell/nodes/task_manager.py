"""Leads robot and person through the recipe; the only node that asks a person anything.

Decides nothing; see hrc_cell.core.recipe. Each transition is in the journal before it is acted on
or shown. While the journal cannot be written nothing new is begun, answers are refused with
"journal", and what the robot reports waits.

Nothing is begun or gone on with before the part sensors were heard, or are late: what they say
decides whether the gripper may open.
"""

from __future__ import annotations

import collections
import math
import time
import uuid

from builtin_interfaces.msg import Time as TimeMsg
from hrc_cell_interfaces.msg import MotionPermit, MotionProgress
from hrc_cell_interfaces.msg import TaskState as TaskStateMsg
from rclpy.clock import Clock, ClockType
from rclpy.timer import Timer

from hrc_cell.adapters.record.journal import Journal
from hrc_cell.core import recipe as core
from hrc_cell.core.given import Given
from hrc_cell.core.handoff import Handoff
from hrc_cell.core.pieces import wanted
from hrc_cell.core.task import (
    Answered,
    AutomationSet,
    Controlled,
    Event,
    PartsChanged,
    Phase,
    Restarted,
    RunRequested,
    Stopped,
    TaskState,
    TimeReached,
    Wait,
)
from hrc_cell.nodes import task_wire as wire
from hrc_cell.nodes.base import ALL, KEPT, CellNode, run
from hrc_cell.nodes.parameters import declare_settings
from hrc_cell.nodes.task_desk import Desk
from hrc_cell.nodes.task_recipes import Recipes
from hrc_cell.nodes.task_robot import RobotActions
from hrc_cell.nodes.task_run import RunAction
from hrc_cell.nodes.task_senses import FUTURE_MAX_S, Senses
from hrc_cell.settings.cell import JOURNAL
from hrc_cell.settings.recipe import Recipe

NAME = "task_manager"
TICK_S = 0.5
WAIT_MIN_S = 0.001
WISHES = Answered | AutomationSet | Controlled | RunRequested
"""Of people and of whoever leads the task: refused while they cannot be journaled."""


class TaskManager(CellNode):
    """The state, its journal, and the hands and questions that follow from it."""

    def __init__(self) -> None:
        super().__init__(NAME)
        self._journal: Journal | None = None
        self._robot: RobotActions | None = None
        self._state = TaskState()
        self._broken = False  # the journal could not be written
        self._backlog: collections.deque[Event] = collections.deque()
        self._senses: Senses | None = None
        self._runs: RunAction | None = None
        self._permit = MotionPermit()
        self._permit_state: int | None = None
        self._begin_by_s = math.inf  # inf: not to be begun
        self._start_seen = False  # a person has started the cell for the next run
        self._asked: tuple[str, TimeMsg] = ("", TimeMsg())
        self._waiting: tuple[Wait, Timer] | None = None

    # Lifecycle.

    def setup(self) -> None:
        """Read the journal and listen."""
        file = self.cell.file
        declare_settings(self, "task", file.task)
        self._recipes = Recipes(self.cell)
        self._journal = Journal(self.cell.keep_folder(self.state_dir) / JOURNAL)
        if self._journal.last is not None:
            self._state = wire.state_in(self._journal)
        self._states = self.create_publisher(TaskStateMsg, "task_state", KEPT)
        self._senses = Senses(self, file.task, changed=self._sensed)
        self._robot = RobotActions(
            self, file.robot.poses, silent_s=file.safety.node_timeout_s, report=self.feed,
            # What an occupied gripper holds is not weighed: the heaviest counts.
            payload_kg=lambda: math.nan if self._parts.get("gripper", True) else 0.0,
        )  # fmt: skip
        self.create_subscription(MotionPermit, "safety_state", self._hear_permit, ALL)
        self.create_subscription(MotionProgress, "motion_progress", self._hear_progress, ALL)
        self._desk = Desk(self, self)
        self._runs = RunAction(self, self, self._step_id)
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._active = False
        self._timer = self.create_timer(TICK_S, self._tick, clock=self._steady, autostart=False)

    def start(self) -> None:
        """Go on where the journal says, once the part sensors have spoken."""
        self._begin_by_s = time.monotonic() + self.cell.file.task.sensors_timeout_s
        self._timer.reset()
        self._begin()

    def _begin(self) -> None:
        if self._active or not (self._parts or time.monotonic() >= self._begin_by_s):
            return
        self._active, self._begin_by_s = True, math.inf
        if self._state.active:
            self.get_logger().info(f"goes on with run {self._state.run_id} from the journal")
            self.feed(Restarted())
        if self._permit_state is not None and not self._started:
            self.feed(Stopped())
        self._publish()

    def stop(self) -> None:
        """Begin nothing more."""
        self._active, self._begin_by_s = False, math.inf
        self._timer.cancel()
        self._act()

    def close(self) -> None:
        """Give the journal back."""
        if self._journal is not None:
            self._journal.close()
        if self._robot is not None:
            self._robot.close()
        if self._runs is not None:
            self._runs.close()
        self._journal = self._robot = self._runs = None

    # What is heard.

    def _sensed(self) -> None:
        self.feed(PartsChanged())
        if self._begin_by_s < math.inf:
            self._begin()

    def _hear_permit(self, message: MotionPermit) -> None:
        could_move, self._permit = self._arm_permitted(), message
        if self._arm_permitted() is not could_move:
            self.feed(PartsChanged())
        before, self._permit_state = self._permit_state, message.state
        if before == self._permit_state or self._robot is None:
            return
        if not self._started:
            self._start_seen = False
            self.feed(Stopped())
        elif before in (MotionPermit.LATCHED, MotionPermit.READY):
            self._start_seen = not self._state.active
        self._robot.cell_started(self._started)
        self._autorun()

    @property
    def _parts(self) -> dict[str, bool]:
        return {} if self._senses is None else self._senses.parts

    @property
    def _started(self) -> bool:
        return (self._permit_state or 0) >= MotionPermit.STANDSTILL

    def _permit_fresh(self) -> bool:
        """Return whether the permit is not older than a node may be."""
        age_s = self.age_s(self._permit.header.stamp)
        return -FUTURE_MAX_S <= age_s <= self.cell.file.safety.node_timeout_s

    def _gripper_permitted(self) -> bool:
        return self._permit_fresh() and bool(self._permit.gripper_permitted)

    def _arm_permitted(self) -> bool:
        return self._permit_fresh() and self._permit.state > MotionPermit.STANDSTILL

    def _autorun(self) -> None:
        """Begin the default recipe when a person starts the cell and no run is under way.

        What is over, or was given up, begins again with the next start that is seen: not because
        this process is new, and not because the start for the run before is still in force.
        """
        task, state = self.cell.file.task, self._state
        due = self._started and (self._start_seen or state.phase is Phase.IDLE)
        if task.autorun and due and not state.active:
            self._start_seen = self.request(task.recipe, repeat=task.repeat) != ""

    def _hear_progress(self, message: MotionProgress) -> None:
        if self._robot is not None:
            stamp = message.header.stamp
            self._robot.heard(stamp.sec + stamp.nanosec * 1e-9)

    # What is asked from outside.

    @property
    def state(self) -> TaskState:
        """Return the task as it stands in the journal."""
        return self._state

    @property
    def acting(self) -> bool:
        """Return whether anything is taken in."""
        return self._active

    @property
    def broken(self) -> bool:
        """Return whether the journal cannot be written."""
        return self._broken

    def known(self, name: str) -> Recipe | None:
        """Return a recipe by name, None if there is none."""
        return self._recipes.known(name)

    def request(self, name: str, *, repeat: bool, cycles: int = 1) -> str:
        """Begin a recipe. Return "" or why not."""
        if not self._active:
            return "inactive"
        if self._state.active:
            return "busy"
        before = self._recipes.problems
        reason = self._recipes.read_anew(name)
        if self._recipes.problems != before:
            self.tell("recipe", {"recipe": name, "problems": self._recipes.problems})
            self._publish()
        if reason:
            return reason
        wish = RunRequested(run_id=uuid.uuid4().hex[:12], repeat=repeat, cycles=cycles)
        begun = self.feed(wish, recipe=name)
        return "" if begun else "journal"

    # Decide, journal, act.

    def given(self, name: str) -> Given:
        """Return a recipe, and what sensors and monitor say now."""
        # A recipe that is gone: any other one has another hash and will not be taken for it.
        known = self.known(name) or self.cell.recipes[self.cell.file.task.recipe]
        return Given(
            recipe=known,
            retry_max=self.cell.file.task.step_retry_max,
            parts=self._parts,
            signals={} if self._senses is None else self._senses.signals(),
            gripper_permitted=self._gripper_permitted(),
            arm_permitted=self._arm_permitted(),
            pulled=self._senses is not None and self._senses.pulled(),
        )

    def feed(self, event: Event, *, recipe: str = "") -> bool:
        """Take an event in. Return whether it is decided and in the journal."""
        if self._journal is None or not self._active:
            return False
        if self._backlog:
            return self._keep(event)
        given = self.given(recipe or self._state.recipe)
        passed = core.advance(given, self._state, event)
        if not passed:
            return False
        stamp_ns = self.get_clock().now().nanoseconds
        try:
            self._journal.append([wire.record(state, event, stamp_ns) for state in passed])
        except OSError as error:
            self._journal_failed(error)
            return self._keep(event)
        self._broken = False
        before = self._state
        for state in passed:
            self._show(self._state, state, given.recipe)
            self._state = state
        if before.cycle != self._state.cycle or not self._state.active:
            self._compact()
        if self._senses is not None:
            self._senses.follow(self._state.handoff)
        self._act()
        if self._runs is not None:
            self._runs.look()
        return True

    def _keep(self, event: Event) -> bool:
        """Keep what cannot be journaled yet. A person's wish is refused instead."""
        if not isinstance(event, WISHES) and event not in self._backlog:
            self._backlog.append(event)
        self._publish()
        return False

    def _journal_failed(self, error: OSError) -> None:
        if not self._broken:
            self.get_logger().error(f"the journal cannot be written, nothing is begun: {error}")
            self.tell("fault", {"cause": "journal", "reason": str(error)})
        self._broken = True

    def _mend(self) -> None:
        """Try the journal again; then take in what was kept, in order."""
        if self._journal is None or self._journal.last is None:
            self._broken = False
        else:
            try:
                self._journal.append([self._journal.last])
            except OSError as error:
                self._journal_failed(error)
                return
        self._broken = False
        self.get_logger().info("the journal can be written again")
        kept, self._backlog = self._backlog, collections.deque()
        for event in kept:
            self.feed(event)
        self._act()

    def _compact(self) -> None:
        try:
            if self._journal is not None:
                self._journal.compact()
        except OSError as error:
            self.get_logger().warning(f"the journal stays long: {error}")

    def _act(self) -> None:
        """Have done what the state wants, and nothing else."""
        command = None
        if self._active and self._state.active:
            command = wanted(self.given(self._state.recipe).recipe, self._state)
        self._wait(command if isinstance(command, Wait) else None)
        if self._robot is not None:
            robots = command if not isinstance(command, Wait) else None
            self._robot.want(robots, self._state.run_id)

    def _wait(self, wait: Wait | None) -> None:
        if self._waiting is not None:
            if self._waiting[0] == wait:
                return
            self.destroy_timer(self._waiting[1])
            self._waiting = None
        if wait is not None:
            time_s = max(wait.time_s, WAIT_MIN_S)
            self._waiting = wait, self.create_timer(time_s, self._wake, clock=self._steady)

    def _wake(self) -> None:
        if self._waiting is not None:
            wait, timer = self._waiting
            timer.cancel()
            self.feed(TimeReached(command=wait.command))

    def _tick(self) -> None:
        if self._broken:
            self._mend()
        if self._senses is not None:
            self._senses.look()
        if self._robot is not None:
            self._robot.tick()
        if not self._active:
            self._begin()
            return
        if self._runs is not None:
            self._runs.look()
        self._autorun()
        self._publish()

    # What is told.

    def _step_id(self, state: TaskState) -> str:
        recipe = self.known(state.recipe)
        steps = () if recipe is None else recipe.steps
        return steps[state.step_index].id if state.step_index < len(steps) else ""

    def _show(self, before: TaskState, state: TaskState, recipe: Recipe) -> None:
        if state.question is not None and state.question.id != self._asked[0]:
            self._asked = state.question.id, self.stamp()
        self._publish(state)
        self.tell("task", wire.told(state, recipe))
        if state.handoff is not before.handoff and state.handoff is not Handoff.NONE:
            self.tell(
                "handoff",
                {
                    "from": before.handoff.value,
                    "to": state.handoff.value,
                    "id": state.handoff_id,
                },
            )

    def _publish(self, state: TaskState | None = None) -> None:
        state = state or self._state
        told = wire.message(
            state,
            self.known(state.recipe),
            self._asked[1],
            journal_broken=self._broken,
        )
        told.refused_recipe = self._recipes.refused
        told.recipe_problems = list(self._recipes.problems)
        told.header.stamp, told.header.frame_id = self.stamp(), self.cell.file.frame
        self._states.publish(told)


def main() -> None:
    """Run the node until it is told to stop."""
    run(TaskManager)


if __name__ == "__main__":
    main()
