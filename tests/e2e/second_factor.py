"""Enrols with the QR picture, then logs in with codes of pyotp at skews of -2 to +2 steps.

usage: second_factor.py SERVER_URL
"""

import base64
import io
import sys

import pyotp
import requests
import zxingcpp
from PIL import Image

EMAIL = "admin@example.com"
PASSWORD = "latchkey-dev-password"
STEP = 30


class Server:
    def __init__(self, url: str) -> None:
        self.url = url
        self.headers: dict = {}

    def post(self, path: str, **body) -> requests.Response:
        return requests.post(f"{self.url}/api/v1{path}", json=body, headers=self.headers, timeout=10)

    def get(self, path: str) -> requests.Response:
        return requests.get(f"{self.url}/api/v1{path}", headers=self.headers, timeout=10)

    def now(self) -> int:
        return int(requests.get(f"{self.url}/dev/clock", timeout=10).json()["now"])

    def advance(self, seconds: int) -> None:
        moved = requests.post(f"{self.url}/dev/clock", json={"advance_seconds": seconds}, timeout=10)
        assert moved.status_code == 200, moved.text


def read_picture(png: bytes) -> str:
    image = Image.open(io.BytesIO(png))
    image.verify()
    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)).convert("L"))
    assert len(found) == 1, found
    return found[0].text


def second_step(server: Server, code: str) -> requests.Response:
    login = server.post("/auth/login", email=EMAIL, password=PASSWORD).json()["data"]
    assert login["requires_mfa"] is True and "access_token" not in login, login
    return server.post("/auth/mfa/verify", session_id=login["session_id"], code=code)


def main() -> None:
    server = Server(sys.argv[1])
    tokens = server.post("/auth/login", email=EMAIL, password=PASSWORD).json()["data"]
    server.headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    setup = server.post("/auth/mfa/setup").json()["data"]
    picture = base64.b64decode(setup["qr_code"].removeprefix("data:image/png;base64,"), validate=True)
    served = server.get("/auth/mfa/qr.png")
    assert served.headers["content-type"] == "image/png" and served.content == picture
    uri = read_picture(picture)
    assert uri == setup["otpauth_url"], uri
    phone = pyotp.parse_uri(uri)
    assert (phone.secret, phone.digits, phone.interval) == (setup["secret"], 6, STEP)
    assert (phone.issuer, phone.name) == ("Latchkey", EMAIL), (phone.issuer, phone.name)
    print("  - the picture is read by zxing, and pyotp takes its URI")

    enabled = server.post("/auth/mfa/enable", code=phone.at(server.now()))
    assert enabled.json()["data"]["mfa_enabled"] is True, enabled.text
    server.headers = {}
    for skew, wanted in [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)]:
        # Far from every step that was used, and not at the edge of one: the clock goes on meanwhile.
        server.advance(4 * STEP + STEP // 2 - server.now() % STEP)
        answer = second_step(server, phone.at(server.now() + skew * STEP))
        assert answer.status_code == wanted, (skew, answer.text)
        print(f"  - a clock {skew:+d} steps off: {answer.status_code}")
    server.advance(4 * STEP + STEP // 2 - server.now() % STEP)
    code = phone.at(server.now())
    assert second_step(server, code).status_code == 200
    assert second_step(server, code).json()["error"]["code"] == "MFA_INVALID"
    print("  - a code works once")
    backup = setup["backup_codes"][0]
    assert second_step(server, backup.lower().replace("-", " ")).status_code == 200
    assert second_step(server, backup).status_code == 401
    print("  - a backup code works once, however it is typed")


if __name__ == "__main__":
    main()
