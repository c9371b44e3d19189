"""Receives webhooks, verifies each with the library `standardwebhooks`, and misbehaves in between.

usage: webhooks.py before|after SERVER_URL RECEIVER_PORT OTHER_PORT SECRET OLD_SECRET
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
from standardwebhooks import Webhook, WebhookVerificationError

PASSWORD = "latchkey-dev-password"
EMAIL = "admin@example.com"


class Receiver:
    """Listens on a port; answers `status`, or nothing while it hangs."""

    def __init__(self, port: int, secrets: list) -> None:
        self.port, self.verifiers = port, [Webhook(secret) for secret in secrets]
        self.status, self.hangs = 204, False
        self.seen: list = []
        self.ended = threading.Event()

    def __enter__(self) -> "Receiver":
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.take(body, dict(self.headers))
                if receiver.hangs:
                    receiver.ended.wait(20)
                    return
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_args) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_args) -> None:
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()

    def take(self, body: bytes, headers: dict) -> None:
        headers = {name.lower(): value for name, value in headers.items()}
        for verifier in self.verifiers:
            event = verifier.verify(body, headers)
        forged = body.replace(b'"type"', b'"tYpe"')
        try:
            self.verifiers[0].verify(forged, headers)
        except WebhookVerificationError:
            self.seen.append((headers["webhook-id"], event))
            return
        raise AssertionError("a forged body verifies")

    def types(self) -> list:
        return [event["type"] for _, event in self.seen]


class Server:
    def __init__(self, url: str) -> None:
        self.url = url
        self.headers: dict = {}

    def call(self, method: str, path: str, **body) -> requests.Response:
        sent = {} if method in ("GET", "DELETE") else {"json": body}
        return requests.request(method, f"{self.url}/api/v1{path}", headers=self.headers, timeout=10, **sent)

    def data(self, method: str, path: str, **body) -> dict:
        answer = self.call(method, path, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def log_in(self) -> None:
        tokens = self.data("POST", "/auth/login", email=EMAIL, password=PASSWORD)
        self.headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    def fail_to_log_in(self) -> None:
        answer = self.call("POST", "/auth/login", email="nobody@example.com", password="wrong password")
        assert answer.status_code == 401, answer.text

    def hook(self, name: str = "siem") -> dict:
        return next(hook for hook in self.data("GET", "/webhooks")["webhooks"] if hook["name"] == name)

    def advance(self, seconds: int) -> None:
        moved = requests.post(f"{self.url}/dev/clock", json={"advance_seconds": seconds}, timeout=10)
        assert moved.status_code == 200, moved.text
        # What is committed wakes the hook, which looks at the clock.
        self.log_in()


def until(what: str, is_so, patience: float = 15) -> None:
    end = time.monotonic() + patience
    while not is_so():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.05)
    print(f"  - {what}")


def before(server: Server, receiver: Receiver, other: Receiver) -> None:
    server.log_in()
    until("nobody listens: the hook waits", lambda: "no connection" in server.hook().get("last_error", ""))
    with receiver, other:
        server.data("POST", "/webhooks/siem/resume")
        until("the receiver comes, and hears of the login before", lambda: receiver.types() == ["login.succeeded"])
        (event_id, event), record = receiver.seen[0], server.data("GET", "/audit/logs?action=login.succeeded")
        assert event["data"] == record["logs"][-1], (event, record)
        assert event["timestamp"] == event["data"]["created_at"]
        print(f"  - signed with both secrets, and as the audit log shows it: {event_id}")

        assert server.data("POST", "/webhooks/siem/test") == {"delivered": True}
        assert receiver.types()[-1] == "webhook.test"

        receiver.seen.clear()
        receiver.status = 503
        server.fail_to_log_in()
        until("a failure is tried again", lambda: "503" in server.hook().get("last_error", ""))
        server.fail_to_log_in()
        receiver.status = 200
        server.advance(6)
        until("once it works, both come in order", lambda: receiver.types()[-2:] == ["login.failed", "login.succeeded"])
        ids = [event_id for event_id, _ in receiver.seen]
        assert ids[0] == ids[1] and len(set(ids)) == 3, ids

        receiver.seen.clear()
        receiver.hangs = True
        server.fail_to_log_in()
        until("one that hangs is given up in time", lambda: "in time" in server.hook().get("last_error", ""))
        before_it = len(other.seen)
        server.fail_to_log_in()
        until("and holds up no other", lambda: len(other.seen) > before_it)
        for seconds in (6, 11):
            attempts = len(receiver.seen)
            server.advance(seconds)
            until("another attempt", lambda: len(receiver.seen) > attempts)
        until("after three it is a dead letter", lambda: server.hook()["dead_letters"] == 1)
        receiver.hangs = False
        receiver.ended.set()
        letter = server.data("GET", "/webhooks/siem/dead-letters")["dead_letters"][0]
        delivered = server.data("POST", f"/webhooks/siem/dead-letters/{letter['id']}/redeliver")
        assert delivered == {"delivered": True}, delivered
        assert server.hook()["dead_letters"] == 0

        server.data("POST", "/webhooks/siem/resume")
        until("it has caught up", lambda: server.hook()["behind"] == 0)
        receiver.status = 410
        server.fail_to_log_in()
        until("410: it is told nothing more", lambda: server.hook()["state"] == "disabled")
        receiver.status = 200
        receiver.seen.clear()
        server.data("POST", "/webhooks/siem/resume")
        until("until it is resumed", lambda: receiver.types() == ["login.failed"])
    server.fail_to_log_in()
    until("away again", lambda: "no connection" in server.hook().get("last_error", ""))


def after(server: Server, receiver: Receiver, other: Receiver) -> None:
    with receiver, other:
        server.log_in()
        server.data("POST", "/webhooks/siem/resume")
        until("what waited is delivered after the kill", lambda: receiver.types()[:1] == ["login.failed"])
        until("and what happened since", lambda: receiver.types()[-1] == "login.succeeded")


def main() -> None:
    phase, url, port, other_port, secret, old = sys.argv[1:]
    receiver, other = Receiver(int(port), [secret, old]), Receiver(int(other_port), [old])
    {"before": before, "after": after}[phase](Server(url), receiver, other)


main()
