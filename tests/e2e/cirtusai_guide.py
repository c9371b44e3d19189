"""Runs the code of the cirtusai guide, block by block, with the package; every block, and every method of its table.

The blocks are read at run time, so what runs is what the guide says today. Only its placeholders are replaced: the base
address, names, passwords and codes. The guide documents fields that the models of package 0.2.2 drop, so what a call
answers is shown to the guide's code as the guide documents it: with the fields of the server's answer.

usage: cirtusai_guide.py SERVER_URL GUIDE
"""

import contextlib
import io
import json
import os
import re
import sys
import types

import requests
from cirtusai_package import PASSWORD, Server, cirtusai, remembered
from cirtusai.auth import TwoFactorAuthenticationError

ADDRESS = "https://api.cirtusai.com"


class Documented:
    """The package's authentication, whose answers have the fields of the guide."""

    def __init__(self, client: cirtusai.CirtusAIClient, guide: "Guide") -> None:
        self.auth, self.guide, self.bodies = client.auth, guide, remembered(client)

    def __getattr__(self, name: str) -> object:
        call = getattr(self.auth, name)

        def documented(*given: object, **named: object) -> object:
            answer = call(*given, **named)
            self.guide.called.add(name)
            if isinstance(answer, (dict, bytes)):
                return answer
            body = self.bodies[-1]
            self.guide.secret = body.get("secret_key", self.guide.secret)
            return types.SimpleNamespace(**body)

        return documented


class Guide:
    def __init__(self, server: Server, text: str) -> None:
        self.server, self.base, self.text = server, f"{server.url}/cirtusai", text
        self.blocks, self.left = blocks(text), list(blocks(text))
        self.called: set = set()
        self.secret = ""
        self.scope: dict = {
            "input": self.typed,
            "requests": requests,
            "TwoFactorAuthenticationError": TwoFactorAuthenticationError,
        }
        sys.modules["cirtusai"] = module = types.ModuleType("cirtusai")
        module.CirtusAIClient = self.client_class()
        self.scope["CirtusAIClient"] = module.CirtusAIClient
        kept: dict = {}
        sys.modules["keyring"] = keyring = types.ModuleType("keyring")
        keyring.set_password = lambda service, name, value: kept.__setitem__((service, name), value)
        keyring.get_password = lambda service, name: kept[service, name]

    def client_class(self) -> type:
        guide = self

        class CirtusAIClient(cirtusai.CirtusAIClient):
            def __init__(self, base_url: str, token: str | None = None, **options: object) -> None:
                super().__init__(base_url, token=token, **options)
                self.auth = Documented(self, guide)

        return CirtusAIClient

    def typed(self, prompt: str) -> str:
        return self.password if "password" in prompt else self.fresh_code()

    def fresh_code(self) -> str:
        self.server.next_step()
        return self.server.code(self.secret)

    def run(self, heading: str, **placeholders: str) -> str:
        """Runs the block under `heading`; answers what it printed."""
        self.left.remove(heading)
        code = self.blocks[heading].replace(ADDRESS, self.base)
        for placeholder, value in placeholders.items():
            assert f'"{placeholder}"' in code, (heading, placeholder)
            code = code.replace(f'"{placeholder}"', f'"{value}"')
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(code, heading, "exec"), self.scope)
        return printed.getvalue()

    def model(self, heading: str, body: dict) -> None:
        """The answer has every field that the guide shows, of the type that it shows."""
        self.left.remove(heading)
        shown = eval(self.blocks[heading].replace("true", "True"))
        for name, value in shown.items():
            assert isinstance(body[name], type(value)), (heading, name, body.get(name))


def blocks(text: str) -> dict:
    """The Python blocks by the heading that each stands under."""
    found, heading, code = {}, "", None
    for line in text.splitlines():
        if code is not None and line.startswith("```"):
            assert heading not in found, heading
            found[heading], code = "\n".join(code), None
        elif code is not None:
            code.append(line)
        elif line.startswith("```python"):
            code = []
        elif line.startswith("#"):
            heading = line.lstrip("# ")
    return found


