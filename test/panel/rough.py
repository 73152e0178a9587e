"""What a network may send to the page's server: half-sensible requests, and bytes that are none."""

import contextlib
import json
import socket
import struct

from hypothesis import strategies as st

from panel.scripted import PLAN, QUESTION

WITHIN_S, MOMENT_S = 10.0, 0.03
DEEP = "[" * 100_000
POSTS = (
    "/api/arm", "/api/disarm", "/api/confirm", "/api/answer", "/api/stop_request", "/api/press",
    "/api/run/arm", "/api/run/disarm", "/api/run/act", "/api/arm_act", "/api/disarm_act",
    "/api/act", "/api/pair", "/api/sign_in", "/api/sign_out", "/api/seen", "/api/andon/call",
    "/api/andon/take", "/api/andon/resolve", "/api/handover/write", "/api/handover/read",
    "/api/handover/withdraw", "/api/kaizen/write", "/api/kaizen/finish", "/api/kaizen/reopen",
    "/api/kaizen/photo",
)  # fmt: skip
GETS = (
    "/", "/main.js", "/../secret", "/%2e%2e/%2e%2e/etc/passwd", "/ws", "/api/state", "/api/about",
    "/api/session", "/api/people", "/api/devices", "/api/health", "/api/recipes",
    "/recipe/inspect.svg", "/recipe/%00.svg", "/picture/x.png", "/catalog/en.json",
    "/catalog/../en.json", "/api/kaizen/photo/x.png", "/nowhere",
)  # fmt: skip

# Half-sensible: the right fields with right and wrong values, so that much of it gets far.

MEANT = ("/api/answer", "/api/arm", "/api/confirm", "/api/run/arm", "/api/run/act")
WRONG = (
    None, True, -1, 10**30, 1.5, float("nan"), float("inf"), "", "x" * 5000, "\ud800", "\x00", [1],
    {"a": 1}, "7", 7.0,
)  # fmt: skip
CHALLENGE = "<challenge>"
"""Stands for one that somebody was given, by its number."""
NEW = "<new>"
"""Stands for a key that was never used."""
FIELDS = {
    "question_id": [*5 * [QUESTION["id"]], "run.6"], "state_version": [7, 7, 7, 7, 7, 6],
    "answer": ["confirm", "refuse", "skip", "abort", "retry"],
    "way": ["hold", "hold", "hold", "keyboard", "pedal", "second", ""],
    "idempotency_key": [NEW, NEW, NEW, "k1"],
    "control": ["reset", "mode"], "value": ["press", "automatic"],
    "recipe": [*5 * ["hand_over"], "x"], "run_id": [*5 * ["run"], ""], "cycle": [1, 1, 1, 1, 2],
    "step": ["hand", "hand", PLAN[1]["id"], "all"],
    "automation": ["manual", "auto", ""], "about": ["", "tablet-1"], "code": ["ABCDEFGH"],
    "alias": ["an", "bo", "nobody"], "pin": ["", "000000"], "second": ["cy"], "second_pin": ["1"],
    "kind": ["help", "machine"], "urgency": [1, 2, 9], "id": ["", "x"], "item": [0, 9],
    "text": ["one\ntwo", ""], "place": ["", "1,2", "nan,inf"], "photo": ["", "a.png"],
    "act": ["skip_step", "cancel_run", "pause_run", "repeat_step", "set_automation", "start_run",
            "pair", "unpair", "handover_take"],
}  # fmt: skip
OF = {
    "/api/arm": "question_id state_version answer way", "/api/press": "control value",
    "/api/confirm": "question_id state_version answer way challenge idempotency_key",
    "/api/answer": "question_id state_version answer idempotency_key",
    "/api/run/arm": "act recipe run_id cycle step automation way",
    "/api/run/act": "act recipe run_id cycle step automation way challenge idempotency_key pin",
    "/api/arm_act": "act about way", "/api/act": "act about way challenge pin",
    "/api/pair": "code", "/api/sign_in": "alias pin", "/api/andon/call": "kind urgency",
    "/api/andon/take": "id", "/api/andon/resolve": "id", "/api/handover/write": "text",
    "/api/handover/read": "id item", "/api/handover/withdraw": "id", "/api/disarm": "challenge",
    "/api/run/disarm": "challenge", "/api/disarm_act": "challenge",
    "/api/kaizen/write": "text place photo", "/api/kaizen/finish": "id",
    "/api/kaizen/reopen": "id",
}  # fmt: skip


def wish(rnd):
    """Return path and body of a request that knows the page's fields; `rnd` is a Random."""
    path = rnd.choice(POSTS + 4 * MEANT)
    body = {}
    for name in OF.get(path, "").split():
        if name == "challenge":
            body[name] = rnd.choice([CHALLENGE, CHALLENGE, CHALLENGE, "guessed"])
        else:
            body[name] = rnd.choice(FIELDS[name])
    if rnd.random() < 0.15:
        body[rnd.choice([*body, "more"])] = rnd.choice(WRONG)
    if body and rnd.random() < 0.1:
        del body[rnd.choice(sorted(body))]
    return path, body


# Bytes.


def _quoted(value):
    return json.dumps(value).encode("utf-8", "surrogatepass")


