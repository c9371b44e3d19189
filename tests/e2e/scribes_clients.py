"""Runs the client code of the scribes guide: the Dart call by call, its TypeScript, Python, curl and grep as printed, and
every request and answer of its reference.

usage: scribes_clients.py SERVER_URL GUIDE SERVER_LOG
"""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import time

import requests

from dart_calls import WAIT, calls
from guide_code import blocks

PASSWORD = "SecurePass123!"
ADDRESS = "http://localhost:8000"
LOG = "/var/log/scribes/app.log"


class Guide:
    """What the guide prints."""

    def __init__(self, path: str) -> None:
        with open(path, encoding="utf-8") as file:
            self.text = file.read()
        self.path, self.dart = path, calls(blocks(path, "dart"))
        self.made: set = set()

    def call(self, name: str):
        self.made.add(name)
        return self.dart[name]

    def block(self, language: str, mark: str) -> str:
        """The block that holds `mark`, wherever it is indented."""
        found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", self.text, re.DOTALL | re.MULTILINE)
        codes = [re.sub(rf"^{indent}", "", code, flags=re.MULTILINE) for indent, code in found if mark in code]
        assert codes, f"no {language} block has {mark}"
        return codes[0]

    def sample(self, mark: str) -> dict:
        return json.loads(re.sub(r"\s+//.*", "", self.block("json", mark)))

    def health(self) -> dict:
        return json.loads(self.block("bash", '"redis"').partition("# Response:")[2])

    def endpoints(self) -> dict:
        """Of each operation of the reference: its request body, and the statuses that it documents."""
        chapters = re.split(r"^#### \d+\. ", self.text, flags=re.MULTILINE)[1:]
        found = {}
        for chapter in chapters:
            name = chapter.splitlines()[0].strip()
            if re.match(r"(GET|POST) /", name):
                chapter = chapter.partition("\n---")[0]
                body = re.search(r"```json\n(.*?)```", chapter, re.DOTALL)
                body = json.loads(re.sub(r"\s+//.*", "", body.group(1))) if body else None
                found[name] = (body, [int(code) for code in re.findall(r"^- `(\d{3})", chapter, re.MULTILINE)])
        return found


class Server:
    def __init__(self, url: str) -> None:
        self.url = url

    def advance(self, seconds: int) -> None:
        moved = requests.post(f"{self.url}/dev/clock", json={"advance_seconds": seconds}, timeout=WAIT)
        assert moved.ok, moved.text

    def mailed_token(self, to: str, subject: str) -> str:
        """The token of the newest letter. Mail leaves in its own time."""
        for _ in range(50):
            mailbox = requests.get(f"{self.url}/dev/mailbox", headers={"Accept": "application/json"}, timeout=WAIT)
            for mail in mailbox.json():
                if to in str(mail["to"]) and subject in mail["subject"]:
                    return re.search(r"token=([\w.~-]+)", mail["text"]).group(1)
            time.sleep(0.1)
        raise AssertionError(f"no mail {subject!r} to {to}")

    def post(self, path: str, body: dict | None, token: str = "") -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.post(self.url + path, json=body, headers=headers, timeout=WAIT)


def alike(found: dict, sample: dict) -> None:
    """The same fields in the same types, down to the objects in it."""
    assert set(found) == set(sample), (found, sample)
    for name, shown in sample.items():
        assert type(found[name]) is type(shown), (name, found[name], shown)
        if isinstance(shown, dict):
            alike(found[name], shown)


def registration(server: Server, guide: Guide) -> dict:
    """S1 to S8."""
    ada = {"email": "ada@example.com", "username": "ada", "password": PASSWORD}
    made = guide.call("registerUser").done(server.url, **ada, fullName="Ada Lovelace")
    sample = guide.sample('"is_verified"')
    alike(made, sample)
    same = ("role", "is_active", "is_verified")
    assert [made[name] for name in same] == [sample[name] for name in same], made
    without = guide.dart["registerUser"].done(
        server.url, email="eve@example.com", username="eve", password=PASSWORD, fullName=None)
    assert without["full_name"] is None, without
    taken = guide.dart["registerUser"].make(server.url, **ada, fullName="Ada Lovelace")
    assert (taken.status_code, taken.json()) == (400, guide.sample('"detail"')), taken.text

    login = guide.call("loginUser")
    known = {"email": ada["email"], "password": PASSWORD}
    assert login.make(server.url, **known).status_code == 403, "unverified"
    token = server.mailed_token(ada["email"], "Confirm")
    assert server.post("/auth/verify-email", {"token": token}).status_code == 200
    told, sample = login.done(server.url, **known), guide.sample('"expires_in"')
    alike(told, sample)
    assert (told["token_type"], told["expires_in"]) == (sample["token_type"], sample["expires_in"]), told
    for wrong in ({"email": ada["email"], "password": "Wrong123!"}, {"email": "x@example.com", "password": PASSWORD}):
        assert login.make(server.url, **wrong).status_code == 401
    print("  - registerUser and loginUser: the fields, types and refusals of the guide")
    return told


