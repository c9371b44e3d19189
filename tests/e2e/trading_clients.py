"""Runs the trading guide's client functions over TLS, and holds every operation of the profile against the guide's classes.

usage: trading_clients.py PROFILE_URL SERVER_URL GUIDE JWT_SECRET
"""

import hashlib
import re
import sys
import time

import jwt
import pyotp

from trading_guide import Guide, Server

PASSWORD = "latchkey-dev-password"
STRONG = "Tr4ding-Desk!9"
PAGE, AGENT = "/protected", "Mozilla/5.0 (the guide)"


class Story:
    def __init__(self, url: str, whole: str, path: str, secret: str) -> None:
        self.server, self.guide, self.secret = Server(url, whole), Guide(path, url), secret
        self.admin, self.user = self.log_in("admin"), self.log_in("user")
        self.id = self.ask("GET", "/users/me", token=self.user["access_token"]).held(200)["user_id"]

    def ask(self, *given: object, **named: object):
        return self.server.ask(*given, **named)

    def log_in(self, name: str, password: str = PASSWORD) -> dict:
        return self.guide["authenticate_user"](name, password)

    def as_admin(self, method: str, path: str, body: object = None):
        return self.ask(method, path, body, token=self.admin["access_token"])

    def as_user(self, method: str, path: str, body: object = None):
        return self.ask(method, path, body, token=self.user["access_token"])

    def detail(self, text: str) -> dict:
        return {"detail": text}


def tokens(story: Story) -> None:
    """T1 to T11."""
    guide, server = story.guide, story.server
    try:
        story.log_in("user", "a wrong password")
        raise AssertionError("logged in")
    except Exception as error:
        assert str(error) == "Authentication failed: 401", error
    ask = guide["make_authenticated_request"]
    assert ask(story.user["access_token"], "/users/me").json()["username"] == "user"
    signals = ask(story.user["access_token"], "/signals")
    assert signals.json() == eval(re.search(r"return (\{\"signals\".*\})", guide.block("get_signals")).group(1))
    assert story.user["expires_in"] == 1_800

    me = story.as_user("GET", "/users/me").held(200)
    manager = guide.manager(story.secret)
    ours = manager.decode_token(story.user["access_token"]), manager.decode_token(story.user["refresh_token"])
    known = {"id": story.id, "username": "user", "email": me["email"]}
    made = manager.generate_access_token(known), manager.generate_refresh_token(known)
    for found, text in zip(ours, made):
        wanted = decoded(text)
        assert set(wanted) <= set(found), (wanted, found)
        assert found["exp"] - found["iat"] == wanted["exp"] - wanted["iat"], (wanted, found)
    assert {name: ours[0][name] for name in ("sub", "user_id", "email")} == {
        "sub": "user", "user_id": story.id, "email": me["email"]}
    # Whoever knows the secret has no session all the same.
    forged = story.ask("GET", "/signals", token=made[0])
    assert forged.status == 401 and forged.json["detail"].startswith("Invalid token: "), forged.text

    story.ask("GET", "/signals").held(401, story.detail(guide.says("Authentication required")))
    bad = story.ask("GET", "/signals", token="nonsense").held(401)
    assert bad["detail"].startswith("Invalid token"), bad
    refused = story.as_user("POST", "/sessions/cleanup").held(403)
    assert refused == story.detail("Permission 'system:admin' required"), refused
    guide.says("Permission '{permission}' required")
    wrong = story.ask("POST", "/token/refresh", {"refresh_token": story.user["access_token"]}).held(401)
    assert guide.says("Invalid refresh token") in wrong["detail"] and "Token refresh failed: " in wrong["detail"], wrong
    for _ in range(2):
        server.advance(1_801)
        stale = story.as_user("GET", "/signals").held(401)
        assert guide.says("Token has expired") in stale["detail"], stale
        told = story.ask("POST", "/token/refresh", {"refresh_token": story.user["refresh_token"]}).held(200)
        assert set(told) == {"access_token", "token_type", "expires_in"}, told
        story.user["access_token"] = told["access_token"]
    story.admin = story.log_in("admin")
    print("  - authenticate_user, make_authenticated_request, JWTManager: claims, lives and refusals")


def decoded(text: str) -> dict:
    return jwt.decode(text, options={"verify_signature": False, "verify_exp": False})


