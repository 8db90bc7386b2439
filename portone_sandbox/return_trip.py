"""Where a phone goes when its window ends: the merchant's address, with what happened in the query."""

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit


def return_address(params: dict[str, Any], result: dict[str, Any]) -> str | None:
    """`m_redirect_url` with the result appended; None if the page gave none that a browser may be sent to."""
    given = params.get("m_redirect_url")
    try:
        parts = urlsplit(given) if isinstance(given, str) else None
    except ValueError:
        return None
    if parts is None or parts.scheme not in {"http", "https"} or not parts.netloc:
        return None
    told = {"imp_uid": result.get("imp_uid") or "", "merchant_uid": result.get("merchant_uid") or ""}
    if "success" in result:  # old modules; new ones leave it out
        told["imp_success"] = "true" if result["success"] else "false"
    if result.get("error_code"):
        told |= {"error_code": str(result["error_code"]), "error_msg": str(result.get("error_msg") or "")}
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *told.items()])
    return urlunsplit(parts._replace(query=query))
