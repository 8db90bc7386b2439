"""The acts of the matrix: done while something goes wrong, settled by workers, compared with the sandbox's truth."""

import json

from sqlalchemy import select

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.service import delete_card
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.errors import ConsoleError
from merchant_admin.core.ids import new_id
from merchant_admin.payments.models import Attempt, Payment
from merchant_admin.payments.service import ChargeSheet, charge_billing_key, send_again
from merchant_admin.payments.states import AttemptState
from merchant_admin.refunds.models import Refund
from merchant_admin.refunds.service import RefundSheet, refund_payment
from merchant_admin.refunds.settling import reference
from merchant_admin.refunds.states import OPEN, RefundReason, RefundState
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.service import (
    RegistrationOrder,
    look_at_registration,
    note_return,
    open_registration,
)
from merchant_admin.registrations.states import LIVE, RegistrationState
from merchant_admin.webhooks.models import Decision, WebhookEvent
from tests.matrix.cases import AGAIN, CANCEL
from tests.matrix.hearing import hear_of_late_work, takes_in
from tests.matrix.other_acts import OTHER_ACT
from tests.matrix.people import close_by_two

FOUND_WITHIN = 200  # seconds in which money that moved is known, however often a read failed
ENDED_WITHIN = 330  # seconds in which everything is known, also that nothing happened


def charge(hall, case):
    """One sheet, pressed by every hand at once; then found, or sent again or closed by people."""
    sheet = _sheet(hall, hall.a_card())
    if case.call == "findAll":
        hall.sandbox.faults.plan("close_after", AGAIN)
    case.order_fault(hall)
    web = hall.a_gateway()
    pressed = hall.at_once(case.hands, lambda: charge_billing_key(hall.ctx(), web, sheet).id)
    assert len(set(pressed)) == 1, pressed
    attempt = _attempt_of(hall, pressed[0])
    seconds = hall.settle(case.hands, lambda: _is_known(_attempt_of(hall, pressed[0])), case)
    attempt = _attempt_of(hall, pressed[0])
    assert hall.calls("POST", AGAIN, hall.mark) <= 1 + case.fault.startswith("401"), "sent again by a machine"
    if attempt.state is AttemptState.UNCERTAIN:
        assert seconds >= 240, "absence was believed while the request may be under way"
        _person_decides(hall, case, pressed[0])
        hear_of_late_work(hall, attempt.merchant_uid)
        attempt = _attempt_of(hall, pressed[0])
    truth = hall.assert_agrees(attempt.merchant_uid)
    assert attempt.state is not AttemptState.UNCERTAIN
    assert (attempt.state is AttemptState.PAID) == bool(truth), attempt.state
    assert hall.times_taken(sheet.amount_krw) == len(truth), "taken under another order number"
    assert seconds <= (FOUND_WITHIN if truth and attempt.sends == 1 and not attempt.late else ENDED_WITHIN)
    return seconds


def _person_decides(hall, case, charge_id):
    """Every other lost charge is sent again, by all hands at once; the others are closed by two people."""
    hall.sandbox.faults.clear()
    if hall.an_amount() % 2:
        hall.at_once(case.hands, lambda: close_by_two(hall, hall.people, charge_id))
        return
    web = hall.a_gateway()
    hall.at_once(case.hands, lambda: send_again(hall.ctx(), web, charge_id).id)
    assert _attempt_of(hall, charge_id).sends == 2


