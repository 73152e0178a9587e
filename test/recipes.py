"""Random recipes whose steps lead somewhere: branches, loops, repeated groups, conditions."""

from hypothesis import strategies as st

from hrc_cell.settings.recipe import ACTS, Choice, Condition, Recipe, Repeat, Step
from hrc_cell.settings.recipe_routes import END, flaws_of_routes

RELEASES = ("on_confirm", "on_pull")
LEVELS = ("manual", "confirm", "auto")
CONDITIONS = (
    Condition(place="tray_1", occupied=True),
    Condition(place="handover", occupied=False),
    Condition(signal="door", state=True, age_max_s=1.0),
)


@st.composite
def steps_and_groups(draw, count):
    """Draw `count` steps and up to two groups, whether or not they lead somewhere."""
    names = [f"s{i}" for i in range(count)]
    seldom = st.sampled_from(["", "", "", "", "", *names, END])
    steps = []
    for name in names:
        act = draw(st.sampled_from(ACTS))
        level = draw(st.sampled_from(LEVELS))
        level = "confirm" if act in ("handover", "receive") and level == "auto" else level
        actor = draw(st.sampled_from(["robot", "person", "both"]))
        actor = {"handover": "both", "receive": "both", "work": "person"}.get(act, actor)
        persons = act == "work" or (actor == "person" and act != "wait")
        offers = draw(st.sampled_from([(), ("good", "bad"), ("good", "bad", "scrap")]))
        steps.append(Step(
            id=name, actor=actor, act=act, automation=level, text_key="step.one",
            poses=() if act in ("work", "wait") else ("home",), time_s=1.0, timeout_s=60.0,
            next=draw(seldom),
            release=draw(st.sampled_from(RELEASES)) if act == "handover" else "on_confirm",
            answers=tuple(Choice(name=n, to=draw(seldom)) for n in offers) if persons else (),
            requires=tuple(draw(st.lists(st.sampled_from(CONDITIONS), max_size=1))),
        ))  # fmt: skip
    groups = []
    for _ in range(draw(st.integers(0, 2))):
        first = draw(st.integers(0, count - 1))
        last = draw(st.integers(first, count - 1))
        until = draw(st.booleans()) and bool(steps[last].answers)
        how = {"until": "good"} if until else {"count": draw(st.integers(2, 3))}
        groups.append(Repeat(first=names[first], last=names[last], **how))
    return tuple(steps), tuple(groups)


@st.composite
def recipes(draw):
    """Draw a recipe that is not refused."""
    steps, groups = draw(
        st.integers(1, 5).flatmap(steps_and_groups).filter(lambda both: not flaws_of_routes(*both))
    )
    return Recipe(name="tried", title_key="recipe.tried", steps=steps, repeats=groups)
