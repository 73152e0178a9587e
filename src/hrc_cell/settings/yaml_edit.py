"""Single numbers changed in a YAML text; comments, order and layout stay as they are."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

Path = tuple[str | int, ...]


def set_values(text: str, changes: Mapping[Path, object]) -> str:
    """Return the text with values set: keys and list indices to each, the value after.

    The mapping that a value stands in must be there; a key that is not is added at its end. Raises
    ValueError where the text has no such place, or would not then read as meant.
    """
    wanted = _apart(yaml.safe_load(text))
    for path, value in changes.items():
        text = _set(text, path, value)
        _put(wanted, path, value)
    if yaml.safe_load(text) != wanted:
        raise ValueError("the file is laid out in a way that cannot be changed safely")
    return text


def _set(text: str, path: Path, value: object) -> str:
    node = _find(yaml.compose(text, yaml.SafeLoader), path)
    written = yaml.safe_dump(value, default_flow_style=True).removesuffix("...\n").strip()
    for key, held in node.value:
        if key.value == path[-1]:
            start, end = held.start_mark.index, held.end_mark.index
            return text[:start] + written + text[end:]
    if not node.value:
        raise ValueError(f"{_name(path)}: its section is empty")
    last_key, last = node.value[-1]
    at = last.end_mark.index
    if node.flow_style:
        return f"{text[:at]}, {path[-1]}: {written}{text[at:]}"
    if not isinstance(last, yaml.ScalarNode) and not last.flow_style:
        raise ValueError(f"{_name(path)}: add the key by hand; its section ends with a block")
    line_end = text.find("\n", at)
    line_end = len(text) if line_end < 0 else line_end
    indent = " " * last_key.start_mark.column
    return f"{text[:line_end]}\n{indent}{path[-1]}: {written}{text[line_end:]}"


def _find(node: yaml.Node | None, path: Path) -> yaml.MappingNode:
    """Return the mapping that the last key of a path stands in."""
    for part in path[:-1]:
        found = None
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            found = node.value[part] if part < len(node.value) else None
        elif isinstance(node, yaml.MappingNode):
            found = next((held for key, held in node.value if key.value == part), None)
        if found is None:
            raise ValueError(f"{_name(path)}: there is no {part}")
        node = found
    if not isinstance(node, yaml.MappingNode):
        raise ValueError(f"{_name(path)}: does not stand in a mapping")
    return node


def _apart(data: object) -> object:
    """Return a copy in which no two places share what an anchor gave them both."""
    if isinstance(data, dict):
        return {key: _apart(value) for key, value in data.items()}
    return [_apart(value) for value in data] if isinstance(data, list) else data


def _put(data: object, path: Path, value: object) -> None:
    for part in path[:-1]:
        data = data[part]  # type: ignore[index]
    data[path[-1]] = value  # type: ignore[index]


def _name(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)[1:]
