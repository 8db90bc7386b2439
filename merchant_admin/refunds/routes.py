"""The refund sheet: filled, restated, sent once; and the page that shows what came of it."""

from collections.abc import Callable

from flask import Blueprint, Response, flash, request, url_for
from flask_babel import gettext as _

from merchant_admin.core.db import db
from merchant_admin.core.errors import Conflict, ConsoleError, GatewayError, InvalidInput, RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.core.permissions import Permission
from merchant_admin.doubts.queries import closings_of, looks_at
from merchant_admin.payments.states import PayMethod
from merchant_admin.refunds import closing, queries, service
from merchant_admin.refunds.evidence import explain
from merchant_admin.refunds.forms import RefundForm, read_closing
from merchant_admin.refunds.methods import BANKS, is_out_of_month, refuse_by_method
from merchant_admin.refunds.queries import RefundablePayment
from merchant_admin.refunds.service import BalanceMoved
from merchant_admin.refunds.states import RefundReason
from merchant_admin.web.access import gateway, requires, work_context
from merchant_admin.web.forms import FormReader
from merchant_admin.web.looks import word
from merchant_admin.web.pages import after_post, page

bp = Blueprint("refunds", __name__)
REDRAW = 422  # the one refusal that htmx draws


@bp.get("/payments/<string:payment_id>/refunds/new")
@requires(Permission.REFUND)
def new_refund(payment_id: str) -> Response:
    """The sheet, filled with all that is left at this moment. Reading PortOne here writes nothing."""
    payment = queries.refundable_payment(db.session(), payment_id)
    if payment.may_refund and queries.open_refund(db.session(), payment_id) is None:
        left = _left_at_portone(payment)
        return _form_page(payment, _fresh_form(payment, left), left)
    return _form_page(payment, _fresh_form(payment, None), None)


def _left_at_portone(payment: RefundablePayment) -> int | None:
    """The live balance; None while PortOne can't be read or doesn't know the payment."""
    work_context().end_reading()
    try:
        transaction = gateway().payment(payment.imp_uid)
    except GatewayError:
        return None
    return None if transaction is None else max(0, transaction.amount_krw - transaction.cancelled_krw)


def _fresh_form(payment: RefundablePayment, left: int | None) -> FormReader:
    """A new sheet with a new key: nothing sent with an older one counts for it."""
    remaining = payment.remaining_krw if left is None else left
    return FormReader.showing(
        sheet_key=new_id("sht"), remaining_krw=remaining, amount_krw=f"{remaining:,}",
        tax_free_krw=f"{payment.tax_free_left_krw:,}" if payment.tax_free_left_krw else "",
        reason_code=RefundReason.CUSTOMER_REQUEST.value, reason_text="", refund_bank="", refund_account="",
        refund_holder="",
    )  # fmt: skip


def _form_page(
    payment: RefundablePayment,
    form: FormReader,
    left: int | None,
    status: int = 200,
    refusal: ConsoleError | None = None,
) -> Response:
    return page(
        "refunds/new.html",
        payment=payment,
        form=form,
        left=left,
        refusal=refusal,
        moved=refusal if isinstance(refusal, BalanceMoved) else None,
        open_refund=queries.open_refund(db.session(), payment.id),
        reasons=[(reason.value, word(reason)) for reason in RefundReason],
        banks=list(BANKS.items()),
        asks_account=_asks_account(payment),
        is_too_late=is_out_of_month(payment, work_context().now()),
        status=status,
    )


@bp.post("/payments/<string:payment_id>/refunds/confirm")
@requires(Permission.REFUND)
def confirm_refund(payment_id: str) -> Response:
    """Restate the refund. PortOne is read once more; a balance that moved brings a fresh sheet."""
    payment = queries.refundable_payment(db.session(), payment_id)
    posted = RefundForm.read(request.form, payment_id, asks_account=_asks_account(payment))
    if posted.sheet is None or "edit" in request.form:
        return _form_page(payment, posted.form, None, status=200 if posted.sheet else REDRAW)
    is_read = True
    try:
        refuse_by_method(payment, posted.sheet.amount_krw, posted.sheet.pay_back_to, work_context().now())
    except InvalidInput as wrong:
        for name, message in wrong.fields.items():
            posted.form.refuse(name, str(message))
        return _form_page(payment, posted.form, None, REDRAW)
    except RuleBroken as refusal:
        return _form_page(payment, posted.form, None, REDRAW, refusal)
    try:
        left = service.read_balance(work_context(), gateway(), payment_id)
    except GatewayError:
        left, is_read = payment.remaining_krw, False
    except RuleBroken as refusal:
        return _form_page(payment, posted.form, None, REDRAW, refusal)
    if left != posted.sheet.remaining_krw:
        return _moved_page(payment_id, BalanceMoved(posted.sheet.remaining_krw, left))
    return page(
        "refunds/confirm.html", payment=payment, form=posted.form, sheet=posted.sheet, is_read=is_read, banks=BANKS
    )


