"""The operator page's HTTP interface, used as the page uses it: arm, hold, confirm."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
import uuid
from typing import Any


class PageClient:
    """One device that talks to the page's server; a simulated cell signs it in by itself."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        cookies = urllib.request.HTTPCookieProcessor()
        self._open = urllib.request.build_opener(cookies).open

    def state(self) -> dict[str, Any]:
        """Return the snapshot that the page shows."""
        return self._call("GET", "/api/state")

    def confirm(self, hold_s: float, *, answer: str = "confirm") -> str:
        """Arm the question of the moment, hold, confirm. Return "" or the reason of the refusal."""
        question = self.state()["task"]["question"]
        about = {"question_id": question["id"], "state_version": question["state_version"]}
        armed = self._call("POST", "/api/arm", about)
        if "challenge" not in armed:
            return str(armed.get("reason", armed))
        time.sleep(hold_s + 0.1)  # the deliberate hold of a person
        done = self._call(
            "POST", "/api/confirm",
            {
                **about, "challenge": armed["challenge"], "answer": answer,
                "idempotency_key": uuid.uuid4().hex,
            },
        )  # fmt: skip
        return "" if done.get("accepted") else str(done.get("reason", done))

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the JSON reply, also that of a refusal. Raises OSError when nobody answers."""
        request = urllib.request.Request(  # noqa: S310 (only ever the cell's own http address)
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Origin": self._url},
        )
        try:
            with self._open(request, timeout=5.0) as reply:
                return dict(json.load(reply))
        except urllib.error.HTTPError as refusal:
            return dict(json.load(refusal))
