"""The address that lets a tablet in, and its QR code, for a terminal or the page.

The code stands behind `#`, which a browser keeps to itself: it is in no request line, no log and no
referrer, and a program that only previews the address does not use it up.
"""

from __future__ import annotations

import socket
from urllib.parse import urlsplit, urlunsplit

import psutil
import qrcode

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 (compared, not listened on)
LOOPBACK = "127.0.0.1"
BORDER = 4


def invitation(page_url: str, code: str) -> str:
    """Return the address to open on a tablet."""
    return f"{reachable(page_url)}#pair={code}"


def reachable(url: str) -> str:
    """Return an address under which others find a page that listens on every address."""
    parts = urlsplit(url)
    if parts.hostname not in EVERYWHERE:
        return url
    return urlunsplit(parts._replace(netloc=f"{(own_addresses() or [LOOPBACK])[0]}:{parts.port}"))


def own_addresses() -> list[str]:
    """Return the IPv4 addresses of this machine that others may reach."""
    found = [one for interface in psutil.net_if_addrs().values() for one in interface]
    addresses = [str(one.address) for one in found if one.family is socket.AF_INET]
    return [address for address in addresses if not address.startswith("127.")]


def qr_rows(text: str) -> list[str]:
    """Return a QR code as rows of "1" (dark) and "0", with its quiet border."""
    code = qrcode.QRCode(border=BORDER)
    code.add_data(text)
    return ["".join("1" if dark else "0" for dark in row) for row in code.get_matrix()]


def as_blocks(rows: list[str]) -> str:
    """Return a QR code for a terminal, dark on light whatever its colours are: two rows a line."""
    rows = [*rows, "0" * len(rows[0])] if len(rows) % 2 else rows
    blocks = {"00": "\u2588", "01": "\u2580", "10": "\u2584", "11": " "}
    lines = (
        "".join(blocks[a + b] for a, b in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    )
    return "\n".join(f"\x1b[97;40m{line}\x1b[0m" for line in lines)