def keys(story: Story) -> None:
    """T12 to T22."""
    guide = story.guide
    first, second = (version() for version in guide.versions["APIKeyManager"])
    made = story.as_user("POST", "/api-keys", {"name": "Bot"}).held(201)
    model = first.generate_api_key(story.id)
    assert made["permissions"] == model["permissions"] and isinstance(made["created_at"], float)
    assert len(made["api_key"]) == len(model["api_key"]) and made["api_key"][:12] == model["api_key"][:12]
    assert made["key_hash"] == hashlib.sha256(made["api_key"].encode()).hexdigest()
    named = second.create_api_key(story.id, "Bot", ["read:signals"], ["127.0.0.7"])
    assert set(made) == set(named), made
    story.ask("GET", "/signals", key=made["api_key"]).held(200)
    assert "signals" in story.ask("GET", "/signals", key=made["api_key"]).json
    story.ask("POST", "/signals", {}, key=made["api_key"]).held(403)
    form = {"name": "Desk", "permissions": ["read:signals"], "ip_whitelist": ["127.0.0.7"]}
    desk = story.as_user("POST", "/api-keys", form | {"rate_limit": {"requests": 5, "window": 60}}).held(201)
    for address, status in (("127.0.0.7", 200), ("127.0.0.8", 401)):
        assert story.ask("GET", "/signals", key=desk["api_key"], address=address).status == status, address
    listed = story.as_user("GET", "/api-keys").held(200)
    assert all(set(second.get_user_api_keys(story.id)[0]) <= set(one) for one in listed), listed
    assert next(one for one in listed if one["name"] == "Bot")["last_used"], "its use shows"
    place = f"/api-keys/{made['key_hash']}"
    story.as_user("PATCH", place, {"permissions": ["read:signals", "create:signals"]}).held(200, {"success": True})
    story.ask("POST", "/signals", {}, key=made["api_key"]).held(201)
    story.as_user("DELETE", place).held(200, {"success": True})
    assert story.ask("GET", "/signals", key=made["api_key"]).status == 401
    assert [one["name"] for one in story.as_user("GET", "/api-keys").held(200)] == ["Desk"]
    print("  - APIKeyManager, both of them: format, hash, fields, whitelist, permissions, revocation")


def sessions(story: Story) -> None:
    """T23 to T39."""
    guide = story.guide
    says, security = guide.says, guide["SessionSecurity"]()

    def log_in(password: str = PASSWORD, **named: str):
        return story.ask("POST", "/login", {"username": "user", "password": password}, agent=AGENT, **named)

    failed = log_in("a wrong password")
    failed.held(401, {"success": False, "error": says("Invalid credentials")})
    story.ask("GET", PAGE).held(401, {"error": says("No session found")})
    story.ask("GET", PAGE, cookie="nonsense").held(401, {"error": says("Invalid session")})
    opened = log_in(address="127.0.1.1")
    told = opened.held(200)
    assert told["success"] is True and len(told["session_id"]) >= 32, told
    cookie = opened.headers["Set-Cookie"]
    assert cookie.startswith(f"session_id={told['session_id']};") and "HttpOnly" in cookie and "Secure" in cookie

    def page(address: str, agent: str = AGENT):
        return story.ask("GET", PAGE, cookie=told["session_id"], address=address, agent=agent)

    page("127.0.1.1").held(200, {"message": says("Access granted"), "user_id": story.id})
    for address in ("127.0.1.1", "127.0.1.200", "127.0.2.1", "127.1.1.1"):
        is_near = security._validate_ip_address("127.0.1.1", address)
        assert (page(address).status == 200) is is_near, address
    strange = {"error": says("Suspicious session activity")}
    page("127.0.2.1").held(401, strange)
    page("127.0.1.1", "another browser").held(401, strange)
    seen = story.ask("GET", "/api/v1/audit/suspicious", token=story.admin["access_token"]).held(200)["data"]["events"]
    noted = str(seen)
    assert says("IP address mismatch") in noted and says("User agent mismatch") in noted, noted

    mine = next(one for one in story.as_user("GET", "/sessions").held(200) if one["kind"] == "cookie")
    assert mine["fingerprint"] == security._generate_fingerprint(AGENT, "127.0.1.1"), mine
    here = {"cookie": told["session_id"], "address": "127.0.1.1", "agent": AGENT}
    assert story.ask("POST", "/sessions/refresh", **here).status == 403, "without its token"
    story.ask("POST", "/sessions/refresh", csrf=told["csrf_token"], **here).held(200)
    for _ in range(security.max_concurrent_sessions - 1):
        log_in().held(200)
    too_many = log_in()
    too_many.held(409, {"success": False, "error": says("Maximum concurrent sessions exceeded")})
    story.as_user("DELETE", f"/sessions/{mine['session_id']}").held(200)
    page("127.0.1.1").held(401, {"error": "Invalid session"})
    live = len(story.as_user("GET", "/sessions").held(200))
    story.as_user("DELETE", "/sessions").held(200, {"terminated": live})
    story.user = story.log_in("user")
    assert isinstance(story.as_admin("POST", "/sessions/cleanup").held(200)["removed"], int)
    print("  - Flask's routes, SessionSecurity: cookie, network, browser, fingerprint, five at most, ends")