def _asks_account(payment: RefundablePayment) -> bool:
    return payment.method == PayMethod.VBANK


def _moved_page(payment_id: str, moved: BalanceMoved) -> Response:
    payment = queries.refundable_payment(db.session(), payment_id)
    return _form_page(payment, _fresh_form(payment, None), moved.remaining_krw, REDRAW, moved)


@bp.post("/payments/<string:payment_id>/refunds")
@requires(Permission.REFUND)
def create_refund(payment_id: str) -> Response:
    payment = queries.refundable_payment(db.session(), payment_id)
    posted = RefundForm.read(request.form, payment_id, asks_account=_asks_account(payment))
    if posted.sheet is None:
        return _form_page(payment, posted.form, None, REDRAW)
    try:
        refund = service.refund_payment(work_context(), gateway(), posted.sheet)
    except BalanceMoved as moved:
        return _moved_page(payment_id, moved)
    except InvalidInput as wrong:
        for name, message in wrong.fields.items():
            posted.form.refuse(name, str(message))
        return _form_page(payment, posted.form, None, REDRAW)
    except (Conflict, RuleBroken, GatewayError) as refusal:
        return _form_page(payment, posted.form, None, REDRAW, refusal)
    return after_post(url_for(".show_refund", refund_id=refund.id))


@bp.get("/refunds/<string:refund_id>")
@requires(Permission.VIEW)
def show_refund(refund_id: str) -> Response:
    refund = queries.refund_view(db.session(), refund_id)
    payment = queries.refundable_payment(db.session(), refund.payment_id)
    return page(
        "refunds/show.html",
        fragment="refunds/_refund.html",
        refund=refund,
        payment=payment,
        evidence=explain(refund.evidence),
        banks=BANKS,
        looks=looks_at(db.session(), refund_id),
        closings=closings_of(db.session(), refund_id),
    )


@bp.post("/refunds/<string:refund_id>/look")
@requires(Permission.REFUND)
def look_now(refund_id: str) -> Response:
    try:
        service.look_at_refund(work_context(), gateway(), refund_id)
    except GatewayError:
        flash(_("포트원에 물어보지 못했습니다. 자동으로 다시 확인합니다."), "warn")
    return after_post(url_for(".show_refund", refund_id=refund_id))


@bp.get("/refunds/<string:refund_id>/closings/new")
@requires(Permission.REFUND)
def new_closing(refund_id: str) -> Response:
    """The form by which one person asks that another close the refund."""
    return _closing_page(refund_id, FormReader.showing(reason="", evidence=""))


@bp.post("/refunds/<string:refund_id>/closings")
@requires(Permission.REFUND)
def create_closing(refund_id: str) -> Response:
    form, reason, seen = read_closing(request.form)
    if not form.is_valid:
        return _closing_page(refund_id, form, status=REDRAW)
    return _acted(refund_id, lambda: closing.ask_closing(work_context(), refund_id, reason, seen))


@bp.post("/refunds/<string:refund_id>/closings/<string:closing_id>/agreement")
@requires(Permission.REFUND)
def create_agreement(refund_id: str, closing_id: str) -> Response:
    """The second person: the refund is closed as not made."""
    return _acted(refund_id, lambda: closing.agree_to_closing(work_context(), refund_id, closing_id))


@bp.post("/refunds/<string:refund_id>/closings/<string:closing_id>/refusal")
@requires(Permission.REFUND)
def create_refusal(refund_id: str, closing_id: str) -> Response:
    return _acted(refund_id, lambda: closing.refuse_closing(work_context(), refund_id, closing_id))


def _acted(refund_id: str, act: Callable[[], object]) -> Response:
    """Back to the refund, with what refused the act said on it."""
    try:
        act()
    except (RuleBroken, Conflict) as refusal:
        flash(str(refusal.message), "warn")
    return after_post(url_for(".show_refund", refund_id=refund_id))


def _closing_page(refund_id: str, form: FormReader, status: int = 200) -> Response:
    refund = queries.refund_view(db.session(), refund_id)
    if not refund.is_open:
        return after_post(url_for(".show_refund", refund_id=refund_id))
    payment = queries.refundable_payment(db.session(), refund.payment_id)
    return page("refunds/new_closing.html", refund=refund, payment=payment, form=form, status=status)
