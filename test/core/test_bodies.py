"""Bodies beside the scanners' people: limbs for an envelope where that is sure, else no less."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judged import crowd, person
from strategies import SAFETY, unknown

from hrc_cell.core.bodies import FURTHER, Bodies, Parts, Sighting, fuse, sources_of
from hrc_cell.core.contact import region_code
from hrc_cell.core.people import People
from hrc_cell.settings.sensing import BodySource

REGIONS = ("chest", "hand", "hand")
CAMERA, DEPTH = (
    BodySource(name=name, timeout_s=0.2, forget_s=1.0, match_m=0.4, regions=REGIONS)
    for name in ("camera", "depth")
)  # fmt: skip
SOURCES = sources_of(["camera", "depth"])
LIMBS = (("chest", 0.0, 0.15), ("hand", -0.3, 0.05), ("hand", -0.3, 0.05))


def body(x_m, y_m=0.0, *, number=1, limbs=LIMBS, **known):
    """Return one body as its message tells it, at (x, y), the hands 0.3 m before it.

    A limb is a region, how far out along x it is (or its start and end are), and its radius.
    """
    return {
        "id": number, "place": (x_m, y_m), "radius": 0.3, "velocity": (0.0, 0.0), "std": 0.02,
        "unseen": 0.0, "hidden": False, "limb_velocity": 0.0, "limb_std": 0.01, "limbs": limbs,
        **known,
    }  # fmt: skip


def sighting(*told, source=CAMERA, age_s=0.0, heard_s=0.0):
    limbs = [(i, b, limb) for i, b in enumerate(told) for limb in b["limbs"]]
    at, end = (
        np.array([
            (b["place"][0] + np.broadcast_to(out, 2)[i], b["place"][1], 1.0 + 0.1 * i)
            for _, b, (_, out, _) in limbs
        ]).reshape(-1, 3)
        for i in (0, 1)
    )  # fmt: skip
    velocity = np.zeros_like(at)
    velocity[:, 0] = [b["limb_velocity"] for _, b, _ in limbs]
    return Sighting(source, age_s, heard_s, Bodies(
        id=np.array([b["id"] for b in told], dtype=np.int64),
        place_m=np.array([b["place"] for b in told], dtype=float).reshape(-1, 2),
        radius_m=np.array([b["radius"] for b in told], dtype=float),
        velocity_mps=np.array([b["velocity"] for b in told], dtype=float).reshape(-1, 2),
        position_std_m=np.array([b["std"] for b in told], dtype=float),
        unseen_s=np.array([b["unseen"] for b in told], dtype=float),
        hidden=np.array([b["hidden"] for b in told], dtype=bool),
        parts=Parts(
            body=np.array([i for i, _, _ in limbs], dtype=np.int64), start_m=at, end_m=end,
            radius_m=np.array([r for _, _, (_, _, r) in limbs]),
            velocity_mps=velocity, position_std_m=np.array([b["limb_std"] for _, b, _ in limbs]),
            region=np.array([region_code(name) for _, _, (name, _, _) in limbs], dtype=np.int64),
        ),
    ))  # fmt: skip


def fused(persons, *sightings, hidden=None, people_age_s=0.0, sources=SOURCES):
    hidden = [False] * len(persons) if hidden is None else hidden
    return fuse(crowd(persons, SAFETY), hidden, sightings, people_age_s=people_age_s,
                sources=sources, safety=SAFETY)  # fmt: skip


def rows(people: People):
    """Return the capsules, whatever their order."""
    columns = [
        np.asarray(f, float).reshape(len(people.owner), 3 if f.ndim > 1 else 1) for f in people
    ]
    return sorted(map(repr, np.concatenate(columns, axis=1).tolist()))


def is_upright(people):
    return people.intrusion_m == SAFETY.intrusion_m


@pytest.mark.req("S1")
def test_the_limbs_of_a_body_stand_in_place_of_the_envelope():
    seen = fused((person(2.0),), sighting(body(2.1)))
    assert seen.owner.tolist() == [7, 7, 7]
    assert (seen.intrusion_m == SAFETY.body_intrusion_m).all()
    assert {SOURCES[i] for i in seen.source} == {"scanners+camera"}
    assert sorted(seen.region) == sorted(region_code(name) for name, _, _ in LIMBS)


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    "told",
    [
        sighting(body(2.1), age_s=0.21), sighting(body(2.1), age_s=-0.01),
        sighting(body(2.1), age_s=math.nan), sighting(body(2.1), age_s=math.inf),
        sighting(body(2.1, unseen=0.3)), sighting(body(2.1, unseen=math.nan)),
        sighting(body(2.1, unseen=-1.0), age_s=0.1), sighting(body(2.1, limbs=LIMBS[:2])),
        sighting(body(2.1, limbs=())), sighting(body(2.1, limbs=(*LIMBS, ("neck", 0.0, 0.0)))),
        sighting(body(2.1, limbs=(*LIMBS, ("neck", 0.0, math.nan)))),
        sighting(body(2.1, limbs=(*LIMBS, ("neck", 2.1, 0.1)))),
        sighting(body(2.1, limbs=tuple((name, 1.0, r) for name, _, r in LIMBS))),
        sighting(body(2.1, hidden=True)), sighting(body(2.1, limb_velocity=math.nan)),
        sighting(body(2.1, limb_std=-0.1)),
    ],
)  # fmt: skip
def test_a_late_or_broken_body_changes_nothing_where_the_scanners_see_a_person(told):
    assert rows(fused((person(2.0),), told)) == rows(crowd((person(2.0),), SAFETY))


@pytest.mark.req("S2")
@pytest.mark.parametrize("name", ["x_m", "speed_mps", "position_std_m", "radius_m", "unseen_s"])
@given(value=unknown)
def test_somebody_of_whom_something_is_unknown_is_not_replaced(name, value):
    whom = person(2.0)._replace(**{name: value})
    seen = fused((whom,), sighting(body(2.0)))
    assert is_upright(seen).any()


@pytest.mark.req("S2")
def test_who_is_hidden_is_not_replaced_and_nobody_near_them_either():
    both = (person(2.0), person(2.6)._replace(id=8))
    bodies = sighting(body(2.0), body(2.6, number=2))
    assert not is_upright(fused(both, bodies)).any()
    for hidden in ([True, False], [False, True]):
        assert is_upright(fused(both, bodies, hidden=hidden)).sum() == 2


@pytest.mark.req("S1")
def test_of_two_people_close_together_and_one_body_nobody_is_replaced():
    """Whose body it is stays open: a wrong guess would leave one of them out."""
    both = (person(2.0), person(2.5)._replace(id=8))
    assert rows(fused(both, sighting(body(2.1)))) == rows(crowd(both, SAFETY))
    chain = (*both, person(3.0)._replace(id=9))  # the doubt goes on from one to the next
    two = sighting(body(2.0), body(2.5, number=2))
    assert is_upright(fused(chain, two)).sum() == 3


@pytest.mark.req("S1")
def test_a_body_that_no_scanner_sees_is_a_further_person():
    seen = fused((person(2.0),), sighting(body(4.0)))
    assert seen.owner.tolist()[0] == 7
    assert (seen.owner[1:] >= FURTHER).all()
    assert (seen.owner < 2**32).all()
    assert {SOURCES[i] for i in seen.source[1:]} == {"camera"}
    assert len(fused((), sighting(body(4.0))).owner) == 3


@pytest.mark.req("S2")
def test_a_further_body_that_is_not_whole_is_upright_until_it_is_forgotten():
    late = fused((), sighting(body(4.0, limbs=(("hand", -0.6, 0.1),)), age_s=0.5), people_age_s=0.1)
    assert is_upright(late).tolist() == [True]
    assert late.radius_m == pytest.approx([0.7 + 1.6 * 0.4])  # as far as its hand
    assert len(fused((), sighting(body(4.0), age_s=1.1)).owner) == 0
    of_no_time = sighting(body(4.0), age_s=math.nan, heard_s=0.9)
    assert np.isnan(fused((), of_no_time).radius_m).all()
    assert len(fused((), of_no_time._replace(heard_s=1.1)).owner) == 0
    assert np.isnan(fused((), sighting(body(4.0, radius=0.0, limbs=()))).radius_m).all()
    assert np.isnan(fused((), sighting(body(math.nan))).start_m).any()


@pytest.mark.req("S2")
def test_two_bodies_of_one_number_are_not_whole():
    assert is_upright(fused((), sighting(body(4.0), body(5.0)))).tolist() == [True, True]


@pytest.mark.req("S1")
def test_limbs_grow_by_what_their_sample_is_older_than_the_scan():
    def hand(people_age_s):
        told = sighting(body(2.0, limb_velocity=2.0, unseen=0.05), age_s=0.1)
        return fused((person(2.0),), told, people_age_s=people_age_s).radius_m.min()

    assert hand(0.05) == pytest.approx(0.05 + (2.0 + 2.0) * 0.1)
    assert hand(0.19) == pytest.approx(0.05)
    assert hand(math.inf) == hand(math.nan) == hand(-1.0) == pytest.approx(0.05 + 4.0 * 0.15)


def test_the_limbs_of_two_trackers_are_all_counted():
    seen = fused((person(2.0),), sighting(body(2.0)), sighting(body(2.0), source=DEPTH))
    assert seen.owner.tolist() == [7] * 6
    silent = sighting(body(2.0), source=DEPTH, age_s=0.5)
    assert fused((person(2.0),), sighting(body(2.0)), silent).owner.tolist() == [7] * 3


def test_without_a_body_the_people_come_back_as_they_are():
    people = crowd((person(2.0),), SAFETY)
    for told in ((), (sighting(),)):
        same = fuse(people, [False], told, people_age_s=0.0, sources=SOURCES, safety=SAFETY)
        assert same is people


# At the bounds; all is exact.

EXACT = replace(CAMERA, match_m=0.5)


def gives_way(*told, at_m=4.0, **known):
    """Return whether the envelope of a person at (at_m, 0) gives way to a body."""
    return not is_upright(fused((person(at_m),), sighting(*told, source=EXACT, **known))).any()


def test_a_body_is_fresh_whole_and_paired_up_to_the_bound_and_no_farther():
    assert gives_way(body(4.0), age_s=0.2)
    assert not gives_way(body(4.0), age_s=np.nextafter(0.2, 1.0))
    assert gives_way(body(4.0, limb_std=0.0))
    assert gives_way(body(4.5))
    assert not gives_way(body(np.nextafter(4.5, 5.0)))
    # A part reaches up to the height of a person from its body's place ...
    assert gives_way(body(4.0, limbs=(*LIMBS, ("neck", -1.75, 0.25))))
    assert gives_way(body(4.0, limbs=(*LIMBS, ("neck", (0.0, -1.75), 0.25))))
    assert not gives_way(body(4.0, limbs=(*LIMBS, ("neck", (0.0, -1.875), 0.25))))
    # ... and one of them comes as near to it as match_m.
    far = tuple((name, 0.75, 0.25) for name in REGIONS)
    assert gives_way(body(4.0, limbs=far))
    assert not gives_way(body(4.0, limbs=tuple((name, 0.875, 0.25) for name in REGIONS)))
    assert gives_way(body(4.0, limbs=tuple((name, (0.75, 1.5), 0.25) for name in REGIONS)))


def test_a_body_as_near_to_another_as_may_be_theirs_leaves_open_whose_it_is():
    beside = person(4.0, radius_m=0.25)._replace(id=8)
    for x_m, sure in ((4.75, False), (4.8125, True)):
        seen = fused((person(x_m, radius_m=0.25), beside), sighting(body(x_m), source=EXACT))
        assert (is_upright(seen).sum() == 1) == sure


def test_a_body_is_forgotten_after_its_time_and_not_at_it():
    for known in ({"age_s": 1.0}, {"age_s": 0.5, "heard_s": 1.0}):
        late = sighting(body(4.0), **known)
        assert len(fused((), late).owner) == 1
        later = {name: np.nextafter(1.0, 2.0) for name, value in known.items() if value == 1.0}
        assert len(fused((), late._replace(**later)).owner) == 0


def test_people_whom_only_body_trackers_see_have_numbers_of_their_own_in_32_bits():
    names = [f"camera_{i}" for i in range(120)]
    told = [
        sighting(body(4.0, number=n), body(9.0, number=n + 1), source=replace(CAMERA, name=name))
        for i, name in enumerate(names) for n in (2, 2**24 - 2, 2**24 + 7 if i % 2 else 7)
    ]  # fmt: skip
    seen = fused((), *told, sources=sources_of(names))
    assert len(set(seen.owner.tolist())) == 2 * len(told)
    assert FURTHER <= seen.owner.min() <= seen.owner.max() < 2**32


_at = st.floats(-1.5, 1.5)
_crowds = st.lists(st.tuples(_at, _at, st.booleans(), st.booleans()), max_size=4)
_told = st.lists(
    st.tuples(_at, _at, st.sampled_from([LIMBS, LIMBS[:1]]), st.sampled_from([0.0, 0.3])),
    max_size=4,
)


def _drawn(people, told, age_s=0.0):
    persons = tuple(person(x, y)._replace(id=i + 1) for i, (x, y, _, _) in enumerate(people))
    bodies = [body(x, y, number=i + 1, limbs=limbs, unseen=unseen)
              for i, (x, y, limbs, unseen) in enumerate(told)]  # fmt: skip
    return persons, [hidden for _, _, hidden, _ in people], bodies


@pytest.mark.req("S1")
@settings(deadline=None)
@given(_crowds, _told, st.sampled_from([0.0, 0.15, 0.5]))
def test_no_person_and_no_body_is_ever_lost(people, told, age_s):
    persons, hidden, bodies = _drawn(people, told)
    seen = fused(persons, sighting(*bodies, age_s=age_s), hidden=hidden)
    assert {p.id for p in persons} <= set(seen.owner.tolist())
    assert len(set(seen.owner.tolist())) >= max(len(persons), len(bodies))
    kept = rows(seen)
    for whom, unseen in zip(persons, hidden, strict=True):
        sure = any(
            math.hypot(b["place"][0] - whom.x_m, b["place"][1] - whom.y_m) <= CAMERA.match_m
            and len(b["limbs"]) == len(REGIONS)
            and age_s + b["unseen"] <= CAMERA.timeout_s
            for b in bodies
        )
        if unseen or not sure:
            assert set(rows(crowd((whom,), SAFETY))) <= set(kept)


@settings(deadline=None)
@given(_crowds, _told, st.randoms(use_true_random=False))
def test_the_order_of_people_and_bodies_changes_nothing(people, told, chance):
    persons, hidden, bodies = _drawn(people, told)
    straight = fused(persons, sighting(*bodies), hidden=hidden)
    mixed = list(zip(persons, hidden, strict=True))
    chance.shuffle(mixed)
    chance.shuffle(bodies)
    other = fused(tuple(p for p, _ in mixed), sighting(*bodies), hidden=[h for _, h in mixed])
    assert rows(straight) == rows(other)