def rights(story: Story) -> None:
    """T40 to T46."""
    guide, roles = story.guide, story.guide["UserRole"]
    table = {role.value: sorted(one.value for one in held) for role, held in guide["ROLE_PERMISSIONS"].items()}
    assert {name: len(held) for name, held in table.items()} == {"user": 3, "admin": 7, "super_admin": 12}, table
    model, permission = guide["AuthorizationManager"](), guide["Permission"]
    place = f"/users/{story.id}"

    def holds(role: str, custom: list) -> None:
        told = story.as_user("GET", "/permissions").held(200)
        assert told["role"] == role and len(told["permissions"]) == len(set(told["permissions"])), told
        assert sorted(told["permissions"]) == sorted(set(table[role]) | set(custom)), told
        for one in permission:
            path = f"/permissions/check?permission={one.value}"
            allowed = story.as_user("GET", path).held(200)["allowed"]
            assert allowed is model.has_permission(story.id, one), (role, one)

    for role in (roles.USER, roles.SUPER_ADMIN, roles.ADMIN, roles.USER):
        story.as_admin("PUT", f"{place}/role", {"role": role.value}).held(200)
        model.assign_role(story.id, role)
        holds(role.value, [])
    for _ in range(2):
        story.as_admin("POST", f"{place}/permissions", {"permission": "execute:trades"}).held(200)
    model.custom_permissions[story.id] = [permission.EXECUTE_TRADES]
    holds("user", ["execute:trades"])
    story.as_admin("DELETE", f"{place}/permissions", {"permission": "execute:trades"}).held(200)
    story.as_user("GET", place).held(200)
    other = story.as_admin("GET", "/users/me").held(200)["user_id"]
    story.as_user("GET", f"/users/{other}").held(403, story.detail("Permission 'read:users' required"))

    resources = guide["ResourceAuthorization"]()
    signal = story.as_admin("POST", "/signals", {}).held(201)["id"]
    resources.resource_owners[signal] = other
    grant = {"user_id": story.id, "permission": "update:signals"}
    where = f"/resources/{signal}/permissions"
    for act, change in ((None, None), ("POST", resources.grant_resource_permission),
                        ("DELETE", resources.revoke_resource_permission)):
        if act:
            story.as_admin(act, where, grant).held(200, {"success": True})
            change(story.id, signal, permission.UPDATE_SIGNALS)
        allowed = resources.check_resource_permission(story.id, signal, permission.UPDATE_SIGNALS)
        told = story.as_user("PUT", f"/signals/{signal}", {})
        assert told.status == (200 if allowed else 403), (act, told.text)
        path = f"/permissions/check?permission=update:signals&resource_id={signal}"
        assert story.as_user("GET", path).held(200)["allowed"] is allowed
    story.as_admin("DELETE", f"/signals/{signal}").held(200)
    print("  - AuthorizationManager, ResourceAuthorization: roles, permissions beside them, owners, grants")


