"""The schema: every kind of wrong value is named with key, value, unit and bound, all at once."""

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.settings.schema import CellError, Reader, Spec, bound_text, setting, specs


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    speed_mps: float = setting("speed", unit="m/s", low=0.0, high=2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One field of every kind."""

    ratio: float = setting("a ratio", unit="1", low=0.0, high=1.0)
    count: int = setting("a count", low=1, high=9)
    on: bool = setting("a switch")
    name: str = setting("a name", pattern="[a-z]+")
    kind: str = setting("a kind", choices=("left", "right"))
    inner: Inner = setting("a section")
    rows: tuple[float, ...] = setting("numbers", unit="rad", low=-1.0, high=1.0)
    pair: tuple[float, ...] = setting("two numbers", unit="m", length=2)
    corners: tuple[tuple[float, ...], ...] = setting("corners", unit="m", low=-5.0, high=5.0)
    many: tuple[Inner, ...] = setting("sections")
    poses: dict[str, tuple[float, ...]] = setting("poses", unit="rad", low=-3.0, high=3.0)
    extra: Inner | None = setting("perhaps a section", default=None)
    free: float = setting("any number", default=7.0)

    def __post_init__(self) -> None:
        if self.count == 9 and self.on:
            raise ValueError("count 9 and on do not go together")


GOOD = {
    "ratio": 0.5, "count": 3, "on": True, "name": "abc", "kind": "left",
    "inner": {"speed_mps": 1}, "rows": [0.1, 1], "pair": [1.0, 2.0],
    "corners": [[0, 0], [1, 0], [1, 1]], "many": [{"speed_mps": 0.0}, {"speed_mps": 2.0}],
    "poses": {"home": [0.0, 1.0]},
}  # fmt: skip


def read(**changes):
    reader = Reader("tried.yaml")
    return reader.build(Tried, {**GOOD, **changes}), reader.problems


def test_good_values_come_through_whole_and_numbers_become_floats():
    value, problems = read()
    assert problems == []
    assert (value.ratio, value.count, value.on, value.name) == (0.5, 3, True, "abc")
    assert value.inner == Inner(speed_mps=1.0)
    assert value.rows == (0.1, 1.0)
    assert type(value.rows[1]) is float
    assert value.corners == ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    assert [inner.speed_mps for inner in value.many] == [0.0, 2.0]
    assert value.poses == {"home": (0.0, 1.0)}
    assert (value.extra, value.free) == (None, 7.0)


def test_what_has_a_default_can_be_given():
    value, problems = read(extra={"speed_mps": 0.3}, free=8)
    assert (problems, value.extra, value.free) == ([], Inner(speed_mps=0.3), 8.0)
    assert read(extra=None)[0].extra is None


WRONG = [
    ({"ratio": "half"}, "ratio = 'half': must be a number (allowed: 0 to 1)"),
    ({"ratio": True}, "ratio = True: must be a number (allowed: 0 to 1)"),
    ({"ratio": None}, "ratio = None: must be a number (allowed: 0 to 1)"),
    ({"ratio": [0.5]}, "ratio = [0.5]: must be a number (allowed: 0 to 1)"),
    ({"ratio": 1.01}, "ratio = 1.01: is out of bounds (allowed: 0 to 1)"),
    ({"ratio": math.nan}, "ratio = nan: is out of bounds (allowed: 0 to 1)"),
    ({"ratio": -math.inf}, "ratio = -inf: is out of bounds (allowed: 0 to 1)"),
    ({"free": math.inf}, "free = inf: is out of bounds"),
    ({"count": 2.0}, "count = 2.0: must be a whole number (allowed: 1 to 9)"),
    ({"count": False}, "count = False: must be a whole number (allowed: 1 to 9)"),
    ({"count": 10}, "count = 10: is out of bounds (allowed: 1 to 9)"),
    ({"on": 1}, "on = 1: must be true or false"),
    ({"on": "yes"}, "on = 'yes': must be true or false"),
    ({"name": 5}, "name = 5: must be a text"),
    ({"name": "ABC"}, "name = 'ABC': must match [a-z]+"),
    ({"name": "abc\n"}, "name = 'abc\\n': must match [a-z]+"),
    ({"kind": "up"}, "kind = 'up': is not one of the choices (allowed: left, right)"),
    ({"inner": 3}, "inner = 3: must be a mapping of keys to values"),
    ({"inner": None}, "inner = None: must be a mapping of keys to values"),
    ({"inner": {}}, "inner.speed_mps: is missing; add it: speed (allowed: 0 to 2 m/s)"),
    ({"inner": {"speed_mps": 3}},
     "inner.speed_mps = 3 m/s: is out of bounds (allowed: 0 to 2 m/s)"),
    ({"inner": {"speed_mps": 1, "sped": 2}},
     "inner.sped: is not a key of this section; remove or rename it"),
    ({"extra": 3}, "extra = 3: must be a mapping of keys to values"),
    ({"rows": 1.0}, "rows = 1.0 rad: must be a list (allowed: -1 to 1 rad)"),
    ({"rows": "abc"}, "rows = 'abc' rad: must be a list (allowed: -1 to 1 rad)"),
    ({"rows": [0, 2]}, "rows[1] = 2 rad: is out of bounds (allowed: -1 to 1 rad)"),
    ({"pair": [1.0]}, "pair = [1.0] m: must have 2 entries, has 1"),
    ({"corners": [[0, 0], [0, 9]]}, "corners[1][1] = 9 m: is out of bounds (allowed: -5 to 5 m)"),
    ({"corners": [[0, 0], 4]}, "corners[1] = 4 m: must be a list (allowed: -5 to 5 m)"),
    ({"many": [{"speed_mps": 0}, {"speed_mps": -1}]},
     "many[1].speed_mps = -1 m/s: is out of bounds (allowed: 0 to 2 m/s)"),
    ({"poses": [1]},
     "poses = [1] rad: must be a mapping of names to values (allowed: -3 to 3 rad)"),
    ({"poses": {"home": [9]}}, "poses.home[0] = 9 rad: is out of bounds (allowed: -3 to 3 rad)"),
    ({"poses": {3: [1]}}, "poses.3: a name must be a text, put it in quotes"),
    ({"count": 9}, "(top): count 9 and on do not go together"),
    ({7: 1}, "7: is not a key of this section; remove or rename it"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), WRONG, ids=[said[:40] for _, said in WRONG])
def test_a_wrong_value_is_named_with_what_is_allowed(changes, said):
    reader = Reader("tried.yaml")
    assert reader.build(Tried, {**GOOD, **changes}) is None
    assert [str(problem) for problem in reader.problems] == [f"tried.yaml: {said}"]


def test_a_number_too_great_for_a_float_is_out_of_bounds():
    for key in ("ratio", "free"):
        value, problems = read(**{key: 10**400})
        assert value is None
        assert [problem.what for problem in problems] == ["is out of bounds"]


def test_all_problems_are_told_at_once():
    reader = Reader("tried.yaml")
    reader.build(Tried, {"ratio": 3, "count": "x", "nam": 1, "inner": {"speed_mps": "fast"}})
    keys = {problem.key for problem in reader.problems}
    assert keys == {
        "ratio", "count", "nam", "inner.speed_mps", "on", "name", "kind", "rows", "pair",
        "corners", "many", "poses",
    }  # fmt: skip
    error = CellError(reader.problems)
    assert error.problems == tuple(reader.problems)
    assert len(str(error).splitlines()) == len(reader.problems)


@pytest.mark.parametrize("data", [None, [], "text", 3])
def test_a_file_that_is_no_mapping_is_one_problem(data):
    reader = Reader("tried.yaml")
    assert reader.build(Tried, data) is None
    assert [problem.key for problem in reader.problems] == ["(top)"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@pytest.mark.req("S2")
@given(st.sampled_from([name for name, _, _ in specs(Tried)]), anything)
def test_whatever_stands_there_is_taken_as_it_is_or_complained_about(name, value):
    built, problems = read(**{name: value})
    assert (built is None) == bool(problems)
    assert all(problem.file == "tried.yaml" and problem.what for problem in problems)
    assert all(problem.key.partition(".")[0].partition("[")[0] in (name, "(top)")
               for problem in problems)  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (Spec("x"), ""),
        (Spec("x", "s", low=1.0), "at least 1 s"),
        (Spec("x", "s", high=2.5), "at most 2.5 s"),
        (Spec("x", low=0, high=3), "0 to 3"),
        (Spec("x", choices=("a", "b")), "a, b"),
    ],
)
def test_bounds_are_told_in_words(spec, text):
    assert bound_text(spec) == text
