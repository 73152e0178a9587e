"""What a demo proves: measured values, their limits, and the verdict over all of them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing the demo proves: a measured value and its limit."""

    name: str
    ok: bool
    value: float | str | bool | None
    unit: str = ""
    limit: float | str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the check as it stands in the JSON result: null for what is not finite."""
        unknown = isinstance(self.value, float) and not math.isfinite(self.value)
        return {**asdict(self), "value": None if unknown else self.value}

    def __str__(self) -> str:
        shown = f"{self.value:.4g}" if isinstance(self.value, float) else str(self.value)
        limit = "" if self.limit is None else f"  (limit {self.limit} {self.unit})".rstrip()
        return f"  {'ok  ' if self.ok else 'FAIL'} {self.name:<44} {shown} {self.unit}{limit}"


def conclude(checks: Sequence[Check], file: Path | None) -> int:
    """Print the checks and the verdict, write both to `file` as JSON; return the exit code."""
    passed = bool(checks) and all(check.ok for check in checks)
    for check in checks:
        print(check)
    print("passed" if passed else "FAILED")
    if file is not None:
        result = {"passed": passed, "checks": [check.as_dict() for check in checks]}
        file.write_text(json.dumps(result, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return 0 if passed else 1