def passwords(story: Story) -> None:
    """T47 to T51."""
    guide, manager = story.guide, story.guide["PasswordManager"]()
    tried = [STRONG, "short", "", "nodigits-HERE", "ALLUPPER1!", "alllower1!", "NoSpecial12", "My-Password1", "qwerty",
             "Qwerty-123", "abc123", "Letmein-77!", "é" * 8, "123456789"]
    for password in tried:
        told = story.ask("POST", "/password/validate", {"password": password}).held(200)
        assert told == manager.validate_password_strength(password), (password, told)
    form = {"username": "desk", "email": "desk@example.com", "password": STRONG, "full_name": "A Desk"}
    weak = story.ask("POST", "/register", form | {"password": "My-Password1"})
    assert weak.status == 422, weak.text
    made = story.ask("POST", "/register", form).held(201)
    assert isinstance(made["id"], int) and made["is_active"] is True and made["subscription_active"] is True, made
    desk, used = story.log_in("desk", STRONG), STRONG
    for number in range(manager.password_history_limit):
        new = f"N3w-Secret-{number}!"
        body = {"current_password": used, "new_password": new}
        story.ask("POST", "/change-password", form=body, token=desk["access_token"]).held(200)
        used = new
    body = {"current_password": used, "new_password": "N3w-Secret-0!"}
    again = story.ask("POST", "/change-password", form=body, token=desk["access_token"])
    assert again.status in (400, 422), again.text
    known, unknown = (story.ask("POST", "/forgot-password", form={"email": f"{name}@example.com"}).held(200)
                      for name in ("desk", "nobody"))
    assert known == unknown
    token = mailed(story, "desk@example.com")
    assert manager.validate_reset_token(token) and len(token) >= len(manager.generate_password_reset_token()), token
    body = {"token": token, "new_password": "R3set-Secret!"}
    story.ask("POST", "/reset-password", form=body).held(200)
    assert story.ask("POST", "/reset-password", form=body).status == 400, "once"
    desk = story.log_in("desk", "R3set-Secret!")
    story.ask("POST", "/logout", token=desk["access_token"]).held(200)
    assert story.ask("GET", "/users/me", token=desk["access_token"]).status == 401
    print(f"  - PasswordManager: {len(tried)} passwords judged alike, five remembered, a reset once")


def mailed(story: Story, to: str) -> str:
    """The token of the newest letter with a new password. Mail leaves in its own time."""
    for _ in range(50):
        for mail in story.server.mails():
            if to in str(mail["to"]) and "new password" in mail["subject"]:
                return re.search(r"token=([\w.~-]+)", mail["text"]).group(1)
        time.sleep(0.1)
    raise AssertionError(f"no mail to {to}")


def factors(story: Story) -> None:
    """T52 to T55."""
    guide, server, mfa = story.guide, story.server, story.guide["MFAManager"]()
    known = {"username": "user", "password": PASSWORD}

    def code() -> str:
        """A code of the next step: none was used yet."""
        server.advance(30)
        return pyotp.TOTP(mfa.user_secrets[story.id]).at(server.now())

    told = story.as_user("POST", "/mfa/setup").held(200)
    # The guide's own picture needs an older pyotp, so the fields are read from its code.
    shown = guide.block("def generate_mfa_setup_data").partition("def generate_mfa_setup_data")[2]
    assert set(told) == set(re.findall(r'"(\w+)":', shown)), told.keys()
    assert len(told["secret"]) == len(mfa.generate_totp_secret("somebody")), "32 characters"
    assert told["qr_code"].startswith("data:image/png;base64,")
    mfa.user_secrets[story.id] = told["secret"]
    flow = guide["MFAAuthentication"](None, mfa)
    wrong = story.as_user("POST", "/mfa/enable", {"totp_token": "000000"})
    wrong.held(400, flow.setup_mfa("nobody", "000000"))
    enabled = story.as_user("POST", "/mfa/enable", {"totp_token": code()}).held(200)
    ten = mfa.generate_backup_codes(story.id)
    assert enabled["message"] == guide.says("MFA enabled successfully") and len(enabled["backup_codes"]) == len(ten)
    assert all(re.fullmatch(r"\d{8}", one) for one in enabled["backup_codes"] + ten)

    needed = {"success": False, "requires_mfa": True, "message": guide.says("MFA verification required")}
    story.ask("POST", "/authenticate", known).held(401, needed)
    story.ask("POST", "/token", form=known).held(401, needed)
    refused = {"success": False, "error": guide.says("Invalid MFA token")}
    story.ask("POST", "/authenticate", known | {"mfa_token": "000000"}).held(401, refused)
    done = story.ask("POST", "/authenticate", known | {"mfa_token": code()}).held(200)
    assert set(done) == {"success", "access_token", "refresh_token", "mfa_enabled"} and done["mfa_enabled"] is True
    story.user = done
    spare = enabled["backup_codes"]
    story.ask("POST", "/authenticate", known | {"mfa_token": spare[0]}).held(200)
    story.ask("POST", "/authenticate", known | {"mfa_token": spare[0]}).held(401, refused)
    for credential, verified in ((spare[1], True), (spare[1], False), ("000000", False)):
        story.as_user("POST", "/mfa/verify", {"credential": credential}).held(200, {"verified": verified})
    story.as_user("GET", "/diagnostics/mfa").held(200, tester(guide, is_on=True).test_mfa_setup(story.id))
    story.as_user("POST", "/mfa/disable", {"credential": spare[2]}).held(200, {"success": True})
    story.user = story.log_in("user")
    story.as_user("GET", "/diagnostics/mfa").held(200, tester(guide, is_on=False).test_mfa_setup(story.id))
    print("  - MFAManager, MFAAuthentication: set-up, the three answers, backup codes, an end")