def basics(guide: Guide) -> None:
    server, scope = guide.server, guide.scope
    name, guide.password = "guide_basic", "your_secure_password"
    known = {"username": name, "password": guide.password}
    email = {"your_email@example.com": f"{name}@example.com"}
    printed = guide.run("User Registration", your_username=name, **email)
    assert f"Secret Key: {guide.secret}" in printed and "QR Code URL: otpauth://" in printed, printed
    guide.model("TwoFactorSetupResponse", vars(scope["setup_response"]))
    guide.run("Simple Login (No 2FA)", **known)
    guide.model("Token", vars(scope["token"]))
    guide.run("Get QR Code Image")
    with open("qr_code.png", "rb") as picture:
        assert picture.read(8) == b"\x89PNG\r\n\x1a\n"
    assert "'enabled': True" in guide.run("Setup 2FA for Existing User")

    guide.run("Method 1: Two-Step Process", **known)
    guide.model("TwoFactorRequiredResponse", vars(scope["login_result"]))
    method_2 = guide.run("Method 2: Single Method", **known, **{"123456": guide.fresh_code()})
    assert "Login successful!" in method_2, method_2
    status = guide.run("Check 2FA Status")
    assert all(text in status for text in ("Enabled: True", "Method: totp", "Available: 8")), status
    debug = guide.run("Debug TOTP Issues")
    assert server.code(guide.secret) in debug and "Time window: 30" in debug, debug
    refused = guide.run("Custom Exception Handling", **known)
    assert refused == "2FA Error: Invalid 2FA code\n", refused
    wrong = guide.scope["client"].auth
    try:
        wrong.login_with_2fa(name, "wrong password", "123456")
        raise AssertionError("logged in")
    except requests.exceptions.HTTPError as error:
        assert error.response.status_code == 401

    guide.run("Refresh Access Token", your_refresh_token=scope["token"].refresh_token)
    guide.scope["client"].auth.get_2fa_status()
    assert "'enabled': False" in guide.run("Disable 2FA")
    assert "2FA Enabled: False" in again(guide, "Check 2FA Status")
    server.set_up_phone(scope["client"].token)
    server.advance(61)
    assert "SMS sent: {'message'" in guide.run("SMS 2FA (Framework Ready)")
    guide.run("3. Backup Code Management")
    scope["save_backup_codes"](scope["setup_response"].backup_codes)
    with open("backup_codes.txt", encoding="utf-8") as file:
        assert f"1. {scope['setup_response'].backup_codes[0]}" in file.read()
    print("  - the guide's blocks, from registration to disabling")


def again(guide: Guide, heading: str) -> str:
    guide.left.append(heading)
    return guide.run(heading)


def advanced(guide: Guide) -> None:
    """C8, C27, C29, C31."""
    server, scope, base = guide.server, guide.scope, guide.base
    guide.password = PASSWORD
    guide.run("Complete Registration and Login Flow", **{"user@example.com": "new_user@example.com"})
    with contextlib.redirect_stdout(io.StringIO()):
        client = scope["complete_registration_flow"]()
    assert client.auth.get_2fa_status().enabled is True
    print("  - complete_registration_flow")

    guide.run("Session Management")
    open_session = scope["AuthenticatedSession"]
    assert open_session(base, "new_user", PASSWORD).get_client().auth.get_2fa_status().enabled is True
    plain = requests.post(f"{base}/auth/register", timeout=10, json={
        "username": "guide_plain", "email": "guide_plain@example.com", "password": PASSWORD})
    assert plain.status_code == 201, plain.text
    without = open_session(base, "guide_plain", PASSWORD).get_client()
    assert without.auth.get_2fa_status().enabled is False
    print("  - AuthenticatedSession, with 2FA and without")

    guide.run("2. Automatic Token Refresh")
    tokens = without.auth.login("guide_plain", PASSWORD)

    def some_api_call() -> dict:
        answer = without.session.get(f"{base}/auth/me")
        answer.raise_for_status()
        return answer.json()

    without.some_api_call = some_api_call
    for _ in range(2):
        server.advance(3_601)
        assert scope["auto_refresh_client"](without, tokens.refresh_token)["username"] == "guide_plain"
    print("  - auto_refresh_client: 401, refresh, retry, twice with one refresh token")

    os.environ.update(CIRTUSAI_API_URL=base, CIRTUSAI_ACCESS_TOKEN=without.token)
    guide.run("Environment Variables")
    assert scope["client"].auth.get_2fa_status().enabled is False
    guide.run("1. Secure Token Storage")
    scope["store_token_securely"](without.token)
    assert scope["get_stored_token"]() == without.token
    guide.run("Configuration File")
    with open("cirtusai_config.json", "w", encoding="utf-8") as file:
        json.dump({"base_url": base, "auto_login": True, "username": "new_user", "password": PASSWORD}, file)
    assert scope["load_auth_config"]().auth.get_2fa_status().enabled is True
    print("  - a client from the environment and one from a file")


def main() -> None:
    with open(sys.argv[2], encoding="utf-8") as file:
        guide = Guide(Server(sys.argv[1]), file.read())
    basics(guide)
    advanced(guide)
    assert not guide.left, f"blocks that did not run: {guide.left}"
    table = set(re.findall(r"^\| `(\w+)\(\)` \|", guide.text, re.MULTILINE))
    assert table and table <= guide.called, f"methods that were not called: {table - guide.called}"
    print(f"  - all {len(guide.blocks)} blocks ran, and all {len(table)} methods of the table were called")


if __name__ == "__main__":
    main()
