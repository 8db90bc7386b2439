"""What an ordinary payment looks at in the payment that came of it, whoever brings the news."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.checkouts.models import Checkout
from merchant_admin.core.context import WorkContext
from merchant_admin.payments.models import Attempt, Payment
from merchant_admin.payments.promises import Keeper, Promise
from merchant_admin.payments.window import watch_issuer


def _expects(_session: Session, _merchant_uid: str) -> Promise | None:
    """An order's charge is born with its window: nothing is promised."""
    return None


def _payment_came(ctx: WorkContext, session: Session, payment: Payment, attempt: Attempt | None) -> None:
    if attempt is None:
        return
    asked = select(Checkout.issuers).where(Checkout.attempt_id == attempt.id)
    watch_issuer(ctx, session, payment, session.scalar(asked))


def _payments_came(ctx: WorkContext, session: Session, paid: Sequence[tuple[Payment, Attempt]]) -> None:
    """As _payment_came, for many: few of them came through a window, mostly none."""
    asked = select(Checkout.attempt_id, Checkout.issuers).where(
        Checkout.attempt_id.in_([attempt.id for _payment, attempt in paid])
    )
    allowed = {row.attempt_id: row.issuers for row in session.execute(asked)}
    for payment, attempt in paid:
        if attempt.id in allowed:
            watch_issuer(ctx, session, payment, allowed[attempt.id])


KEEPER = Keeper(_expects, _payment_came, _payments_came)
