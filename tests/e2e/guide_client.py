"""Runs the guide's own Python AuthClient through register, verify, log in, refresh and log out.

usage: guide_client.py SERVER_URL CODE_FILE
"""

import re
import sys

import requests

EMAIL = "guide.python@example.com"
PASSWORD = "correct horse battery staple"


def verify_by_mail(server: str) -> None:
    mailbox = requests.get(f"{server}/dev/mailbox", headers={"Accept": "application/json"}, timeout=10).json()
    mail = next(mail for mail in mailbox if EMAIL in str(mail["to"]))
    token = re.search(r"/verify-email\?token=([\w.~-]+)", mail["text"]).group(1)
    answer = requests.get(f"{server}/api/v1/auth/verify-email/{token}", timeout=10)
    assert answer.status_code == 200, answer.text


def main() -> None:
    server, code = sys.argv[1:]
    scope: dict = {}
    with open(code, encoding="utf-8") as file:
        exec(compile(file.read(), code, "exec"), scope)
    base = f"{server}/api/v1"
    client = scope["AuthClient"](base)

    registered = client.register(EMAIL, PASSWORD, "Ada Lovelace")
    assert registered["success"] is True and registered["data"]["status"] == "pending", registered
    verify_by_mail(server)

    result = client.login(EMAIL, PASSWORD)
    assert result["requires_mfa"] is False and result["user"]["status"] == "active", result
    assert client.request(f"{base}/auth/me")["success"] is True

    first = (client.access_token, client.refresh_token)
    moved = requests.post(f"{server}/dev/clock", json={"advance_seconds": 3700}, timeout=10)
    assert moved.ok, moved.text
    assert client.request(f"{base}/auth/me")["success"] is True, "401, refresh, retry"
    assert client.access_token != first[0] and client.refresh_token != first[1], "both tokens are new"

    last = client.access_token
    client.logout()
    ended = requests.get(f"{base}/auth/me", headers={"Authorization": f"Bearer {last}"}, timeout=10)
    assert ended.status_code == 401, ended.text
    print("  - Python AuthClient: registered, verified, logged in, refreshed, logged out")


if __name__ == "__main__":
    main()