def validation(server: Server, guide: Guide) -> None:
    """S23: the guide's validator and the server agree."""
    code = guide.block("dart", "class PasswordValidator").partition("static String?")[0]
    classes = re.findall(r"RegExp\(r'(.*?)'\)", code)
    least = int(re.search(r"length >= (\d+)", code).group(1))
    assert len(classes) == 4, classes
    tried = [PASSWORD, "Secur1!", "secure-pass-123!", "SECURE-PASS-123!", "SecurePass!!!", "SecurePass123", "12345678"]
    for number, password in enumerate(tried):
        is_good = len(password) >= least and all(re.search(one, password) for one in classes)
        answer = guide.dart["registerUser"].make(
            server.url, email=f"v{number}@example.com", username=f"v{number}", password=password, fullName=None)
        assert answer.status_code == (201 if is_good else 422), (password, answer.text)
    print(f"  - PasswordValidator: the server agrees on {len(tried)} passwords")


def requests_with_a_token(server: Server, guide: Guide, told: dict) -> None:
    """S10 to S17, S22: makeAuthenticatedRequest, AuthProvider and AuthInterceptor."""
    ask = guide.call("makeAuthenticatedRequest")
    for endpoint, status in [("/auth/me", 200), ("/notes", 200), ("/admin", 403)]:
        answer = ask.make(server.url, endpoint=endpoint, accessToken=told["access_token"])
        assert answer.status_code == status, (endpoint, answer.text)
    # User.fromJson
    kept = guide.call("AuthProvider.login").done(server.url, email="ada@example.com", password=PASSWORD)
    fields = re.findall(r"final (int|String) (\w+);", guide.block("dart", "class User {"))
    assert len(fields) == 4, fields
    for kind, name in fields:
        assert type(kept["user"][name]) is {"int": int, "String": str}[kind], (name, kept["user"])

    refresh, again = guide.call("refreshAccessToken"), guide.call("AuthInterceptor.onError")
    assert re.search(r"statusCode == (\d+)", guide.block("dart", "class AuthInterceptor")).group(1) == "401"
    access = kept["access_token"]
    # The guide's clients store no refresh token but the first.
    for call in (refresh, again, refresh, again):
        server.advance(1_801)
        stale = ask.make(server.url, endpoint="/auth/me", accessToken=access)
        assert (stale.status_code, stale.json()) == (401, {"detail": "Token has expired"}), stale.text
        access = call.done(server.url, refreshToken=kept["refresh_token"])["access_token"]
        assert ask.make(server.url, endpoint="/auth/me", accessToken=access).status_code == 200, "retried"
    assert refresh.make(server.url, refreshToken="nonsense").status_code == 401

    script = f"""
        const real = globalThis.fetch;
        const fetch = (path, options) => real({json.dumps(server.url)} + path, options);
        const refreshToken = {json.dumps(kept["refresh_token"])};
        {guide.block("typescript", "refreshResponse")}
        console.log(refreshResponse.status, JSON.stringify(await refreshResponse.json()));"""
    ran = subprocess.run(["node", "--input-type=module"], input=script, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    status, _, body = ran.stdout.partition(" ")
    assert status == "200" and json.loads(body)["access_token"], ran.stdout
    print("  - AuthProvider, AuthInterceptor and the TypeScript: 401, refresh, retry with the first refresh token")

    scope: dict = {}
    code = guide.block("python", "jwt.decode").replace("your-token-here", access)
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(code, guide.path, "exec"), scope)
    assert scope["payload"]["type"] == "access" and scope["payload"]["exp"] - scope["payload"]["iat"] == 1_800
    curl(server, guide.block("bash", "curl -X GET").replace("<token>", access), '"username":"ada"')


def curl(server: Server, code: str, expected: str) -> None:
    """Runs the curl commands of a block as printed."""
    for command in re.findall(r"^curl (?:.*\\\n)*.*", code, re.MULTILINE):
        ran = subprocess.run(
            ["bash", "-ceu", command.replace(ADDRESS, server.url)], capture_output=True, text=True, timeout=60)
        assert ran.returncode == 0, (command, ran.stderr)
        assert "/auth/login" in command or expected in ran.stdout, (command, ran.stdout)
        # X35: the password of the printed login is none of the guide's own rules.
        assert "/auth/login" not in command or ran.stdout == '{"detail":"Invalid credentials"}', ran.stdout


