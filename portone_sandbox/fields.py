"""Reads one call's fields, whether they came as JSON, as a form or in the query, and refuses what can't be meant."""

import json
import re
from collections.abc import Mapping
from typing import Any, Self

from flask import Request

from portone_sandbox.envelope import Refusal

MOST = 10**15 - 1  # above this a number is a mistake, and a JSON reader with doubles would lose won
_ELEMENT = re.compile(r"(\w{1,40})\[(\d{1,4})\]\[(\w{1,40})\]", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,20}(\.0+)?", re.ASCII)


def _refuse_constant(text: str) -> Any:
    raise ValueError(text)


def _no_bom(data: bytes) -> str:
    return data.decode("utf-8-sig")


class Fields:
    """Named values of one call. Card fields pass through and are kept nowhere."""

    def __init__(self, values: Mapping[str, Any], bad_status: int = 200) -> None:
        self._values = values
        self._bad_status = bad_status  # a POST refuses bad values with 200, a read with 400

    def __repr__(self) -> str:
        return "<Fields>"  # values may hold a card number

    @classmethod
    def of_body(cls, request: Request, bad_status: int = 200) -> Self:
        """JSON object or form; raises Refusal (400) for anything else. `bad_status` answers bad values later on."""
        if request.mimetype in {"application/x-www-form-urlencoded", "multipart/form-data"}:
            return cls(_nested(request.form.lists()), bad_status)
        data = request.get_data(cache=False)
        if not data.strip():
            return cls({}, bad_status)
        try:
            values = json.loads(_no_bom(data), parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise Refusal("요청 본문을 JSON으로 읽을 수 없습니다.", status=400) from None
        if not isinstance(values, dict):
            raise Refusal("요청 본문은 JSON 객체여야 합니다.", status=400)
        return cls(values, bad_status)

    @classmethod
    def of_query(cls, request: Request) -> Self:
        return cls(_plain(request.args.lists()), bad_status=400)

    def raw(self, name: str) -> Any:
        return self._values.get(name)

    def inside(self, name: str) -> "Fields":
        """The fields of a nested object; none at all if there is no such object."""
        value = self._values.get(name)
        return Fields(value if isinstance(value, dict) else {})

    def text(self, name: str, longest: int = 200) -> str | None:
        """Text, or None for missing and empty. Raises Refusal when it is no text or too long."""
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | float | None):
            raise self._bad(name)
        if value is None or value == "":
            return None
        return self._sound(name, str(value), longest)

    def need(self, name: str, longest: int = 200) -> str:
        value = self.text(name, longest)
        if value is None:
            raise Refusal(f"{name} 파라미터가 누락되었습니다.", status=self._bad_status)
        return value

    def whole(self, name: str, *, least: int = 0, most: int = MOST) -> int | None:
        """A whole number, also when it came as text. Raises Refusal for fractions, words and out of range."""
        value = self._values.get(name)
        if value is None or value == "":
            return None
        number = _whole(value)
        if number is None or not least <= number <= most:
            raise self._bad(name)
        return number

    def need_whole(self, name: str, *, least: int = 0, most: int = MOST) -> int:
        value = self.whole(name, least=least, most=most)
        if value is None:
            raise Refusal(f"{name} 파라미터가 누락되었습니다.", status=self._bad_status)
        return value

    def flag(self, name: str) -> bool:
        value = self._values.get(name)
        return value is True or (isinstance(value, str) and value.lower() in {"true", "1"}) or value == 1

    def texts(self, name: str, longest: int = 200) -> list[str]:
        """An array that may be written `name`, `name[]` or as one bare value."""
        value = self._values.get(f"{name}[]", self._values.get(name))
        many = value if isinstance(value, list) else [value]
        found = [str(one) for one in many if isinstance(one, str | int) and not isinstance(one, bool) and one != ""]
        return [self._sound(name, one, longest) for one in found]

    def objects(self, name: str, most: int = 1000) -> list["Fields"]:
        """An array of objects: in JSON, as `name[0][field]` in a form, or as JSON text in one form field."""
        value = self._values.get(name)
        if isinstance(value, str):
            try:
                value = json.loads(value, parse_constant=_refuse_constant)
            except (ValueError, RecursionError):
                raise self._bad(name) from None
        if not isinstance(value, list) or len(value) > most or not all(isinstance(one, dict) for one in value):
            raise self._bad(name)
        return [Fields(one) for one in value]

    def _bad(self, name: str) -> Refusal:
        return Refusal(f"{name} 값이 올바르지 않습니다.", status=self._bad_status)

    def _sound(self, name: str, text: str, longest: int) -> str:
        if "\0" in text:
            raise self._bad(name)
        try:
            text.encode()  # half of a surrogate pair can't be stored or sent
        except UnicodeEncodeError:
            raise self._bad(name) from None
        if len(text) > longest:
            raise Refusal(f"{name} 값은 {longest}자를 넘을 수 없습니다.", status=self._bad_status)
        return text


def _plain(lists: Any) -> dict[str, Any]:
    return {name: values if name.endswith("[]") else values[-1] for name, values in lists}


def _nested(lists: Any) -> dict[str, Any]:
    """As _plain, with `name[0][field]` gathered into a list of objects under `name`, in the order of their numbers."""
    flat: list[tuple[str, list[str]]] = []
    grouped: dict[str, dict[int, dict[str, Any]]] = {}
    for name, values in lists:
        found = _ELEMENT.fullmatch(name)
        if found:
            grouped.setdefault(found[1], {}).setdefault(int(found[2]), {})[found[3]] = values[-1]
        else:
            flat.append((name, values))
    return _plain(flat) | {name: [rows[number] for number in sorted(rows)] for name, rows in grouped.items()}


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 1e18 else None
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value.strip().split(".")[0])
    return None
