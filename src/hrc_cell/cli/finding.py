"""What a doctor finds, and how it tells."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at."""

    name: str
    state: str  # "ok", "note" (something optional is missing), "wrong"
    found: str
    advice: str = ""


def show(found: Iterable[Finding], *, as_json: bool) -> int:
    """Print what was found, each as soon as it is. Returns 0 if nothing is wrong, else 1."""
    findings = []
    for finding in found:
        findings.append(finding)
        if not as_json:
            print(f"{finding.state:<5} {finding.name:<18} {finding.found}", flush=True)
            if finding.advice:
                print(f"{'':<24} -> {finding.advice}")
    wrong = any(finding.state == "wrong" for finding in findings)
    if as_json:
        print(json.dumps({"ok": not wrong, "findings": [asdict(f) for f in findings]}, indent=2))
    return 1 if wrong else 0
