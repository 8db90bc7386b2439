"""Tables of notices, of the tries to send them, and of the texts staff wrote."""

from datetime import date, datetime

from sqlalchemy import Boolean, CheckConstraint, Date, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from merchant_admin.core.db import Base, UtcDateTime, Word, one_of
from merchant_admin.core.outgoing import Channel
from merchant_admin.notices.states import Answer, NoticeKind, NoticeState, Why

_WAITING = text("state = 'waiting'")
_SENDING = text("state = 'sending'")


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
        Index("ix_notices_newest", "created_at", "id"),
        Index("ix_notices_state", "state", "created_at", "id"),
        Index("ix_notices_customer", "customer_id", "created_at", "id"),
        Index("ix_notices_subject", "subject_id", "kind", "about_on"),
        Index("ix_notices_handover", "handover_id", "id"),
        Index("ix_notices_work", "channel", "send_at", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
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
