"""A settings class read from a YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml

from hrc_cell.settings.schema import Problem, Reader

T = TypeVar("T")


class _UniqueKeys(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping: one of the two would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[object] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be a plain text", key_node.start_mark
                )
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


def load_yaml(
    kind: type[T], path: Path, problems: list[Problem], *, missing: str = "does not exist"
) -> T | None:
    """Return `kind` read from a YAML file, or None after noting what is wrong.

    `missing` is what is said of a file that does not exist.
    """
    reader = Reader(str(path))
    data = load_plain(path, reader, missing=missing)
    value = None if reader.problems else reader.build(kind, data)
    problems += reader.problems
    return value


def load_plain(path: Path, reader: Reader, *, missing: str = "does not exist") -> Any:
    """Return what stands in a YAML file, or None after noting why it cannot be read."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _UniqueKeys)  # noqa: S506
    except FileNotFoundError:
        reader.complain("(file)", missing)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reader.complain("(file)", f"cannot be read: {' '.join(str(error).split())}")
    return None
