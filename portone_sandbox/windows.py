"""The payment windows as pages. A merchant's page puts one into a frame; on a phone it takes the whole screen.

The address of a window is its secret. Everything works by plain forms; scripts only tell the merchant's page.
"""

from collections.abc import Callable
from functools import wraps
from typing import Literal

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from portone_sandbox import payments, purchases, results
from portone_sandbox.card_guide import IN_WINDOW, TITLES, sample_card
from portone_sandbox.cards import Behaviour, CardRefused
from portone_sandbox.faces import asked_language, choose_language, page, say
from portone_sandbox.hub import hub
from portone_sandbox.purchases import Window, WindowRefused
from portone_sandbox.return_trip import return_address
from portone_sandbox.shown_window import BANKS_SHOWN, CARRIERS, ShownWindow, show
from portone_sandbox.window_forms import Entry

OUTCOMES = (
    Behaviour.APPROVE, Behaviour.BALANCE, Behaviour.LIMIT, Behaviour.STOPPED, Behaviour.SLOW, Behaviour.ANSWER_LOST,
)  # fmt: skip

bp = Blueprint("windows", __name__)


def with_window(view: Callable[[Window], AnyResponse]) -> Callable[[str], AnyResponse]:
    """Hand the window of the address to a route; a page of ours for an address that has none."""

    @wraps(view)
    def found(window_id: str) -> AnyResponse:
        window = purchases.find_window(hub(), window_id)
        if window is None:
            return _lost()
        choose_language(asked_language(), window.params.get("language"))
        try:
            return view(window)
        except LookupError:
            return _lost()

    return found


@bp.get("/windows/new")
def new() -> Response:
    """The page every window begins as: it asks the merchant's page for the order."""
    return page("window_opening.html")


@bp.post("/windows")
def open_one() -> Response | dict[str, object]:
    """Open a window for an order. Always 200: where to go on to, or the `result` of a refusal."""
    asked = request.get_json(force=True, silent=True)
    asked = asked if isinstance(asked, dict) else {}
    params = asked.get("params") if isinstance(asked.get("params"), dict) else {}
    device: Literal["pc", "mobile"] = "mobile" if asked.get("device") == "mobile" else "pc"
    try:
        window = purchases.open_window(
            hub(), str(asked.get("imp_code"))[:50], params or {}, device=device,
            origin=str(asked.get("origin") or "")[:300], user_agent=request.user_agent.string,
        )  # fmt: skip
    except WindowRefused as refused:
        result = results.of_refusal(refused, params or {})
        leave = return_address(params or {}, result) if device == "mobile" else None
        return {"leave": leave} if leave else {"result": result}
    url = url_for(".show_window", window_id=window.id)
    return {"leave": url} if device == "mobile" else {"url": url, "imp_uid": window.imp_uid}


@bp.get("/windows/<window_id>")
@with_window
def show_window(window: Window) -> AnyResponse:
    if window.state == "done":
        return _ended(window)
    wanted = request.args.get("fill", "")
    if window.wanted.customer_uid and wanted in set(Behaviour):
        return _form(window, Entry.filled_with(sample_card(Behaviour(wanted), _fitting_issuer(window))))
    return _form(window, Entry())


@bp.post("/windows/<window_id>/card")
@with_window
def register(window: Window) -> AnyResponse:
    """The non-certified window's act."""
    form = Entry.of_choices(request.form)
    entry = form.read_card(request.form)
    form.require_quota(purchases.quotas(window))
    if form.errors:
        return _form(window, form, status=422)
    return _act(window, form, lambda: purchases.register_card(hub(), window, entry, form.card_quota))


@bp.post("/windows/<window_id>/payment")
@with_window
def pay(window: Window) -> AnyResponse:
    """The certified window's act, by the method the merchant asked for."""
    form, parts = Entry.of_choices(request.form), hub()
    match window.wanted.pay_method:
        case "card":
            form.require("issuer", purchases.issuers(window), "카드사를 골라 주세요.")
            form.require("outcome", {one.value: "" for one in OUTCOMES}, "목록에 있는 결과를 골라 주세요.")
            form.require_quota(purchases.quotas(window))

            def act() -> Window:
                return purchases.pay_card(parts, window, form.issuer, form.card_quota, Behaviour(form.outcome))
        case "phone":
            form.require("carrier", dict(CARRIERS), "통신사를 골라 주세요.")

            def act() -> Window:
                return purchases.pay_phone(parts, window, form.carrier)
        case method:
            form.require("bank", dict.fromkeys(BANKS_SHOWN, ""), "은행을 골라 주세요.")

            def act() -> Window:
                made = purchases.issue_vbank if method == "vbank" else purchases.pay_transfer
                return made(parts, window, form.bank)

    return _form(window, form, status=422) if form.errors else _act(window, form, act)


@bp.post("/windows/<window_id>/close")
@with_window
def close(window: Window) -> AnyResponse:
    """The buyer leaves without paying."""
    return _act(window, Entry(), lambda: purchases.close_window(hub(), window))


@bp.get("/slips/<imp_uid>")
def slip(imp_uid: str) -> AnyResponse:
    """The sales slip of a payment."""
    choose_language(asked_language())
    with hub().store.read() as db:
        row = db.execute(
            "SELECT body, inner FROM payments WHERE imp_uid = ? AND status IN ('paid', 'cancelled') AND NOT is_hidden",
            (imp_uid,),
        ).fetchone()
    return page("slip.html", payment=payments.load(row)) if row else _lost()


def _act(window: Window, form: Entry, act: Callable[[], Window]) -> AnyResponse:
    """Do it, and go on to how it ended; a card that was not accepted brings the form back."""
    try:
        done = act()
    except CardRefused as refused:
        form.take_refusal(str(refused))
        return _form(window, form, status=422)
    except WindowRefused as refused:
        return _ended(window, results.of_refusal(refused, window.params), status=409)
    return redirect(url_for(".show_window", window_id=done.id, lang=asked_language()), code=303)


def _form(window: Window, form: Entry, *, status: int = 200) -> Response:
    shown = show(window, purchases.payment_of(hub(), window))
    if not window.wanted.customer_uid:
        outcomes = [(one.value, say(TITLES[one])) for one in OUTCOMES]
        return page("window_certified.html", status=status, shown=shown, form=form, outcomes=outcomes)
    issuer = _fitting_issuer(window)
    tests = [
        {
            "title": say(card.title), "about": say(card.about),
            "fill_url": url_for(".show_window", window_id=window.id, fill=card.behaviour.value, lang=asked_language()),
        }
        for card in (sample_card(behaviour, issuer) for behaviour in IN_WINDOW)
    ]  # fmt: skip
    return page("window_card.html", status=status, shown=shown, form=form, tests=tests)


def _ended(window: Window, result: dict[str, object] | None = None, *, status: int = 200) -> Response:
    """How it ended. A frame's script tells the merchant's page; a phone is sent on to it."""
    payment = purchases.payment_of(hub(), window)
    told = result or window.result or {}
    go_to = return_address(window.params, told) if window.device == "mobile" else None
    shown: ShownWindow = show(window, payment, told)
    return page("window_done.html", status=status, shown=shown, payment=payment, result=told, go_to=go_to)


def _fitting_issuer(window: Window) -> str:
    """An issuer whose cards the merchant lets in, the usual one if it may."""
    return next((code for code in ("366", *purchases.issuers(window)) if window.wanted.lets_in(code)), "366")


def _lost() -> Response:
    choose_language(asked_language())
    return page("window_lost.html", status=404)
