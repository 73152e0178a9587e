"""A recipe as a Mermaid flowchart, for a page that draws Mermaid.

A hexagon is the robot's step, a rounded one the person's, a slanted one both's.
"""

from __future__ import annotations

from hrc_cell.adapters.report.recipe_ways import Say, condition, described, edges
from hrc_cell.settings.recipe import Recipe, Repeat, Step
from hrc_cell.settings.recipe_routes import extent

SHAPES = {"robot": ("{{", "}}"), "person": ("([", "])"), "both": ("[/", "/]")}


def mermaid(recipe: Recipe, say: Say) -> str:
    """Return the flowchart."""
    count = len(recipe.steps)
    lines = ["flowchart TD", "    begin((start)) --> s0"]
    groups = sorted(
        ((extent(recipe.steps, group), group) for group in recipe.repeats),
        key=lambda pair: (pair[0].start, -len(pair[0])),
    )
    lines += _block(recipe, say, range(count), groups, 1)
    lines += [f"    s{count}(((end)))"]
    for edge in edges(recipe, say):
        label = f'|"{_escaped(edge.label)}"|' if edge.label else ""
        lines.append(f"    s{edge.source} {'-.->' if edge.again else '-->'}{label} s{edge.target}")
    return "\n".join(lines) + "\n"


def _block(
    recipe: Recipe, say: Say, own: range, groups: list[tuple[range, Repeat]], depth: int
) -> list[str]:
    """Return the nodes of a stretch of steps, groups within it as subgraphs."""
    indent, lines, here = "    " * depth, [], own.start
    while here < own.stop:
        inner = next((pair for pair in groups if pair[0].start == here), None)
        if inner is None:
            lines.append(f"{indent}s{here}{_node(recipe.steps[here], say)}")
            here += 1
            continue
        stretch, group = inner
        left = [pair for pair in groups if pair[0] != stretch]
        title = _escaped(f"repeat {described(group)}")
        lines.append(f'{indent}subgraph r{stretch.start}_{stretch.stop}["{title}"]')
        lines += _block(recipe, say, stretch, left, depth + 1)
        lines.append(f"{indent}end")
        here = stretch.stop
    return lines


def _node(step: Step, say: Say) -> str:
    opening, closing = SHAPES[step.actor]
    texts = {language: one.text for language, one in (step.instructions or {}).items()}
    parts = [
        f"<b>{_escaped(step.id)}</b>: {step.act}, {step.actor}, {step.automation}",
        _escaped(say(texts, step.text_key)),
        *(f"requires {_escaped(condition(one))}" for one in step.requires),
    ]
    return f'{opening}"{"<br/>".join(parts)}"{closing}'


def _escaped(text: str) -> str:
    """Return a text as Mermaid takes it in quotes."""
    for character, entity in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;")):
        text = text.replace(character, entity)
    return " ".join(text.split())
