"""What needs a person now, across features. Partial indexes only: its cost does not grow with the payments."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel.speaklater import LazyString
from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, select
from sqlalchemy.orm import Session, aliased

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.card_links.queries import NotReserved, not_reserved
from merchant_admin.cases.queries import CaseRow, open_cases
from merchant_admin.cases.states import CaseKind
from merchant_admin.core.db import among
from merchant_admin.core.settings import Mode
from merchant_admin.core.times import start_of
from merchant_admin.customers.models import Customer
from merchant_admin.overview.attention import cards_to_replace
from merchant_admin.overview.reserved import OpenSchedule, doubted, open_schedules
from merchant_admin.payments.details import CancellationRow, LineDetail
from merchant_admin.payments.holding import HELD_FOR
from merchant_admin.payments.models import Attempt, Charge, PaymentLine
from merchant_admin.payments.next_steps import is_last, next_step
from merchant_admin.payments.states import OPEN as OPEN_ATTEMPTS
from merchant_admin.payments.states import AttemptState, ChargeKind, Evidence, LineState
from merchant_admin.refunds.models import Refund
from merchant_admin.refunds.queries import RefundRow
from merchant_admin.refunds.states import OPEN as OPEN_REFUNDS
from merchant_admin.refunds.states import RefundState
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.states import RegistrationState

MOST_WAITING = 50  # rows of one kind on a page of things to do; the rest follow when these are done
FAILED_MOST = 100
GRACE = timedelta(minutes=1)  # what was written down this long ago and never sent has lost its sender


@dataclass(frozen=True)
class OpenCharge:
    """A charge whose outcome is not known."""

    charge_id: str
    line_id: str | None
    name: str
    amount_krw: int
    customer_id: str
    customer_name: str
    state: AttemptState
    evidence: str | None
    absences: int
    next_look_at: datetime | None
    at: datetime
    kind: ChargeKind
    sends: int
    refused: bool

    @property
    def _is_last(self) -> bool:
        return is_last(self.kind, self.sends, is_refused=self.refused)

    @property
    def next_step(self) -> LazyString | str:
        """What happens by itself."""
        return next_step(self.state, self.absences, self.evidence, closes_itself=self._is_last)


@dataclass(frozen=True)
class OpenRefund:
    """A refund whose outcome is not known."""

    refund_id: str
    payment_id: str
    name: str
    amount_krw: int
    customer_id: str | None
    customer_name: str | None
    state: RefundState
    evidence: str | None
    next_look_at: datetime | None
    at: datetime


@dataclass(frozen=True)
class PaidWithoutKey:
    """A registration that took money and issued no key: refund it, or register the card anew."""

    registration_id: str
    name: str
    amount_krw: int
    customer_id: str
    customer_name: str
    at: datetime


@dataclass(frozen=True)
class Failed:
    """A charge that was declined today."""

    line_id: str
    name: str
    amount_krw: int
    customer_id: str | None
    customer_name: str | None
    fail_reason: str | None
    at: datetime


@dataclass(frozen=True)
class Needs:
    """Everything that waits for a person, the oldest first; declines of today, the newest first."""

    charges: list[OpenCharge]
    refunds: list[OpenRefund]
    paid_without_key: list[PaidWithoutKey]
    failed: list[Failed]
    missing_keys: int
    cases: list[CaseRow]
    schedules: list[OpenSchedule]
    not_reserved: list[NotReserved]

    @property
    def is_empty(self) -> bool:
        waiting = self.charges or self.refunds or self.paid_without_key or self.cases or self.schedules
        return not (waiting or self.failed or self.missing_keys or self.not_reserved)


def given_back(line: LineDetail, refunds: list[RefundRow]) -> list[tuple[CancellationRow, RefundRow | None]]:
    """What PortOne says was given back, each with the refund of ours that it answers; None if made elsewhere."""
    ours = {refund.cancellation_ref: refund for refund in refunds if refund.cancellation_ref}
    return [(row, ours.get(row.ref)) for row in line.cancellations]


def needs(session: Session, mode: Mode, now: datetime, today: date) -> Needs:
    """What a person should look at now."""
    return Needs(
        _open_charges(session, now),
        _open_refunds(session, now),
        _paid_without_key(session),
        failed_on(session, today),
        _count(session, select(BillingKey.id).where(BillingKey.state == KeyState.MISSING)),
        [case for case in open_cases(session) if case.kind is not CaseKind.CHARGE_ONLY],  # it stands above by itself
        open_schedules(session, now),
        not_reserved(session, mode, now),
    )


def waiting(session: Session, mode: Mode, now: datetime) -> int:
    """How many things wait for a person, for the rail: partial indexes, at most MOST_WAITING of each."""
    kinds = (
        select(Attempt.id).where(*_stuck_attempt(now)),
        select(Refund.id).where(*_stuck_refund(now)),
        select(Registration.id).where(*_keyless()),
        cards_to_replace(mode),
        doubted(now),
    )
    return sum(session.execute(select(*(_counting(query).scalar_subquery() for query in kinds))).one())


def _count(session: Session, query: Select[Any]) -> int:
    return session.execute(_counting(query)).scalar_one()


def _counting(query: Select[Any]) -> Select[int]:
    return select(func.count()).select_from(query.with_only_columns(literal(1)).limit(MOST_WAITING).subquery())


def _stuck_attempt(now: datetime) -> tuple[ColumnElement[bool], ...]:
    # What a clerk holds while PortOne is away goes by itself, for a day.
    waits = and_(func.coalesce(Attempt.evidence, "") == Evidence.HELD.value, Attempt.created_at > now - HELD_FOR)
    lost = and_(Attempt.state == AttemptState.READY, Attempt.created_at < now - GRACE, ~waits)
    # Money that is awaited in a virtual account is no trouble: nobody has to act before its deadline.
    is_trouble = func.coalesce(Attempt.evidence, "") != Evidence.AWAITING_DEPOSIT.value
    return among(Attempt.state, OPEN_ATTEMPTS), and_(Attempt.state == AttemptState.UNCERTAIN, is_trouble) | lost


def _stuck_refund(now: datetime) -> tuple[ColumnElement[bool], ...]:
    lost = and_(Refund.state == RefundState.READY, Refund.created_at < now - GRACE)
    return among(Refund.state, OPEN_REFUNDS), (Refund.state == RefundState.UNCERTAIN) | lost


def _keyless() -> tuple[ColumnElement[bool], ...]:
    """Paid and no key, until the money went back or the customer got a card after it."""
    later = aliased(BillingKey)
    has_card = exists().where(
        later.customer_id == Registration.customer_id, later.registered_at > Registration.created_at
    )
    given_back = exists().where(PaymentLine.imp_uid == Registration.imp_uid, PaymentLine.state == LineState.REFUNDED)
    return (Registration.state == RegistrationState.CHARGE_ONLY, ~has_card, ~given_back)


def _open_charges(session: Session, now: datetime) -> list[OpenCharge]:
    rows: Any = session.execute(
        select(
            Charge.id, PaymentLine.id, Charge.name, Charge.amount_krw, Charge.customer_id, Customer.name,
            Attempt.state, Attempt.evidence, Attempt.absences, Attempt.next_look_at, Attempt.created_at, Charge.kind,
            Attempt.sends, Attempt.refused,
        )
        .join(Charge, Charge.id == Attempt.charge_id)
        .join(Customer, Customer.id == Charge.customer_id)
        .outerjoin(PaymentLine, PaymentLine.attempt_id == Attempt.id)
        .where(*_stuck_attempt(now))
        .order_by(Attempt.created_at)
        .limit(MOST_WAITING)
    )  # fmt: skip
    return [OpenCharge(*row) for row in rows]


def _open_refunds(session: Session, now: datetime) -> list[OpenRefund]:
    rows: Any = session.execute(
        select(
            Refund.id, Refund.payment_id, PaymentLine.name, Refund.amount_krw, PaymentLine.customer_id, Customer.name,
            Refund.state, Refund.evidence, Refund.next_look_at, Refund.created_at,
        )
        .join(PaymentLine, PaymentLine.id == Refund.payment_id)
        .outerjoin(Customer, Customer.id == PaymentLine.customer_id)
        .where(*_stuck_refund(now))
        .order_by(Refund.created_at)
        .limit(MOST_WAITING)
    )  # fmt: skip
    return [OpenRefund(*row) for row in rows]


def _paid_without_key(session: Session) -> list[PaidWithoutKey]:
    rows: Any = session.execute(
        select(
            Registration.id, Registration.name, Registration.amount_krw, Registration.customer_id, Customer.name,
            Registration.created_at,
        )
        .join(Customer, Customer.id == Registration.customer_id)
        .where(*_keyless())
        .order_by(Registration.created_at)
        .limit(MOST_WAITING)
    )  # fmt: skip
    return [PaidWithoutKey(*row) for row in rows]


def failed_count(session: Session, day: date) -> int:
    """How many charges were declined on a Seoul day, renewals among them, counted to FAILED_MOST."""
    some = select(PaymentLine.id).where(*_declined_on(day)).limit(FAILED_MOST).subquery()
    return session.execute(select(func.count()).select_from(some)).scalar_one()


def _declined_on(day: date) -> tuple[ColumnElement[bool], ...]:
    is_of_day = PaymentLine.asked_at >= start_of(day), PaymentLine.asked_at < start_of(day + timedelta(days=1))
    return (PaymentLine.state == LineState.DECLINED, *is_of_day)


def failed_on(session: Session, day: date, limit: int = 10) -> list[Failed]:
    """The newest charges that were declined on a Seoul day, renewals apart."""
    rows: Any = session.execute(
        select(
            PaymentLine.id, PaymentLine.name, PaymentLine.amount_krw, PaymentLine.customer_id, Customer.name,
            PaymentLine.fail_reason, PaymentLine.asked_at,
        )
        .outerjoin(Customer, Customer.id == PaymentLine.customer_id)
        .where(
            *_declined_on(day),
            PaymentLine.kind != ChargeKind.RENEWAL.value,  # those have rows of their own, with what comes next
        )
        .order_by(PaymentLine.asked_at.desc(), PaymentLine.id.desc())
        .limit(limit)
    )  # fmt: skip
    return [Failed(*row) for row in rows]
