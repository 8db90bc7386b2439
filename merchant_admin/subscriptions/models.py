"""Tables of plans, subscriptions, their periods, and which charges were made for a period."""

from datetime import date, datetime

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from merchant_admin.core.db import Base, UtcDateTime, Won, Word, one_of
from merchant_admin.core.settings import Mode
from merchant_admin.subscriptions.calendar import Cycle
from merchant_admin.subscriptions.states import AfterLast, CatchUp, EndReason, PeriodState, SubscriptionState, Unit

_CHARGED = text("state IN ('trial', 'active')")
_CANCELLING = text("state = 'cancelling'")
_OPEN = text("state IN ('due', 'charging', 'retrying', 'needs_card')")
_WAITING = text("state IN ('due', 'retrying', 'needs_card')")
_CHARGING = text("state = 'charging'")
_AHEAD = text("state IN ('trial', 'active', 'past_due', 'paused')")
_RESUMING = text("resumes_on IS NOT NULL")
_ENDED = text("ended_at IS NOT NULL")
_NEEDS_CARD = text("state = 'needs_card'")
_FAILED = text("failed_on IS NOT NULL")
_PAID = text("state = 'paid'")
_RECOVERED = text("failed_on IS NOT NULL AND state = 'paid'")


def _price() -> tuple[CheckConstraint, ...]:
    return (
        CheckConstraint("amount_krw BETWEEN 1 AND 100000000", name="amount_range"),
        CheckConstraint("tax_free_krw BETWEEN 0 AND amount_krw", name="tax_free_range"),
    )


