"""What an ordinary payment looks at in the payment that came of it, whoever brings the news."""

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


KEEPER = Keeper(_expects, _payment_came)
