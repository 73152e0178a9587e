"""A whole cell: the folder of YAML files that describes it, loaded and checked.

<folder>/cell.yaml      everything but the zones and the recipes
<folder>/zones.yaml     zones
<folder>/stopping.yaml  measured stops of the arm; a simulated cell may do without
<folder>/recipes/*.yaml what the cell works on (see settings.recipe)
<folder>/signature.yaml who signed it, and as what (see settings.signature); not read here
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from hrc_cell.settings.canonical import plain, sha256_of, without_beside, without_texts
from hrc_cell.settings.contact import ContactSettings
from hrc_cell.settings.description_files import description_files
from hrc_cell.settings.operation import PanelSettings, RecordSettings, SimSettings, TaskSettings
from hrc_cell.settings.recipe import Recipe
from hrc_cell.settings.recipe_files import Known, read_recipes
from hrc_cell.settings.robot import BusSettings, MotionSettings, RobotSettings
from hrc_cell.settings.safety import SafetySettings
from hrc_cell.settings.schema import CellError, Problem, Reader, setting
from hrc_cell.settings.sensing import BodySource, Scanner, TrackerSettings
from hrc_cell.settings.stopping import check_stopping, check_table
from hrc_cell.settings.stopping_table import StoppingTable
from hrc_cell.settings.yaml_file import load_yaml
from hrc_cell.settings.zones import ZoneSettings

SIM_PORT = "sim"
"""bus.port of a simulated cell: the port that the simulated motors make."""
JOURNAL = "journal.jsonl"
SPECIAL = ("folder", "file", "recipes", "description", "safety_sha256")
"""Parts of a cell that are no settings, or stand in a file that is not called like them."""
STOPPING = "stopping.yaml"
SCANNERS = "scanners"
"""Source of people whom the laser scanners see; others are named like their body tracker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFile:
    """cell.yaml."""

    name: str = setting("name of the cell", pattern="[a-z][a-z0-9_]*")
    frame: str = setting("name of the cell frame: origin on the floor, x ahead, z up")
    simulated: bool = setting("true: the simulated cell stands behind it, no real hardware")
    robot: RobotSettings = setting("the arm")
    motion: MotionSettings = setting("how briskly it is planned")
    bus: BusSettings = setting("the serial bus")
    scanners: tuple[Scanner, ...] = setting("the laser scanners")
    tracker: TrackerSettings = setting("from beams to people")
    safety: SafetySettings = setting("speed and separation monitoring")
    task: TaskSettings = setting("what the cell works on")
    panel: PanelSettings = setting("the operator page")
    record: RecordSettings = setting("the record")
    sim: SimSettings | None = setting("the simulated cell; only with simulated: true", default=None)
    contact: ContactSettings | None = setting(
        "power and force limiting; needed where a step of a recipe allows contact", default=None
    )
    bodies: tuple[BodySource, ...] = setting(
        "body trackers, which see limbs (docs/bodies.md); none is needed", default=()
    )

    def __post_init__(self) -> None:
        arm = len(self.robot.arm)
        for name in (
            "velocity_max_radps", "acceleration_max_radps2", "jerk_max_radps3",
            "stop_deceleration_radps2", "stop_jerk_radps3",
        ):  # fmt: skip
            if len(getattr(self.motion, name)) != arm:
                raise ValueError(f"motion.{name} needs {arm} values, one for each motor of the arm")
        names = [scanner.name for scanner in self.scanners]
        if not names:
            raise ValueError("scanners is empty: a cell without a scanner can see nobody")
        if len(set(names)) < len(names):
            raise ValueError("scanners: two have the same name")
        if len({scanner.frame_id for scanner in self.scanners}) < len(names):
            raise ValueError("scanners: two have the same frame, so swapped they would not be told")
        sources = [SCANNERS, *(source.name for source in self.bodies)]
        if len(set(sources)) < len(sources):
            raise ValueError(
                f"bodies: two have the same name, or one is called {SCANNERS} like the scanners"
            )
        if self.simulated and self.sim is None:
            raise ValueError("simulated is true but the section sim is missing")
        if self.simulated != (self.bus.port == SIM_PORT):
            raise ValueError(
                f"simulated is {str(self.simulated).lower()} but bus.port = {self.bus.port!r}: "
                f"the port {SIM_PORT!r} belongs to a simulated cell and to no other; a real arm "
                "must not move behind simulated scanners and buttons"
            )
        if self.safety.lease_s < 2.0 / self.safety.rate_hz:
            raise ValueError(
                f"safety.lease_s = {self.safety.lease_s} s is shorter than two periods of "
                f"safety.rate_hz = {self.safety.rate_hz} Hz: the arm would stutter"
            )
        if self.motion.corridor_rad > self.bus.rejoin_rad:
            raise ValueError(
                f"motion.corridor_rad = {self.motion.corridor_rad:g} rad is more than "
                f"bus.rejoin_rad = {self.bus.rejoin_rad:g} rad: an arm that must first go back to "
                "its path would be judged as on it"
            )
        check_stopping(self.motion, self.bus, self.safety)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A checked cell."""

    folder: Path
    file: CellFile
    zones: ZoneSettings
    recipes: dict[str, Recipe]
    description: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each file behind robot.description, as it was when the cell was loaded."""
    stopping: StoppingTable | None = None
    safety_sha256: str = field(init=False)
    """Canonical hash of everything that bears on safety."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "safety_sha256", sha256_of(self.signed_values()))

    def keep_folder(self, state_dir: Path) -> Path:
        """Return the folder for journal and records: record.folder if given, else `state_dir`."""
        return self.folder / self.file.record.folder if self.file.record.folder else state_dir

    def signed_values(self) -> dict[str, Any]:
        """Return everything that bears on safety as plain values, file by file.

        A further part of the cell that is there counts as <its name>.yaml.
        """
        further = {
            f"{part.name}.yaml": asdict(getattr(self, part.name))
            for part in fields(self)
            if part.name not in SPECIAL and getattr(self, part.name) is not None
        }
        recipes = {f"recipes/{name}.yaml": without_texts(r) for name, r in self.recipes.items()}
        values: dict[str, Any] = plain(
            {
                "cell.yaml": without_beside(asdict(self.file)),
                **further,
                **recipes,
                "robot.description": self.description,
            }
        )
        return values


def load_cell(folder: Path | str, *, without_stops: bool = False) -> Cell:
    """Return the cell in `folder`; `without_stops` as if there were no stopping.yaml yet.

    Raises CellError that lists everything wrong in all of its files.
    """
    folder = Path(folder)
    problems: list[Problem] = []
    file = _load(CellFile, folder / "cell.yaml", problems)
    zones = _load(ZoneSettings, folder / "zones.yaml", problems)
    recipes, all_read = read_recipes(folder, file and known_to(file), problems)
    stopping = None
    if (folder / STOPPING).exists() and not without_stops:
        stopping = _load(StoppingTable, folder / STOPPING, problems)
        without_stops = stopping is None  # all that is wrong with it is told
    if file is not None:
        _cross_check(folder, file, problems)
    if zones is not None and all_read:
        check_steps(folder, zones, recipes, problems)
    if file is not None and not without_stops:
        _check_stops(folder, file, stopping, problems)
    if problems or file is None or zones is None:
        raise CellError(problems)
    return Cell(
        folder=folder, file=file, zones=zones, recipes=recipes, stopping=stopping,
        description=description_files(folder, file.robot.description),
    )  # fmt: skip


def read_table(file: Path) -> StoppingTable:
    """Return a table of stops by itself. Raises CellError that lists everything wrong in it."""
    problems: list[Problem] = []
    table = _load(StoppingTable, file, problems)
    if not isinstance(table, StoppingTable) or problems:
        raise CellError(problems)
    return table


def known_to(file: CellFile) -> Known:
    """Return what of a cell the steps of its recipes may name."""
    return Known(poses=frozenset(file.robot.poses), contact=file.contact is not None)


def _cross_check(folder: Path, file: CellFile, problems: list[Problem]) -> None:
    """Note what is wrong between the files."""
    reader = Reader(str(folder / "cell.yaml"))
    if not (folder / "recipes" / f"{file.task.recipe}.yaml").is_file():
        reader.complain(
            "task.recipe",
            f"no such file as recipes/{file.task.recipe}.yaml",
            value=file.task.recipe,
        )
    problems += reader.problems


def check_steps(
    folder: Path, zones: ZoneSettings, recipes: dict[str, Recipe], problems: list[Problem]
) -> None:
    """Note the steps of zone sets that no recipe has: such a set would never count."""
    reader = Reader(str(folder / "zones.yaml"))
    known = {step.id for recipe in recipes.values() for step in recipe.steps}
    for index, one in enumerate(zones.sets):
        for step in one.steps:
            if step not in known:
                reader.complain(
                    f"sets[{index}].steps", "no recipe has a step of this id", value=step
                )
    problems += reader.problems


def _check_stops(
    folder: Path, file: CellFile, table: StoppingTable | None, problems: list[Problem]
) -> None:
    """Note where the measured stops and the cell do not fit each other."""
    reader = Reader(str(folder / STOPPING))
    for key, value, what in check_table(
        table, simulated=file.simulated, robot=file.robot, motion=file.motion, safety=file.safety
    ):
        if value is None:
            reader.complain(key, what)
        else:
            reader.complain(key, what, value=value)
    problems += reader.problems


def _load(kind: type[Any], path: Path, problems: list[Problem]) -> Any:
    return load_yaml(kind, path, problems, missing="does not exist; copy it from config/default")
