"""A webhook's body made into four words. Everything else in it is ignored, and nothing in it is believed."""

import json
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from merchant_admin.portone.wire import clean_text

MOST_BYTES = 16 * 1024
KEPT_SIGNS = 2000
_IMP_UID = re.compile(r"imps?_[0-9A-Za-z_-]{1,27}")


@dataclass(frozen=True)
class Notice:
    """The four known fields (reference section 14), cleaned; empty where the sender left one out."""

    imp_uid: str
    merchant_uid: str
    status: str
    cancellation_id: str


def read_notice(raw: bytes, content_type: str) -> Notice | None:
    """The notice in a JSON or form body; None for anything that names no payment."""
    if len(raw) > MOST_BYTES:
        return None
    words = _form(raw) if "form-urlencoded" in content_type else _json(raw)
    imp_uid = _word(words.get("imp_uid"), 32)
    if not _IMP_UID.fullmatch(imp_uid):
        return None
    return Notice(
        imp_uid,
        _word(words.get("merchant_uid"), 80),
        _word(words.get("status"), 20),
        _word(words.get("cancellation_id"), 60),
    )


def kept_body(raw: bytes) -> str:
    """What of a body may be stored: text, capped, without control signs or anything like a card number."""
    return clean_text(raw[: 2 * KEPT_SIGNS].decode("utf-8", "replace"), KEPT_SIGNS) or ""


def _json(raw: bytes) -> dict[str, object]:
    try:
        read = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def _form(raw: bytes) -> dict[str, object]:
    try:
        return dict(parse_qsl(raw.decode("utf-8"), max_num_fields=50))
    except ValueError:
        return {}


def _word(value: object, cap: int) -> str:
    return (clean_text(value, cap) or "") if isinstance(value, str) else ""