def refund(hall, case):
    """Two sheets of one payment, pressed by all hands at once; PortOne is asked for one of them."""
    payment, amount = _paid(hall)
    parts = (amount // 4, amount // 3) if case.arrives_after else (amount, amount // 3)
    sheets = [_refund_sheet(payment.id, amount, parts[number % 2]) for number in (hall.an_amount(), 0, 1)][:2]
    if case.call == "payment":
        hall.sandbox.faults.plan("close_after", CANCEL)
    case.order_fault(hall)
    web, turns = hall.a_gateway(), iter(sheets * case.hands)
    hall.at_once(case.hands, lambda: refund_payment(hall.ctx(), web, next(turns)).id)
    wanted = select(Refund).where(Refund.payment_id == payment.id)
    seconds = hall.settle(case.hands, lambda: all(one.state not in OPEN for one in hall.session.scalars(wanted)), case)
    hall.line.let_go()  # a copy that arrives after the second one was carried out finds another balance
    truth = hall.assert_agrees(payment.merchant_uid)
    given_back = 0
    for one in hall.session.scalars(wanted):
        entries = _entries(hall, payment.merchant_uid, one.id)
        assert len(entries) == (one.state is RefundState.DONE), one.state
        given_back += sum(entry["amount"] for entry in entries)
        assert one.state is RefundState.REFUSED or given_back == one.amount_krw, "more than one sheet was carried out"
        assert one.sends == 1 or seconds >= 180, "sent again while the first may be under way"
    assert truth[payment.imp_uid] == (amount, given_back)
    assert seconds <= ENDED_WITHIN
    return seconds


def _entries(hall, merchant_uid, refund_id):
    rows = hall.sandbox.payments(merchant_uid)
    return [one for row in rows for one in row["cancel_history"] if reference(refund_id) in one["reason"]]


def registration(hall, case):
    """A card registered in the window, every other one with a first charge; every third browser never comes back."""
    amount = hall.an_amount() if case.call == "prepare" or hall.an_amount() % 2 else 0
    order = RegistrationOrder(new_id("sht"), hall.customer.id, amount, 0, "카드 등록")
    if case.call in {"prepare", "getToken"}:
        case.order_fault(hall)
    row = _opened(hall, case, order)
    if case.call not in {"prepare", "getToken"}:
        case.order_fault(hall)
    imp_uid = hall.sandbox.window_key(customer_uid=row.customer_uid, merchant_uid=row.merchant_uid, amount=amount)
    if hall.an_amount() % 3:
        note_return(hall.ctx(), row.id, imp_uid, "")
    registration_id, merchant_uid, customer_uid = row.id, row.merchant_uid, row.customer_uid
    web = hall.a_gateway()
    hall.at_once(case.hands, lambda: look_at_registration(hall.ctx(), web, registration_id).state)
    fresh = lambda: hall.session.get(Registration, registration_id, populate_existing=True)  # noqa: E731
    seconds = hall.settle(case.hands, lambda: fresh().state not in LIVE, case)
    hall.line.let_go()
    assert fresh().state is (RegistrationState.BOTH if amount else RegistrationState.KEY_ONLY)
    assert len(hall.assert_agrees(merchant_uid)) == bool(amount)
    keys = select(BillingKey).where(BillingKey.customer_uid == customer_uid)
    assert [key.state for key in hall.session.scalars(keys)] == [KeyState.ACTIVE]
    assert seconds <= FOUND_WITHIN
    return seconds


def _opened(hall, case, order):
    """The same sheet is pressed until its window may open: a lock that is not certain keeps it shut."""
    web = hall.a_gateway()
    for _press in range(4):
        found = hall.at_once(case.hands, lambda: open_registration(hall.ctx(), web, order).id)
        if not any(isinstance(one, ConsoleError) for one in found):
            break
    assert len(set(found)) == 1, found
    return hall.session.get_one(Registration, found[0])


def deletion(hall, case):
    """A card deleted by all hands at once: gone on both sides, or on neither."""
    key = hall.a_card()
    key_id, customer_uid = key.id, key.customer_uid
    case.order_fault(hall)
    web = hall.a_gateway()
    hall.at_once(case.hands, lambda: delete_card(hall.ctx(), web, key_id, "카드 분실").state)
    fresh = lambda: hall.session.get(BillingKey, key_id, populate_existing=True)  # noqa: E731
    seconds = hall.settle(case.hands, lambda: fresh().state is not KeyState.DELETING, case)
    hall.line.let_go()
    stands_there = hall.is_stored(customer_uid)
    assert (fresh().state is KeyState.ACTIVE) == stands_there
    assert stands_there is (case.call != "stored card" and fresh().deleted_at is None)
    assert seconds <= FOUND_WITHIN
    return seconds


def webhook(hall, case):
    """A charge whose answer was lost, and news of it: doubled, out of order, and forged ones between."""
    hall.sandbox.faults.plan("close_after", AGAIN)
    charged = charge_billing_key(hall.ctx(), hall.a_gateway(), _sheet(hall, hall.a_card()))
    merchant_uid = _attempt_of(hall, charged.id).merchant_uid
    imp_uid = hall.sandbox.payments(merchant_uid)[0]["imp_uid"]
    case.order_fault(hall)
    if case.hands == 10:
        hall.sandbox.console_cancel(imp_uid, 1_000)
    news = [("cancelled", imp_uid), ("paid", imp_uid), ("paid", imp_uid), ("failed", imp_uid), ("paid", "imp_1")]
    turns = iter(
        [json.dumps({"imp_uid": uid, "merchant_uid": merchant_uid, "status": word}) for word, uid in news] * 10
    )
    hall.at_once(case.hands * 2 if case.hands < 10 else 10, lambda: takes_in(hall, next(turns)))
    waiting = select(WebhookEvent.id).where(WebhookEvent.decision == Decision.WAITING, WebhookEvent.imp_uid == imp_uid)
    seconds = hall.settle(case.hands, lambda: hall.session.scalar(waiting) is None, case)
    assert hall.assert_agrees(merchant_uid) == {imp_uid: (charged.amount_krw, 1_000 if case.hands == 10 else 0)}
    assert _attempt_of(hall, charged.id).state is AttemptState.PAID
    assert seconds <= FOUND_WITHIN
    return seconds


def _sheet(hall, key):
    return ChargeSheet(new_id("sht"), key.customer_id, key.id, hall.an_amount(), name="이용료", confirms_repeat=True)


def _paid(hall):
    charged = charge_billing_key(hall.ctx(), hall.gateway, _sheet(hall, hall.a_card()))
    attempt = _attempt_of(hall, charged.id)
    return hall.session.scalars(select(Payment).where(Payment.imp_uid == attempt.imp_uid)).one(), charged.amount_krw


def _refund_sheet(payment_id, remaining, amount):
    return RefundSheet(new_id("sht"), payment_id, amount, 0, remaining, RefundReason.CUSTOMER_REQUEST, "단순 변심")


def _attempt_of(hall, charge_id):
    hall.session.rollback()
    wanted = select(Attempt).where(Attempt.charge_id == charge_id).execution_options(populate_existing=True)
    return hall.session.scalars(wanted).one()


def _is_known(attempt):
    """Settled, or proven absent so that a person may decide."""
    return attempt.state not in {AttemptState.SENDING, AttemptState.UNCERTAIN} or attempt.absences >= 2


ACT = {one.__name__: one for one in (charge, refund, registration, deletion, webhook)} | OTHER_ACT
