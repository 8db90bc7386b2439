"""${message}"""

from alembic import op
import sqlalchemy as sa

from merchant_admin.core.db import UtcDateTime
from migrations import guards

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade():
    ${upgrades if upgrades else "pass"}
    guards.install("${up_revision}")


def downgrade():
    guards.drop("${up_revision}")
    ${downgrades if downgrades else "pass"}
