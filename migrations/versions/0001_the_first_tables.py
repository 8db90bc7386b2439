"""The first tables, and the guards that hold the money rules."""

from alembic import op
import sqlalchemy as sa

from merchant_admin.core.db import UtcDateTime
from migrations import guards

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None
PAYMENT_TIMES = {"ready": "started_at", "failed": "failed_at", "paid": "paid_at", "cancelled": "cancelled_at"}


def upgrade():
    op.create_table(
        "customers",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=True),
        sa.Column("email", sa.String(length=64), nullable=True),
        sa.Column("memo", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("archived_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
    )
    op.create_index(
        "ix_customers_active",
        "customers",
        ["created_at", "id"],
        unique=False,
        sqlite_where=sa.text("archived_at IS NULL"),
        postgresql_where=sa.text("archived_at IS NULL"),
    )
    op.create_index(
        "ix_customers_archived",
        "customers",
        ["created_at", "id"],
        unique=False,
        sqlite_where=sa.text("archived_at IS NOT NULL"),
        postgresql_where=sa.text("archived_at IS NOT NULL"),
    )
    op.create_table(
        "daily_totals",
        sa.Column("seoul_day", sa.Date(), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("sum_krw", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('charge', 'refund')", name=op.f("ck_daily_totals_kind_known")),
        sa.PrimaryKeyConstraint("seoul_day", "mode", "kind", name=op.f("pk_daily_totals")),
    )
    op.create_table(
        "events",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.String(length=40), nullable=True),
        sa.Column("actor_name", sa.String(length=80), nullable=False),
        sa.Column("actor_address", sa.String(length=45), nullable=True),
        sa.Column("act", sa.String(length=60), nullable=False),
        sa.Column("subject_kind", sa.String(length=24), nullable=False),
        sa.Column("subject_id", sa.String(length=80), nullable=False),
        sa.Column("customer_id", sa.String(length=40), nullable=True),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_events")),
    )
    op.create_index("ix_events_actor", "events", ["actor_id", "seq"], unique=False)
    op.create_index("ix_events_customer", "events", ["customer_id", "seq"], unique=False)
    op.create_index("ix_events_kind", "events", ["subject_kind", "seq"], unique=False)
    op.create_index("ix_events_subject", "events", ["subject_id", "subject_kind", "seq"], unique=False)
    op.create_table(
        "chain_heads",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=False),
        sa.Column("seal", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_chain_heads_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chain_heads")),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("ref", sa.String(length=120), nullable=False),
        sa.Column("debit", sa.String(length=32), nullable=False),
        sa.Column("credit", sa.String(length=32), nullable=False),
        sa.Column("amount_krw", sa.BigInteger(), nullable=False),
        sa.Column("imp_uid", sa.String(length=32), nullable=False),
        sa.Column("payment_id", sa.String(length=40), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("happened_at", UtcDateTime(), nullable=False),
        sa.Column("seoul_day", sa.Date(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("credit IN ('receivable', 'sales', 'refunds')", name=op.f("ck_ledger_entries_credit_known")),
        sa.CheckConstraint("debit IN ('receivable', 'sales', 'refunds')", name=op.f("ck_ledger_entries_debit_known")),
        sa.CheckConstraint("kind IN ('charge', 'refund')", name=op.f("ck_ledger_entries_kind_known")),
        sa.CheckConstraint("amount_krw > 0", name=op.f("ck_ledger_entries_amount_positive")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_ledger_entries_two_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
        sa.UniqueConstraint("kind", "ref", name=op.f("uq_ledger_entries_kind_ref")),
    )
    op.create_index("ix_ledger_entries_day", "ledger_entries", ["seoul_day", "happened_at", "id"], unique=False)
    op.create_index("ix_ledger_entries_kind", "ledger_entries", ["kind", "happened_at", "id"], unique=False)
    op.create_index("ix_ledger_entries_imp_uid", "ledger_entries", ["imp_uid"], unique=False)
    op.create_table(
        "sign_in_tries",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("bucket", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_tries")),
    )
    op.create_index("ix_sign_in_tries_at", "sign_in_tries", ["at"], unique=False)
    op.create_index("ix_sign_in_tries_bucket", "sign_in_tries", ["bucket", "at"], unique=False)
    op.create_table(
        "staff",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("role IN ('viewer', 'clerk', 'manager', 'owner')", name=op.f("ck_staff_role_known")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_staff_email_lower")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("email", name=op.f("uq_staff_email")),
    )
    op.create_table(
        "webhook_events",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("imp_uid", sa.String(length=32), nullable=False),
        sa.Column("merchant_uid", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("cancellation_id", sa.String(length=60), nullable=False),
        sa.Column("decision", sa.String(length=32), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("next_look_at", UtcDateTime(), nullable=True),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "decision IN ('waiting', 'applied', 'unknown_payment', 'foreign_mode', 'malformed')",
            name=op.f("ck_webhook_events_decision_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_events")),
    )
    op.create_index("ix_webhook_events_done", "webhook_events", ["decision", "done_at"], unique=False)
    op.create_index("ix_webhook_events_newest", "webhook_events", ["received_at", "id"], unique=False)
    op.create_index("ix_webhook_events_work", "webhook_events", ["decision", "next_look_at"], unique=False)
    op.create_index(
        "uq_webhook_events_waiting",
        "webhook_events",
        ["imp_uid", "status", "cancellation_id"],
        unique=True,
        sqlite_where=sa.text("decision = 'waiting'"),
        postgresql_where=sa.text("decision = 'waiting'"),
    )
    op.create_table(
        "billing_keys",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("customer_id", sa.String(length=40), nullable=False),
        sa.Column("customer_uid", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("pg_provider", sa.String(length=16), nullable=False),
        sa.Column("pg_id", sa.String(length=80), nullable=False),
        sa.Column("issuer_code", sa.String(length=16), nullable=True),
        sa.Column("issuer_name", sa.String(length=40), nullable=True),
        sa.Column("last_four", sa.String(length=4), nullable=True),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("registered_at", UtcDateTime(), nullable=False),
        sa.Column("last_charged_at", UtcDateTime(), nullable=True),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("mode IN ('sandbox', 'test', 'live')", name=op.f("ck_billing_keys_mode_known")),
        sa.CheckConstraint(
            "state IN ('active', 'deleting', 'deleted', 'missing')", name=op.f("ck_billing_keys_state_known")
        ),
        sa.CheckConstraint(
            "last_four IS NULL OR length(last_four) <= 4", name=op.f("ck_billing_keys_last_four_length")
        ),
        sa.CheckConstraint("length(customer_uid) BETWEEN 1 AND 80", name=op.f("ck_billing_keys_customer_uid_length")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_billing_keys_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_keys")),
        sa.UniqueConstraint("customer_uid", name=op.f("uq_billing_keys_customer_uid")),
    )
    op.create_index("ix_billing_keys_customer", "billing_keys", ["customer_id", "registered_at"], unique=False)
    op.create_index("ix_billing_keys_issuer", "billing_keys", ["issuer_code", "registered_at", "id"], unique=False)
    op.create_index("ix_billing_keys_mid", "billing_keys", ["pg_id", "registered_at", "id"], unique=False)
    op.create_index("ix_billing_keys_newest", "billing_keys", ["registered_at", "id"], unique=False)
    op.create_index("ix_billing_keys_state", "billing_keys", ["state", "registered_at", "id"], unique=False)
    op.create_index(
        "ix_billing_keys_gone",
        "billing_keys",
        ["mode", "id"],
        unique=False,
        sqlite_where=sa.text("state IN ('deleting', 'missing')"),
        postgresql_where=sa.text("state IN ('deleting', 'missing')"),
    )
    op.create_index(
        "uq_billing_keys_default",
        "billing_keys",
        ["customer_id"],
        unique=True,
        sqlite_where=sa.text("is_default = 1"),
        postgresql_where=sa.text("is_default"),
    )
    op.create_table(
        "customer_terms",
        sa.Column(
            "term", sa.String(length=64).with_variant(sa.String(length=64, collation="C"), "postgresql"), nullable=False
        ),
        sa.Column("customer_id", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_customer_terms_customer_id")),
        sa.PrimaryKeyConstraint("term", "customer_id", "source", name=op.f("pk_customer_terms")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_customer_terms_customer", "customer_terms", ["customer_id", "term"], unique=False)
    op.create_table(
        "staff_sessions",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.String(length=40), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("browser", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_sessions_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_staff_sessions_token_hash")),
    )
    op.create_index("ix_staff_sessions_staff", "staff_sessions", ["staff_id", "ended_at"], unique=False)
    op.create_table(
        "charges",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("sheet_key", sa.String(length=40), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=40), nullable=False),
        sa.Column("billing_key_id", sa.String(length=40), nullable=True),
        sa.Column("amount_krw", sa.BigInteger(), nullable=False),
        sa.Column("tax_free_krw", sa.BigInteger(), nullable=False),
        sa.Column("quota", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("memo", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.String(length=40), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("kind IN ('one_off', 'again', 'first', 'window', 'scheduled', 'key_in', 'renewal')", name=op.f("ck_charges_kind_known")),
        sa.CheckConstraint("mode IN ('sandbox', 'test', 'live')", name=op.f("ck_charges_mode_known")),
        sa.CheckConstraint("amount_krw BETWEEN 1 AND 100000000", name=op.f("ck_charges_amount_range")),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 40", name=op.f("ck_charges_name_length")),
        sa.CheckConstraint(
            "quota = 0 OR (quota BETWEEN 2 AND 12 AND amount_krw >= 50000)", name=op.f("ck_charges_quota_rule")
        ),
        sa.CheckConstraint("tax_free_krw BETWEEN 0 AND amount_krw", name=op.f("ck_charges_tax_free_range")),
        sa.ForeignKeyConstraint(["billing_key_id"], ["billing_keys.id"], name=op.f("fk_charges_billing_key_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_charges_customer_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_charges_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_charges")),
        sa.UniqueConstraint("sheet_key", name=op.f("uq_charges_sheet_key")),
    )
    op.create_index("ix_charges_same", "charges", ["customer_id", "amount_krw", "created_at"], unique=False)
    op.create_table(
        "attempts",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("charge_id", sa.String(length=40), nullable=False),
        sa.Column("merchant_uid", sa.String(length=40), nullable=False),
        sa.Column("customer_uid", sa.String(length=80), nullable=True),
        sa.Column("pg_id", sa.String(length=80), nullable=True),
        sa.Column("amount_krw", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("absences", sa.Integer(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("owner", sa.String(length=60), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("absent_at", UtcDateTime(), nullable=True),
        sa.Column("next_look_at", UtcDateTime(), nullable=True),
        sa.Column("imp_uid", sa.String(length=32), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("fail_reason", sa.String(length=256), nullable=True),
        sa.Column("evidence", sa.String(length=256), nullable=True),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(state = 'sending') = (lease_until IS NOT NULL)", name=op.f("ck_attempts_lease_while_sending")
        ),
        sa.CheckConstraint("state <> 'paid' OR imp_uid IS NOT NULL", name=op.f("ck_attempts_paid_has_imp_uid")),
        sa.CheckConstraint(
            "state IN ('ready', 'abandoned') OR sends >= 1 OR late", name=op.f("ck_attempts_sent_before_known")
        ),
        sa.CheckConstraint(
            "state IN ('ready', 'sending', 'uncertain', 'paid', 'declined', 'abandoned')",
            name=op.f("ck_attempts_state_known"),
        ),
        sa.CheckConstraint("amount_krw > 0", name=op.f("ck_attempts_amount_positive")),
        sa.CheckConstraint("length(merchant_uid) BETWEEN 1 AND 40", name=op.f("ck_attempts_merchant_uid_length")),
        sa.CheckConstraint("sends BETWEEN 0 AND 3", name=op.f("ck_attempts_sends_range")),
        sa.ForeignKeyConstraint(["charge_id"], ["charges.id"], name=op.f("fk_attempts_charge_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
        sa.UniqueConstraint("merchant_uid", name=op.f("uq_attempts_merchant_uid")),
    )
    op.create_index("ix_attempts_charge", "attempts", ["charge_id"], unique=False)
    op.create_index(
        "ix_attempts_work",
        "attempts",
        ["state", "next_look_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('ready', 'sending', 'uncertain')"),
        postgresql_where=sa.text("state IN ('ready', 'sending', 'uncertain')"),
    )
    op.create_index(
        "uq_attempts_open",
        "attempts",
        ["charge_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('ready', 'sending', 'uncertain')"),
        postgresql_where=sa.text("state IN ('ready', 'sending', 'uncertain')"),
    )
    op.create_table(
        "payment_lines",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("attempt_id", sa.String(length=40), nullable=True),
        sa.Column("charge_id", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=40), nullable=True),
        sa.Column("billing_key_id", sa.String(length=40), nullable=True),
        sa.Column("staff_id", sa.String(length=40), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("amount_krw", sa.BigInteger(), nullable=False),
        sa.Column("refunded_krw", sa.BigInteger(), nullable=False),
        sa.Column("issuer_code", sa.String(length=16), nullable=True),
        sa.Column("issuer_name", sa.String(length=40), nullable=True),
        sa.Column("last_four", sa.String(length=4), nullable=True),
        sa.Column("method", sa.String(length=20), nullable=True),
        sa.Column("fail_reason", sa.String(length=256), nullable=True),
        sa.Column("merchant_uid", sa.String(length=80), nullable=False),
        sa.Column("imp_uid", sa.String(length=32), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("paid_at", UtcDateTime(), nullable=True),
        sa.Column("refunded_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'checking', 'paid', 'partly_refunded', 'refunded', 'declined', 'not_sent', 'ready', 'awaiting_deposit', 'deposit_expired', 'unknown')",
            name=op.f("ck_payment_lines_state_known"),
        ),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_payment_lines_attempt_id")),
        sa.ForeignKeyConstraint(["billing_key_id"], ["billing_keys.id"], name=op.f("fk_payment_lines_billing_key_id")),
        sa.ForeignKeyConstraint(["charge_id"], ["charges.id"], name=op.f("fk_payment_lines_charge_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_payment_lines_customer_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_payment_lines_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_lines")),
        sa.UniqueConstraint("attempt_id", name=op.f("uq_payment_lines_attempt_id")),
        sa.UniqueConstraint("imp_uid", name=op.f("uq_payment_lines_imp_uid")),
    )
    op.create_index("ix_payment_lines_billing_key", "payment_lines", ["billing_key_id", "asked_at", "id"], unique=False)
    op.create_index("ix_payment_lines_charge", "payment_lines", ["charge_id"], unique=False)
    op.create_index("ix_payment_lines_customer", "payment_lines", ["customer_id", "asked_at", "id"], unique=False)
    op.create_index("ix_payment_lines_issuer", "payment_lines", ["issuer_code", "asked_at", "id"], unique=False)
    op.create_index("ix_payment_lines_last_four", "payment_lines", ["last_four", "asked_at", "id"], unique=False)
    op.create_index("ix_payment_lines_merchant_uid", "payment_lines", ["merchant_uid"], unique=False)
    op.create_index("ix_payment_lines_newest", "payment_lines", ["asked_at", "id"], unique=False)
    op.create_index("ix_payment_lines_paid", "payment_lines", ["paid_at", "id"], unique=False)
    op.create_index("ix_payment_lines_refunded", "payment_lines", ["refunded_at", "id"], unique=False)
    op.create_index("ix_payment_lines_staff", "payment_lines", ["staff_id", "asked_at", "id"], unique=False)
    op.create_index("ix_payment_lines_state", "payment_lines", ["state", "asked_at", "id"], unique=False)
    op.create_table(
        "payments",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("imp_uid", sa.String(length=32), nullable=False),
        sa.Column("merchant_uid", sa.String(length=80), nullable=False),
        sa.Column("attempt_id", sa.String(length=40), nullable=True),
        sa.Column("customer_id", sa.String(length=40), nullable=True),
        sa.Column("billing_key_id", sa.String(length=40), nullable=True),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("amount_krw", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_krw", sa.BigInteger(), nullable=False),
        sa.Column("pg_provider", sa.String(length=16), nullable=True),
        sa.Column("pg_id", sa.String(length=80), nullable=True),
        sa.Column("pg_tid", sa.String(length=80), nullable=True),
        sa.Column("method", sa.String(length=20), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("issuer_code", sa.String(length=16), nullable=True),
        sa.Column("issuer_name", sa.String(length=40), nullable=True),
        sa.Column("last_four", sa.String(length=4), nullable=True),
        sa.Column("quota", sa.Integer(), nullable=True),
        sa.Column("approval_number", sa.String(length=20), nullable=True),
        sa.Column("receipt_url", sa.String(length=300), nullable=True),
        sa.Column("fail_reason", sa.String(length=256), nullable=True),
        sa.Column("bank_name", sa.String(length=40), nullable=True),
        sa.Column("account_number", sa.String(length=40), nullable=True),
        sa.Column("account_holder", sa.String(length=40), nullable=True),
        sa.Column("deposit_due_at", UtcDateTime(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("paid_at", UtcDateTime(), nullable=True),
        sa.Column("failed_at", UtcDateTime(), nullable=True),
        sa.Column("cancelled_at", UtcDateTime(), nullable=True),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("mode IN ('sandbox', 'test', 'live')", name=op.f("ck_payments_mode_known")),
        sa.CheckConstraint(
            "status IN ('ready', 'paid', 'failed', 'cancelled', 'unknown')", name=op.f("ck_payments_status_known")
        ),
        sa.CheckConstraint("amount_krw >= 0", name=op.f("ck_payments_amount_not_negative")),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_payments_attempt_id")),
        sa.ForeignKeyConstraint(["billing_key_id"], ["billing_keys.id"], name=op.f("fk_payments_billing_key_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_payments_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("imp_uid", name=op.f("uq_payments_imp_uid")),
    )
    op.create_index("ix_payments_attempt", "payments", ["attempt_id"], unique=False)
    op.create_index("ix_payments_billing_key", "payments", ["billing_key_id", "started_at"], unique=False)
    op.create_index("ix_payments_merchant_uid", "payments", ["merchant_uid"], unique=False)
    op.create_table(
        "registrations",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("return_token", sa.String(length=40), nullable=False),
        sa.Column("sheet_key", sa.String(length=40), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=40), nullable=False),
        sa.Column("customer_uid", sa.String(length=80), nullable=False),
        sa.Column("merchant_uid", sa.String(length=40), nullable=False),
        sa.Column("pg", sa.String(length=80), nullable=False),
        sa.Column("issuers", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("amount_krw", sa.BigInteger(), nullable=False),
        sa.Column("tax_free_krw", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.String(length=40), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("key_fact", sa.String(length=32), nullable=False),
        sa.Column("charge_fact", sa.String(length=32), nullable=False),
        sa.Column("imp_uid", sa.String(length=32), nullable=True),
        sa.Column("billing_key_id", sa.String(length=40), nullable=True),
        sa.Column("told", sa.String(length=256), nullable=True),
        sa.Column("hinted_imp_uid", sa.String(length=32), nullable=True),
        sa.Column("evidence", sa.String(length=256), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("key_absences", sa.Integer(), nullable=False),
        sa.Column("key_absent_at", UtcDateTime(), nullable=True),
        sa.Column("next_look_at", UtcDateTime(), nullable=True),
        sa.Column("staff_id", sa.String(length=40), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("returned_at", UtcDateTime(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(amount_krw = 0) = (charge_fact = 'not_asked')", name=op.f("ck_registrations_charge_asked")
        ),
        sa.CheckConstraint(
            "charge_fact IN ('not_asked', 'unknown', 'yes', 'no')", name=op.f("ck_registrations_charge_fact_known")
        ),
        sa.CheckConstraint(
            "key_fact IN ('not_asked', 'unknown', 'yes', 'no')", name=op.f("ck_registrations_key_fact_known")
        ),
        sa.CheckConstraint("mode IN ('sandbox', 'test', 'live')", name=op.f("ck_registrations_mode_known")),
        sa.CheckConstraint(
            "state IN ('open', 'checking', 'both', 'key_only', 'charge_only', 'none')",
            name=op.f("ck_registrations_state_known"),
        ),
        sa.CheckConstraint("amount_krw BETWEEN 0 AND 100000000", name=op.f("ck_registrations_amount_range")),
        sa.CheckConstraint("tax_free_krw BETWEEN 0 AND amount_krw", name=op.f("ck_registrations_tax_free_range")),
        sa.CheckConstraint("length(merchant_uid) BETWEEN 1 AND 40", name=op.f("ck_registrations_merchant_uid_length")),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_registrations_attempt_id")),
        sa.ForeignKeyConstraint(["billing_key_id"], ["billing_keys.id"], name=op.f("fk_registrations_billing_key_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_registrations_customer_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_registrations_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registrations")),
        sa.UniqueConstraint("customer_uid", name=op.f("uq_registrations_customer_uid")),
        sa.UniqueConstraint("merchant_uid", name=op.f("uq_registrations_merchant_uid")),
        sa.UniqueConstraint("return_token", name=op.f("uq_registrations_return_token")),
        sa.UniqueConstraint("sheet_key", name=op.f("uq_registrations_sheet_key")),
    )
    op.create_index("ix_registrations_customer", "registrations", ["customer_id", "created_at"], unique=False)
    op.create_index(
        "ix_registrations_paid_only",
        "registrations",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("state = 'charge_only'"),
        postgresql_where=sa.text("state = 'charge_only'"),
    )
    op.create_index(
        "ix_registrations_work",
        "registrations",
        ["next_look_at"],
        unique=False,
        sqlite_where=sa.text("next_look_at IS NOT NULL"),
        postgresql_where=sa.text("next_look_at IS NOT NULL"),
    )
    op.create_table(
        "cancellations",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("payment_id", sa.String(length=40), nullable=False),
        sa.Column("ref", sa.String(length=60), nullable=False),
        sa.Column("amount_krw", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.String(length=256), nullable=True),
        sa.Column("receipt_url", sa.String(length=300), nullable=True),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("amount_krw > 0", name=op.f("ck_cancellations_amount_positive")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_cancellations_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancellations")),
        sa.UniqueConstraint("payment_id", "ref", name=op.f("uq_cancellations_payment_id_ref")),
    )
    op.create_index("ix_cancellations_newest", "cancellations", ["cancelled_at", "id"], unique=False)
    op.create_table(
        "refunds",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("sheet_key", sa.String(length=40), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("payment_id", sa.String(length=40), nullable=False),
        sa.Column("imp_uid", sa.String(length=32), nullable=False),
        sa.Column("amount_krw", sa.BigInteger(), nullable=False),
        sa.Column("tax_free_krw", sa.BigInteger(), nullable=False),
        sa.Column("remaining_krw", sa.BigInteger(), nullable=False),
        sa.Column("reason_code", sa.String(length=32), nullable=False),
        sa.Column("reason_text", sa.String(length=200), nullable=False),
        sa.Column("pay_back_bank", sa.String(length=3), nullable=True),
        sa.Column("pay_back_account", sa.String(length=20), nullable=True),
        sa.Column("pay_back_holder", sa.String(length=20), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("sends", sa.Integer(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("owner", sa.String(length=60), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("next_look_at", UtcDateTime(), nullable=True),
        sa.Column("cancellation_ref", sa.String(length=60), nullable=True),
        sa.Column("evidence", sa.String(length=256), nullable=True),
        sa.Column("staff_id", sa.String(length=40), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(state = 'sending') = (lease_until IS NOT NULL)", name=op.f("ck_refunds_lease_while_sending")
        ),
        sa.CheckConstraint("mode IN ('sandbox', 'test', 'live')", name=op.f("ck_refunds_mode_known")),
        sa.CheckConstraint(
            "reason_code IN ('customer_request', 'duplicate', 'not_delivered', 'wrong_amount', 'other')",
            name=op.f("ck_refunds_reason_code_known"),
        ),
        sa.CheckConstraint(
            "state IN ('ready', 'sending', 'uncertain', 'done', 'refused')", name=op.f("ck_refunds_state_known")
        ),
        sa.CheckConstraint("amount_krw > 0", name=op.f("ck_refunds_amount_positive")),
        sa.CheckConstraint("remaining_krw >= amount_krw", name=op.f("ck_refunds_within_balance")),
        sa.CheckConstraint("sends BETWEEN 0 AND 3", name=op.f("ck_refunds_sends_range")),
        sa.CheckConstraint("tax_free_krw BETWEEN 0 AND amount_krw", name=op.f("ck_refunds_tax_free_range")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_refunds_payment_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_refunds_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("sheet_key", name=op.f("uq_refunds_sheet_key")),
    )
    op.create_index("ix_refunds_payment", "refunds", ["payment_id", "created_at"], unique=False)
    op.create_index(
        "ix_refunds_work",
        "refunds",
        ["state", "next_look_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('ready', 'sending', 'uncertain')"),
        postgresql_where=sa.text("state IN ('ready', 'sending', 'uncertain')"),
    )
    op.create_index(
        "uq_refunds_open",
        "refunds",
        ["payment_id"],
        unique=True,
        sqlite_where=sa.text("state IN ('ready', 'sending', 'uncertain')"),
        postgresql_where=sa.text("state IN ('ready', 'sending', 'uncertain')"),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("payment_id", sa.String(length=40), nullable=True),
        sa.Column("charge_id", sa.String(length=40), nullable=True),
        sa.Column("registration_id", sa.String(length=40), nullable=True),
        sa.Column("day", sa.String(length=10), nullable=True),
        sa.Column("customer_id", sa.String(length=40), nullable=True),
        sa.Column("amount_krw", sa.BigInteger(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("owner_id", sa.String(length=40), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.Column("resolved_by", sa.String(length=80), nullable=True),
        sa.Column("resolution", sa.String(length=500), nullable=False),
        sa.CheckConstraint(
            "(state = 'resolved') = (resolved_at IS NOT NULL)", name=op.f("ck_cases_resolved_when_said")
        ),
        sa.CheckConstraint(
            "kind IN ('paid_twice', 'mismatch', 'wrong_mid', 'amount_changed', 'test_in_live', 'history_differs', 'charge_only', 'missing_here', 'missing_there', 'differs', 'books_differ', 'closed_day_moved', 'deposit_differs', 'other_issuer', 'unknown_channel')",
            name=op.f("ck_cases_kind_known"),
        ),
        sa.CheckConstraint("state IN ('open', 'resolved')", name=op.f("ck_cases_state_known")),
        sa.CheckConstraint("state = 'open' OR length(resolution) > 0", name=op.f("ck_cases_resolution_given")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_cases_customer_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["staff.id"], name=op.f("fk_cases_owner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("kind", "subject", name=op.f("uq_cases_kind_subject")),
    )
    op.create_index("ix_cases_newest", "cases", ["state", "opened_at", "id"], unique=False)
    op.create_index(
        "ix_cases_open",
        "cases",
        ["opened_at"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "duty_runs",
        sa.Column("duty", sa.String(length=32), nullable=False),
        sa.Column("slot", sa.String(length=40), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=60), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "duty IN ('recent', 'nightly', 'reread', 'match', 'channels', 'sync')",
            name=op.f("ck_duty_runs_duty_known"),
        ),
        sa.PrimaryKeyConstraint("duty", "slot", name=op.f("pk_duty_runs")),
    )
    op.create_index("ix_duty_runs_done", "duty_runs", ["duty", "done_at"], unique=False)
    op.create_table(
        "day_matches",
        sa.Column("seoul_day", sa.Date(), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("matched_at", UtcDateTime(), nullable=False),
        sa.Column("is_equal", sa.Boolean(), nullable=False),
        sa.Column("differences", sa.Integer(), nullable=False),
        sa.Column("reversals", sa.Integer(), nullable=False),
        sa.Column("tallies", sa.Text(), nullable=False),
        sa.CheckConstraint("mode IN ('sandbox', 'test', 'live')", name=op.f("ck_day_matches_mode_known")),
        sa.PrimaryKeyConstraint("seoul_day", "mode", name=op.f("pk_day_matches")),
    )
    op.create_table(
        "day_closings",
        sa.Column("seoul_day", sa.Date(), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=False),
        sa.Column("staff_id", sa.String(length=40), nullable=True),
        sa.Column("closed_by", sa.String(length=80), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.Column("mac", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint("mode IN ('sandbox', 'test', 'live')", name=op.f("ck_day_closings_mode_known")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_day_closings_staff_id")),
        sa.PrimaryKeyConstraint("seoul_day", "mode", name=op.f("pk_day_closings")),
    )
    for status, column in PAYMENT_TIMES.items():
        op.create_index(
            f"ix_payments_when_{status}",
            "payments",
            [column],
            unique=False,
            sqlite_where=sa.text(f"status = '{status}'"),
            postgresql_where=sa.text(f"status = '{status}'"),
        )
    op.create_index("ix_attempts_sent", "attempts", ["sent_at"], unique=False)
    op.create_table(
        "looks",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=40), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("answer", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.String(length=120), nullable=False),
        sa.Column("actor_name", sa.String(length=80), nullable=False),
        sa.CheckConstraint("kind IN ('charge', 'refund')", name=op.f("ck_looks_kind_known")),
        sa.CheckConstraint(
            "answer IN ('unread', 'nothing', 'absent', 'unfinished', 'done', 'not_done')",
            name=op.f("ck_looks_answer_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_looks")),
    )
    op.create_index("ix_looks_subject", "looks", ["subject_id", "at", "id"], unique=False)
    op.create_table(
        "hand_closings",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject_id", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("evidence", sa.String(length=1000), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("asked_by", sa.String(length=40), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by", sa.String(length=40), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('charge', 'refund')", name=op.f("ck_hand_closings_kind_known")),
        sa.CheckConstraint("state IN ('asked', 'agreed', 'refused', 'overtaken')", name=op.f("ck_hand_closings_state_known")),
        sa.CheckConstraint("length(reason) > 0", name=op.f("ck_hand_closings_reason_given")),
        sa.CheckConstraint("length(evidence) > 0", name=op.f("ck_hand_closings_evidence_given")),
        sa.CheckConstraint(
            "state <> 'agreed' OR decided_by <> asked_by", name=op.f("ck_hand_closings_second_person")
        ),
        sa.CheckConstraint(
            "(state IN ('asked', 'overtaken')) = (decided_by IS NULL)",
            name=op.f("ck_hand_closings_decided_by_someone"),
        ),
        sa.CheckConstraint(
            "(state = 'asked') = (decided_at IS NULL)", name=op.f("ck_hand_closings_decided_at_some_time")
        ),
        sa.ForeignKeyConstraint(["asked_by"], ["staff.id"], name=op.f("fk_hand_closings_asked_by")),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.id"], name=op.f("fk_hand_closings_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_closings")),
    )
    op.create_index("ix_hand_closings_subject", "hand_closings", ["subject_id", "asked_at"], unique=False)
    op.create_index(
        "uq_hand_closings_asked",
        "hand_closings",
        ["kind", "subject_id"],
        unique=True,
        sqlite_where=sa.text("state = 'asked'"),
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.create_table(
        "failure_words",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("pattern", sa.String(length=256), nullable=False),
        sa.Column("failure_class", sa.String(length=32), nullable=False),
        sa.Column("staff_id", sa.String(length=40), nullable=False),
        sa.Column("set_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "failure_class IN ('limit', 'balance', 'lost_or_stopped', 'expired', 'wrong_data', 'issuer_down', "
            "'system', 'unknown')",
            name=op.f("ck_failure_words_failure_class_known"),
        ),
        sa.CheckConstraint("length(pattern) > 0", name=op.f("ck_failure_words_pattern_given")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_failure_words_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failure_words")),
        sa.UniqueConstraint("pattern", name=op.f("uq_failure_words_pattern")),
    )
    op.create_table(
        "schedules",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("sheet_key", sa.String(length=40), nullable=True),
        sa.Column("merchant_uid", sa.String(length=80), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=40), nullable=True),
        sa.Column("billing_key_id", sa.String(length=40), nullable=True),
        sa.Column("customer_uid", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("amount_krw", sa.BigInteger(), nullable=False),
        sa.Column("tax_free_krw", sa.BigInteger(), nullable=False),
        sa.Column("memo", sa.Text(), nullable=False),
        sa.Column("schedule_at", UtcDateTime(), nullable=False),
        sa.Column("wanted_at", UtcDateTime(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("owner", sa.String(length=60), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("absences", sa.Integer(), nullable=False),
        sa.Column("absent_at", UtcDateTime(), nullable=True),
        sa.Column("next_look_at", UtcDateTime(), nullable=True),
        sa.Column("evidence", sa.String(length=256), nullable=True),
        sa.Column("imp_uid", sa.String(length=32), nullable=True),
        sa.Column("fail_reason", sa.String(length=256), nullable=True),
        sa.Column("staff_id", sa.String(length=40), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('ready', 'sending', 'uncertain', 'scheduled', 'revoking', 'executed_paid', 'executed_failed', 'revoked', 'missing')",
            name=op.f("ck_schedules_state_known"),
        ),
        sa.CheckConstraint("source IN ('ours', 'found')", name=op.f("ck_schedules_source_known")),
        sa.CheckConstraint("mode IN ('sandbox', 'test', 'live')", name=op.f("ck_schedules_mode_known")),
        sa.CheckConstraint("amount_krw BETWEEN 1 AND 100000000", name=op.f("ck_schedules_amount_range")),
        sa.CheckConstraint("tax_free_krw BETWEEN 0 AND amount_krw", name=op.f("ck_schedules_tax_free_range")),
        sa.CheckConstraint("length(merchant_uid) BETWEEN 1 AND 80", name=op.f("ck_schedules_merchant_uid_length")),
        sa.CheckConstraint(
            "(state = 'sending') = (lease_until IS NOT NULL)", name=op.f("ck_schedules_lease_while_sending")
        ),
        sa.CheckConstraint(
            "source = 'found' OR billing_key_id IS NOT NULL", name=op.f("ck_schedules_ours_has_a_card")
        ),
        sa.ForeignKeyConstraint(["billing_key_id"], ["billing_keys.id"], name=op.f("fk_schedules_billing_key_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_schedules_customer_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_schedules_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedules")),
        sa.UniqueConstraint("merchant_uid", name=op.f("uq_schedules_merchant_uid")),
        sa.UniqueConstraint("sheet_key", name=op.f("uq_schedules_sheet_key")),
    )
    op.create_index("ix_schedules_billing_key", "schedules", ["billing_key_id", "state"], unique=False)
    op.create_index("ix_schedules_customer", "schedules", ["customer_id", "schedule_at"], unique=False)
    op.create_index("ix_schedules_state", "schedules", ["state", "schedule_at", "id"], unique=False)
    op.create_index("ix_schedules_time", "schedules", ["schedule_at", "id"], unique=False)
    op.create_index(
        "ix_schedules_work",
        "schedules",
        ["next_look_at"],
        unique=False,
        sqlite_where=sa.text("next_look_at IS NOT NULL"),
        postgresql_where=sa.text("next_look_at IS NOT NULL"),
    )
    op.create_table(
        "checkouts",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("sheet_key", sa.String(length=40), nullable=False),
        sa.Column("way_back", sa.String(length=40), nullable=False),
        sa.Column("mode", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=40), nullable=False),
        sa.Column("pg", sa.String(length=80), nullable=False),
        sa.Column("method", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("amount_krw", sa.BigInteger(), nullable=False),
        sa.Column("tax_free_krw", sa.BigInteger(), nullable=False),
        sa.Column("quota_most", sa.Integer(), nullable=False),
        sa.Column("issuers", sa.String(length=200), nullable=False),
        sa.Column("is_digital", sa.Boolean(), nullable=False),
        sa.Column("deposit_days", sa.Integer(), nullable=False),
        sa.Column("link_hash", sa.String(length=64), nullable=True),
        sa.Column("link_expires_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("charge_id", sa.String(length=40), nullable=True),
        sa.Column("attempt_id", sa.String(length=40), nullable=True),
        sa.Column("window_until", UtcDateTime(), nullable=True),
        sa.Column("returned_at", UtcDateTime(), nullable=True),
        sa.Column("told", sa.String(length=256), nullable=True),
        sa.Column("hinted_imp_uid", sa.String(length=32), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("next_look_at", UtcDateTime(), nullable=True),
        sa.Column("staff_id", sa.String(length=40), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("method IN ('card', 'trans', 'vbank', 'phone')", name=op.f("ck_checkouts_method_known")),
        sa.CheckConstraint("mode IN ('sandbox', 'test', 'live')", name=op.f("ck_checkouts_mode_known")),
        sa.CheckConstraint("amount_krw BETWEEN 1 AND 100000000", name=op.f("ck_checkouts_amount_range")),
        sa.CheckConstraint("tax_free_krw BETWEEN 0 AND amount_krw", name=op.f("ck_checkouts_tax_free_range")),
        sa.CheckConstraint("length(name) BETWEEN 1 AND 40", name=op.f("ck_checkouts_name_length")),
        sa.CheckConstraint(
            "quota_most = 0 OR (quota_most BETWEEN 2 AND 12 AND amount_krw >= 50000)",
            name=op.f("ck_checkouts_quota_rule"),
        ),
        sa.CheckConstraint("deposit_days BETWEEN 1 AND 14", name=op.f("ck_checkouts_deposit_days_range")),
        sa.CheckConstraint(
            "(link_hash IS NULL) = (link_expires_at IS NULL)", name=op.f("ck_checkouts_link_expires")
        ),
        sa.ForeignKeyConstraint(["attempt_id"], ["attempts.id"], name=op.f("fk_checkouts_attempt_id")),
        sa.ForeignKeyConstraint(["charge_id"], ["charges.id"], name=op.f("fk_checkouts_charge_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_checkouts_customer_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_checkouts_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkouts")),
        sa.UniqueConstraint("attempt_id", name=op.f("uq_checkouts_attempt_id")),
        sa.UniqueConstraint("charge_id", name=op.f("uq_checkouts_charge_id")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_checkouts_link_hash")),
        sa.UniqueConstraint("sheet_key", name=op.f("uq_checkouts_sheet_key")),
        sa.UniqueConstraint("way_back", name=op.f("uq_checkouts_way_back")),
    )
    op.create_index("ix_checkouts_customer", "checkouts", ["customer_id", "created_at"], unique=False)
    op.create_index(
        "ix_checkouts_work",
        "checkouts",
        ["next_look_at"],
        unique=False,
        sqlite_where=sa.text("next_look_at IS NOT NULL"),
        postgresql_where=sa.text("next_look_at IS NOT NULL"),
    )
    op.create_table('plans',
        sa.Column('id', sa.String(length=40), nullable=False),
        sa.Column('name', sa.String(length=40), nullable=False),
        sa.Column('amount_krw', sa.BigInteger(), nullable=False),
        sa.Column('tax_free_krw', sa.BigInteger(), nullable=False),
        sa.Column('unit', sa.String(length=32), nullable=False),
        sa.Column('every', sa.Integer(), nullable=False),
        sa.Column('trial_days', sa.Integer(), nullable=False),
        sa.Column('retry_days', sa.String(length=60), nullable=False),
        sa.Column('after_last', sa.String(length=32), nullable=False),
        sa.Column('catch_up', sa.String(length=32), nullable=False),
        sa.Column('sends_card_link', sa.Boolean(), nullable=False),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('created_at', UtcDateTime(), nullable=False),
        sa.Column('archived_at', UtcDateTime(), nullable=True),
        sa.CheckConstraint("after_last IN ('end', 'pause')", name=op.f('ck_plans_after_last_known')),
        sa.CheckConstraint("catch_up IN ('charge', 'skip')", name=op.f('ck_plans_catch_up_known')),
        sa.CheckConstraint("unit IN ('day', 'week', 'month', 'year')", name=op.f('ck_plans_unit_known')),
        sa.CheckConstraint('amount_krw BETWEEN 1 AND 100000000', name=op.f('ck_plans_amount_range')),
        sa.CheckConstraint('every BETWEEN 1 AND 365', name=op.f('ck_plans_every_range')),
        sa.CheckConstraint('tax_free_krw BETWEEN 0 AND amount_krw', name=op.f('ck_plans_tax_free_range')),
        sa.CheckConstraint('trial_days BETWEEN 0 AND 365', name=op.f('ck_plans_trial_range')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_plans'))
    )
    op.create_index('ix_plans_newest', 'plans', ['created_at', 'id'], unique=False)
    op.create_table('subscriptions',
        sa.Column('id', sa.String(length=40), nullable=False),
        sa.Column('sheet_key', sa.String(length=40), nullable=False),
        sa.Column('plan_id', sa.String(length=40), nullable=False),
        sa.Column('customer_id', sa.String(length=40), nullable=False),
        sa.Column('billing_key_id', sa.String(length=40), nullable=False),
        sa.Column('mode', sa.String(length=32), nullable=False),
        sa.Column('state', sa.String(length=32), nullable=False),
        sa.Column('name', sa.String(length=40), nullable=False),
        sa.Column('amount_krw', sa.BigInteger(), nullable=False),
        sa.Column('tax_free_krw', sa.BigInteger(), nullable=False),
        sa.Column('unit', sa.String(length=32), nullable=False),
        sa.Column('every', sa.Integer(), nullable=False),
        sa.Column('anchor_on', sa.Date(), nullable=False),
        sa.Column('anchor_day', sa.Integer(), nullable=False),
        sa.Column('next_step', sa.Integer(), nullable=False),
        sa.Column('next_number', sa.Integer(), nullable=False),
        sa.Column('next_on', sa.Date(), nullable=True),
        sa.Column('trial_until', sa.Date(), nullable=True),
        sa.Column('times_left', sa.Integer(), nullable=True),
        sa.Column('resumes_on', sa.Date(), nullable=True),
        sa.Column('ends_on', sa.Date(), nullable=True),
        sa.Column('end_reason', sa.String(length=32), nullable=True),
        sa.Column('ended_at', UtcDateTime(), nullable=True),
        sa.Column('version', sa.Integer(), nullable=False),
        sa.Column('staff_id', sa.String(length=40), nullable=True),
        sa.Column('created_at', UtcDateTime(), nullable=False),
        sa.Column('moved_at', UtcDateTime(), nullable=False),
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name=op.f('ck_subscriptions_ended_has_instant')),
        sa.CheckConstraint("end_reason IN ('asked', 'completed', 'unpaid')", name=op.f('ck_subscriptions_end_reason_known')),
        sa.CheckConstraint("mode IN ('sandbox', 'test', 'live')", name=op.f('ck_subscriptions_mode_known')),
        sa.CheckConstraint("state <> 'cancelling' OR ends_on IS NOT NULL", name=op.f('ck_subscriptions_cancelling_has_day')),
        sa.CheckConstraint("resumes_on IS NULL OR state = 'paused'", name=op.f('ck_subscriptions_resumes_from_pause')),
        sa.CheckConstraint("state <> 'paused' OR (resumes_on IS NULL) = (next_on IS NULL)", name=op.f('ck_subscriptions_paused_until_has_next')),
        sa.CheckConstraint("state IN ('trial', 'active', 'past_due', 'paused', 'cancelling', 'ended')", name=op.f('ck_subscriptions_state_known')),
        sa.CheckConstraint("unit IN ('day', 'week', 'month', 'year')", name=op.f('ck_subscriptions_unit_known')),
        sa.CheckConstraint('amount_krw BETWEEN 1 AND 100000000', name=op.f('ck_subscriptions_amount_range')),
        sa.CheckConstraint('anchor_day BETWEEN 1 AND 31', name=op.f('ck_subscriptions_anchor_day_range')),
        sa.CheckConstraint('every BETWEEN 1 AND 365', name=op.f('ck_subscriptions_every_range')),
        sa.CheckConstraint('length(name) BETWEEN 1 AND 40', name=op.f('ck_subscriptions_name_length')),
        sa.CheckConstraint('tax_free_krw BETWEEN 0 AND amount_krw', name=op.f('ck_subscriptions_tax_free_range')),
        sa.CheckConstraint('times_left IS NULL OR times_left >= 0', name=op.f('ck_subscriptions_times_left_range')),
        sa.ForeignKeyConstraint(['billing_key_id'], ['billing_keys.id'], name=op.f('fk_subscriptions_billing_key_id')),
        sa.ForeignKeyConstraint(['customer_id'], ['customers.id'], name=op.f('fk_subscriptions_customer_id')),
        sa.ForeignKeyConstraint(['plan_id'], ['plans.id'], name=op.f('fk_subscriptions_plan_id')),
        sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_subscriptions_staff_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_subscriptions')),
        sa.UniqueConstraint('sheet_key', name=op.f('uq_subscriptions_sheet_key'))
    )
    op.create_index('ix_subscriptions_ahead', 'subscriptions', ['mode', 'next_on', 'unit', 'every', 'anchor_day', 'times_left', 'state', 'amount_krw', 'id'], unique=False, sqlite_where=sa.text("state IN ('trial', 'active', 'past_due', 'paused')"), postgresql_where=sa.text("state IN ('trial', 'active', 'past_due', 'paused')"))
    op.create_index('ix_subscriptions_ended', 'subscriptions', ['ended_at', 'id'], unique=False, sqlite_where=sa.text("ended_at IS NOT NULL"), postgresql_where=sa.text("ended_at IS NOT NULL"))
    op.create_index('ix_subscriptions_billing_key', 'subscriptions', ['billing_key_id', 'state'], unique=False)
    op.create_index('ix_subscriptions_customer', 'subscriptions', ['customer_id', 'created_at'], unique=False)
    op.create_index('ix_subscriptions_due', 'subscriptions', ['mode', 'next_on', 'id'], unique=False, sqlite_where=sa.text("state IN ('trial', 'active')"), postgresql_where=sa.text("state IN ('trial', 'active')"))
    op.create_index('ix_subscriptions_ending', 'subscriptions', ['mode', 'ends_on', 'id'], unique=False, sqlite_where=sa.text("state = 'cancelling'"), postgresql_where=sa.text("state = 'cancelling'"))
    op.create_index('ix_subscriptions_newest', 'subscriptions', ['moved_at', 'id'], unique=False)
    op.create_index('ix_subscriptions_plan', 'subscriptions', ['plan_id', 'state'], unique=False)
    op.create_index('ix_subscriptions_resuming', 'subscriptions', ['mode', 'resumes_on', 'id'], unique=False, sqlite_where=sa.text("resumes_on IS NOT NULL"), postgresql_where=sa.text("resumes_on IS NOT NULL"))
    op.create_index('ix_subscriptions_state', 'subscriptions', ['state', 'moved_at', 'id'], unique=False)
    op.create_table('periods',
        sa.Column('id', sa.String(length=40), nullable=False),
        sa.Column('subscription_id', sa.String(length=40), nullable=False),
        sa.Column('mode', sa.String(length=32), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('due_on', sa.Date(), nullable=False),
        sa.Column('ends_on', sa.Date(), nullable=False),
        sa.Column('worth_until', sa.Date(), nullable=False),
        sa.Column('amount_krw', sa.BigInteger(), nullable=False),
        sa.Column('tax_free_krw', sa.BigInteger(), nullable=False),
        sa.Column('monthly_krw', sa.BigInteger(), nullable=False),
        sa.Column('state', sa.String(length=32), nullable=False),
        sa.Column('try_at', UtcDateTime(), nullable=True),
        sa.Column('held_until', UtcDateTime(), nullable=True),
        sa.Column('tries', sa.Integer(), nullable=False),
        sa.Column('hand_tries', sa.Integer(), nullable=False),
        sa.Column('failure', sa.String(length=32), nullable=True),
        sa.Column('failed_on', sa.Date(), nullable=True),
        sa.Column('created_at', UtcDateTime(), nullable=False),
        sa.Column('settled_at', UtcDateTime(), nullable=True),
        sa.CheckConstraint("state IN ('due', 'charging', 'retrying', 'needs_card', 'paid', 'skipped', 'uncollected')", name=op.f('ck_periods_state_known')),
        sa.CheckConstraint('amount_krw BETWEEN 1 AND 100000000', name=op.f('ck_periods_amount_range')),
        sa.CheckConstraint('ends_on > due_on', name=op.f('ck_periods_ends_after_due')),
        sa.CheckConstraint('worth_until BETWEEN due_on AND ends_on', name=op.f('ck_periods_worth_within')),
        sa.CheckConstraint("mode IN ('sandbox', 'test', 'live')", name=op.f('ck_periods_mode_known')),
        sa.CheckConstraint('tax_free_krw BETWEEN 0 AND amount_krw', name=op.f('ck_periods_tax_free_range')),
        sa.ForeignKeyConstraint(['subscription_id'], ['subscriptions.id'], name=op.f('fk_periods_subscription_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_periods')),
        sa.UniqueConstraint('subscription_id', 'number', name=op.f('uq_periods_subscription_id_number'))
    )
    op.create_index('ix_periods_charging', 'periods', ['id'], unique=False, sqlite_where=sa.text("state = 'charging'"), postgresql_where=sa.text("state = 'charging'"))
    op.create_index('ix_periods_due', 'periods', ['mode', 'due_on', 'state', 'id', 'amount_krw'], unique=False)
    op.create_index('ix_periods_needs_card', 'periods', ['mode', 'state', 'try_at', 'id'], unique=False, sqlite_where=sa.text("state = 'needs_card'"), postgresql_where=sa.text("state = 'needs_card'"))
    op.create_index('ix_periods_worth', 'periods', ['mode', 'worth_until', 'due_on', 'id', 'monthly_krw', 'state'], unique=False, sqlite_where=sa.text("state = 'paid'"), postgresql_where=sa.text("state = 'paid'"))
    op.create_index('ix_periods_failed', 'periods', ['failed_on', 'id'], unique=False, sqlite_where=sa.text("failed_on IS NOT NULL"), postgresql_where=sa.text("failed_on IS NOT NULL"))
    op.create_index('ix_periods_recovered', 'periods', ['mode', 'settled_at', 'id'], unique=False, sqlite_where=sa.text("failed_on IS NOT NULL AND state = 'paid'"), postgresql_where=sa.text("failed_on IS NOT NULL AND state = 'paid'"))
    op.create_index('ix_periods_work', 'periods', ['mode', 'try_at', 'id', 'state', 'amount_krw'], unique=False, sqlite_where=sa.text("state IN ('due', 'retrying', 'needs_card')"), postgresql_where=sa.text("state IN ('due', 'retrying', 'needs_card')"))
    op.create_index('uq_periods_open', 'periods', ['subscription_id'], unique=True, sqlite_where=sa.text("state IN ('due', 'charging', 'retrying', 'needs_card')"), postgresql_where=sa.text("state IN ('due', 'charging', 'retrying', 'needs_card')"))
    op.create_table('period_charges',
        sa.Column('charge_id', sa.String(length=40), nullable=False),
        sa.Column('period_id', sa.String(length=40), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('by_hand', sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(['charge_id'], ['charges.id'], name=op.f('fk_period_charges_charge_id')),
        sa.ForeignKeyConstraint(['period_id'], ['periods.id'], name=op.f('fk_period_charges_period_id')),
        sa.PrimaryKeyConstraint('charge_id', name=op.f('pk_period_charges')),
        sa.UniqueConstraint('period_id', 'number', name=op.f('uq_period_charges_period_id_number'))
    )
    guards.install("0001")


def downgrade():
    guards.drop("0001")
    op.drop_table('period_charges')
    op.drop_index('uq_periods_open', table_name='periods', sqlite_where=sa.text("state IN ('due', 'charging', 'retrying', 'needs_card')"), postgresql_where=sa.text("state IN ('due', 'charging', 'retrying', 'needs_card')"))
    op.drop_index('ix_periods_work', table_name='periods', sqlite_where=sa.text("state IN ('due', 'retrying', 'needs_card')"), postgresql_where=sa.text("state IN ('due', 'retrying', 'needs_card')"))
    op.drop_index('ix_periods_needs_card', table_name='periods', sqlite_where=sa.text("state = 'needs_card'"), postgresql_where=sa.text("state = 'needs_card'"))
    op.drop_index('ix_periods_worth', table_name='periods', sqlite_where=sa.text("state = 'paid'"), postgresql_where=sa.text("state = 'paid'"))
    op.drop_index('ix_periods_failed', table_name='periods', sqlite_where=sa.text("failed_on IS NOT NULL"), postgresql_where=sa.text("failed_on IS NOT NULL"))
    op.drop_index('ix_periods_recovered', table_name='periods', sqlite_where=sa.text("failed_on IS NOT NULL AND state = 'paid'"), postgresql_where=sa.text("failed_on IS NOT NULL AND state = 'paid'"))
    op.drop_index('ix_periods_due', table_name='periods')
    op.drop_index('ix_periods_charging', table_name='periods', sqlite_where=sa.text("state = 'charging'"), postgresql_where=sa.text("state = 'charging'"))
    op.drop_table('periods')
    op.drop_index('ix_subscriptions_ahead', table_name='subscriptions', sqlite_where=sa.text("state IN ('trial', 'active', 'past_due', 'paused')"), postgresql_where=sa.text("state IN ('trial', 'active', 'past_due', 'paused')"))
    op.drop_index('ix_subscriptions_ended', table_name='subscriptions', sqlite_where=sa.text("ended_at IS NOT NULL"), postgresql_where=sa.text("ended_at IS NOT NULL"))
    op.drop_index('ix_subscriptions_resuming', table_name='subscriptions', sqlite_where=sa.text("resumes_on IS NOT NULL"), postgresql_where=sa.text("resumes_on IS NOT NULL"))
    op.drop_index('ix_subscriptions_state', table_name='subscriptions')
    op.drop_index('ix_subscriptions_plan', table_name='subscriptions')
    op.drop_index('ix_subscriptions_newest', table_name='subscriptions')
    op.drop_index('ix_subscriptions_ending', table_name='subscriptions', sqlite_where=sa.text("state = 'cancelling'"), postgresql_where=sa.text("state = 'cancelling'"))
    op.drop_index('ix_subscriptions_due', table_name='subscriptions', sqlite_where=sa.text("state IN ('trial', 'active')"), postgresql_where=sa.text("state IN ('trial', 'active')"))
    op.drop_index('ix_subscriptions_customer', table_name='subscriptions')
    op.drop_index('ix_subscriptions_billing_key', table_name='subscriptions')
    op.drop_table('subscriptions')
    op.drop_index('ix_plans_newest', table_name='plans')
    op.drop_table('plans')
    op.drop_index(
        "ix_checkouts_work",
        table_name="checkouts",
        sqlite_where=sa.text("next_look_at IS NOT NULL"),
        postgresql_where=sa.text("next_look_at IS NOT NULL"),
    )
    op.drop_index("ix_checkouts_customer", table_name="checkouts")
    op.drop_table("checkouts")
    op.drop_index("ix_schedules_work", table_name="schedules")
    op.drop_index("ix_schedules_time", table_name="schedules")
    op.drop_index("ix_schedules_state", table_name="schedules")
    op.drop_index("ix_schedules_customer", table_name="schedules")
    op.drop_index("ix_schedules_billing_key", table_name="schedules")
    op.drop_table("schedules")
    op.drop_table("failure_words")
    op.drop_index(
        "uq_hand_closings_asked",
        table_name="hand_closings",
        sqlite_where=sa.text("state = 'asked'"),
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.drop_index("ix_hand_closings_subject", table_name="hand_closings")
    op.drop_table("hand_closings")
    op.drop_index("ix_looks_subject", table_name="looks")
    op.drop_table("looks")
    op.drop_index("ix_attempts_sent", table_name="attempts")
    for status in PAYMENT_TIMES:
        op.drop_index(f"ix_payments_when_{status}", table_name="payments")
    op.drop_table("day_closings")
    op.drop_table("day_matches")
    op.drop_index("ix_duty_runs_done", table_name="duty_runs")
    op.drop_table("duty_runs")
    op.drop_index("ix_cases_open", table_name="cases")
    op.drop_index("ix_cases_newest", table_name="cases")
    op.drop_table("cases")
    op.drop_index(
        "uq_refunds_open",
        table_name="refunds",
        sqlite_where=sa.text("state IN ('ready', 'sending', 'uncertain')"),
        postgresql_where=sa.text("state IN ('ready', 'sending', 'uncertain')"),
    )
    op.drop_index(
        "ix_refunds_work",
        table_name="refunds",
        sqlite_where=sa.text("state IN ('ready', 'sending', 'uncertain')"),
        postgresql_where=sa.text("state IN ('ready', 'sending', 'uncertain')"),
    )
    op.drop_index("ix_refunds_payment", table_name="refunds")
    op.drop_table("refunds")
    op.drop_index("ix_cancellations_newest", table_name="cancellations")
    op.drop_table("cancellations")
    op.drop_index(
        "ix_registrations_work",
        table_name="registrations",
        sqlite_where=sa.text("next_look_at IS NOT NULL"),
        postgresql_where=sa.text("next_look_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_registrations_paid_only",
        table_name="registrations",
        sqlite_where=sa.text("state = 'charge_only'"),
        postgresql_where=sa.text("state = 'charge_only'"),
    )
    op.drop_index("ix_registrations_customer", table_name="registrations")
    op.drop_table("registrations")
    op.drop_index("ix_payments_merchant_uid", table_name="payments")
    op.drop_index("ix_payments_billing_key", table_name="payments")
    op.drop_index("ix_payments_attempt", table_name="payments")
    op.drop_table("payments")
    op.drop_index("ix_payment_lines_state", table_name="payment_lines")
    op.drop_index("ix_payment_lines_staff", table_name="payment_lines")
    op.drop_index("ix_payment_lines_refunded", table_name="payment_lines")
    op.drop_index("ix_payment_lines_paid", table_name="payment_lines")
    op.drop_index("ix_payment_lines_newest", table_name="payment_lines")
    op.drop_index("ix_payment_lines_merchant_uid", table_name="payment_lines")
    op.drop_index("ix_payment_lines_last_four", table_name="payment_lines")
    op.drop_index("ix_payment_lines_issuer", table_name="payment_lines")
    op.drop_index("ix_payment_lines_customer", table_name="payment_lines")
    op.drop_index("ix_payment_lines_charge", table_name="payment_lines")
    op.drop_index("ix_payment_lines_billing_key", table_name="payment_lines")
    op.drop_table("payment_lines")
    op.drop_index(
        "uq_attempts_open",
        table_name="attempts",
        sqlite_where=sa.text("state IN ('ready', 'sending', 'uncertain')"),
        postgresql_where=sa.text("state IN ('ready', 'sending', 'uncertain')"),
    )
    op.drop_index(
        "ix_attempts_work",
        table_name="attempts",
        sqlite_where=sa.text("state IN ('ready', 'sending', 'uncertain')"),
        postgresql_where=sa.text("state IN ('ready', 'sending', 'uncertain')"),
    )
    op.drop_index("ix_attempts_charge", table_name="attempts")
    op.drop_table("attempts")
    op.drop_index("ix_charges_same", table_name="charges")
    op.drop_table("charges")
    op.drop_index("ix_staff_sessions_staff", table_name="staff_sessions")
    op.drop_table("staff_sessions")
    op.drop_index("ix_customer_terms_customer", table_name="customer_terms")
    op.drop_table("customer_terms")
    op.drop_index(
        "uq_billing_keys_default",
        table_name="billing_keys",
        sqlite_where=sa.text("is_default = 1"),
        postgresql_where=sa.text("is_default"),
    )
    op.drop_index(
        "ix_billing_keys_gone",
        table_name="billing_keys",
        sqlite_where=sa.text("state IN ('deleting', 'missing')"),
        postgresql_where=sa.text("state IN ('deleting', 'missing')"),
    )
    op.drop_index("ix_billing_keys_state", table_name="billing_keys")
    op.drop_index("ix_billing_keys_newest", table_name="billing_keys")
    op.drop_index("ix_billing_keys_mid", table_name="billing_keys")
    op.drop_index("ix_billing_keys_issuer", table_name="billing_keys")
    op.drop_index("ix_billing_keys_customer", table_name="billing_keys")
    op.drop_table("billing_keys")
    op.drop_index(
        "uq_webhook_events_waiting",
        table_name="webhook_events",
        sqlite_where=sa.text("decision = 'waiting'"),
        postgresql_where=sa.text("decision = 'waiting'"),
    )
    op.drop_index("ix_webhook_events_work", table_name="webhook_events")
    op.drop_index("ix_webhook_events_newest", table_name="webhook_events")
    op.drop_index("ix_webhook_events_done", table_name="webhook_events")
    op.drop_table("webhook_events")
    op.drop_table("staff")
    op.drop_index("ix_sign_in_tries_bucket", table_name="sign_in_tries")
    op.drop_index("ix_sign_in_tries_at", table_name="sign_in_tries")
    op.drop_table("sign_in_tries")
    op.drop_index("ix_ledger_entries_imp_uid", table_name="ledger_entries")
    op.drop_index("ix_ledger_entries_kind", table_name="ledger_entries")
    op.drop_index("ix_ledger_entries_day", table_name="ledger_entries")
    op.drop_table("ledger_entries")
    op.drop_table("chain_heads")
    op.drop_index("ix_events_subject", table_name="events")
    op.drop_index("ix_events_kind", table_name="events")
    op.drop_index("ix_events_customer", table_name="events")
    op.drop_index("ix_events_actor", table_name="events")
    op.drop_table("events")
    op.drop_table("daily_totals")
    op.drop_index(
        "ix_customers_archived",
        table_name="customers",
        sqlite_where=sa.text("archived_at IS NOT NULL"),
        postgresql_where=sa.text("archived_at IS NOT NULL"),
    )
    op.drop_index(
        "ix_customers_active",
        table_name="customers",
        sqlite_where=sa.text("archived_at IS NULL"),
        postgresql_where=sa.text("archived_at IS NULL"),
    )
    op.drop_table("customers")
