"""What every request must keep to: this page's own address, a body of known fields; and what every
reply tells a browser."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from aiohttp import web

ANSWER_REFUSED = 409
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; frame-ancestors 'none'; "
        "base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), usb=(), serial=()",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
TEXT_MAX = 200
LONG_MAX = 1000
"""Of what a person writes to others, which may have lines."""
USUAL_PORTS = {"http": 80, "https": 443}
SITES = ("same-origin", "none")
"""Of Sec-Fetch-Site: this page, or a person who typed the address."""


class Refusal(Exception):
    """A request that is not carried out, with the reason that the page shows.

    Status ANSWER_REFUSED: it was well formed, and an act that a person meant.
    """

    def __init__(self, status: int, reason: str, more: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.more = dict(more or {})


def check_origin(request: web.Request, hosts: set[str], scheme: str) -> None:
    """Refuse what comes under a foreign name or from a foreign page. Raises Refusal."""
    hosts = hosts | {_own_address(request, scheme)}
    if request.host not in hosts:
        raise Refusal(403, "foreign_host")
    origin = request.headers.get("Origin")
    if origin is not None and origin not in {f"{scheme}://{host}" for host in hosts}:
        raise Refusal(403, "foreign_origin")
    acts = request.path == "/ws" or request.method not in ("GET", "HEAD")
    if acts and request.headers.get("Sec-Fetch-Site", SITES[0]) not in SITES:
        raise Refusal(403, "foreign_origin")
    if request.path == "/ws" and origin is None:
        raise Refusal(403, "foreign_origin")


def _own_address(request: web.Request, scheme: str) -> str:
    """Return the address that the request came to, as a browser names it; "" if unknown.

    So a page on a cell that listens on all its addresses works under each of them, and under no
    name that somebody else may give to one of them.
    """
    transport = request.transport
    name = transport.get_extra_info("sockname") if transport is not None else None
    return address(name[0], name[1], scheme) if name else ""


def address(host: str, port: int, scheme: str = "http") -> str:
    """Return an address as a browser writes it in Host and Origin: without the usual port."""
    name = f"[{host}]" if ":" in host else host
    return name if port == USUAL_PORTS[scheme] else f"{name}:{port}"


async def body_of(
    request: web.Request,
    optional: Mapping[str, type] | None = None,
    *,
    long: Collection[str] = (),
    **fields: type,
) -> dict[str, Any]:
    """Return the JSON body if it has exactly these fields; else refuse, naming the field.

    Optional ones are texts, "" where they are not there; long ones are texts with lines.
    """
    if request.content_type != "application/json":
        raise Refusal(415, "not_json")
    try:
        body: Any = await request.json()
    except (ValueError, LookupError, RecursionError, web.RequestPayloadError):
        raise Refusal(400, "not_json") from None
    optional = optional or {}
    if not isinstance(body, dict) or not set(fields) <= set(body) <= {*fields, *optional}:
        raise Refusal(400, f"fields: {', '.join(sorted(fields))}")
    body = {**dict.fromkeys(optional, ""), **body}
    for name, kind in {**fields, **optional}.items():
        value = body[name]
        if isinstance(value, bool) or not isinstance(value, kind):
            raise Refusal(400, f"field: {name}")
        if isinstance(value, str):
            shown, most = (value.replace("\n", ""), LONG_MAX) if name in long else (value, TEXT_MAX)
            if len(value) > most or not shown.isprintable():
                raise Refusal(400, f"field: {name}")
        if isinstance(value, int) and not 0 <= value < 2**64:
            raise Refusal(400, f"field: {name}")
    return body
