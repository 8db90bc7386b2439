"""The sandbox's own API under /_sandbox: faults, clock, webhooks, merchants, what buyers and consoles do, the truth.

It needs no token. A body must be JSON, which no foreign page in a browser can send here unasked.
"""

import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, request

from portone_sandbox import timetable, vbanks
from portone_sandbox.cards import Behaviour, CardRefused
from portone_sandbox.codes import CARDS
from portone_sandbox.envelope import NOT_OURS, Refusal, answer
from portone_sandbox.fields import Fields
from portone_sandbox.handle import Sandbox
from portone_sandbox.hub import hub
from portone_sandbox.merchants import Merchant
from portone_sandbox.openapi import document
from portone_sandbox.reads import LATEST
from portone_sandbox.wanted import WindowRefused
from portone_sandbox.webhooks import MODES

SQLITE = "application/vnd.sqlite3"
MOST_LISTED = 1000

bp = Blueprint("admin", __name__, url_prefix="/_sandbox")


def sandbox() -> Sandbox:
    found: Sandbox = current_app.extensions["portone_sandbox"]
    return found


@bp.get("/openapi.json")
def openapi() -> dict[str, Any]:
    return document(request.script_root)


@bp.get("/faults")
def faults() -> Response:
    return answer(
        [{"id": one.id, **asdict(one.fault), "seen": one.seen, "fired": one.fired} for one in hub().faults.planned()]
    )


@bp.post("/faults")
def plan_fault() -> Response:
    given = _body()
    details: dict[str, Any] = {
        "path": given.text("path", 200), "method": given.text("method", 10),
        "nth": given.whole("nth", least=1, most=10**6), "times": given.whole("times", least=1, most=10**6),
        "seconds": _seconds(given.raw("seconds")), "status": given.whole("status", least=400, most=599),
        "chance": _seconds(given.raw("chance")), "seed": given.whole("seed"),
    }  # fmt: skip
    try:
        made = hub().faults.plan(
            given.need("kind", 40), **{name: value for name, value in details.items() if value is not None}
        )
    except ValueError as problem:
        raise Refusal(str(problem), status=400) from None
    return answer({"id": made})


@bp.delete("/faults")
def clear_faults() -> Response:
    hub().faults.clear()
    return answer("ok")


@bp.delete("/faults/<int:fault_id>")
def clear_fault(fault_id: int) -> Response:
    hub().faults.clear(fault_id)
    return answer("ok")


@bp.get("/clock")
def clock() -> Response:
    hub().clock.refresh()
    return answer(_clock())


@bp.put("/clock")
def move_clock() -> Response:
    given, time = _body(), hub().clock
    time.refresh()
    moves: dict[str, Callable[[], None]] = {
        "freeze": lambda: time.freeze(given.whole("at", most=LATEST)),
        "set": lambda: time.set(given.need_whole("at", most=LATEST)),
        "advance": lambda: time.set(min(time.now() + given.need_whole("seconds", most=LATEST), LATEST)),
        "run": time.run,
        "real": time.to_real_time,
    }
    move = moves.get(given.need("move", 20))
    if move is None:
        raise Refusal(f"move must be one of {', '.join(moves)}", status=400)
    move()
    return answer(_clock())


@bp.put("/nightly-reversal")
def nightly_reversal() -> Response:
    is_on = _body().flag("on")
    timetable.reverse_nightly(hub(), is_on=is_on)
    return answer({"on": is_on})


@bp.get("/webhooks")
def webhooks() -> Response:
    return answer(hub().webhooks.log(MOST_LISTED))


@bp.get("/webhooks/mode")
def webhook_mode() -> Response:
    mode, seconds = hub().webhooks.mode()
    return answer({"mode": mode, "seconds": seconds})


@bp.put("/webhooks/mode")
def set_webhook_mode() -> Response:
    given = _body()
    mode = next((one for one in MODES if one == given.text("mode", 20)), None)
    if mode is None:
        raise Refusal(f"mode must be one of {', '.join(MODES)}", status=400)
    seconds = _seconds(given.raw("seconds"))
    hub().webhooks.set_mode(mode, 2.0 if seconds is None else seconds)
    return webhook_mode()


@bp.post("/webhooks/<int:webhook_id>/resend")
def resend_webhook(webhook_id: int) -> Response:
    if not hub().webhooks.send_again(webhook_id):
        raise _unknown()
    return answer("ok")


@bp.post("/webhooks/resend")
def resend_webhooks() -> Response:
    return answer({"count": hub().webhooks.send_all_again(_body().need("state", 20))})


@bp.post("/webhooks/test")
def test_webhook() -> Response:
    given = _body()
    merchant = _merchant(given)
    if not hub().webhooks.send_test(merchant, given.text("url", 500)):
        raise Refusal("this merchant has no webhook_url", status=400)
    return answer("ok")


@bp.get("/merchants")
def merchants() -> Response:
    return answer([_shown(one) for one in hub().merchants.all()])


