"""A merchant's program: asks a sandbox over HTTP with a token, and reads the envelope."""

from dataclasses import dataclass

NEW_MODULE = "channel-key-00000000-0000-4000-8000-000000000009"
CARD = {"expiry": "2030-12", "birth": "900101", "pwd_2digit": "12"}


@dataclass(frozen=True)
class Answer:
    status: int
    code: int
    message: str | None
    response: object

    @property
    def kind(self):
        """Status and code, which together say what an answer means."""
        return self.status, self.code

    def __getitem__(self, name):
        return self.response[name]


class Api:
    def __init__(self, url, http, imp_key="sandbox_key", imp_secret="sandbox_secret"):
        self.url, self.http = url, http
        grant = self.raw("POST", "/users/getToken", json={"imp_key": imp_key, "imp_secret": imp_secret}, headers={})
        self.token = grant.json()["response"]["access_token"]

    def raw(self, method, path, **parts):
        parts.setdefault("headers", {"Authorization": f"Bearer {getattr(self, 'token', '')}"})
        parts.setdefault("timeout", 10)
        return self.http.request(method, self.url + path, **parts)

    def ask(self, method, path, **parts):
        answer = self.raw(method, path, **parts)
        body = answer.json()
        assert set(body) == {"code", "message", "response"}, answer.text
        assert (body["code"] == 0) == (body["message"] is None), answer.text
        return Answer(answer.status_code, body["code"], body["message"], body["response"])

    def get(self, path, **params):
        return self.ask("GET", path, params=params)

    def post(self, path, **body):
        return self.ask("POST", path, json=body)

    def put(self, path, **body):
        return self.ask("PUT", path, json=body)

    def delete(self, path, **params):
        return self.ask("DELETE", path, params=params)

    def again(self, merchant_uid="ord-1", customer_uid="card-1", amount=1000, **more):
        body = {"customer_uid": customer_uid, "merchant_uid": merchant_uid, "amount": amount, "name": "이용료", **more}
        return self.post("/subscribe/payments/again", **body)

    def payment(self, imp_uid):
        return self.get(f"/payments/{imp_uid}", include_sandbox="true").response

    def schedule(self, *entries, customer_uid="card-1", **more):
        named = [{"name": "예약", "currency": "KRW", "amount": 1000, **entry} for entry in entries]
        return self.post("/subscribe/payments/schedule", customer_uid=customer_uid, schedules=named, **more)
