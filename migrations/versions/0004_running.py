"""What all processes know of the line to PortOne: one row."""

from alembic import op
import sqlalchemy as sa

from merchant_admin.core.db import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('portone_line',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('failures', sa.Integer(), nullable=False),
    sa.Column('tried_at', sa.Float(precision=53), nullable=False),
    sa.Column('opened_at', sa.Float(precision=53), nullable=True),
    sa.Column('booked_until', sa.Float(precision=53), nullable=False),
    sa.Column('restored_at', UtcDateTime(), nullable=True),
    sa.Column('known_until', UtcDateTime(), nullable=True),
    sa.CheckConstraint('failures >= 0', name=op.f('ck_portone_line_failures')),
    sa.CheckConstraint('id = 1', name=op.f('ck_portone_line_one_row')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_portone_line'))
    )
    op.execute("INSERT INTO portone_line (id, failures, tried_at, booked_until) VALUES (1, 0, 0, 0)")


def downgrade():
    op.drop_table('portone_line')
