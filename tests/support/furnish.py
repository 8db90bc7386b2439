"""A shop with one of everything, and the words that fill the variables of its URLs."""

from dataclasses import dataclass

from sqlalchemy import select

from merchant_admin.checkouts import service as checkouts
from merchant_admin.checkouts.service import CheckoutOrder
from merchant_admin.checkouts.tokens import token_of
from merchant_admin.core.ids import new_id
from merchant_admin.core.permissions import Role
from merchant_admin.payments import service as charges
from merchant_admin.payments.models import Attempt, Payment
from merchant_admin.payments.service import ChargeSheet
from merchant_admin.payments.states import ChargeKind, PayMethod
from merchant_admin.refunds import service as refunds
from merchant_admin.refunds.service import RefundSheet
from merchant_admin.refunds.states import RefundReason
from merchant_admin.registrations import service as registrations
from merchant_admin.registrations.service import RegistrationOrder


@dataclass
class Shop:
    """Ids of one record of each kind, as URL variables name them."""

    customer_id: str
    billing_key_id: str
    charge_id: str
    payment_id: str
    refund_id: str
    registration_id: str
    return_token: str
    staff_id: str
    checkout_id: str
    token: str
    way_back: str
    schedule_id: str = "sch_none"
    session_id: str = "ses_none"
    path_secret: str = "none"
    event_id: str = "evt_none"
    notice_id: str = "ntc_none"
    handover_id: str = "hnd_none"
    consent_id: str = "cns_none"
    kind: str = "charged"
    channel: str = "email"

    def words(self, rule):
        """Values for the variables of a URL rule."""
        return {name: getattr(self, name, "none") for name in rule.arguments}


def charge(world, key, amount_krw=33_000, name="원두 1kg", kind=ChargeKind.ONE_OFF):
    """Charge a key once, as a job."""
    sheet = ChargeSheet(
        sheet_key=new_id("sht"),
        customer_id=key.customer_id,
        billing_key_id=key.id,
        amount_krw=amount_krw,
        tax_free_krw=0,
        quota=0,
        name=name,
        memo="",
        kind=kind,
        confirms_repeat=True,
    )
    return charges.charge_billing_key(world.ctx(), world.gateway, sheet)


def payment_of(world, charge_id):
    """The payment PortOne named for a charge."""
    query = select(Payment).join(Attempt, Payment.attempt_id == Attempt.id).where(Attempt.charge_id == charge_id)
    return world.session.scalars(query).first()


def refund(world, payment, amount_krw):
    """Give back a part of a payment, as a job."""
    sheet = RefundSheet(
        sheet_key=new_id("sht"),
        payment_id=payment.id,
        amount_krw=amount_krw,
        tax_free_krw=0,
        remaining_krw=payment.remaining_krw,
        reason_code=RefundReason.CUSTOMER_REQUEST,
        reason_text="",
    )
    return refunds.refund_payment(world.ctx(), world.gateway, sheet)


def furnish(world, *, payments=1):
    """One customer, card, refund and open registration, and so many payments."""
    key = world.a_key()
    customer_id, key_id = key.customer_id, key.id
    for number in range(payments - 1):
        charge(world, key, 10_000 + number, "차 모음")
    charge_id = charge(world, key).id
    payment_id = payment_of(world, charge_id).id
    refund_id = refund(world, payment_of(world, charge_id), 3_000).id
    order = RegistrationOrder(
        sheet_key=new_id("sht"), customer_id=customer_id, amount_krw=0, tax_free_krw=0, name="카드 등록"
    )
    registration = registrations.open_registration(world.ctx(), world.gateway, order)
    registration_id, return_token = registration.id, registration.return_token
    order = CheckoutOrder(new_id("sht"), customer_id, PayMethod.CARD, "꽃다발", 60_000, link_days=3)
    checkout = checkouts.create_checkout(world.ctx(), world.gateway, order)
    checkout_id, way_back = checkout.id, checkout.way_back
    token = token_of(world.settings.secret_key.encode(), checkout_id)
    staff_id = world.a_staff(Role.CLERK, "another@shop.example").id
    world.session.remove()
    return Shop(
        customer_id, key_id, charge_id, payment_id, refund_id, registration_id, return_token, staff_id,
        checkout_id, token, way_back,
    )  # fmt: skip
