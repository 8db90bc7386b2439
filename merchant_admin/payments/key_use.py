"""Open charges need their card: what deleting a billing key has to wait for."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.dependants import Dependant, Need
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.payments.models import Attempt, Charge
from merchant_admin.payments.states import OPEN


def open_charges_of_key(session: Session, key_id: str) -> list[Dependant]:
    """Charges of this card whose outcome is not known yet; deletion waits for them (RELIABILITY A26)."""
    found = session.execute(
        select(Charge.id, Charge.name, Charge.amount_krw, Charge.created_at)
        .join(Attempt, Attempt.charge_id == Charge.id)
        .join(BillingKey, BillingKey.customer_uid == Attempt.customer_uid)
        .where(BillingKey.id == key_id, Attempt.state.in_(OPEN))
    )
    return [Dependant(Need.OPEN_CHARGE, row.id, row.name, row.amount_krw, row.created_at) for row in found]
