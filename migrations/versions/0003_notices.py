"""What customers are told, how each try ended, the texts staff wrote, and what customers agreed to."""

from alembic import op
import sqlalchemy as sa

from merchant_admin.core.db import UtcDateTime
from migrations import guards

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('notice_texts',
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('channel', sa.String(length=32), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('is_on', sa.Boolean(), nullable=False),
    sa.Column('subject', sa.String(length=120), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('staff_name', sa.String(length=80), nullable=False),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint("channel IN ('email', 'text')", name=op.f('ck_notice_texts_channel_known')),
    sa.CheckConstraint("kind IN ('renewal_soon', 'charged', 'failed', 'card_needed', 'price_rise', 'trial_end', 'refunded', 'ended_unpaid', 'card_link')", name=op.f('ck_notice_texts_kind_known')),
    sa.CheckConstraint('version > 0', name=op.f('ck_notice_texts_version_positive')),
    sa.PrimaryKeyConstraint('kind', 'channel', 'version', name=op.f('pk_notice_texts'))
    )
    op.create_table('consents',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('subscription_id', sa.String(length=40), nullable=False),
    sa.Column('customer_id', sa.String(length=40), nullable=False),
    sa.Column('mode', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('agreed_krw', sa.BigInteger(), nullable=False),
    sa.Column('agreed_days', sa.Integer(), nullable=False),
    sa.Column('amount_krw', sa.BigInteger(), nullable=False),
    sa.Column('effective_on', sa.Date(), nullable=False),
    sa.Column('opens_on', sa.Date(), nullable=False),
    sa.Column('agreed_cycle', sa.String(length=20), nullable=False),
    sa.Column('cycle', sa.String(length=20), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('link_hash', sa.String(length=64), nullable=False),
    sa.Column('link_until', UtcDateTime(), nullable=True),
    sa.Column('asks', sa.Integer(), nullable=False),
    sa.Column('asked_at', UtcDateTime(), nullable=True),
    sa.Column('answered_at', UtcDateTime(), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint("kind IN ('price_rise', 'trial_end')", name=op.f('ck_consents_kind_known')),
    sa.CheckConstraint("state IN ('open', 'given', 'refused', 'applied', 'withdrawn')", name=op.f('ck_consents_state_known')),
    sa.CheckConstraint('amount_krw > 0 AND agreed_krw >= 0', name=op.f('ck_consents_sums_range')),
    sa.CheckConstraint("mode IN ('sandbox', 'test', 'live')", name=op.f('ck_consents_mode_known')),
    sa.CheckConstraint('opens_on <= effective_on', name=op.f('ck_consents_opens_before')),
    sa.ForeignKeyConstraint(['customer_id'], ['customers.id'], name=op.f('fk_consents_customer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consents')),
    sa.UniqueConstraint('link_hash', name=op.f('uq_consents_link_hash'))
    )
    op.create_index('ix_consents_missing', 'consents', ['mode', 'effective_on', 'id'], unique=False, sqlite_where=sa.text("state IN ('open', 'refused')"), postgresql_where=sa.text("state IN ('open', 'refused')"))
    op.create_index('ix_consents_state', 'consents', ['mode', 'state', 'created_at', 'id'], unique=False)
    op.create_index('ix_consents_subscription', 'consents', ['subscription_id', 'created_at'], unique=False)
    op.create_index('ix_consents_unasked', 'consents', ['mode', 'opens_on', 'id'], unique=False, sqlite_where=sa.text("state = 'open' AND asked_at IS NULL"), postgresql_where=sa.text("state = 'open' AND asked_at IS NULL"))
    op.create_index('uq_consents_unsettled', 'consents', ['subscription_id'], unique=True, sqlite_where=sa.text("state IN ('open', 'given', 'refused')"), postgresql_where=sa.text("state IN ('open', 'given', 'refused')"))
    op.create_table('notices',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('cause', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('channel', sa.String(length=32), nullable=False),
    sa.Column('customer_id', sa.String(length=40), nullable=False),
    sa.Column('subject_kind', sa.String(length=32), nullable=False),
    sa.Column('subject_id', sa.String(length=40), nullable=False),
    sa.Column('about_on', sa.Date(), nullable=True),
    sa.Column('awaits_link', sa.Boolean(), nullable=False),
    sa.Column('link_id', sa.String(length=40), nullable=True),
    sa.Column('facts', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=32), nullable=False),
    sa.Column('why', sa.String(length=32), nullable=True),
    sa.Column('send_at', UtcDateTime(), nullable=False),
    sa.Column('good_until', UtcDateTime(), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('most_tries', sa.Integer(), nullable=False),
    sa.Column('owner', sa.String(length=60), nullable=True),
    sa.Column('lease_until', UtcDateTime(), nullable=True),
    sa.Column('address', sa.String(length=254), nullable=True),
    sa.Column('subject', sa.String(length=120), nullable=True),
    sa.Column('body', sa.Text(), nullable=True),
    sa.Column('text_version', sa.Integer(), nullable=True),
    sa.Column('handover_id', sa.String(length=40), nullable=True),
    sa.Column('created_at', UtcDateTime(), nullable=False),
    sa.Column('moved_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint("channel IN ('email', 'text')", name=op.f('ck_notices_channel_known')),
    sa.CheckConstraint("kind IN ('renewal_soon', 'charged', 'failed', 'card_needed', 'price_rise', 'trial_end', 'refunded', 'ended_unpaid', 'card_link')", name=op.f('ck_notices_kind_known')),
    sa.CheckConstraint("state <> 'sending' OR lease_until IS NOT NULL", name=op.f('ck_notices_sending_has_lease')),
    sa.CheckConstraint("state IN ('waiting', 'sending', 'sent', 'handed_over', 'unknown', 'failed', 'dropped')", name=op.f('ck_notices_state_known')),
    sa.CheckConstraint("state NOT IN ('sent', 'handed_over') OR body IS NOT NULL", name=op.f('ck_notices_sent_has_text')),
    sa.CheckConstraint('NOT awaits_link OR link_id IS NULL', name=op.f('ck_notices_awaits_or_has_link')),
    sa.CheckConstraint("why IN ('no_address', 'bad_address', 'too_late', 'overtaken', 'link_over', 'refused', 'given_up', 'no_answer')", name=op.f('ck_notices_why_known')),
    sa.ForeignKeyConstraint(['customer_id'], ['customers.id'], name=op.f('fk_notices_customer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_notices')),
    sa.UniqueConstraint('cause', 'kind', 'channel', name=op.f('uq_notices_cause_kind_channel'))
    )
    op.create_index('ix_notices_awaiting', 'notices', ['state', 'send_at', 'id'], unique=False, sqlite_where=sa.text("awaits_link IS 1"), postgresql_where=sa.text("awaits_link IS true"))
    op.create_index('ix_notices_link', 'notices', ['link_id'], unique=False, sqlite_where=sa.text("link_id IS NOT NULL"), postgresql_where=sa.text("link_id IS NOT NULL"))
    op.create_index('ix_notices_customer', 'notices', ['customer_id', 'created_at', 'id'], unique=False)
    op.create_index('ix_notices_handover', 'notices', ['handover_id', 'id'], unique=False)
    op.create_index('ix_notices_late', 'notices', ['good_until', 'id'], unique=False, sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))
    op.create_index('ix_notices_newest', 'notices', ['created_at', 'id'], unique=False)
    op.create_index('ix_notices_sending', 'notices', ['lease_until'], unique=False, sqlite_where=sa.text("state = 'sending'"), postgresql_where=sa.text("state = 'sending'"))
    op.create_index('ix_notices_state', 'notices', ['state', 'created_at', 'id'], unique=False)
    op.create_index('ix_notices_subject', 'notices', ['subject_id', 'kind', 'about_on'], unique=False)
    op.create_index('ix_notices_work', 'notices', ['channel', 'send_at', 'id'], unique=False, sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))
    op.create_table('consent_words',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('consent_id', sa.String(length=40), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('agrees', sa.Boolean(), nullable=False),
    sa.Column('said_by', sa.String(length=32), nullable=False),
    sa.Column('said_at', UtcDateTime(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('text_version', sa.Integer(), nullable=False),
    sa.Column('note', sa.String(length=300), nullable=False),
    sa.Column('written_by', sa.String(length=80), nullable=False),
    sa.Column('written_at', UtcDateTime(), nullable=False),
    sa.CheckConstraint("said_by IN ('phone', 'paper', 'email', 'visit', 'link')", name=op.f('ck_consent_words_said_by_known')),
    sa.ForeignKeyConstraint(['consent_id'], ['consents.id'], name=op.f('fk_consent_words_consent_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent_words')),
    sa.UniqueConstraint('consent_id', 'number', name=op.f('uq_consent_words_consent_id_number'))
    )
    op.create_table('notice_tries',
    sa.Column('notice_id', sa.String(length=40), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('answer', sa.String(length=32), nullable=False),
    sa.Column('detail', sa.String(length=200), nullable=False),
    sa.Column('at', UtcDateTime(), nullable=False),
    sa.CheckConstraint("answer IN ('sent', 'not_now', 'refused', 'unknown')", name=op.f('ck_notice_tries_answer_known')),
    sa.ForeignKeyConstraint(['notice_id'], ['notices.id'], name=op.f('fk_notice_tries_notice_id')),
    sa.PrimaryKeyConstraint('notice_id', 'number', name=op.f('pk_notice_tries'))
    )
    guards.install("0003")


def downgrade():
    guards.drop("0003")
    op.drop_table('notice_tries')
    op.drop_table('consent_words')
    op.drop_index('ix_notices_work', table_name='notices', sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))
    op.drop_index('ix_notices_subject', table_name='notices')
    op.drop_index('ix_notices_state', table_name='notices')
    op.drop_index('ix_notices_sending', table_name='notices', sqlite_where=sa.text("state = 'sending'"), postgresql_where=sa.text("state = 'sending'"))
    op.drop_index('ix_notices_newest', table_name='notices')
    op.drop_index('ix_notices_late', table_name='notices', sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"))
    op.drop_index('ix_notices_handover', table_name='notices')
    op.drop_index('ix_notices_customer', table_name='notices')
    op.drop_index('ix_notices_link', table_name='notices', sqlite_where=sa.text("link_id IS NOT NULL"), postgresql_where=sa.text("link_id IS NOT NULL"))
    op.drop_index('ix_notices_awaiting', table_name='notices', sqlite_where=sa.text("awaits_link IS 1"), postgresql_where=sa.text("awaits_link IS true"))
    op.drop_table('notices')
    op.drop_index('uq_consents_unsettled', table_name='consents', sqlite_where=sa.text("state IN ('open', 'given', 'refused')"), postgresql_where=sa.text("state IN ('open', 'given', 'refused')"))
    op.drop_index('ix_consents_unasked', table_name='consents', sqlite_where=sa.text("state = 'open' AND asked_at IS NULL"), postgresql_where=sa.text("state = 'open' AND asked_at IS NULL"))
    op.drop_index('ix_consents_missing', table_name='consents', sqlite_where=sa.text("state IN ('open', 'refused')"), postgresql_where=sa.text("state IN ('open', 'refused')"))
    op.drop_index('ix_consents_subscription', table_name='consents')
    op.drop_index('ix_consents_state', table_name='consents')
    op.drop_table('consents')
    op.drop_table('notice_texts')
