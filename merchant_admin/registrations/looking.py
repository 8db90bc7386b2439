"""Settling a registration by reading PortOne: which of the two facts are true, and when the next look is due.

Nothing here charges or registers anything. A look may run any number of times, in any order with the browser's
return, webhooks and other looks (reference 13.5).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.service import link_card
from merchant_admin.billing_keys.states import KeySource
from merchant_admin.cases.service import Finding, open_case
from merchant_admin.cases.states import CaseKind
from merchant_admin.core.context import WorkContext
from merchant_admin.core.errors import GatewayError, NotFound
from merchant_admin.payments.facts import record_transaction
from merchant_admin.payments.issuers import is_shut_out, name_of
from merchant_admin.payments.models import Attempt, Payment
from merchant_admin.payments.service import look_at_attempt
from merchant_admin.payments.states import AttemptState
from merchant_admin.payments.window import kept_issuers
from merchant_admin.portone.gateway import Gateway
from merchant_admin.portone.types import PaymentStatus, StoredCard, Transaction
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.states import LIVE, Fact, RegistrationState, outcome

SUBJECT = "registration"
LATE_WINDOW = timedelta(minutes=3)  # a window still open when its time ran out may finish a little later
ABSENCE_GAP = timedelta(seconds=20)
WHEN_UNREAD = timedelta(seconds=60)
LAST_LOOK = timedelta(hours=1)  # after a lost answer was given up: the request may have arrived all the same
_MONEY = frozenset({PaymentStatus.PAID, PaymentStatus.CANCELLED})
_FACT_OF_ATTEMPT = {
    AttemptState.PAID: Fact.YES,
    AttemptState.DECLINED: Fact.NO,
    AttemptState.ABANDONED: Fact.NO,
}


@dataclass(frozen=True)
class Seen:
    """What one look found: the key, our payments, and a hinted payment that turned out to be another order's."""

    card: StoredCard | None
    transactions: tuple[Transaction, ...]
    foreign: str | None

    @property
    def says_failed(self) -> bool:
        """Whether PortOne shows that the window ended without success, and nothing else."""
        return bool(self.transactions) and all(one.status is PaymentStatus.FAILED for one in self.transactions)


def look_at_registration(ctx: WorkContext, gateway: Gateway, registration_id: str) -> Registration:
    """Read PortOne and write what is true: the key, the first charge, and the outcome they make.

    A settled registration is looked at again only while a fact could still turn out true. Raises GatewayError when
    PortOne can't be read; the next look is put off then.
    """
    registration = ctx.session.get(Registration, registration_id, populate_existing=True)
    if registration is None:
        raise NotFound(_("카드 등록을 찾을 수 없습니다."))
    if Fact.NO not in (registration.key_fact, registration.charge_fact) and registration.state not in LIVE:
        return registration
    names = (registration.customer_uid, registration.merchant_uid, registration.hinted_imp_uid)
    waiting_for = _overdue_attempt(registration, ctx.now())
    ctx.end_reading()
    try:
        seen = _read(gateway, *names)
        if waiting_for is not None:
            look_at_attempt(ctx, gateway, waiting_for)
    except GatewayError:
        with ctx.atomic() as session:
            unread = _locked(session, registration_id)
            if unread.next_look_at is not None:  # not its fault: tried again soon, however long PortOne was away
                unread.next_look_at = ctx.now() + WHEN_UNREAD
        raise
    with ctx.atomic() as session:
        registration = _locked(session, registration_id)
        _apply(ctx, session, registration, seen)
    return registration


def _overdue_attempt(registration: Registration, now: datetime) -> str | None:
    """The first charge's attempt, once the window's time is over and absences may be counted."""
    if registration.charge_fact is Fact.UNKNOWN and now >= registration.expires_at:
        return registration.attempt_id
    return None


def _read(gateway: Gateway, customer_uid: str, merchant_uid: str, hinted_imp_uid: str | None) -> Seen:
    """Everything PortOne shows of this registration; what belongs to another mode or another order is left out."""
    card = gateway.stored_card(customer_uid)
    found = gateway.payments_of(merchant_uid)
    hinted = None
    if hinted_imp_uid and hinted_imp_uid not in {one.imp_uid for one in found}:
        hinted = gateway.payment(hinted_imp_uid)
    ours = [
        one
        for one in chain(found, [hinted] if hinted else [])
        if one.merchant_uid == merchant_uid and gateway.fits_mode(one.is_test)
    ]
    if card is not None and (card.customer_uid != customer_uid or not gateway.fits_mode(card.is_test)):
        card = None
    foreign = hinted_imp_uid if hinted is not None and hinted.merchant_uid != merchant_uid else None
    return Seen(card, tuple(ours), foreign)


