"""Tables of notices, of the tries to send them, of the texts staff wrote, and of what customers agreed to."""

from datetime import date, datetime

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from merchant_admin.core.db import Base, UtcDateTime, Won, Word, one_of
from merchant_admin.core.outgoing import Channel
from merchant_admin.core.settings import Mode
from merchant_admin.notices.states import Answer, ConsentKind, ConsentState, NoticeKind, NoticeState, SaidBy, Why

_WAITING = text("state = 'waiting'")
_SENDING = text("state = 'sending'")
_AWAITS_ON_SQLITE, _AWAITS_ON_POSTGRESQL = text("awaits_link IS 1"), text("awaits_link IS true")
_LINKED = text("link_id IS NOT NULL")
_UNSETTLED = text("state IN ('open', 'given', 'refused')")
_HOLDS = text("state IN ('open', 'refused')")
_UNASKED = text("state = 'open' AND asked_at IS NULL")


class Notice(Base):
    """One thing told to one customer in one way. `cause` is what happened: told once for each kind and channel.

    `facts` are the values of the text's variables, kept as they were when it happened; the text itself is made, and
    kept, when it is sent.
    """

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("cause", "kind", "channel"),
        one_of("kind", NoticeKind),
        one_of("channel", Channel),
        one_of("state", NoticeState),
        CheckConstraint(f"why IN ({', '.join(repr(word.value) for word in Why)})", name="why_known"),
        CheckConstraint("state <> 'sending' OR lease_until IS NOT NULL", name="sending_has_lease"),
        CheckConstraint("state NOT IN ('sent', 'handed_over') OR body IS NOT NULL", name="sent_has_text"),
        CheckConstraint("NOT awaits_link OR link_id IS NULL", name="awaits_or_has_link"),
        Index("ix_notices_newest", "created_at", "id"),
        Index("ix_notices_state", "state", "created_at", "id"),
        Index("ix_notices_customer", "customer_id", "created_at", "id"),
        Index("ix_notices_subject", "subject_id", "kind", "about_on"),
        Index(
            "ix_notices_awaiting",
            "state",
            "send_at",
            "id",
            sqlite_where=_AWAITS_ON_SQLITE,
            postgresql_where=_AWAITS_ON_POSTGRESQL,
        ),
        Index("ix_notices_link", "link_id", sqlite_where=_LINKED, postgresql_where=_LINKED),
        Index("ix_notices_handover", "handover_id", "id"),
        Index("ix_notices_work", "channel", "send_at", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index("ix_notices_late", "good_until", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index("ix_notices_sending", "lease_until", sqlite_where=_SENDING, postgresql_where=_SENDING),
    )

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    cause: Mapped[str] = mapped_column(String(120))
    kind: Mapped[NoticeKind] = mapped_column(Word(NoticeKind))
    channel: Mapped[Channel] = mapped_column(Word(Channel))
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"))
    # What it is about, in a feature above this one: named by its kind and id alone.
    subject_kind: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[str] = mapped_column(String(40))
    about_on: Mapped[date | None] = mapped_column(Date)
    # The card link in it, in a feature above this one too; nobody sends a notice that still waits for its link.
    awaits_link: Mapped[bool] = mapped_column(Boolean, default=False)
    link_id: Mapped[str | None] = mapped_column(String(40))
    facts: Mapped[str] = mapped_column(Text)  # JSON: variable -> value
    state: Mapped[NoticeState] = mapped_column(Word(NoticeState))
    why: Mapped[Why | None] = mapped_column(Word(Why))
    send_at: Mapped[datetime] = mapped_column(UtcDateTime)  # the next try is not before
    good_until: Mapped[datetime] = mapped_column(UtcDateTime)  # later it is no longer worth telling
    tries: Mapped[int] = mapped_column(Integer, default=0)
    most_tries: Mapped[int] = mapped_column(Integer)  # a person's press allows some more
    owner: Mapped[str | None] = mapped_column(String(60))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # As it was sent, or was about to be: kept word for word.
    address: Mapped[str | None] = mapped_column(String(254))
    subject: Mapped[str | None] = mapped_column(String(120))
    body: Mapped[str | None] = mapped_column(Text)
    text_version: Mapped[int | None] = mapped_column(Integer)
    handover_id: Mapped[str | None] = mapped_column(String(40))  # of the file it stands in
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    moved_at: Mapped[datetime] = mapped_column(UtcDateTime)


class NoticeTry(Base):
    """One try and what it came to; written once, when it is over."""

    __tablename__ = "notice_tries"
    __table_args__ = (one_of("answer", Answer),)

    notice_id: Mapped[str] = mapped_column(ForeignKey("notices.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    answer: Mapped[Answer] = mapped_column(Word(Answer))
    detail: Mapped[str] = mapped_column(String(200), default="")  # what the server said
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class NoticeText(Base):
    """A text as staff saved it. Version 0 is the shipped one and is no row; the highest version holds."""

    __tablename__ = "notice_texts"
    __table_args__ = (
        one_of("kind", NoticeKind),
        one_of("channel", Channel),
        CheckConstraint("version > 0", name="version_positive"),
    )

    kind: Mapped[NoticeKind] = mapped_column(Word(NoticeKind), primary_key=True)
    channel: Mapped[Channel] = mapped_column(Word(Channel), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    is_on: Mapped[bool] = mapped_column(Boolean)
    subject: Mapped[str] = mapped_column(String(120), default="")
    body: Mapped[str] = mapped_column(Text)
    staff_name: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Consent(Base):
    """A task: the customer must agree before `effective_on`, or nothing is charged at the new price.

    `opens_on` is the first day on which an answer counts. The sums do not change; another price is another task.
    """

    __tablename__ = "consents"
    __table_args__ = (
        one_of("kind", ConsentKind),
        one_of("mode", Mode),
        one_of("state", ConsentState),
        CheckConstraint("amount_krw > 0 AND agreed_krw >= 0", name="sums_range"),
        CheckConstraint("opens_on <= effective_on", name="opens_before"),
        Index(
            "uq_consents_unsettled", "subscription_id", unique=True,
            sqlite_where=_UNSETTLED, postgresql_where=_UNSETTLED,
        ),
        Index("ix_consents_subscription", "subscription_id", "created_at"),
        Index("ix_consents_state", "mode", "state", "created_at", "id"),
        Index("ix_consents_missing", "mode", "effective_on", "id", sqlite_where=_HOLDS, postgresql_where=_HOLDS),
        Index("ix_consents_unasked", "mode", "opens_on", "id", sqlite_where=_UNASKED, postgresql_where=_UNASKED),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[ConsentKind] = mapped_column(Word(ConsentKind))
    subscription_id: Mapped[str] = mapped_column(String(40))  # of a feature above this one
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"))
    mode: Mapped[Mode] = mapped_column(Word(Mode))  # of the subscription
    name: Mapped[str] = mapped_column(String(40))  # of the subscription, as the customer knows it
    agreed_krw: Mapped[int] = mapped_column(Won)  # what was agreed to so far; 0 for a free trial
    agreed_days: Mapped[int] = mapped_column(Integer)  # between two charges, about: a shorter cycle costs more too
    amount_krw: Mapped[int] = mapped_column(Won)
    effective_on: Mapped[date] = mapped_column(Date)
    opens_on: Mapped[date] = mapped_column(Date)
    # How often it is charged: "month.1" is every month, "week.2" every second week.
    agreed_cycle: Mapped[str] = mapped_column(String(20))
    cycle: Mapped[str] = mapped_column(String(20))
    state: Mapped[ConsentState] = mapped_column(Word(ConsentState))
    version: Mapped[int] = mapped_column(Integer, default=1)
    link_hash: Mapped[str] = mapped_column(String(64), unique=True)  # the token itself is kept nowhere
    link_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # None: no link was sent yet
    asks: Mapped[int] = mapped_column(Integer, default=0)  # how often notices were written for it
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when notices were written for it
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when the customer last said yes or no
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ConsentWord(Base):
    """One answer, as it was given: to which text, how, when, and who wrote it down."""

    __tablename__ = "consent_words"
    __table_args__ = (one_of("said_by", SaidBy), UniqueConstraint("consent_id", "number"))

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    consent_id: Mapped[str] = mapped_column(ForeignKey("consents.id"))
    number: Mapped[int] = mapped_column(Integer)
    agrees: Mapped[bool] = mapped_column(Boolean)
    said_by: Mapped[SaidBy] = mapped_column(Word(SaidBy))
    said_at: Mapped[datetime] = mapped_column(UtcDateTime)
    text: Mapped[str] = mapped_column(Text)  # what the customer was told
    text_version: Mapped[int] = mapped_column(Integer)
    note: Mapped[str] = mapped_column(String(300), default="")
    written_by: Mapped[str] = mapped_column(String(80))
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
