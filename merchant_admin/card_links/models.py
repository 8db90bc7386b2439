"""Tables of card links, what they cover, what the customer agreed to, and moves to another profile."""

from datetime import datetime

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from merchant_admin.card_links.states import LinkState, MoveState, Trouble
from merchant_admin.core.db import Base, UtcDateTime, Word, one_of
from merchant_admin.core.settings import Mode

_LIVE = text("state IN ('open', 'registering', 'verified', 'moved')")
_WORKING = text("state IN ('registering', 'verified', 'moved')")
_RUNNING = text("state = 'running'")
_UNFINISHED = text("state <> 'finished'")


class CardMove(Base):
    """All cards of one PG profile asked to move to another one."""

    __tablename__ = "card_moves"
    __table_args__ = (
        one_of("state", MoveState),
        one_of("mode", Mode),
        CheckConstraint("source_pg <> target_pg", name="two_profiles"),
        CheckConstraint("link_days BETWEEN 1 AND 60", name="link_days_range"),
        Index(
            "uq_card_moves_unfinished", "mode", "source_pg", unique=True,
            sqlite_where=_UNFINISHED, postgresql_where=_UNFINISHED,
        ),
        Index("ix_card_moves_work", "id", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    mode: Mapped[Mode] = mapped_column(Word(Mode))
    source_pg: Mapped[str] = mapped_column(String(80))
    target_pg: Mapped[str] = mapped_column(String(80))
    state: Mapped[MoveState] = mapped_column(Word(MoveState))
    link_days: Mapped[int] = mapped_column(Integer)
    only_used: Mapped[bool] = mapped_column(Boolean, default=True)  # cards with a live subscription only
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    renewed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # links over by then get a new one
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CardLink(Base):
    """One link, for one new card. `old_billing_key_id` is the card it replaces; None: it only adds one."""

    __tablename__ = "card_links"
    __table_args__ = (
        one_of("state", LinkState),
        one_of("mode", Mode),
        CheckConstraint(f"trouble IN ({', '.join(repr(word.value) for word in Trouble)})", name="trouble_known"),
        CheckConstraint("state NOT IN ('verified', 'moved', 'done') OR new_billing_key_id IS NOT NULL", name="has_key"),
        CheckConstraint("tries >= 0", name="tries_range"),
        CheckConstraint("period_id IS NULL OR (staff_id IS NULL AND move_id IS NULL)", name="made_once"),
        UniqueConstraint("period_id", "old_billing_key_id"),
        Index(
            "uq_card_links_live", "old_billing_key_id", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE,
        ),
        Index("ix_card_links_customer", "customer_id", "created_at"),
        Index("ix_card_links_move", "move_id", "state", "id"),
        Index("ix_card_links_old_key", "old_billing_key_id", "created_at"),
        Index("ix_card_links_work", "next_at", sqlite_where=_WORKING, postgresql_where=_WORKING),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    sheet_key: Mapped[str] = mapped_column(String(80), unique=True)
    mode: Mapped[Mode] = mapped_column(Word(Mode))
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"))
    old_billing_key_id: Mapped[str | None] = mapped_column(ForeignKey("billing_keys.id"))
    move_id: Mapped[str | None] = mapped_column(ForeignKey("card_moves.id"))
    # The period that waits for another card, where its plan had the link made; None: staff or a move did.
    period_id: Mapped[str | None] = mapped_column(ForeignKey("periods.id"))
    pg: Mapped[str] = mapped_column(String(80))  # the profile that is to issue the new key
    link_hash: Mapped[str] = mapped_column(String(64), unique=True)  # the token itself is kept nowhere
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[LinkState] = mapped_column(Word(LinkState))
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(Integer, default=0)  # windows; the newest one's sheet is `<id>.<tries>`
    registration_id: Mapped[str | None] = mapped_column(ForeignKey("registrations.id"), unique=True)
    new_billing_key_id: Mapped[str | None] = mapped_column(ForeignKey("billing_keys.id"))
    moved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    trouble: Mapped[Trouble | None] = mapped_column(Word(Trouble))
    revoked: Mapped[int] = mapped_column(Integer, default=0)  # reservations of the old card that were revoked
    waits: Mapped[int] = mapped_column(Integer, default=0)
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # of the next step, while a worker has any
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CardLinkSubscription(Base):
    """A subscription that the new card takes over."""

    __tablename__ = "card_link_subscriptions"
    __table_args__ = (Index("ix_card_link_subscriptions_subscription", "subscription_id"),)

    link_id: Mapped[str] = mapped_column(ForeignKey("card_links.id"), primary_key=True)
    subscription_id: Mapped[str] = mapped_column(ForeignKey("subscriptions.id"), primary_key=True)


class CardConsent(Base):
    """What the customer agreed to on the page, word for word. Nothing of it is ever changed or deleted."""

    __tablename__ = "card_consents"
    __table_args__ = (Index("ix_card_consents_link", "link_id", "given_at"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    link_id: Mapped[str] = mapped_column(ForeignKey("card_links.id"))
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id"))
    version: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(5))
    text: Mapped[str] = mapped_column(Text)
    address: Mapped[str | None] = mapped_column(String(64))  # where from
    browser: Mapped[str | None] = mapped_column(String(256))
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
