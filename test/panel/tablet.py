"""A browser on a tablet, as its requests look to the server."""

import asyncio

import aiohttp

from panel.scripted import QUESTION, SETTINGS

PIN, OTHER = "274918", "503162"
MEANT = {"question_id": QUESTION["id"], "state_version": 7}


class Tablet:
    """A browser on a tablet, with what it keeps."""

    def __init__(self, cell):
        self.url, self.access = cell.url.rstrip("/"), cell.access
        self.cookies = {}

    def ask(self, method, path, body=None, **headers):
        async def go():
            async with (
                aiohttp.ClientSession(cookies=self.cookies) as session,
                session.request(method, self.url + path, json=body, headers=headers) as reply,
            ):
                self.cookies.update({name: c.value for name, c in reply.cookies.items()})
                self.set_cookie = reply.headers.getall("Set-Cookie", [])
                kind = reply.content_type
                return reply.status, await reply.json() if kind == "application/json" else None

        return asyncio.run(go())

    def post(self, path, body=None):
        return self.ask("POST", path, {} if body is None else body)

    def pair(self):
        status, reply = self.post("/api/pair", {"code": self.access.devices.new_code("test")})
        assert status == 200, reply
        return self

    def sign_in(self, alias, pin=PIN):
        return self.post("/api/sign_in", {"alias": alias, "pin": pin})

    def session(self):
        return self.ask("GET", "/api/session")[1]

    def confirm(self, cell, key="c", **more):
        status, armed = self.post("/api/arm", MEANT)
        if status != 200:
            return status, armed["reason"]
        cell.later_s += SETTINGS.hold_s
        body = {**MEANT, "challenge": armed["challenge"], "answer": "confirm",
                "idempotency_key": key, **more}  # fmt: skip
        status, reply = self.post("/api/confirm", body)
        return status, reply["reason"]
