"""The Python of the trading guide, run as printed, and a server to hold against it.

The guide's classes are the specification of the server's side: each is made here and asked what the answer ought to be. What
they import and never use here (Flask, FastAPI, Redis, bcrypt) is a stand-in.
"""

import contextlib
import io
import json
import re
import sys
from unittest.mock import MagicMock

import jwt
import requests
from requests.adapters import HTTPAdapter

from guide_code import blocks

WAIT = 10
ADDRESS = "https://your-api-domain.com"


class Guide:
    """Every block, in its order, in one scope: a later class of the same name takes the place of an earlier one."""

    def __init__(self, path: str, base: str) -> None:
        for name in ("flask", "fastapi", "fastapi.security", "redis", "bcrypt"):
            sys.modules[name] = MagicMock()
        self.blocks, self.scope = blocks(path, "python"), {}
        self.versions: dict = {}
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            for number, code in enumerate(self.blocks):
                exec(compile(code.replace(ADDRESS, base), f"{path}, block {number}", "exec"), self.scope)
                for name, value in self.scope.items():
                    if isinstance(value, type) and value not in self.versions.setdefault(name, []):
                        self.versions[name].append(value)
        assert printed.getvalue() == "True\nFalse\n", "what the guide says has_permission prints"

    def __getitem__(self, name: str):
        return self.scope[name]

    def block(self, mark: str) -> str:
        return next(code for code in self.blocks if mark in code)

    def says(self, text: str) -> str:
        """`text`, which the guide prints."""
        assert any(text in code for code in self.blocks), text
        return text

    def manager(self, secret: str):
        """The guide's JWTManager. It is told for whom the tokens are: PyJWT refuses one whose audience nobody names."""
        decode = jwt.decode
        self.scope["jwt"] = MagicMock(
            wraps=jwt, decode=lambda token, *given, **named: decode(
                token, *given, audience=decode(token, options={"verify_signature": False})["aud"], **named),
            ExpiredSignatureError=jwt.ExpiredSignatureError, InvalidTokenError=jwt.InvalidTokenError)
        return self["JWTManager"](secret)


class From(HTTPAdapter):
    """Calls from this address of the machine itself."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *given: object, **named: object) -> None:
        super().init_poolmanager(*given, source_address=(self.address, 0), **named)


class Server:
    """The server: the profile at the root of `url`, all of it at `whole`. It remembers which operations were called."""

    def __init__(self, url: str, whole: str) -> None:
        self.url, self.whole, self.called = url, whole, set()
        self.paths = requests.get(f"{url}/openapi.json", timeout=WAIT).json()["paths"]

    def ask(self, method: str, path: str, body: object = None, *, form: dict | None = None, **named: str) -> "Told":
        """Calls an operation: as whoever has `token`, `key` or `cookie`, from `address`, as `agent`."""
        session = requests.Session()
        base = self.whole if path.startswith("/api/") else self.url
        session.mount("https://", From(named.get("address", "127.0.0.1")))
        headers = {"User-Agent": named.get("agent", "the guide's client")}
        if "token" in named:
            headers["Authorization"] = f"Bearer {named['token']}"
        if "key" in named:
            headers["Authorization"] = f"ApiKey {named['key']}"
        if "cookie" in named:
            headers["Cookie"] = f"session_id={named['cookie']}"
        if "csrf" in named:
            headers["X-CSRF-Token"] = named["csrf"]
        answer = session.request(method, base + path, json=body, data=form, headers=headers, timeout=WAIT)
        self.called |= {f"{method} {known}" for known in self.paths if like(known, path.partition("?")[0])}
        return Told(answer)

    def left(self) -> set:
        """The operations that nobody called."""
        all_of_them = {f"{method.upper()} {path}" for path, methods in self.paths.items() for method in methods}
        return {one for one in all_of_them - self.called if "/health/" not in one}

    def advance(self, seconds: int) -> None:
        moved = requests.post(f"{self.whole}/dev/clock", json={"advance_seconds": seconds}, timeout=WAIT)
        assert moved.ok, moved.text

    def now(self) -> int:
        return int(requests.get(f"{self.whole}/dev/clock", timeout=WAIT).json()["now"])

    def mails(self) -> list:
        return requests.get(f"{self.whole}/dev/mailbox", headers={"Accept": "application/json"}, timeout=WAIT).json()


class Told:
    """An answer."""

    def __init__(self, answer: requests.Response) -> None:
        self.status, self.headers, self.text = answer.status_code, answer.headers, answer.text
        self.json = json.loads(answer.text) if answer.text else None

    def held(self, status: int, body: object = None):
        """The body, once it is held to have this status and, where one is given, to be this."""
        assert self.status == status and (body is None or self.json == body), (self.status, self.text, body)
        return self.json


def like(known: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(known)), path) is not None