BODIES = st.one_of(
    st.binary(max_size=200), st.randoms().map(lambda rnd: _quoted(wish(rnd)[1])),
    st.sampled_from([
        b"", b"{", b"NaN", b"null", b"[]", DEEP.encode(), b'{"a":' * 20_000, b'"\xff\xfe"',
        b'{"question_id":1,"question_id":"run.7"}', b"1e999999", b"9" * 10_000,
        b'{"state_version":' + b"9" * 5_000 + b"}", b"\x00" * 1000, b"a" * 40_000,
        '{"alias":"é"}'.encode("utf-16"), '{"alias":"é"}'.encode("latin-1"),
    ]),
)  # fmt: skip
METHODS = st.sampled_from(
    ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "CONNECT", "get", "P OST",
     "BREW", ""]
)  # fmt: skip
HEADERS = st.lists(
    st.sampled_from([
        b"Content-Type: application/json", b"Content-Type: text/plain", b"Content-Type: \xff",
        b"Content-Type: application/json; charset=utf-77", b"Content-Length: -1",
        b"Content-Length: 99999999999999999999", b"Content-Length: 5", b"Content-Length: 5",
        b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip", b"Expect: 100-continue",
        b"Expect: tea", b"Content-Encoding: gzip", b"Content-Encoding: deflate",
        b"Cookie: " + b"a=b;" * 500, b"Cookie: hrc_device=\xff\x00; ;;=", b"Origin: http://evil",
        b"Connection: close", b"Connection: upgrade", b"Upgrade: websocket", b"X: " + b"y" * 9000,
        b"no colon", b"Sec-Fetch-Site: cross-site", b"Range: bytes=5-1", b"If-None-Match: *",
        b"Accept-Encoding: gzip, br", b"Host: evil.example", b": empty", b"\x00: \x00",
    ]),
    max_size=4,
)  # fmt: skip


@st.composite
def raw_requests(draw, host):
    """Return the bytes of a request of a sort, and after how many of them it is cut or rests."""
    path = draw(st.sampled_from(POSTS + GETS) | st.text(max_size=30))
    body = draw(BODIES)
    lines = [f"{draw(METHODS)} {path} {draw(st.sampled_from(['HTTP/1.1', 'HTTP/9', '']))}".encode()]
    if draw(st.integers(0, 4)):
        lines.append(b"Host: " + host)
    if draw(st.booleans()):
        lines.append(b"Content-Length: %d" % len(body))
        lines.append(b"Content-Type: application/json")
    lines += draw(HEADERS)
    whole = b"\r\n".join(lines) + b"\r\n\r\n" + body
    cut = draw(st.integers(0, len(whole)) | st.just(len(whole)))
    return whole[:cut], draw(st.integers(0, cut))


FRAME = st.tuples(
    st.integers(0, 255), st.booleans(),
    st.sampled_from([None, None, 0, 126, 2**31, 2**63, 2**64 - 1]),
    st.one_of(st.binary(max_size=60), st.just(b"x" * 2000), st.just(b"\xff" * 40)),
)  # fmt: skip
"""First byte, whether it is masked, a length that it lies about, the payload."""


def frame(first, masked, lies, payload):
    """Return the bytes of a frame."""
    length, bit = len(payload) if lies is None else lies, 0x80 if masked else 0
    if length < 126:
        head = bytes([first, bit | length])
    elif length < 2**16:
        head = bytes([first, bit | 126]) + struct.pack(">H", length)
    else:
        head = bytes([first, bit | 127]) + struct.pack(">Q", length)
    return head + (b"\x00\x00\x00\x00" if masked else b"") + payload


@contextlib.contextmanager
def lines(host, count):
    """Give so many raw connections; end them."""
    opened = []
    try:
        for _ in range(count):
            opened.append(Line(host))
        yield opened
    finally:
        for line in opened:
            line.close()


class Line:
    """One raw connection."""

    def __init__(self, host):
        name, _, port = host.partition(":")
        self.socket = socket.create_connection((name, int(port)), timeout=WITHIN_S)

    def send(self, *parts):
        """Send in pieces; return whether the other end still took it."""
        try:
            for part in parts:
                self.socket.sendall(part)
        except OSError:
            return False
        return True

    def statuses(self):
        """Return every status that was answered, at the end of what comes; half a request waits for
        its other half, so after a moment say that there is none."""
        got = b""
        try:
            self.socket.settimeout(MOMENT_S)
            with contextlib.suppress(TimeoutError):
                got = self.socket.recv(65536)
            self.socket.settimeout(WITHIN_S)
            self.socket.shutdown(socket.SHUT_WR)
            while part := self.socket.recv(65536):
                got += part
        except OSError:
            pass  # it was ended there
        return [int(line[9:12]) for line in got.split(b"\r\n") if line.startswith(b"HTTP/1.")]

    def status(self):
        """Return the status of the first answer."""
        return int(self.socket.recv(65536).split(b" ")[1])

    def upgrade(self, host):
        """Become a WebSocket; return once it is one."""
        self.send(
            b"GET /ws HTTP/1.1\r\nHost: %b\r\nOrigin: http://%b\r\nConnection: Upgrade\r\n"
            b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" % (host.encode(), host.encode())
        )
        head = self.socket.recv(65536)
        assert head.startswith(b"HTTP/1.1 101"), head

    def close(self):
        """End it at once."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