def _apply(ctx: WorkContext, session: Session, registration: Registration, seen: Seen) -> None:
    now = ctx.now()
    before = registration.state
    if seen.foreign:
        registration.hinted_imp_uid = None
        record(ctx, "registration.foreign_return", (SUBJECT, registration.id),
               customer_id=registration.customer_id, imp_uid=seen.foreign)  # fmt: skip
    if seen.card is not None and registration.billing_key_id is None:
        key = link_card(ctx, session, registration.customer_id, seen.card, KeySource.WINDOW)
        registration.billing_key_id, registration.key_fact = key.id, Fact.YES
        session.flush()
        _watch_issuer(ctx, session, registration, key)
    is_over = registration.returned_at is not None or now >= registration.expires_at
    _record_payments(ctx, session, registration, seen, is_over=is_over)
    registration.charge_fact = _charge_fact(session, registration)
    if registration.key_fact is Fact.UNKNOWN:
        _count_key_absence(registration, seen, now)
    registration.state = _state(registration, is_over=is_over)
    registration.evidence = _evidence(registration, seen)
    if registration.state in LIVE:
        _put_off(registration, now)
        return
    if registration.next_look_at is not None and registration.next_look_at <= now:  # not one that was just planned
        registration.next_look_at = None
    if registration.state is not before:
        registration.settled_at, registration.next_look_at = now, None
        if registration.is_keyed_in and registration.key_fact is Fact.NO and registration.returned_at is None:
            registration.next_look_at = now + LAST_LOOK
        record(
            ctx, f"registration.{registration.state.value}", (SUBJECT, registration.id),
            customer_id=registration.customer_id, before=before.value, amount_krw=registration.amount_krw,
            billing_key_id=registration.billing_key_id, imp_uid=registration.imp_uid,
        )  # fmt: skip
        if registration.state is RegistrationState.CHARGE_ONLY:
            _open_case(ctx, session, registration)


def _watch_issuer(ctx: WorkContext, session: Session, registration: Registration, key: BillingKey) -> None:
    """A card that the window was told to shut out is linked all the same, and is a case (reference 13.2)."""
    allowed = kept_issuers(registration.issuers)
    if is_shut_out(key.issuer_code, allowed):
        facts = {"issuer": key.issuer_name or key.issuer_code, "allowed": [name_of(code) for code in allowed]}
        finding = Finding(
            CaseKind.OTHER_ISSUER, key.customer_uid, registration_id=registration.id, facts=facts,
            customer_id=registration.customer_id, amount_krw=registration.amount_krw or None,
        )  # fmt: skip
        open_case(ctx, session, finding)


def _open_case(ctx: WorkContext, session: Session, registration: Registration) -> None:
    """Money was taken and no card came of it: a person refunds it, or registers the card anew."""
    payment_id = session.scalar(select(Payment.id).where(Payment.imp_uid == registration.imp_uid))
    finding = Finding(
        CaseKind.CHARGE_ONLY, registration.id, payment_id=payment_id, registration_id=registration.id,
        customer_id=registration.customer_id, amount_krw=registration.amount_krw,
    )  # fmt: skip
    open_case(ctx, session, finding)


def _record_payments(
    ctx: WorkContext, session: Session, registration: Registration, seen: Seen, *, is_over: bool
) -> None:
    """Money facts at once; failed tries only when the window is over, since the buyer may yet try another card."""
    for one in seen.transactions:
        took_money = one.status in _MONEY and one.amount_krw > 0
        if took_money or (is_over and registration.attempt_id is not None and one.status is PaymentStatus.FAILED):
            record_transaction(ctx, session, one, source="registration")
        if one.status in _MONEY or registration.imp_uid is None:
            registration.imp_uid = one.imp_uid
    session.flush()


def _charge_fact(session: Session, registration: Registration) -> Fact:
    if registration.attempt_id is None:
        return registration.charge_fact
    attempt = session.get(Attempt, registration.attempt_id, populate_existing=True)
    fact = _FACT_OF_ATTEMPT.get(attempt.state, Fact.UNKNOWN) if attempt else Fact.UNKNOWN
    return Fact.YES if registration.charge_fact is Fact.YES else fact


def _count_key_absence(registration: Registration, seen: Seen, now: datetime) -> None:
    """No key counts only after the window, and only when missed twice, unless PortOne says the window failed."""
    settled_charge = registration.charge_fact in {Fact.YES, Fact.NO}
    late = timedelta() if registration.is_keyed_in else LATE_WINDOW
    over_at = registration.returned_at or (now if settled_charge else registration.expires_at + late)
    if now < over_at:
        return
    if registration.returned_at is not None and seen.says_failed:
        registration.key_fact = Fact.NO
    elif registration.key_absent_at is None or now - registration.key_absent_at >= ABSENCE_GAP:
        registration.key_absences += 1
        registration.key_absent_at = now
        if registration.key_absences >= 2:
            registration.key_fact = Fact.NO


def _state(registration: Registration, *, is_over: bool) -> RegistrationState:
    made = outcome(registration.key_fact, registration.charge_fact)
    is_untouched = registration.key_fact is Fact.UNKNOWN and registration.charge_fact in {Fact.UNKNOWN, Fact.NOT_ASKED}
    return RegistrationState.OPEN if made is RegistrationState.CHECKING and is_untouched and not is_over else made


def _evidence(registration: Registration, seen: Seen) -> str | None:
    """Why the card was refused, in PortOne's or the PG's own words, if it said."""
    if registration.state in {RegistrationState.BOTH, RegistrationState.CHARGE_ONLY}:
        return None
    return next((one.fail_reason for one in seen.transactions if one.fail_reason), registration.evidence)


def _put_off(registration: Registration, now: datetime) -> None:
    """Soon after the start and after a return, then ever more rarely: never given up."""
    registration.looks += 1
    since = registration.returned_at or (
        registration.expires_at if now >= registration.expires_at else registration.created_at
    )
    waited = max((now - since).total_seconds(), 0)
    is_open = registration.returned_at is None and now < registration.expires_at
    wait = min(max(waited, 30), 300) if is_open else min(max(waited / 2, 3), 3600)
    planned = now + timedelta(seconds=wait)
    registration.next_look_at = min(planned, registration.expires_at) if is_open else planned


def _locked(session: Session, registration_id: str) -> Registration:
    found = session.get(Registration, registration_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound(_("카드 등록을 찾을 수 없습니다."))
    return found
