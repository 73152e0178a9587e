"""A cell's folder: whatever is wrong in it is named, and what is right arrives whole."""

import shutil
from dataclasses import asdict, replace

import pytest
import yaml
from strategies import ROOT

from hrc_cell.settings.cell import CellFile, load_cell
from hrc_cell.settings.operation import RecordSettings
from hrc_cell.settings.safety import SafetySettings
from hrc_cell.settings.schema import CellError

DEFAULT = ROOT / "config" / "default"


@pytest.fixture
def folder(tmp_path):
    """Return a copy of the default cell that may be broken."""
    return shutil.copytree(DEFAULT, tmp_path / "cell")


def change(path, where, value):
    """Put a value at a dotted place of a YAML file."""
    data = yaml.safe_load(path.read_text())
    *way, last = where.split(".")
    at = data
    for key in way:
        at = at[int(key)] if isinstance(at, list) else at[key]
    if value is KeyError:
        del at[last]
    else:
        at[int(last) if isinstance(at, list) else last] = value
    path.write_text(yaml.safe_dump(data))


def problems(folder):
    with pytest.raises(CellError) as caught:
        load_cell(folder)
    return [str(problem) for problem in caught.value.problems]


def plain(value):
    """Return settings as YAML would hold them."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, tuple | list) else value


def contains(whole, part):
    """Return whether everything in part stands in whole."""
    if isinstance(part, dict):
        return all(key in whole and contains(whole[key], item) for key, item in part.items())
    if isinstance(part, list):
        return len(whole) == len(part) and all(map(contains, whole, part))
    return whole == part and isinstance(whole, bool) == isinstance(part, bool)


def test_everything_that_stands_in_the_files_arrives():
    cell = load_cell(str(DEFAULT))
    assert contains(plain(asdict(cell.file)), yaml.safe_load((DEFAULT / "cell.yaml").read_text()))
    zones = yaml.safe_load((DEFAULT / "zones.yaml").read_text())
    assert contains(plain(asdict(cell.zones)), zones)
    for name, recipe in cell.recipes.items():
        written = yaml.safe_load((DEFAULT / "recipes" / f"{name}.yaml").read_text())
        assert recipe.name == name
        assert contains(plain(asdict(recipe)), written)


def test_the_least_change_of_a_safety_number_changes_the_hash(folder):
    before = load_cell(folder)
    assert load_cell(DEFAULT).safety_sha256 == before.safety_sha256
    for where in ("safety.intrusion_m", "robot.mount.x_m", "scanners.0.yaw_rad", "bus.watchdog_s"):
        change(folder / "cell.yaml", where, 0.7501)
        after = load_cell(folder)
        assert after.safety_sha256 != before.safety_sha256
        before = after
    change(folder / "zones.yaml", "zones.0.margin_m", 0.21)
    assert load_cell(folder).safety_sha256 != before.safety_sha256


CONTACT = {"moving_mass_kg": 16.0, "payload_kg": 2.0, "kind": "transient", "head_low_m": 1.3}


def test_what_a_step_may_touch_and_how_heavy_the_arm_is_change_the_hash(folder):
    recipe = folder / "recipes" / "hand_over.yaml"
    hashes = [load_cell(folder).safety_sha256]
    for path, where, value in (
        (folder / "cell.yaml", "contact", CONTACT),
        (folder / "cell.yaml", "contact.payload_kg", 2.5),
        (folder / "cell.yaml", "contact.area_cm2", 0.5),
        (recipe, "steps.1.contact_region", "hand"),
        (recipe, "steps.1.contact_region", "chest"),
        (recipe, "steps.2.tool", "pads"),
    ):
        change(path, where, value)
        hashes.append(load_cell(folder).safety_sha256)
    assert len(set(hashes)) == len(hashes)
    change(recipe, "steps.1.text_key", "another text")
    assert load_cell(folder).safety_sha256 == hashes[-1]


def test_a_cell_without_contact_has_none_and_one_with_it_knows_its_mass(folder):
    assert load_cell(folder).file.contact is None
    change(folder / "cell.yaml", "contact", CONTACT)
    contact = load_cell(folder).file.contact
    assert (contact.effective_mass_kg, contact.kind, contact.area_cm2) == (10.0, "transient", None)


@pytest.mark.req("S2")
def test_a_step_that_allows_contact_needs_the_section_contact(folder):
    change(folder / "recipes" / "hand_over.yaml", "steps.1.contact_region", "hand")
    (said,) = problems(folder)
    assert said.endswith(
        "hand_over.yaml: steps[1].contact_region = 'hand': needs the section contact in cell.yaml, "
        "or leave contact out of the step"
    )
    change(folder / "cell.yaml", "contact", CONTACT)
    load_cell(folder)


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("moving_mass_kg", KeyError, "contact.moving_mass_kg: is missing; add it: M, mass of"),
        ("payload_kg", KeyError, "contact.payload_kg: is missing; add it: m_L"),
        ("kind", KeyError, "contact.kind: is missing"),
        ("moving_mass_kg", 0.0, "= 0.0 kg: is out of bounds (allowed: 0.1 to 1000 kg)"),
        ("payload_kg", -1.0, "= -1.0 kg: is out of bounds (allowed: 0 to 1000 kg)"),
        ("kind", "soft", "is not one of the choices (allowed: transient, quasi_static)"),
        ("area_cm2", 1.1, "= 1.1 cm2: is out of bounds (allowed: 0.01 to 1 cm2)"),
        ("area_cm2", 0.0, "= 0.0 cm2: is out of bounds (allowed: 0.01 to 1 cm2)"),
    ],
)
def test_a_wrong_number_of_the_contact_is_named(folder, name, value, said):
    change(folder / "cell.yaml", "contact", dict(CONTACT))
    change(folder / "cell.yaml", f"contact.{name}", value)
    (only,) = problems(folder)
    assert said in only


@pytest.mark.req("S2")
@pytest.mark.parametrize("name", list(SafetySettings.__dataclass_fields__))
def test_no_safety_number_has_a_default(folder, name):
    change(folder / "cell.yaml", f"safety.{name}", KeyError)
    (said,) = problems(folder)
    assert f"cell.yaml: safety.{name}: is missing; add it: " in said


def test_an_empty_folder_names_each_file_that_is_missing(tmp_path):
    assert problems(tmp_path) == [
        f"{tmp_path / name}: (file): does not exist; copy it from config/default"
        for name in ("cell.yaml", "zones.yaml")
    ]


def test_problems_of_all_files_are_told_at_once(folder):
    change(folder / "cell.yaml", "bus.baud", "fast")
    change(folder / "cell.yaml", "robots", 1)
    change(folder / "zones.yaml", "zones.0.kind", "warn")
    change(folder / "recipes" / "hand_over.yaml", "steps.0.act", "juggle")
    said = problems(folder)
    assert len(said) >= 4
    told = "\n".join(said)
    for part in (
        "cell.yaml: bus.baud = 'fast' baud: must be a whole number (allowed: 9600 to 4e+06 baud)",
        "cell.yaml: robots: is not a key of this section; remove or rename it",
        (
            "zones.yaml: zones[0].kind = 'warn': is not one of the choices "
            "(allowed: stop, slow, limit, approach)"
        ),
        "hand_over.yaml: steps[0].act = 'juggle': is not one of the choices",
    ):
        assert part in told


WRONG_TEXTS = [
    ("name: a\nname: b\n", "the key 'name' stands twice"),
    ("robot: {mount: {x_m: 1, x_m: 2}}", "the key 'x_m' stands twice"),
    ("name: [1, 2", "cannot be read"),
    ("? [a, b]\n: 1\n", "a key must be a plain text"),
    ("\tname: x", "cannot be read"),
    ("", "(top) = None: must be a mapping"),
    ("- name", "(top) = ['name']: must be a mapping"),
    ("name: !!python/object:os.system x", "cannot be read"),
    ("a: 1\n---\nb: 2\n", "cannot be read"),
]


@pytest.mark.parametrize(("text", "said"), WRONG_TEXTS, ids=[said for _, said in WRONG_TEXTS])
def test_a_file_that_is_no_good_yaml_is_named(folder, text, said):
    (folder / "cell.yaml").write_text(text)
    (only,) = problems(folder)
    assert said in only
    assert only.startswith(f"{folder / 'cell.yaml'}: ")


def test_a_file_that_is_not_text_is_named(folder):
    (folder / "zones.yaml").write_bytes(b"\xff\xfe\x00")
    (said,) = problems(folder)
    assert "zones.yaml: (file): cannot be read" in said


def test_a_place_in_the_file_is_told_where_yaml_knows_it(folder):
    text = (folder / "cell.yaml").read_text()
    (folder / "cell.yaml").write_text(text + "name: twice\n")
    (said,) = problems(folder)
    assert f"line {len(text.splitlines()) + 1}" in said


def mute(**changed):
    """Return a muting as it would stand in zones.yaml."""
    plain = {"zone": "approach", "signals": ["a", "b"], "order": "free", "begin_within_s": 1.0}
    return {**plain, "time_max_s": 5.0, "signal_timeout_s": 0.2, **changed}


def camera(**changed):
    """Return a body tracker as it would stand in cell.yaml."""
    plain = {"name": "camera", "timeout_s": 0.2, "forget_s": 1.0, "match_m": 0.4}
    return {**plain, "regions": ["hand", "hand"], **changed}


RULES = [
    ("cell.yaml", "motion.jerk_max_radps3", [40.0] * 5,
     "motion.jerk_max_radps3 needs 6 values, one for each motor of the arm"),
    ("cell.yaml", "scanners", [], "scanners is empty: a cell without a scanner can see nobody"),
    ("cell.yaml", "scanners.1.name", "left", "scanners: two have the same name"),
    ("cell.yaml", "scanners.1.frame", "left", "scanners: two have the same frame"),
    ("cell.yaml", "bodies", [camera(), camera()], "bodies: two have the same name"),
    ("cell.yaml", "bodies", [camera(name="scanners")], "or one is called scanners"),
    ("cell.yaml", "bodies", [camera(regions=[])], "bodies[0]: regions is empty: any part would"),
    ("cell.yaml", "bodies", [camera(forget_s=0.1)], "forget_s = 0.1 s is less than timeout_s"),
    ("cell.yaml", "bodies", [camera(regions=["tail"])], "is not one of the choices"),
    ("cell.yaml", "sim", KeyError, "simulated is true but the section sim is missing"),
    ("cell.yaml", "simulated", False, "simulated is false but bus.port = 'sim'"),
    ("cell.yaml", "bus.port", "/dev/ttyUSB0", "simulated is true but bus.port = '/dev/ttyUSB0'"),
    ("cell.yaml", "safety.lease_s", 0.015, "safety.lease_s = 0.015 s is shorter than two periods"),
    ("cell.yaml", "safety.stopping_time_s", 0.35,
     "safety.stopping_time_s = 0.35 s is less than the 0.3625 s that braking on the path takes"),
    ("cell.yaml", "motion.stop_deceleration_radps2", [0.5] * 6,
     "4 s for motion.velocity_max_radps / stop_deceleration_radps2"),
    ("cell.yaml", "motion.stop_jerk_radps3", [5.0] * 6,
     "motion.stop_jerk_radps3[0] = 5 rad/s3 is below motion.jerk_max_radps3[0] = 40 rad/s3"),
    ("cell.yaml", "bus.velocity_max_radps", 3.7, "from 3.7 rad/s a joint does not come to rest"),
    ("cell.yaml", "safety.stopping_distance_m", 0.23,
     "safety.stopping_distance_m = 0.23 m is less than the 0.235 m that a point"),
    ("cell.yaml", "safety.manual_speed_max_mps", 0.21,
     "manual_speed_tolerance_mps together are 0.26 m/s, above 0.25 m/s: lower one of them"),
    ("cell.yaml", "robot.arm.1.joint", "joint_1", "robot: joint joint_1 stands more than once"),
    ("cell.yaml", "robot.hand.motor_id", 3, "robot: motor_id 3 stands more than once"),
    ("cell.yaml", "robot.poses.home", [0.0] * 5, "robot: pose 'home' has 5 values, the arm 6"),
    ("cell.yaml", "sim.people.0.path_m", [],
     "sim.people[0]: path_m = [] m needs at least one point"),
    ("cell.yaml", "sim.people.0.path_m", [[1.0, 2.0], [1.0]],
     "path_m = [[1.0, 2.0], [1.0]] m needs at least one point, where the person starts, and 2"),
    ("cell.yaml", "sim.people.0.path_m", [[1.0, 2.0, 0.0]], "and 2 numbers (x, y) for each"),
    ("cell.yaml", "task.recipe", "no_such", "task.recipe = 'no_such': no such file as recipes/"),
    ("zones.yaml", "zones.0.polygon_m", [[0, 0], [1, 1]], "polygon_m needs at least 3 corners"),
    ("zones.yaml", "zones.0.polygon_m", [[0, 0, 0], [1, 1], [2, 2]], "of 2 numbers (x, y) each"),
    ("zones.yaml", "zones.0.speed_ratio", 0.5, "zones[0]: a stop zone has speed_ratio 0"),
    ("zones.yaml", "zones.1.restart", "manual", "restart: manual needs kind: stop"),
    ("zones.yaml", "zones.1.name", "around_table", "zone around_table stands more than once"),
    ("zones.yaml", "zones.0.polygon_m", [[0, 0], [1, 1], [1, 0], [0, 1]],
     "polygon_m: the sides from corner 0 and from corner 2 cross or touch"),
    ("zones.yaml", "zones.0.polygon_m", [[0, 0], [2, 0], [2, 2], [1, 0], [0, 2]],
     "polygon_m: the sides from corner 0 and from corner 2 cross or touch"),
    ("zones.yaml", "zones.0.polygon_m", [[0, 0], [2, 0], [1, 1], [0, 0], [2, 0], [1, 1]],
     "cross or touch, which could leave a hole; give each corner once and in order"),
    ("zones.yaml", "zones.0.circle", {"centre_m": [0, 0], "radius_m": 1},
     "zones[0]: needs exactly one of polygon_m, circle and box; remove all but one of polygon_m"),
    ("zones.yaml", "zones.0.polygon_m", KeyError,
     "zones[0]: needs exactly one of polygon_m, circle and box; add one"),
    ("zones.yaml", "zones.0.circle", {"centre_m": [0, 0], "radius_m": 0},
     "zones[0].circle.radius_m = 0 m: is out of bounds (allowed: 0.01 to 50 m)"),
    ("zones.yaml", "zones.0.box", {"centre_m": [0, 0]}, "zones[0].box.size_m: is missing"),
    ("zones.yaml", "zones.0.band_m", [1.0, 1.0], "the first must be the lower height"),
    ("zones.yaml", "zones.0.band_m", [1.0], "band_m = [1.0] m: must have 2 entries, has 1"),
    ("zones.yaml", "zones.1.speed_ratio", KeyError, "a slow zone needs speed_ratio above 0"),
    ("zones.yaml", "zones.1.kind", "limit", "a limit zone has limit_mps and no speed_ratio"),
    ("zones.yaml", "zones.1.kind", "approach",
     "zones[1]: kind approach needs time_to_reach_s above 0; add it"),
    ("zones.yaml", "zones.1.limit_mps", 0.2,
     "zones[1]: limit_mps is of kind limit alone and this is slow; remove it"),
    ("zones.yaml", "zones.1.time_to_reach_s", 0.2, "time_to_reach_s is of kind approach alone"),
    ("zones.yaml", "sets", [{"name": "one", "zones": ["around_table"]}],
     "set one, the last one, leaves out zone approach: where step or tool is unknown every zone"),
    ("zones.yaml", "sets", [{"name": "one", "zones": ["nowhere"]}],
     "set one: no zone is called nowhere"),
    ("zones.yaml", "sets", [{"name": "one", "zones": [], "steps": ["hand"]}],
     "the last of sets, one, has conditions; add one without any after it"),
    ("zones.yaml", "sets", [{"name": n, "zones": ["around_table", "approach"]} for n in "ab"],
     "set a has no conditions, so none of those after it would ever count"),
    ("zones.yaml", "sets", [{"name": "a", "zones": ["around_table", "approach"]}] * 2,
     "set a stands more than once"),
    ("zones.yaml", "sets", [{"name": "a", "zones": [], "steps": ["dance"]},
                            {"name": "b", "zones": ["around_table", "approach"]}],
     "sets[0].steps = 'dance': no recipe has a step of this id"),
    ("zones.yaml", "muting", [{"zone": "approach"}], "muting[0].signals: is missing"),
    ("zones.yaml", "muting", [mute(zone="nowhere")], "muting[0]: no zone is called nowhere"),
    ("zones.yaml", "muting", [mute(signals=["a"])], "muting[0].signals = ['a']: must have 2"),
    ("zones.yaml", "muting", [mute(signals=["a", "a"])], "needs two different ones"),
    ("zones.yaml", "muting", [mute(time_max_s=0)], "muting[0].time_max_s = 0 s: is out of bounds"),
    ("zones.yaml", "muting", [mute(sources=["camera"]), mute()],
     "muting of zone approach stands twice for the same source"),
    ("zones.yaml", "muting", [mute(sources=["a", "b"]), mute(sources=["b"])],
     "would outlast time_max_s; keep one"),
    ("zones.yaml", "zones.0.hidden", True, "zones[0].hidden: is not a key of this section"),
    ("zones.yaml", "outline_m", [[0, 0]], "outline_m needs at least 3 corners"),
    ("zones.yaml", "handover_m", [1.0], "handover_m = [1.0] m: must have 2 entries, has 1"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "where", "value", "said"), RULES, ids=[r[3][:40] for r in RULES])
def test_a_rule_across_settings_is_told(folder, file, where, value, said):
    change(folder / file, where, value)
    told = problems(folder)
    assert any(said in one and one.startswith(str(folder / file)) for one in told), told


def test_a_zone_that_a_person_resets_cannot_be_muted(folder):
    change(folder / "zones.yaml", "zones.0.restart", "manual")
    change(folder / "zones.yaml", "muting", [mute(zone="around_table")])
    (said,) = problems(folder)
    assert "zone around_table has restart: manual and cannot be muted" in said


def test_a_zone_of_every_shape_and_kind_arrives_with_its_sets_and_mutings(folder):
    counts = {"restart": "automatic", "trigger_scans": 1, "release_scans": 5, "margin_m": 0.2}
    path, base = folder / "zones.yaml", yaml.safe_load((DEFAULT / "zones.yaml").read_text())
    shape = {"circle": {"centre_m": [1.3, 0.0], "radius_m": 0.6}, "band_m": [0.7, 1.6]}
    box = {"box": {"centre_m": [3.0, 0.0], "size_m": [2.0, 1.0], "yaw_rad": 0.3}}
    u_shape = {"polygon_m": [[0, 0], [3, 0], [3, 2], [2, 2], [2, 1], [1, 1], [1, 2], [0, 2]]}
    zones = [
        *base["zones"],
        {"name": "reach", "kind": "limit", "limit_mps": 0.25, **shape, **counts},
        {"name": "way", "kind": "approach", "time_to_reach_s": 2.0, **box, **counts},
        {"name": "bay", "kind": "approach", "time_to_reach_s": 2.0, **u_shape, **counts},
    ]
    names = [zone["name"] for zone in zones]
    change(path, "zones", zones)
    change(path, "sets", [
        {"name": "handing", "zones": ["reach"], "steps": ["hand"], "speed_max_ratio": 0.5},
        {"name": "rest", "zones": names},
    ])  # fmt: skip
    change(path, "muting", [mute(sources=["camera"]), mute(sources=["scanners"], zone="way")])
    assert contains(plain(asdict(load_cell(folder).zones)), yaml.safe_load(path.read_text()))


def test_steps_are_not_called_unknown_where_a_recipe_cannot_be_read(folder):
    change(folder / "recipes" / "hand_over.yaml", "steps.0.act", "juggle")
    sets = [{"name": "a", "zones": [], "steps": ["hand"]},
            {"name": "b", "zones": ["around_table", "approach"]}]  # fmt: skip
    change(folder / "zones.yaml", "sets", sets)
    assert len(problems(folder)) == 1


def test_a_real_cell_needs_no_simulation(folder):
    change(folder / "cell.yaml", "simulated", False)
    change(folder / "cell.yaml", "bus.port", "/dev/serial/by-id/adapter")
    change(folder / "cell.yaml", "sim", KeyError)
    assert load_cell(folder, without_stops=True).file.sim is None


def test_a_recipe_of_unknown_poses_names_the_step(folder):
    change(folder / "recipes" / "hand_over.yaml", "steps.0.poses", ["above_tray", "nowhere"])
    (said,) = problems(folder)
    assert said.endswith(
        "hand_over.yaml: steps[0].poses = 'nowhere': no such pose under robot.poses of cell.yaml"
    )


def test_a_recipe_that_cannot_be_read_is_not_called_missing_as_well(folder):
    change(folder / "recipes" / "hand_over.yaml", "steps.0.act", "juggle")
    assert len(problems(folder)) == 1


def test_defaults_are_what_the_schema_says(folder):
    change(folder / "cell.yaml", "tracker.background_file", KeyError)
    file = load_cell(folder).file
    assert (file.record.folder, file.tracker.background_file) == ("", "")
    assert RecordSettings(size_max_mb=1.0, files_max=2).folder == ""
    assert file.robot.arm[0].zero_counts == 2048
    assert file.robot.joints[-1] == file.robot.hand.joint


def test_a_cell_file_made_in_code_is_checked_too():
    file = load_cell(DEFAULT).file
    with pytest.raises(ValueError, match="scanners is empty"):
        replace(file, scanners=())
    assert isinstance(file, CellFile)
