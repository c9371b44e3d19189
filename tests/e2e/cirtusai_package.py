"""The published package, and what both of its stories need beside it.

Importing the package imports its e-mail tools, and those import libraries for language models and tables. No story calls
them, so they are stood in for here: the package itself is what its publisher ships.
"""

import importlib.metadata
import re
import sys
import types

import pyotp
import requests

for name, member in [
    ("langchain_core.tools", "BaseTool"),
    ("langchain_deepseek", "ChatDeepSeek"),
    ("pandas", "DataFrame"),
]:
    library = types.ModuleType(name)
    setattr(library, member, object)
    sys.modules[name] = library
sys.modules["langchain_core"] = types.ModuleType("langchain_core")

import cirtusai  # noqa: E402

assert importlib.metadata.version("cirtusai-sdk") == "0.2.2"

STEP = 30
PASSWORD = "secure_password"
PHONE = "+15551234567"


class Server:
    """The tools of `serve --dev`: its clock, and the messages it sent."""

    def __init__(self, url: str) -> None:
        self.url = url

    def now(self) -> int:
        return int(requests.get(f"{self.url}/dev/clock", timeout=10).json()["now"])

    def next_step(self) -> None:
        """To the middle of a step whose neighbours were never used."""
        seconds = 4 * STEP + STEP // 2 - self.now() % STEP
        self.advance(seconds)

    def advance(self, seconds: int) -> None:
        moved = requests.post(f"{self.url}/dev/clock", json={"advance_seconds": seconds}, timeout=10)
        assert moved.status_code == 200, moved.text

    def code(self, secret: str) -> str:
        return pyotp.TOTP(secret).at(self.now())

    def wrong_code(self, secret: str) -> str:
        near = {pyotp.TOTP(secret).at(self.now() + skew * STEP) for skew in range(-2, 3)}
        return next(code for code in ("111111", "222222", "333333", "444444", "555555", "666666") if code not in near)

    def set_up_phone(self, access_token: str, number: str = PHONE) -> None:
        """A phone as second factor: the profile has no call for its number."""
        headers = {"Authorization": f"Bearer {access_token}"}
        api = f"{self.url}/api/v1/auth/mfa/sms"
        asked = requests.post(f"{api}/setup", json={"phone_number": number}, headers=headers, timeout=10)
        assert asked.status_code == 200, asked.text
        enabled = requests.post(f"{api}/enable", json={"code": self.sms(number)}, headers=headers, timeout=10)
        assert enabled.status_code == 200, enabled.text

    def sms(self, number: str) -> str:
        mailbox = requests.get(f"{self.url}/dev/mailbox", headers={"Accept": "application/json"}, timeout=10).json()
        mail = next(mail for mail in mailbox if number.lstrip("+") in str(mail["to"]))
        return re.search(r"\b(\d{6})\b", mail["text"]).group(1)


def remembered(client: cirtusai.CirtusAIClient) -> list:
    """The bodies of the client's answers, in order: the package's models drop what they do not know."""
    bodies: list = []

    def keep(answer: requests.Response, **_: object) -> None:
        if answer.headers.get("content-type") == "application/json":
            bodies.append(answer.json())

    client.session.hooks["response"].append(keep)
    return bodies
