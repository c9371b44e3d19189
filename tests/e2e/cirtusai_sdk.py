"""Runs the guide's whole story with the package, register to disable, with its synchronous and its asynchronous client.

usage: cirtusai_sdk.py SERVER_URL BASE_URL NAME
"""

import asyncio
import functools
import inspect
import io
import sys

import pyotp
import requests
import zxingcpp
from cirtusai_package import PASSWORD, Server, cirtusai
from PIL import Image

import httpx
from cirtusai import auth as sync_auth
from cirtusai.async_ import auth as async_auth
from cirtusai.schemas import Token, TwoFactorRequiredResponse


class Waiting:
    """A client whose every call can be awaited, so that one story tells both."""

    def __init__(self, client: object) -> None:
        self.client = client

    def __getattr__(self, name: str) -> object:
        call = getattr(self.client, name)
        if not callable(call):
            return call

        @functools.wraps(call)
        async def waiting(*given: object, **named: object) -> object:
            answer = call(*given, **named)
            return await answer if inspect.isawaitable(answer) else answer

        return waiting


async def refused(call: object, kind: type, status: int | None = None) -> Exception:
    try:
        answer = await call
    except kind as error:
        if status is not None:
            assert error.response.status_code == status, error.response.text
        return error
    raise AssertionError(f"not refused: {answer}")


async def story(server: Server, client: object, name: str, wrong_code: type) -> None:
    """C28: the same story with either client."""
    auth, set_token = Waiting(client.auth), Waiting(client).set_token
    http_error = (requests.exceptions.HTTPError, httpx.HTTPStatusError)
    email = f"{name}@example.com"

    setup = await auth.register(username=name, email=email, password=PASSWORD, preferred_2fa_method="totp")
    assert pyotp.parse_uri(setup.qr_code_uri).secret == setup.secret, setup
    assert len(setup.backup_codes) == 8 and setup.qr_code_image, setup
    await refused(auth.register(name, f"other.{email}", PASSWORD), http_error, 400)
    await refused(auth.register(f"other_{name}", email, PASSWORD), http_error, 400)
    await refused(auth.register(f"other_{name}", f"other.{email}", "seven77"), http_error, 422)
    direct = await auth.login(name, PASSWORD)
    assert isinstance(direct, Token) and not hasattr(direct, "requires_2fa"), "nothing is confirmed yet"
    await refused(auth.login(name, "wrong password"), http_error, 401)
    await refused(auth.get_2fa_status(), http_error, 401)

    code = server.code(setup.secret)
    await refused(auth.confirm_2fa(server.wrong_code(setup.secret)), http_error, 400)
    confirmed = await auth.confirm_2fa(code)
    assert confirmed["enabled"] is True, confirmed
    token = await auth.login_with_2fa(name, PASSWORD, code)
    await set_token(token.access_token)
    print(f"  - {name}: registered, confirmed without a login, logged in with the same code")

    await refused(auth.login_with_2fa(name, PASSWORD, "invalid_code"), wrong_code)
    await refused(auth.login_with_2fa(name, PASSWORD, code), wrong_code)
    waiting = await auth.login(email, PASSWORD)
    assert isinstance(waiting, TwoFactorRequiredResponse) and waiting.preferred_method == "totp", waiting
    await refused(auth.verify_2fa(waiting.temporary_token, server.wrong_code(setup.secret)), wrong_code)
    await auth.verify_2fa(waiting.temporary_token, setup.backup_codes[0])
    await refused(auth.verify_2fa(waiting.temporary_token, setup.backup_codes[1]), wrong_code)
    status = await auth.get_2fa_status()
    assert status.is_2fa_enabled is True and status.preferred_2fa_method == "totp", status
    assert status.is_sms_enabled is False, status
    help_ = await auth.debug_2fa()
    assert server.code(setup.secret) in help_["valid_codes"].values(), help_
    assert help_["time_window"] == 30 and help_["server_time"], help_
    print(f"  - {name}: two steps, a backup code once, status, debug")

    await refused(auth.request_sms_code(), http_error, 400)
    await refused(auth.get_qr_code(), http_error, 400)
    await refused(auth.refresh("nonsense"), http_error, 401)
    server.next_step()
    await refused(auth.disable_2fa(server.code(setup.secret), "wrong password"), http_error, 401)
    await refused(auth.disable_2fa(server.wrong_code(setup.secret), PASSWORD), http_error, 400)
    disabled = await auth.disable_2fa(server.code(setup.secret), PASSWORD)
    assert disabled["enabled"] is False, disabled
    status = await auth.get_2fa_status()
    assert status.is_2fa_enabled is False and status.preferred_2fa_method is None, status
    assert isinstance(await auth.login_with_2fa(name, PASSWORD, "000000"), Token), "one step again"

    again = await auth.setup_2fa()
    assert again.secret != setup.secret
    picture = zxingcpp.read_barcodes(Image.open(io.BytesIO(await auth.get_qr_code())).convert("L"))
    assert [found.text for found in picture] == [again.qr_code_uri], picture
    await auth.confirm_2fa(server.code(again.secret))
    assert (await auth.get_2fa_status()).is_2fa_enabled is True
    server.next_step()
    await auth.disable_2fa(server.code(again.secret), PASSWORD)
    server.set_up_phone(token.access_token, number := f"+1555{abs(hash(name)) % 10**7:07}")
    server.advance(61)
    sent = await auth.request_sms_code()
    assert sent["message"] and sent["expires_in"] == 300, sent
    waiting = await auth.login(name, PASSWORD)
    assert waiting.preferred_method == "sms", waiting
    await auth.verify_2fa(waiting.temporary_token, server.sms(number))
    print(f"  - {name}: disabled with code and password, set up again, text message")


async def refreshing(server: Server, base: str, client: object, name: str) -> None:
    """The package's login model drops the refresh token, so it is read from the same call."""
    made = requests.post(f"{base}/auth/register", json={"username": name, "email": f"{name}@example.com",
                                                        "password": PASSWORD}, timeout=10)
    assert made.status_code == 201, made.text
    answer = requests.post(f"{base}/auth/login", data={"username": name, "password": PASSWORD}, timeout=10).json()
    auth = Waiting(client.auth)
    for _ in range(2):
        server.advance(3_601)
        fresh = await auth.refresh(answer["refresh_token"])
        assert fresh["expires_in"] == 3_600 and fresh["token_type"] == "bearer", fresh
    await Waiting(client).set_token(fresh["access_token"])
    assert (await auth.get_2fa_status()).is_2fa_enabled is False
    print(f"  - {name}: the first refresh token works on")


async def main() -> None:
    server, base, name = Server(sys.argv[1]), sys.argv[2], sys.argv[3]
    client = cirtusai.CirtusAIClient(base)
    await story(server, client, f"{name}_sync", sync_auth.TwoFactorAuthenticationError)
    await refreshing(server, base, cirtusai.CirtusAIClient(base), f"{name}_sync_refresh")
    async with cirtusai.AsyncCirtusAIClient(base) as client:
        await story(server, client, f"{name}_async", async_auth.TwoFactorAuthenticationError)
    async with cirtusai.AsyncCirtusAIClient(base) as client:
        await refreshing(server, base, client, f"{name}_async_refresh")


if __name__ == "__main__":
    asyncio.run(main())
