"""Settings of the cell shown as ROS parameters, with descriptors made from the schema.

The cell's files are the one place where a setting is changed. The parameters show what a node runs
with and cannot be set; a node started with an override that says something else refuses to run.
"""

from __future__ import annotations

import math
from dataclasses import is_dataclass
from typing import Any

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

from hrc_cell.settings.schema import Spec, specs


def declare_settings(node: Node, prefix: str, settings: Any) -> None:
    """Declare every number and text of a settings object as `prefix.name`, read-only.

    Settings inside settings become `prefix.name.inner`; lists of numbers or texts become arrays.
    Lists and mappings of whole sections, and what is not set, are not shown. Raises ValueError if
    an override contradicts the cell's files.
    """
    for name, spec, _ in specs(type(settings)):
        key, value = f"{prefix}.{name}", getattr(settings, name)
        if is_dataclass(value):
            declare_settings(node, key, value)
        elif shown := _plain(value):
            _declare(node, key, shown[0], descriptor(spec, shown[0]))


def descriptor(spec: Spec, value: Any) -> ParameterDescriptor:
    """Return the read-only descriptor of a setting with this value."""
    unit = f" [{spec.unit}]" if spec.unit else ""
    about = ParameterDescriptor(
        description=f"{spec.text}{unit}; source: {spec.source}",
        additional_constraints=", ".join(spec.choices),
        read_only=True,
    )
    if math.isfinite(spec.low) and math.isfinite(spec.high):
        if type(value) is float:
            about.floating_point_range = [
                FloatingPointRange(from_value=spec.low, to_value=spec.high)
            ]
        elif type(value) is int:
            about.integer_range = [IntegerRange(from_value=int(spec.low), to_value=int(spec.high))]
    return about


def _plain(value: Any) -> list[Any]:
    """Return [the value as a parameter takes it], or [] if no parameter can hold it."""
    if isinstance(value, bool | int | float | str):
        return [value]
    if isinstance(value, tuple) and value and len({type(v) for v in value}) == 1:
        return [list(value)] if isinstance(value[0], int | float | str) else []
    return []


def _declare(node: Node, key: str, value: Any, about: ParameterDescriptor) -> None:
    if not node.has_parameter(key):
        node.declare_parameter(key, value, about)
    given = node.get_parameter(key).value
    if (list(given) if isinstance(value, list) else given) != value:
        raise ValueError(
            f"parameter {key} = {given!r} contradicts the cell's files, which say {value!r}; "
            "change it there and start the node again"
        )
