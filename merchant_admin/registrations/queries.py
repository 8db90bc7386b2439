"""Reading one registration for its pages, and those that still run."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.errors import NotFound
from merchant_admin.customers.models import Customer
from merchant_admin.payments.models import Attempt, Payment
from merchant_admin.registrations.models import KEYED_IN, Registration
from merchant_admin.registrations.states import LIVE, Fact, RegistrationState
from merchant_admin.staff.models import Staff


@dataclass(frozen=True)
class RegistrationView:
    """One registration as its page shows it: two facts apart, and what they lead to."""

    id: str
    customer_id: str
    customer_name: str
    customer_uid: str
    merchant_uid: str
    name: str
    amount_krw: int
    tax_free_krw: int
    pg: str
    state: RegistrationState
    key_fact: Fact
    charge_fact: Fact
    imp_uid: str | None
    billing_key_id: str | None
    issuer_name: str | None
    last_four: str | None
    charge_id: str | None
    payment_id: str | None
    told: str | None
    evidence: str | None
    staff_name: str | None
    created_at: datetime
    returned_at: datetime | None
    expires_at: datetime
    settled_at: datetime | None

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def is_keyed_in(self) -> bool:
        """Whether staff typed the card: there is no window then."""
        return self.merchant_uid.startswith(f"{KEYED_IN}_")

    @property
    def asked_for_money(self) -> bool:
        return self.charge_fact is not Fact.NOT_ASKED


def registration_view(session: Session, registration_id: str) -> RegistrationView:
    """The registration of this id. Raises NotFound."""
    row = session.execute(_COLUMNS.where(Registration.id == registration_id)).first()
    return _view(row)


def registration_of_token(session: Session, return_token: str) -> RegistrationView:
    """The registration a phone came back from. Raises NotFound."""
    row = session.execute(_COLUMNS.where(Registration.return_token == return_token)).first()
    return _view(row)


def registrations_of_customer(session: Session, customer_id: str, limit: int = 10) -> list[RegistrationView]:
    """A customer's newest registrations."""
    found = session.execute(
        _COLUMNS.where(Registration.customer_id == customer_id).order_by(Registration.created_at.desc()).limit(limit)
    )
    return [_view(row) for row in found]


def live_registrations(session: Session, customer_id: str) -> list[RegistrationView]:
    """A customer's registrations whose outcome is not known yet."""
    return [view for view in registrations_of_customer(session, customer_id) if view.is_live]


_COLUMNS: Select[*tuple[Any, ...]] = (
    select(
        Registration.id, Registration.customer_id, Customer.name, Registration.customer_uid,
        Registration.merchant_uid, Registration.name, Registration.amount_krw, Registration.tax_free_krw,
        Registration.pg, Registration.state, Registration.key_fact, Registration.charge_fact, Registration.imp_uid,
        Registration.billing_key_id, BillingKey.issuer_name, BillingKey.last_four, Attempt.charge_id,
        Payment.id, Registration.told, Registration.evidence, Staff.name, Registration.created_at,
        Registration.returned_at, Registration.expires_at, Registration.settled_at,
    )
    .join(Customer, Customer.id == Registration.customer_id)
    .outerjoin(BillingKey, BillingKey.id == Registration.billing_key_id)
    .outerjoin(Attempt, Attempt.id == Registration.attempt_id)
    .outerjoin(Payment, Payment.imp_uid == Registration.imp_uid)
    .outerjoin(Staff, Staff.id == Registration.staff_id)
)  # fmt: skip


def _view(row: Any | None) -> RegistrationView:
    if row is None:
        raise NotFound(_("카드 등록을 찾을 수 없습니다."))
    return RegistrationView(*row)