class Plan(Base):
    """What is offered. A subscription copies the price and the cycle, and asks its plan how to deal with refusals."""

    __tablename__ = "plans"
    __table_args__ = (
        one_of("unit", Unit),
        one_of("after_last", AfterLast),
        one_of("catch_up", CatchUp),
        *_price(),
        CheckConstraint("every BETWEEN 1 AND 365", name="every_range"),
        CheckConstraint("trial_days BETWEEN 0 AND 365", name="trial_range"),
        Index("ix_plans_newest", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    amount_krw: Mapped[int] = mapped_column(Won)
    tax_free_krw: Mapped[int] = mapped_column(Won, default=0)
    unit: Mapped[Unit] = mapped_column(Word(Unit))
    every: Mapped[int] = mapped_column(Integer)
    trial_days: Mapped[int] = mapped_column(Integer, default=0)
    retry_days: Mapped[str] = mapped_column(String(60))  # gaps between tries in days: "1,3,5"; empty = no retry
    after_last: Mapped[AfterLast] = mapped_column(Word(AfterLast))
    catch_up: Mapped[CatchUp] = mapped_column(Word(CatchUp))
    # Whether the notice that another card is needed carries a link on which the customer registers one.
    sends_card_link: Mapped[bool] = mapped_column(Boolean, default=True)
    version: Mapped[int] = mapped_column(Integer, default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def gaps(self) -> tuple[int, ...]:
        """Days to wait before each automatic retry; as many retries as there are gaps."""
        return tuple(int(part) for part in self.retry_days.split(",") if part)


class Subscription(Base):
    """The promise of one customer with one card. `next_on` is the next due date, None when none is to come.

    While it is paused until a day (`resumes_on`), `next_on` is the first date from that day on, and `next_step` stays
    where it was, so that the day may still be moved either way.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        one_of("state", SubscriptionState),
        one_of("mode", Mode),
        one_of("unit", Unit),
        CheckConstraint(
            f"end_reason IN ({', '.join(repr(word.value) for word in EndReason)})", name="end_reason_known"
        ),
        *_price(),
        CheckConstraint("every BETWEEN 1 AND 365", name="every_range"),
        CheckConstraint("anchor_day BETWEEN 1 AND 31", name="anchor_day_range"),
        CheckConstraint("length(name) BETWEEN 1 AND 40", name="name_length"),
        CheckConstraint("times_left IS NULL OR times_left >= 0", name="times_left_range"),
        CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended_has_instant"),
        CheckConstraint("state <> 'cancelling' OR ends_on IS NOT NULL", name="cancelling_has_day"),
        CheckConstraint("resumes_on IS NULL OR state = 'paused'", name="resumes_from_pause"),
        CheckConstraint(
            "state <> 'paused' OR (resumes_on IS NULL) = (next_on IS NULL)", name="paused_until_has_next"
        ),
        Index("ix_subscriptions_newest", "moved_at", "id"),
        Index("ix_subscriptions_state", "state", "moved_at", "id"),
        Index("ix_subscriptions_customer", "customer_id", "created_at"),
        Index("ix_subscriptions_billing_key", "billing_key_id", "state"),
        Index("ix_subscriptions_plan", "plan_id", "state"),
        Index("ix_subscriptions_due", "mode", "next_on", "id", sqlite_where=_CHARGED, postgresql_where=_CHARGED),
        Index(
            "ix_subscriptions_ending", "mode", "ends_on", "id", sqlite_where=_CANCELLING, postgresql_where=_CANCELLING,
        ),
        Index(
            "ix_subscriptions_resuming", "mode", "resumes_on", "id", sqlite_where=_RESUMING, postgresql_where=_RESUMING
        ),
        # All that coming dates and sums follow from, in the order they are grouped by: a forecast reads no row.
        Index(
            "ix_subscriptions_ahead", "mode", "next_on", "unit", "every", "anchor_day", "times_left", "state",
            "amount_krw", "id", sqlite_where=_AHEAD, postgresql_where=_AHEAD,
        ),
        Index("ix_subscriptions_ended", "ended_at", "id", sqlite_where=_ENDED, postgresql_where=_ENDED),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    sheet_key: Mapped[str] = mapped_column(String(40), unique=True)
    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"))
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"))
    billing_key_id: Mapped[str] = mapped_column(ForeignKey("billing_keys.id"))
    mode: Mapped[Mode] = mapped_column(Word(Mode))
    state: Mapped[SubscriptionState] = mapped_column(Word(SubscriptionState))
    name: Mapped[str] = mapped_column(String(40))  # on the customer's slip
    amount_krw: Mapped[int] = mapped_column(Won)
    tax_free_krw: Mapped[int] = mapped_column(Won, default=0)
    unit: Mapped[Unit] = mapped_column(Word(Unit))
    every: Mapped[int] = mapped_column(Integer)
    anchor_on: Mapped[date] = mapped_column(Date)
    anchor_day: Mapped[int] = mapped_column(Integer)
    next_step: Mapped[int] = mapped_column(Integer, default=0)  # turns from the anchor to the next due date
    next_number: Mapped[int] = mapped_column(Integer, default=1)  # of the period it will make
    next_on: Mapped[date | None] = mapped_column(Date)
    trial_until: Mapped[date | None] = mapped_column(Date)
    times_left: Mapped[int | None] = mapped_column(Integer)  # None = until cancelled
    resumes_on: Mapped[date | None] = mapped_column(Date)  # the Seoul day on which a pause is over by itself
    ends_on: Mapped[date | None] = mapped_column(Date)
    end_reason: Mapped[EndReason | None] = mapped_column(Word(EndReason))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(Integer, default=1)
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime)  # when its state last changed

    @property
    def cycle(self) -> Cycle:
        return Cycle(self.unit, self.every, self.anchor_on, self.anchor_day)


class Period(Base):
    """One due date: a debt with at most one live charge. The price is frozen when it falls due."""

    __tablename__ = "periods"
    __table_args__ = (
        one_of("state", PeriodState),
        one_of("mode", Mode),
        UniqueConstraint("subscription_id", "number"),
        *_price(),
        CheckConstraint("ends_on > due_on", name="ends_after_due"),
        CheckConstraint("worth_until BETWEEN due_on AND ends_on", name="worth_within"),
        Index("uq_periods_open", "subscription_id", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
        # The clock's order, and what is owed, summed without a row.
        Index(
            "ix_periods_work", "mode", "try_at", "id", "state", "amount_krw", sqlite_where=_WAITING,
            postgresql_where=_WAITING,
        ),
        Index("ix_periods_charging", "id", sqlite_where=_CHARGING, postgresql_where=_CHARGING),
        Index("ix_periods_due", "mode", "due_on", "state", "id", "amount_krw"),  # a day's figures and its rows
        Index(
            "ix_periods_needs_card", "mode", "state", "try_at", "id", sqlite_where=_NEEDS_CARD,
            postgresql_where=_NEEDS_CARD,
        ),
        # What was paid for when, for the numbers: read alone, without a row.
        Index(
            "ix_periods_worth", "mode", "worth_until", "due_on", "id", "monthly_krw", "state", sqlite_where=_PAID,
            postgresql_where=_PAID,
        ),
        Index("ix_periods_failed", "failed_on", "id", sqlite_where=_FAILED, postgresql_where=_FAILED),
        Index("ix_periods_recovered", "mode", "settled_at", "id", sqlite_where=_RECOVERED, postgresql_where=_RECOVERED),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id"))
    mode: Mapped[Mode] = mapped_column(Word(Mode))  # of its subscription, for the figures
    number: Mapped[int] = mapped_column(Integer)
    due_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)  # the first day it no longer pays for
    # The first day it no longer counts in MRR: `ends_on`, or earlier where a later paid period or the end cut it short.
    worth_until: Mapped[date] = mapped_column(Date)
    amount_krw: Mapped[int] = mapped_column(Won)
    tax_free_krw: Mapped[int] = mapped_column(Won, default=0)
    monthly_krw: Mapped[int] = mapped_column(Won, default=0)  # its price as of one month, by the cycle of then
    state: Mapped[PeriodState] = mapped_column(Word(PeriodState))
    try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # of the next try; for NEEDS_CARD, of giving up
    held_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # a worker has it in hand until then
    tries: Mapped[int] = mapped_column(Integer, default=0)  # by the clock
    hand_tries: Mapped[int] = mapped_column(Integer, default=0)  # by staff, counted apart
    failure: Mapped[str | None] = mapped_column(String(32))  # a FailureClass, of the latest refusal
    failed_on: Mapped[date | None] = mapped_column(Date)  # the Seoul day it first could not be charged; kept for ever
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PeriodCharge(Base):
    """A charge that was made for a period. The database refuses one while another is open, or was paid."""

    __tablename__ = "period_charges"
    __table_args__ = (UniqueConstraint("period_id", "number"),)

    charge_id: Mapped[str] = mapped_column(ForeignKey("charges.id"), primary_key=True)
    period_id: Mapped[str] = mapped_column(ForeignKey("periods.id"))
    number: Mapped[int] = mapped_column(Integer)
    by_hand: Mapped[bool] = mapped_column(Boolean, default=False)
