"""Who asks: for each operation a token of somebody who may, so that more than refusals are seen.

Schemathesis loads this as its hooks. HOUSE_READY names the ready file of `furlong dev`, which
tells where the node is and who may sign in. Tokens end after ten minutes, and some operations
end the session or the customer's betting: those are asked by people of their own.
"""

import json
import os
import threading
import time
import urllib.error
import urllib.request

import schemathesis

READY = json.load(open(os.environ["HOUSE_READY"], encoding="utf-8"))
URL = READY["url"]
# Well within the ten minutes of an access token and of a proof of who one is.
FRESH_S = 240
STAFF = ["trader", "operator", "auditor"]
# What ends the asker's session, or changes for ever what he may do: by whom it is asked.
ALONE = {
    ("post", "/v1/auth/logout"): "leaver",
    ("post", "/v1/account/exclusion"): "excluded",
    ("post", "/v1/account/sessions/{id}/end"): "ender",
    ("post", "/v1/account/sessions/end-others"): "ender",
}


def post(path, body):
    request = urllib.request.Request(
        URL + path,
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


class Tokens:
    """One of each person, made anew before it ends."""

    def __init__(self):
        self.lock = threading.Lock()
        self.held = {}
        self.passwords = {name: user["password"] for name, user in READY["users"].items()}

    def of(self, name, fresh_s=FRESH_S):
        with self.lock:
            token, until = self.held.get(name, (None, 0.0))
            if time.monotonic() < until:
                return token
            for _ in range(30):
                try:
                    token = self.sign_in(name)
                except urllib.error.HTTPError as refused:
                    # Questions that tried this login with wrong passwords have blocked it for a
                    # while, or others wait to sign in. An older token is good for minutes more.
                    if refused.code not in (429, 503):
                        raise
                    if token is None:
                        time.sleep(float(refused.headers.get("retry-after", "1")))
                        continue
                self.held[name] = (token, time.monotonic() + fresh_s)
                return token
            raise RuntimeError(f"{name} cannot sign in")

    def sign_in(self, name):
        if name not in self.passwords:
            self.passwords[name] = "stands apart from the others 7"
            born = {"name": name, "born": "1990-05-17", "country": "AT"}
            post("/v1/auth/register", {"login": name, "password": self.passwords[name], **born})
        body = {"login": name, "password": self.passwords[name]}
        return post("/v1/auth/login", body)["access_token"]


TOKENS = Tokens()


@schemathesis.auth(refresh_interval=None)
class House:
    """Customers for what is theirs, staff for what needs a role."""

    def get(self, case, context):
        operation = context.operation
        method, path = operation.method.lower(), operation.path
        alone = ALONE.get((method, path))
        if alone:
            # After a log-out the next one needs another session.
            return TOKENS.of(alone, 0.0 if alone == "leaver" else FRESH_S)
        roles = operation.definition.raw.get("x-roles", [])
        # Nobody in `dev` has the role compliance: what needs it sees a refusal.
        staff = [name for name in STAFF if name in roles]
        return TOKENS.of(staff[0] if staff else "demo")

    def set(self, case, token, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    return {"data": value if isinstance(value, bytes) else str(value).encode()}


@schemathesis.deserializer("text/html")
def page(context, response):
    return response.content.decode()


CODES = {}


def listed():
    if not CODES:
        with urllib.request.urlopen(URL + "/v1/errors", timeout=30) as answer:
            CODES.update({row["code"]: row["status"] for row in json.load(answer)["items"]})
    return CODES


@schemathesis.check
def problems_are_listed(context, response, case):
    """Every refusal is problem+json with a code that GET /v1/errors lists under that status."""
    if response.status_code < 400 or case.method.upper() == "HEAD":
        return
    kind = response.headers.get("content-type", [""])[0]
    assert kind == "application/problem+json", f"a refusal of type {kind!r}"
    code = response.json()["code"]
    assert listed().get(code) == response.status_code, f"{code} with {response.status_code}"
