"""Runs the pynomaly guide's own Python classes, its curl command and its debug headers: every call that it documents.

usage: pynomaly_clients.py SERVER_URL GUIDE
"""

import base64
import io
import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone

import pyotp
import requests
import zxingcpp
from PIL import Image

from guide_code import blocks, class_code

PASSWORD = "latchkey-dev-password"
NUMBER = "+4915112345678"
WAIT = 10


class Guide:
    """What the guide prints, as Python."""

    def __init__(self, path: str) -> None:
        self.path = path

    def load(self, name: str):
        return self.run(class_code(self.path, "python", name))[name]

    def debug_headers(self) -> dict:
        return self.run(next(block for block in blocks(self.path, "python") if "X-Debug" in block))["headers"]

    def curl(self, base: str, token: str) -> str:
        command = next(block for block in blocks(self.path, "bash") if "/api-keys" in block)
        return command.replace("http://localhost:8000", base).replace("YOUR_JWT_TOKEN", token)

    def run(self, code: str) -> dict:
        scope: dict = {}
        exec(compile(code, self.path, "exec"), scope)
        return scope


class ApiClient:
    """The `api_client` that the guide's classes are given and that it does not print."""

    def __init__(self, base: str, manager) -> None:
        self.base, self.manager = base, manager

    def post(self, path: str, body: dict) -> requests.Response:
        return requests.post(self.base + path, json=body, headers=self.manager.get_auth_headers(), timeout=WAIT)


class Server:
    def __init__(self, url: str) -> None:
        self.url = url

    def now(self) -> int:
        return int(requests.get(f"{self.url}/dev/clock", timeout=WAIT).json()["now"])

    def advance(self, seconds: int) -> None:
        moved = requests.post(f"{self.url}/dev/clock", json={"advance_seconds": seconds}, timeout=WAIT)
        assert moved.ok, moved.text

    def me(self, headers: dict) -> requests.Response:
        return requests.get(f"{self.url}/api/v1/auth/me", headers=headers, timeout=WAIT)

    def post(self, path: str, body: dict, token: str = "") -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.post(self.url + path, json=body, headers=headers, timeout=WAIT)

    def waiting_login(self, username: str, methods: list) -> str:
        """P21: the bearer token of the second step."""
        answer = self.post("/api/v1/auth/login", {"username": username, "password": PASSWORD})
        wait = answer.json()
        assert answer.status_code == 403 and wait["detail"] == "MFA required" and wait["mfa_required"] is True, wait
        assert wait["methods"] == methods and "access_token" not in wait, wait
        return wait["mfa_token"]

    def second_step(self, token: str, method: str, code: str) -> requests.Response:
        return self.post("/api/v1/mfa/verify", {"method_type": method, "verification_code": code}, token)

    def texted(self) -> str:
        mailbox = requests.get(f"{self.url}/dev/mailbox", headers={"Accept": "application/json"}, timeout=WAIT)
        sms = next(mail for mail in mailbox.json() if f"{NUMBER[1:]}@sms.invalid" in str(mail["to"]))
        return sms["text"][:6]


def tokens(server: Server, guide: Guide):
    """P1 to P9, P31, P32."""
    plain = requests.get(server.url.replace("https:", "http:") + "/api/v1/auth/me", timeout=WAIT)
    assert plain.status_code == 403, plain.text
    manager = guide.load("AuthManager")(server.url)
    assert manager.refresh_access_token() is False, "there is no token yet"
    assert manager.login("admin", "a wrong password") is False
    assert manager.login("admin@example.com", PASSWORD) is True
    assert manager.login("admin", PASSWORD) is True
    assert server.me(manager.get_auth_headers()).json()["username"] == "admin"
    kept = manager.refresh_token
    for _ in range(3):
        first = manager.access_token
        server.advance(3700)
        stale = server.me({"Authorization": f"Bearer {first}"})
        assert stale.status_code == 401 and stale.json() == {"detail": "Token has expired"}, stale.text
        manager.token_expires_at = datetime.now()
        assert server.me(manager.get_auth_headers()).status_code == 200, "refreshed by itself"
        assert manager.access_token != first and manager.refresh_token == kept
    manager.refresh_token = "nonsense"
    assert manager.refresh_access_token() is False
    manager.refresh_token = kept
    print("  - AuthManager: logged in, and refreshed by itself with its first refresh token three times")
    return manager


