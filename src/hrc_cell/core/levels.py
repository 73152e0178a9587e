"""How far the robot acts by itself in each step: less than the recipe's file says, never more.

A level is set for a step, or for all of them. Down at once: a step that is under way by itself
finishes its piece and asks before the next. Up only between runs, and not beyond what stands in the
file, which is what was checked and signed.
"""

from __future__ import annotations

from dataclasses import replace

from hrc_cell.core.task import ALL, AutomationSet, Level, Op, Phase, TaskState
from hrc_cell.settings.recipe import Recipe, Step

ORDER = ("manual", "confirm", "auto")


def as_set(levels: tuple[Level, ...], recipe: str, step: Step) -> Step:
    """Return a step with the level that is in force: the lower one of file and person."""
    said = [one.automation for one in levels if (one.recipe, one.step) == (recipe, step.id)]
    return replace(step, automation=min(step.automation, *said, key=ORDER.index)) if said else step


def level_refusal(recipe: Recipe, state: TaskState, event: AutomationSet) -> str:
    """Return why a level cannot be set, "" if it can: the reasons of SetAutomation.srv."""
    meant = [step for step in recipe.steps if event.step in (step.id, ALL)]
    if not meant:
        return "unknown_step"
    if event.automation not in ORDER:
        return "unknown_level"
    wanted = ORDER.index(event.automation)
    if event.step != ALL and wanted > ORDER.index(meant[0].automation):
        return "above_recipe"
    if not state.active:
        return ""
    now = {step.id: as_set(state.levels, recipe.name, step) for step in meant}
    rises = any(
        min(wanted, ORDER.index(step.automation)) > ORDER.index(now[step.id].automation)
        for step in meant
    )
    return "run_active" if rises else ""


def with_levels(recipe: Recipe, state: TaskState, event: AutomationSet) -> TaskState:
    """Return the state in which the level that `event` wants is in force. Version as it was."""
    meant = {step.id: step for step in recipe.steps if event.step in (step.id, ALL)}
    kept = [one for one in state.levels if one.recipe != recipe.name or one.step not in meant]
    lower = [
        Level(recipe=recipe.name, step=name, automation=event.automation)
        for name, step in meant.items()
        if ORDER.index(event.automation) < ORDER.index(step.automation)
    ]
    after = replace(state, levels=(*kept, *lower))
    return replace(after, turned_down=after.turned_down or _falls_under_way(recipe, state, after))


def _falls_under_way(recipe: Recipe, before: TaskState, after: TaskState) -> bool:
    """Return whether the step under way acted by itself and is not to any more."""
    if before.recipe != recipe.name or before.phase is not Phase.RUNNING or before.op is Op.NONE:
        return False
    step = recipe.steps[before.step_index]
    was, now = (as_set(state.levels, recipe.name, step) for state in (before, after))
    return was.automation == "auto" != now.automation