@bp.put("/merchants/<imp_code>")
def put_merchant(imp_code: str) -> Response:
    """A new merchant, or new settings of one."""
    given = _body()
    known = hub().merchants.by_code(imp_code)
    imp_key, imp_secret = given.text("imp_key", 200), given.text("imp_secret", 300)
    if known is None and not (imp_key and imp_secret):
        raise Refusal("a new merchant needs imp_key and imp_secret", status=400)
    merchant = Merchant(
        imp_code[:50], imp_key or (known.imp_key if known else ""), imp_secret or (known.imp_secret if known else ""),
        given.text("webhook_url", 500) or (known.webhook_url if known else None),
        "form" if given.text("webhook_format", 10) == "form" else "json", given.flag("webhook_retries"),
        not given.flag("is_live"),
    )  # fmt: skip
    if not hub().merchants.put(merchant):
        raise Refusal("another merchant has this imp_key", status=400)
    return answer(_shown(merchant))


@bp.get("/payments")
def payments() -> Response:
    return answer(sandbox().payments(request.args.get("merchant_uid"))[-MOST_LISTED:])


@bp.get("/billing-keys")
def billing_keys() -> Response:
    return answer(sandbox().billing_keys()[-MOST_LISTED:])


@bp.get("/schedules")
def schedules() -> Response:
    return answer(sandbox().schedules()[-MOST_LISTED:])


@bp.get("/requests")
def requests() -> Response:
    return answer(sandbox().requests_log()[-MOST_LISTED:])


@bp.get("/test-cards")
def test_cards() -> Response:
    return answer([{"behaviour": one, "card_number": sandbox().card_number(one)} for one in Behaviour])


@bp.post("/window-keys")
def window_key() -> Response:
    """A buyer registers a test card in the non-certified window."""
    given = _body()
    behaviour, issuer = given.text("card", 40) or "approve", given.text("issuer", 3) or "366"
    if behaviour not in set(Behaviour) or issuer not in CARDS:
        raise Refusal("no such test card", status=400)
    try:
        imp_uid = sandbox().window_key(
            customer_uid=given.need("customer_uid", 80), merchant_uid=given.need("merchant_uid", 40), card=behaviour,
            amount=given.whole("amount") or 0, name=given.text("name", 40) or "카드 등록", issuer=issuer,
            serial=given.whole("serial", most=99_999) or 1, imp_code=_merchant(given).imp_code,
        )  # fmt: skip
    except (WindowRefused, CardRefused) as refused:
        raise Refusal(str(refused), status=400) from None
    return answer({"imp_uid": imp_uid})


@bp.post("/payments/<imp_uid>/cancel")
def console_cancel(imp_uid: str) -> Response:
    """A person cancels in PortOne's console; the webhook goes out."""
    given = _body()
    try:
        return answer(
            sandbox().console_cancel(imp_uid, given.whole("amount"), given.text("reason", 256) or "관리자 취소")
        )
    except LookupError:
        raise _unknown() from None
    except Refusal as refusal:
        raise Refusal(refusal.message, code=refusal.code, status=400) from None


@bp.post("/payments/<imp_uid>/deposit")
def deposit(imp_uid: str) -> Response:
    """A buyer pays into a virtual account: the whole sum in time, or as the fields say (vbanks.Deposit)."""
    given = _body()
    how = {
        "amount": given.whole("amount", least=1), "even_late": given.flag("even_late"),
        "keeps_amount": given.flag("keeps_amount"),
    }  # fmt: skip
    try:
        return answer(sandbox().deposit(imp_uid, **how))
    except LookupError:
        raise _unknown() from None
    except vbanks.NotPayable:
        raise Refusal("no money is awaited there", status=400) from None


@bp.post("/reset")
def reset() -> Response:
    _body()
    sandbox().reset()
    return answer("ok")


@bp.get("/snapshot")
def snapshot() -> Response:
    """The whole state as one file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "snapshot.db"
        sandbox().snapshot(str(path))
        return Response(path.read_bytes(), content_type=SQLITE)


@bp.put("/snapshot")
def restore() -> Response:
    """Take over the state of a snapshot."""
    request.max_content_length = None
    if request.mimetype != SQLITE:
        raise Refusal(f"send a snapshot as {SQLITE}", status=415)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "snapshot.db"
        path.write_bytes(request.get_data(cache=False))
        try:
            sandbox().restore(str(path))
        except ValueError:
            raise Refusal("this is no snapshot of a sandbox", status=400) from None
    return answer("ok")


def _body() -> Fields:
    if request.mimetype != "application/json":
        raise Refusal("send application/json", status=415)
    return Fields.of_body(request, bad_status=400)


def _clock() -> dict[str, Any]:
    return {"now": hub().clock.now(), "is_frozen": hub().clock.is_frozen}


def _seconds(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 600:
        raise Refusal("seconds lie in 0..600", status=400)
    return float(value)


def _merchant(given: Fields) -> Merchant:
    merchant = hub().merchants.by_code(given.text("imp_code", 50) or hub().config.imp_code)
    if merchant is None:
        raise _unknown()
    return merchant


def _shown(merchant: Merchant) -> dict[str, Any]:
    """A merchant without its secret."""
    return {name: value for name, value in asdict(merchant).items() if name != "imp_secret"}


def _unknown() -> Refusal:
    return Refusal("not found", code=NOT_OURS, status=404)