def reset(server: Server, guide: Guide, told: dict) -> None:
    """S18 to S21."""
    ask, confirm = guide.call("requestPasswordReset"), guide.call("confirmPasswordReset")
    known, unknown = (ask.done(server.url, email=f"{name}@example.com") for name in ("ada", "nobody"))
    assert known == unknown
    token, new = server.mailed_token("ada@example.com", "new password"), "NewSecurePass123!"
    confirm.done(server.url, token=token, newPassword=new)
    assert confirm.make(server.url, token=token, newPassword=new).status_code == 400, "used"
    refreshed = guide.dart["refreshAccessToken"].make(server.url, refreshToken=told["refresh_token"])
    assert refreshed.status_code == 401, "the sessions ended"
    guide.dart["loginUser"].done(server.url, email="ada@example.com", password=new)
    print("  - requestPasswordReset and confirmPasswordReset: once, for known and unknown alike")


def reference(server: Server, guide: Guide) -> None:
    """Every operation of the reference with the body that it prints, and every status that it documents."""
    all_of_it = guide.endpoints()
    email, name = "user@example.com", "guide@example.com"
    seen: dict = {operation: set() for operation in all_of_it}
    kept: dict = {"access": "", "refresh": "", "reset": ""}

    def ask(operation: str, **changed: str) -> dict:
        method, path = operation.split()
        body = all_of_it[operation][0]
        body = body and {key: name if text == email else text for key, text in body.items()} | changed
        headers = {"Authorization": f"Bearer {kept['access']}"} if body is None else {}
        answer = requests.request(method, server.url + path, json=body, headers=headers, timeout=WAIT)
        seen[operation].add(answer.status_code)
        return answer.json()

    register, login, renew = "POST /auth/register", "POST /auth/login", "POST /auth/refresh"
    for changed in ({}, {}, {"email": "no address"}):
        ask(register, **changed)
    ask(login)
    ask(login, password="Wrong123!")
    server.post("/auth/verify-email", {"token": server.mailed_token(name, "Confirm")})
    told = ask(login)
    kept.update(access=told["access_token"], refresh=told["refresh_token"])
    ask(renew)
    ask(renew, refresh_token=kept["refresh"])
    ask("GET /auth/me")
    ask("POST /auth/logout")
    for operation in ("GET /auth/me", "POST /auth/logout"):
        ask(operation)
    assert guide.dart["refreshAccessToken"].make(server.url, refreshToken=kept["refresh"]).status_code == 401
    ask("POST /auth/password-reset/request")
    ask("POST /auth/password-reset/confirm")
    ask("POST /auth/password-reset/confirm", token=server.mailed_token(name, "new password"))
    for operation, (_, documented) in all_of_it.items():
        assert seen[operation] == set(documented), (operation, seen[operation], documented)
    print(f"  - the reference: {len(all_of_it)} operations, each with every status that it documents")


def watching(server: Server, guide: Guide, log: str) -> None:
    """S27, S31, S34."""
    curl(server, guide.block("bash", '"redis"'), '"status":"healthy"')
    health, sample = requests.get(f"{server.url}/health", timeout=WAIT).json(), guide.health()
    assert set(health) == set(sample) and health["status"] == sample["status"], health
    assert health["database"] == sample["database"], health
    for mark in ("Login failed", "Email sent"):
        for command in re.findall(r"^grep .*", guide.block("bash", f'grep "{mark}"'), re.MULTILINE):
            ran = subprocess.run(
                ["bash", "-c", command.replace(LOG, log)], capture_output=True, text=True, timeout=60)
            assert ran.stdout.strip() not in ("", "0"), (command, ran.stderr)
    plain = requests.get(server.url.replace("https:", "http:") + "/auth/me", timeout=WAIT, allow_redirects=False)
    assert (plain.status_code, plain.headers["Location"]) == (301, f"{server.url}/auth/me"), plain.headers
    print("  - the health check, the lines that are grepped for, and plain HTTP sent on")


def main() -> None:
    server, guide = Server(sys.argv[1]), Guide(sys.argv[2])
    os.environ["NODE_EXTRA_CA_CERTS"] = os.environ["REQUESTS_CA_BUNDLE"]
    told = registration(server, guide)
    validation(server, guide)
    requests_with_a_token(server, guide, told)
    reset(server, guide, told)
    curl(server, guide.block("bash", "# Test login").partition("# Test authenticated")[0], "")
    reference(server, guide)
    watching(server, guide, sys.argv[3])
    assert guide.made == set(guide.dart), f"calls that were not made: {set(guide.dart) - guide.made}"
    print(f"  - all {len(guide.dart)} Dart calls were made")


if __name__ == "__main__":
    main()