def keys(server: Server, guide: Guide, manager) -> None:
    """P10 to P16, P33."""

    def curl(date: str) -> tuple[int, dict]:
        command = guide.curl(server.url, manager.access_token).replace("2024-12-31T23:59:59Z", date)
        command = command.replace("curl ", "curl --silent --write-out '\\n%{http_code}' ")
        said = subprocess.run(["bash", "-c", command], check=True, capture_output=True, text=True).stdout
        body, status = said.rsplit("\n", 1)
        return int(status), json.loads(body)

    status, refused = curl("2024-12-31T23:59:59Z")
    assert status == 422 and refused["detail"][0]["loc"] == ["body", "expires_at"], refused
    ends_at = datetime.fromtimestamp(server.now(), timezone.utc) + timedelta(days=30)
    status, made = curl(ends_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert status == 201 and made["api_key"].startswith("pyn_"), made
    assert made["scopes"] == ["detection:read", "detection:write", "health:read"], made
    print("  - curl: the guide's own date is over and refused; with one to come there is a key")

    client = guide.load("APIKeyClient")
    holder = client(server.url, made["api_key"])
    assert holder.make_request("GET", "/api/v1/health") == {"status": "healthy"}
    assert holder.make_request("GET", "/api/v1/detection") == {"detections": []}
    sent = {"data": [[1.0, 2.0], [9.0, 9.5]]}
    assert holder.make_request("POST", "/api/v1/detection", sent) == sent
    unknown = client(server.url, "pyn_nonsense").make_request("GET", "/api/v1/health")
    assert unknown == {"detail": "Invalid API key"}, unknown
    place = f"{server.url}/api/v1/api-keys"
    listed = requests.get(place, headers=manager.get_auth_headers(), timeout=WAIT).json()["api_keys"]
    assert [key["id"] for key in listed] == [made["id"]] and made["api_key"] not in str(listed)
    revoked = requests.delete(f"{place}/{made['id']}", headers=manager.get_auth_headers(), timeout=WAIT)
    assert revoked.status_code == 200, revoked.text
    assert holder.make_request("GET", "/api/v1/health") == {"detail": "Invalid API key"}
    print("  - APIKeyClient: three scopes open three resources, until the key is revoked")


def debugging(server: Server, guide: Guide, manager) -> None:
    """P29, P30."""
    headers = guide.debug_headers()
    answer = server.me({**manager.get_auth_headers(), **headers})
    assert answer.headers["X-Request-ID"] == headers["X-Request-ID"]
    told = answer.headers["X-Debug-Auth"]
    assert told == f"method=bearer; subject={answer.json()['id']}; reason=ok", told
    print(f"  - debug headers: {told}")


def authenticator(server: Server, guide: Guide) -> None:
    """P17 to P22."""
    manager = guide.load("AuthManager")(server.url)
    assert manager.login("user", PASSWORD) is True
    totp = guide.load("TOTPManager")(ApiClient(server.url, manager))
    setup = totp.setup_totp()
    picture = base64.b64decode(totp.generate_qr_code(setup["totp_uri"]))
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)).convert("L"))
    assert [code.text for code in found] == [setup["qr_code_url"]], found
    phone = pyotp.parse_uri(setup["totp_uri"])
    assert (phone.issuer, phone.name) == ("Pynomaly Security", "user@example.com"), (phone.issuer, phone.name)
    assert phone.secret == setup["manual_entry_key"] and len(setup["backup_codes"]) == 10
    assert totp.verify_totp("12345") is False
    assert totp.verify_totp(phone.at(server.now() + 3000)) is False
    assert totp.verify_totp(phone.at(server.now())) is True
    assert manager.login("user", PASSWORD) is False, "a password alone gives no tokens"
    server.advance(60)
    pending = server.waiting_login("user", ["totp", "backup_codes"])
    wrong = server.second_step(pending, "totp", phone.at(server.now() + 3000))
    assert wrong.status_code == 400, wrong.text
    done = server.second_step(pending, "totp", phone.at(server.now()))
    assert done.status_code == 200 and done.json()["expires_in"] == 3600, done.text
    manager.access_token, manager.refresh_token = done.json()["access_token"], done.json()["refresh_token"]
    assert server.me(manager.get_auth_headers()).json()["username"] == "user"
    pending = server.waiting_login("user", ["totp", "backup_codes"])
    assert server.second_step(pending, "backup_codes", setup["backup_codes"][0]).status_code == 200
    print("  - TOTPManager: its picture is read by zxing, its code switches it on, and a login takes two steps")


def phone(server: Server, guide: Guide) -> None:
    """P23 to P26, for an account that registers here."""
    form = {"username": "grace", "email": "grace@example.com", "password": PASSWORD, "full_name": "Grace Hopper"}
    assert server.post("/api/v1/auth/register", form).status_code == 201
    manager = guide.load("AuthManager")(server.url)
    assert manager.login("grace", PASSWORD) is True
    sms = guide.load("SMSAuth")(ApiClient(server.url, manager))
    assert sms.setup_sms("no number") is False
    assert sms.setup_sms(NUMBER) is True
    code = server.texted()
    assert sms.verify_sms(f"{(int(code) + 1) % 1_000_000:06}") is False
    assert sms.verify_sms(code) is True
    server.advance(61)
    pending = server.waiting_login("grace", ["sms"])
    assert server.post("/api/v1/mfa/sms/send", {}, pending).status_code == 200
    assert server.second_step(pending, "sms", server.texted()).status_code == 200
    print("  - SMSAuth: a code that came by text message switches the phone on and finishes a login")


def main() -> None:
    server, guide = Server(sys.argv[1]), Guide(sys.argv[2])
    manager = tokens(server, guide)
    keys(server, guide, manager)
    authenticator(server, guide)
    phone(server, guide)
    # Last: the guide's block switches the log of every request on.
    debugging(server, guide, manager)


if __name__ == "__main__":
    main()