def tester(guide: Guide, is_on: bool = False, user: dict | None = None):
    """The guide's troubleshooter over an account of this kind."""

    class Manager:
        class mfa_manager:
            @staticmethod
            def is_mfa_enabled(_: str) -> bool:
                return is_on

        @staticmethod
        def get_user_data(_: str) -> dict | None:
            return user

        @staticmethod
        def is_rate_limited(_: str) -> bool:
            return False

    return guide["AuthenticationTroubleshooter"](Manager)


def diagnosis(story: Story) -> None:
    """T58 to T60."""
    guide, desk = story.guide, "/diagnostics/authentication"
    body = {"username": "user", "password": STRONG}
    story.as_user("POST", desk, body).held(403, story.detail("Permission 'read:admin' required"))

    def alike(name: str, password: str, user: dict | None) -> None:
        told = story.as_admin("POST", desk, {"username": name, "password": password}).held(200)
        model = tester(guide, user=user)
        tests = {
            "user_exists": model._test_user_exists(name),
            "password_format": model._test_password_format(password),
            "account_status": model._test_account_status(name),
            "rate_limiting": model._test_rate_limiting(name),
        }
        assert told["tests"] == tests, (told["tests"], tests)
        # The guide's own recommendations fail where nobody has the name: there is no list of issues then.
        tests["account_status"]["details"].setdefault("issues", [])
        assert told["recommendations"] == model._generate_recommendations(tests), told

    known = {"id": story.id, "is_active": True}
    for password in (STRONG, "short", "", "alllower", "ALLUPPER1", "Password123!"):
        alike("user", password, known)
        alike("nobody at all", password, None)
    place = f"/api/v1/users/{story.id}"
    story.as_admin("PUT", place, {"status": "suspended"}).held(200)
    alike("user", STRONG, known | {"is_active": False})
    story.as_admin("PUT", place, {"status": "active"}).held(200)
    story.user = story.log_in("user")

    test = "/diagnostics/token"
    told = story.as_admin("POST", test, {"token": story.user["access_token"]}).held(200)
    assert told["valid"] is True and told["payload"] == decoded(story.user["access_token"]), told
    told = story.as_admin("POST", test, {"token": "nonsense"}).held(200)
    assert told == {"valid": False, "issue": guide.says("Invalid token format"),
                    "recommendation": guide.says("Check token format and secret key")}
    old = story.user["access_token"]
    for _ in range(6):
        story.user = story.log_in("user")
    for number in range(4):
        story.as_user("POST", "/api-keys", {"name": f"Key {number}"}).held(201)
    for who in (story.as_user, story.as_admin):
        path = "/security-report" if who == story.as_user else f"/security-report?user_id={story.id}"
        report, model = who("GET", path).held(200), tester(guide)
        shown = model.generate_security_report(story.id)
        assert set(report) >= set(shown) and set(report["security_checks"]) == set(shown["security_checks"]), report
        for name, checks in shown["security_checks"].items():
            assert set(checks) <= set(report["security_checks"][name]), (name, report)
        assert report["risk_level"] == model._calculate_risk_level(report["security_checks"]) == "HIGH", report
        assert report["recommendations"] == model._generate_security_recommendations(report["security_checks"])
    story.server.advance(1_801)
    story.admin = story.log_in("admin")
    told = story.as_admin("POST", test, {"token": old}).held(200)
    assert told == {"valid": False, "issue": guide.says("Token has expired"),
                    "recommendation": guide.says("Refresh the token")}
    print("  - AuthenticationTroubleshooter: the same tests, recommendations and risk")


def main() -> None:
    story = Story(*sys.argv[1:])
    for part in (tokens, keys, sessions, rights, passwords, factors, diagnosis):
        part(story)
    story.ask("GET", "/health").held(200)
    assert not story.server.left(), f"operations that were not called: {story.server.left()}"
    print(f"  - every operation of the profile was called: {len(story.server.called)}")


if __name__ == "__main__":
    main()
