"""The triggers that hold the money rules inside the database, by name, and a look whether all of them stand.

Their text is in migrations/guards/, one file for each change and engine: rebuilding a table drops its triggers,
so every migration ends by installing the set that belongs to it. Neither the web process nor a worker serves
without all of them.
"""

from sqlalchemy import text
from sqlalchemy.orm import Session

TRIGGERS = frozenset(
    {
        "attempts_birth", "attempts_move", "attempts_no_delete",
        "charges_no_change", "charges_no_delete",
        "refunds_birth", "refunds_move", "refunds_no_delete",
        "ledger_entries_birth", "ledger_entries_no_update", "ledger_entries_no_delete",
        "payments_move", "payments_no_delete",
        "cancellations_no_update", "cancellations_no_delete",
        "events_no_update", "events_no_delete",
        "billing_keys_move", "billing_keys_no_delete",
        "registrations_move", "registrations_no_delete",
        "checkouts_move", "checkouts_no_delete",
        "schedules_move", "schedules_no_delete",
        "looks_no_update", "looks_no_delete",
        "hand_closings_birth", "hand_closings_move", "hand_closings_no_delete",
        "plans_no_delete", "subscriptions_move", "subscriptions_no_delete", "periods_move", "periods_no_delete",
        "period_charges_birth", "period_charges_no_update", "period_charges_no_delete",
        "card_links_move", "card_links_no_delete",
        "card_link_subscriptions_no_update", "card_link_subscriptions_no_delete",
        "card_consents_no_update", "card_consents_no_delete", "card_moves_move", "card_moves_no_delete",
        "cases_move", "cases_no_delete", "day_closings_no_update", "day_closings_no_delete",
        "notices_move", "notices_no_delete", "notice_tries_no_update", "notice_tries_no_delete",
        "notice_texts_no_update", "notice_texts_no_delete",
        "consents_move", "consents_no_delete", "consent_words_no_update", "consent_words_no_delete",
        "period_charges_consent",
    }
)  # fmt: skip
POSTGRESQL_ONLY = frozenset({"ledger_entries_no_truncate", "events_no_truncate"})


def expected(dialect: str) -> frozenset[str]:
    """The names that must stand on this engine."""
    return TRIGGERS | POSTGRESQL_ONLY if dialect == "postgresql" else TRIGGERS


def missing(session: Session) -> frozenset[str]:
    """The guards that do not stand in this database; empty when all is well."""
    dialect = session.get_bind().dialect.name
    look = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
        if dialect == "postgresql"
        else "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    )
    return expected(dialect) - set(session.execute(text(look)).scalars())
