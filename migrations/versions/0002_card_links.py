"""Card links, what customers agreed to on them, and moves of all cards to another PG profile."""

import sqlalchemy as sa
from alembic import op

from merchant_admin.core.db import UtcDateTime
from migrations import guards

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LIVE = sa.text("state IN ('open', 'registering', 'verified', 'moved')")
WORKING = sa.text("state IN ('registering', 'verified', 'moved')")
RUNNING = sa.text("state = 'running'")
UNFINISHED = sa.text("state <> 'finished'")


def upgrade():
    op.create_table(
        "card_moves",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("mode", sa.String(32), nullable=False),
        sa.Column("source_pg", sa.String(80), nullable=False),
        sa.Column("target_pg", sa.String(80), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("link_days", sa.Integer(), nullable=False),
        sa.Column("only_used", sa.Boolean(), nullable=False),
        sa.Column("staff_id", sa.String(40), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("renewed_at", UtcDateTime(), nullable=True),
        sa.Column("stopped_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("state IN ('running', 'stopped', 'made', 'finished')", name=op.f("ck_card_moves_state_known")),
        sa.CheckConstraint("mode IN ('sandbox', 'test', 'live')", name=op.f("ck_card_moves_mode_known")),
        sa.CheckConstraint("source_pg <> target_pg", name=op.f("ck_card_moves_two_profiles")),
        sa.CheckConstraint("link_days BETWEEN 1 AND 60", name=op.f("ck_card_moves_link_days_range")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_card_moves_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_moves")),
    )
    op.create_index(
        "uq_card_moves_unfinished", "card_moves", ["mode", "source_pg"], unique=True, sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    )
    op.create_index("ix_card_moves_work", "card_moves", ["id"], sqlite_where=RUNNING, postgresql_where=RUNNING)
    op.create_table(
        "card_links",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("sheet_key", sa.String(80), nullable=False),
        sa.Column("mode", sa.String(32), nullable=False),
        sa.Column("customer_id", sa.String(40), nullable=False),
        sa.Column("old_billing_key_id", sa.String(40), nullable=True),
        sa.Column("move_id", sa.String(40), nullable=True),
        sa.Column("period_id", sa.String(40), nullable=True),
        sa.Column("pg", sa.String(80), nullable=False),
        sa.Column("link_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(32), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.String(40), nullable=True),
        sa.Column("new_billing_key_id", sa.String(40), nullable=True),
        sa.Column("moved_at", UtcDateTime(), nullable=True),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("trouble", sa.String(32), nullable=True),
        sa.Column("revoked", sa.Integer(), nullable=False),
        sa.Column("waits", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=True),
        sa.Column("staff_id", sa.String(40), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'registering', 'verified', 'moved', 'done', 'ended', 'failed')",
            name=op.f("ck_card_links_state_known"),
        ),
        sa.CheckConstraint("mode IN ('sandbox', 'test', 'live')", name=op.f("ck_card_links_mode_known")),
        sa.CheckConstraint(
            "trouble IN ('unread', 'new_card_unusable', 'other_profile', 'open_charge', 'reserved', 'not_deleted', "
            "'still_needed')",
            name=op.f("ck_card_links_trouble_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('verified', 'moved', 'done') OR new_billing_key_id IS NOT NULL",
            name=op.f("ck_card_links_has_key"),
        ),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_card_links_tries_range")),
        sa.CheckConstraint(
            "period_id IS NULL OR (staff_id IS NULL AND move_id IS NULL)", name=op.f("ck_card_links_made_once")
        ),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_card_links_customer_id")),
        sa.ForeignKeyConstraint(
            ["old_billing_key_id"], ["billing_keys.id"], name=op.f("fk_card_links_old_billing_key_id")
        ),
        sa.ForeignKeyConstraint(["move_id"], ["card_moves.id"], name=op.f("fk_card_links_move_id")),
        sa.ForeignKeyConstraint(["period_id"], ["periods.id"], name=op.f("fk_card_links_period_id")),
        sa.ForeignKeyConstraint(["registration_id"], ["registrations.id"], name=op.f("fk_card_links_registration_id")),
        sa.ForeignKeyConstraint(
            ["new_billing_key_id"], ["billing_keys.id"], name=op.f("fk_card_links_new_billing_key_id")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_card_links_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_links")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_card_links_link_hash")),
        sa.UniqueConstraint(
            "period_id", "old_billing_key_id", name=op.f("uq_card_links_period_id_old_billing_key_id")
        ),
        sa.UniqueConstraint("registration_id", name=op.f("uq_card_links_registration_id")),
        sa.UniqueConstraint("sheet_key", name=op.f("uq_card_links_sheet_key")),
    )
    op.create_index(
        "uq_card_links_live", "card_links", ["old_billing_key_id"], unique=True, sqlite_where=LIVE, postgresql_where=LIVE
    )
    op.create_index("ix_card_links_customer", "card_links", ["customer_id", "created_at"])
    op.create_index("ix_card_links_move", "card_links", ["move_id", "state", "id"])
    op.create_index("ix_card_links_old_key", "card_links", ["old_billing_key_id", "created_at"])
    op.create_index("ix_card_links_work", "card_links", ["next_at"], sqlite_where=WORKING, postgresql_where=WORKING)
    op.create_table(
        "card_link_subscriptions",
        sa.Column("link_id", sa.String(40), nullable=False),
        sa.Column("subscription_id", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["card_links.id"], name=op.f("fk_card_link_subscriptions_link_id")),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name=op.f("fk_card_link_subscriptions_subscription_id")
        ),
        sa.PrimaryKeyConstraint("link_id", "subscription_id", name=op.f("pk_card_link_subscriptions")),
    )
    op.create_index("ix_card_link_subscriptions_subscription", "card_link_subscriptions", ["subscription_id"])
    op.create_table(
        "card_consents",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("link_id", sa.String(40), nullable=False),
        sa.Column("customer_id", sa.String(40), nullable=False),
        sa.Column("version", sa.String(20), nullable=False),
        sa.Column("language", sa.String(5), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("address", sa.String(64), nullable=True),
        sa.Column("browser", sa.String(256), nullable=True),
        sa.Column("given_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["link_id"], ["card_links.id"], name=op.f("fk_card_consents_link_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_card_consents_customer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_consents")),
    )
    op.create_index("ix_card_consents_link", "card_consents", ["link_id", "given_at"])
    guards.install("0002")


def downgrade():
    guards.drop("0002")
    for table in ("card_consents", "card_link_subscriptions", "card_links", "card_moves"):
        op.drop_table(table)
