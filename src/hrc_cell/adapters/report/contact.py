"""Contact that steps allow, and trackers that see bodies in parts."""

from __future__ import annotations

from hrc_cell.adapters.report.markup import Markup, joined, number, table, tag
from hrc_cell.adapters.report.numbers import numbers_table, rows
from hrc_cell.core.contact import TISSUES, ContactLimit, contact_limit
from hrc_cell.settings.cell import Cell
from hrc_cell.settings.contact import ANY, HEAD, REGIONS, ContactSettings
from hrc_cell.settings.schema import Spec


def contact_part(cell: Cell) -> Markup:
    """Return the greatest speed of contact for each region of the body, and who may use it."""
    contact = cell.file.contact
    if contact is None:
        return tag("p", "None: the section contact is not there, so no step allows contact.")
    steps = [
        (tag("code", f"recipes/{name}.yaml"), tag("b", step.id), step.contact_region,
         number(_limit(contact, step.contact_region).speed_mps))
        for name, recipe in cell.recipes.items()
        for step in recipe.steps if step.contact_region
    ]  # fmt: skip
    return joined(
        tag("p", f"{contact.kind.replace('_', '-')} contact with "
            f"m_R = M / 2 + m_L = {contact.effective_mass_kg:g} kg: v = F / sqrt(mu k). In a step "
            "that allows contact with a region, a link may go on at this speed relative to that "
            "part of the body, however near it is. ISO/TS 15066:2016 Annex A, from secondary "
            "sources; check against a licensed copy, and measure force and pressure on the cell.",
            class_="lead-in"),
        numbers_table(list(rows(contact, Spec(""), "contact"))),
        table(("Region", "Force N", "Pressure N/cm2", "Spring N/m", "Mass kg", "Energy J",
               "Speed m/s", "Governed by"),
              [_region(contact, region) for region in REGIONS], class_="contact"),
        tag("h3", "Steps that allow contact"),
        table(("Recipe", "Step", "Region", "Speed m/s"), steps, class_="contact") if steps
        else tag("p", "None."),
    )  # fmt: skip


def _limit(contact: ContactSettings, region: str) -> ContactLimit:
    """Return the limit that a step with this region goes by; of any region the lowest."""
    return contact_limit(
        "" if region == ANY else region, effective_mass_kg=contact.effective_mass_kg,
        quasi_static=contact.kind == "quasi_static", area_cm2=contact.area_cm2,
    )  # fmt: skip


def _region(contact: ContactSettings, region: str) -> tuple[object, ...]:
    if region in HEAD:
        tissue = TISSUES[region]
        return (region, "", "", f"{tissue.spring_npm:g}", f"{tissue.mass_kg:g}", "",
                tag("b", "0"), "contact is not permissible")  # fmt: skip
    limit = _limit(contact, region)
    return (
        region, f"{limit.force_n:g}", f"{limit.pressure_npcm2:g}", f"{limit.spring_npm:g}",
        f"{limit.body_kg:g}", number(limit.energy_j), tag("b", number(limit.speed_mps)),
        limit.table,
    )  # fmt: skip


def bodies_part(cell: Cell) -> Markup:
    """Return the body trackers of a cell, of which most have none."""
    bodies = getattr(cell.file, "bodies", None)
    if not bodies:
        return tag("p", "None: people are seen by the laser scanners alone.")
    return numbers_table(list(rows(bodies, Spec(""), "bodies")))
