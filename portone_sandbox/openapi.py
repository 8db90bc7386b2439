"""The OpenAPI document of everything a sandbox answers, made from the operations' table and the wire classes."""

from dataclasses import fields
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from portone_sandbox.fields import MOST
from portone_sandbox.keys import BillingKey
from portone_sandbox.operations import OPERATIONS, Operation
from portone_sandbox.payments import STATUSES, Payment
from portone_sandbox.receipts import Receipt
from portone_sandbox.schedules import Schedule

_JSON = {str: "string", int: "integer", float: "number", bool: "boolean"}
_INNER = {"inner", "card", "channel_key", "tries", "uses"}
_ID = {"type": "string"}
_COUNT = {"type": "integer", "minimum": 0}


def document(prefix: str = "") -> dict[str, Any]:
    """The whole document; `prefix` is the path under which the sandbox is mounted."""
    return {**_document(), "servers": [{"url": prefix or "/"}]}


@cache
def _document() -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "PortOne V1 sandbox", "version": "1",
            "description": "PortOne V1 as the sandbox serves it, and the sandbox's own API under /_sandbox.",
        },
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }  # fmt: skip


def _operation(one: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": one.summary,
        "operationId": one.name,
        "parameters": [
            *(_parameter(name, "path") for name in one.path_names),
            *(_parameter(word, "query") for word in one.query.split()),
        ],
        "responses": {str(status): _response(one, status) for status in one.statuses},
    }
    if one.body is not None:
        words = one.body.split()
        schema = {
            "type": "object",
            "properties": dict(_field(word) for word in words),
            "required": [_field(word)[0] for word in words if "!" in word],
        }
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if one.needs_token:
        described["security"] = [{"token": []}]
    return described


def _parameter(word: str, place: str) -> dict[str, Any]:
    name, schema = _field(word)
    return {"name": name, "in": place, "required": place == "path" or "!" in word, "schema": schema}


def _field(word: str) -> tuple[str, dict[str, Any]]:
    """A field's name and schema from the notation of `operations`; a word without a kind is text."""
    name, _, kind = word.partition(":")
    return name.rstrip("!"), _kind(kind or "s")


def _kind(kind: str) -> dict[str, Any]:
    if kind.startswith("["):
        return {"type": "array", "items": _kind(kind[1:-1])}
    if "|" in kind:
        return {"type": "string", "enum": kind.split("|")}
    if kind[0].isupper():
        return {"$ref": f"#/components/schemas/{kind}"}
    number = int(kind[1:] or 0)
    plain: dict[str, dict[str, Any]] = {
        "s": {"type": "string", **({"maxLength": number} if number else {})},
        "i": {"type": "integer", "minimum": number, "maximum": MOST},
        "b": {"type": "boolean"},
        "f": {"type": "number", "minimum": 0, "maximum": 600},
    }
    return plain[kind[0]]


def _response(one: Operation, status: int) -> dict[str, Any]:
    if one.raw and status < 300:
        return {"description": "as asked for", "content": {one.raw: {}}}
    success = {
        "type": "object", "required": ["code", "message", "response"],
        "properties": {"code": {"const": 0}, "message": {"type": "null"}, "response": _kind_of_answer(one.answer)},
    }  # fmt: skip
    refusal = {"$ref": "#/components/schemas/Refusal"}
    schema = refusal if status >= 400 else {"anyOf": [success, refusal]} if one.refuses_with_200 else success
    return {
        "description": "refused" if status >= 400 else "answered",
        "content": {"application/json": {"schema": schema}},
    }


def _kind_of_answer(word: str) -> dict[str, Any]:
    if word.startswith("page:"):
        counted = {"total": _COUNT, "previous": _COUNT, "next": _COUNT, "list": _kind(f"[{word[5:]}]")}
        return {"type": "object", "required": list(counted), "properties": counted}
    return {} if word == "any" else _kind(word)


def _schemas() -> dict[str, Any]:
    receipt = schema_of(Receipt)
    uid = receipt["properties"].pop("uid")
    receipt["required"].remove("uid")
    return {
        "Payment": schema_of(Payment),
        "BillingKey": schema_of(BillingKey),
        "Schedule": schema_of(Schedule),
        "Receipt": {**receipt, "properties": {**receipt["properties"], "imp_uid": uid, "merchant_uid": uid}},
        "Token": _object({"access_token": _ID, "now": _COUNT, "expired_at": _COUNT}),
        "Prepared": _object({"merchant_uid": _ID, "amount": _COUNT, "currency": {"type": ["string", "null"]}}),
        "Code": _object({"code": _ID, "name": _ID}),
        "Channel": _object(
            {
                "pg_provider": _ID,
                "pg_id": _ID,
                "sandbox": {"type": "boolean"},
                "type": _ID,
                "channel_name": _ID,
                "channel_key": _ID,
            }
        ),
        "Wanted": _object(
            {
                "merchant_uid": {"type": "string", "maxLength": 40},
                "schedule_at": _COUNT,
                "amount": _kind("i1"),
                "name": _kind("s40"),
            }
        ),
        "Refusal": _object(
            {"code": {"type": "integer", "not": {"const": 0}}, "message": _ID, "response": {"type": "null"}}
        ),
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def schema_of(cls: Any) -> dict[str, Any]:
    """The schema of a wire class: every field is always there."""
    hints = get_type_hints(cls)
    named = {one.name: _hinted(hints[one.name]) for one in fields(cls) if one.name not in _INNER}
    if cls is Payment:
        named["status"] = {"type": "string", "enum": list(STATUSES)}
    return {"type": "object", "required": sorted(named), "properties": named, "additionalProperties": False}


def _hinted(hint: Any) -> dict[str, Any]:
    kind, parts = get_origin(hint), get_args(hint)
    if kind in {Union, UnionType}:
        inner = next(_hinted(part) for part in parts if part is not type(None))
        return {**inner, "type": [inner["type"], "null"]}
    if kind is Literal:
        return {"type": "string", "enum": list(parts)}
    if kind is list:
        return {"type": "array", "items": _hinted(parts[0])}
    if kind is dict:
        return {"type": "object"}
    return {"type": _JSON[hint]}
