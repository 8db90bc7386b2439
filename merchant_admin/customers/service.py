"""What staff can do with a customer: write down, correct, put away, bring back, look behind the mask."""

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.core import search
from merchant_admin.core.context import WorkContext
from merchant_admin.core.errors import Conflict, InvalidInput, NotFound
from merchant_admin.core.ids import new_id
from merchant_admin.core.times import to_epoch
from merchant_admin.customers.models import Customer, CustomerTerm

NAME_MOST, EMAIL_MOST, MEMO_MOST = 40, 64, 2000
REVEAL_FOR = timedelta(minutes=1)
OWN_TERMS = "customer"  # the source of a customer's own terms


@dataclass(frozen=True)
class CustomerDetails:
    """What is written on the form. `phone` is tidy (010-1234-5678), `email` as it is used; None is "not known"."""

    name: str
    phone: str | None
    email: str | None
    memo: str = ""


def create_customer(ctx: WorkContext, details: CustomerDetails) -> Customer:
    """Write down a new customer. Raises InvalidInput for a name that is empty or too long."""
    _refuse_unusable(details)
    with ctx.atomic() as session:
        return _add(ctx, session, details)


def known_or_new(ctx: WorkContext, session: Session, details: CustomerDetails) -> Customer:
    """The live customer of exactly this name and phone, or a new one, inside the caller's open write.

    Raises InvalidInput for a name that is empty or too long.
    """
    _refuse_unusable(details)
    digits = re.sub(r"\D", "", details.phone or "")
    if digits:
        same = select(Customer).join(CustomerTerm, CustomerTerm.customer_id == Customer.id)
        same = same.where(CustomerTerm.term == digits, Customer.name == details.name, Customer.phone == details.phone)
        found = session.scalars(same.where(Customer.archived_at.is_(None)).order_by(Customer.created_at)).first()
        if found is not None:
            return found
    return _add(ctx, session, details)


def _add(ctx: WorkContext, session: Session, details: CustomerDetails) -> Customer:
    now = ctx.now()
    customer = Customer(id=new_id("cus"), version=1, created_at=now, updated_at=now)
    _write(customer, details)
    session.add(customer)
    session.flush()
    _index_details(session, customer.id, details)
    record(ctx, "customer.created", ("customer", customer.id), customer_id=customer.id)
    return customer


def update_customer(ctx: WorkContext, customer_id: str, details: CustomerDetails, version: int) -> Customer:
    """Correct a customer's details as seen at `version`.

    Raises NotFound; Conflict when somebody saved since the form was drawn. What changed is recorded by field, never
    by value: the timeline holds no personal data.
    """
    _refuse_unusable(details)
    with ctx.atomic() as session:
        customer = _locked(session, customer_id)
        if customer.version != version:
            raise Conflict(
                _("그사이 다른 직원이 이 고객의 정보를 바꾸었습니다. 저장하지 않았습니다."),
                customer=customer_id,
                seen=version,
                found=customer.version,
            )
        changed = [
            name for name in ("name", "phone", "email", "memo") if getattr(customer, name) != getattr(details, name)
        ]
        if changed:
            _write(customer, details)
            _touch(ctx, customer)
            _index_details(session, customer_id, details)
            record(ctx, "customer.changed", ("customer", customer_id), customer_id=customer_id, fields=changed)
    return customer


def update_memo(ctx: WorkContext, customer_id: str, memo: str) -> Customer:
    """Replace the memo alone. Raises NotFound; InvalidInput when it is too long."""
    if len(memo) > MEMO_MOST:
        raise InvalidInput(_("메모가 너무 깁니다."), {"memo": _("2,000자까지 쓸 수 있습니다.")})
    with ctx.atomic() as session:
        customer = _locked(session, customer_id)
        if customer.memo != memo:
            customer.memo = memo
            _touch(ctx, customer)
            record(ctx, "customer.changed", ("customer", customer_id), customer_id=customer_id, fields=["memo"])
    return customer


def archive_customer(ctx: WorkContext, customer_id: str) -> Customer:
    """Put a customer away: out of the lists, no new cards or charges. The past stays. Twice changes nothing."""
    with ctx.atomic() as session:
        customer = _locked(session, customer_id)
        if not customer.is_archived:
            customer.archived_at = ctx.now()
            _touch(ctx, customer)
            record(ctx, "customer.archived", ("customer", customer_id), customer_id=customer_id)
    return customer


def restore_customer(ctx: WorkContext, customer_id: str) -> Customer:
    """Bring an archived customer back. Doing it twice changes nothing."""
    with ctx.atomic() as session:
        customer = _locked(session, customer_id)
        if customer.is_archived:
            customer.archived_at = None
            _touch(ctx, customer)
            record(ctx, "customer.restored", ("customer", customer_id), customer_id=customer_id)
    return customer


def reveal(ctx: WorkContext, customer_id: str, holder: str) -> str:
    """Record that contact details were looked at, and return a mark that opens them to `holder` for a minute.

    `holder` is the id of the browser's session: the mark is worth nothing elsewhere. Raises NotFound.
    """
    with ctx.atomic() as session:
        _locked(session, customer_id)
        record(ctx, "customer.revealed", ("customer", customer_id), customer_id=customer_id)
    until = to_epoch(ctx.now() + REVEAL_FOR)
    sign = _reveal_sign(ctx.secret, customer_id, holder, until)
    return base64.urlsafe_b64encode(until.to_bytes(6, "big") + sign).decode()


def revealed_seconds(ctx: WorkContext, customer_id: str, holder: str, mark: str) -> int:
    """For how many seconds more this mark opens the customer's contact details; 0 when it doesn't."""
    try:
        raw = base64.b64decode(mark, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return 0
    until, sign = int.from_bytes(raw[:6], "big"), raw[6:]
    if not hmac.compare_digest(sign, _reveal_sign(ctx.secret, customer_id, holder, until)):
        return 0
    return max(0, until - to_epoch(ctx.now()))


def index_card(session: Session, customer_id: str, billing_key_id: str, last_four: str | None) -> None:
    """Let a customer be found by a card's last four digits and by its key's id, inside the caller's open write."""
    _replace_terms(session, customer_id, billing_key_id, {search.normalise(billing_key_id), last_four or ""} - {""})


def _reveal_sign(secret: bytes, customer_id: str, holder: str, until: int) -> bytes:
    return hmac.digest(secret, f"reveal\n{customer_id}\n{holder}\n{until}".encode(), hashlib.sha256)


def _refuse_unusable(details: CustomerDetails) -> None:
    if not details.name.strip() or len(details.name) > NAME_MOST:
        raise InvalidInput(_("이름을 확인하세요."), {"name": _("이름은 1자에서 40자까지입니다.")})
    if len(details.memo) > MEMO_MOST:
        raise InvalidInput(_("메모가 너무 깁니다."), {"memo": _("2,000자까지 쓸 수 있습니다.")})


def _write(customer: Customer, details: CustomerDetails) -> None:
    customer.name, customer.phone, customer.email, customer.memo = (
        details.name, details.phone, details.email, details.memo,
    )  # fmt: skip


def _touch(ctx: WorkContext, customer: Customer) -> None:
    customer.version += 1
    customer.updated_at = ctx.now()


def _locked(session: Session, customer_id: str) -> Customer:
    customer = session.get(Customer, customer_id, with_for_update=True)
    if customer is None:
        raise NotFound(_("고객을 찾을 수 없습니다."), customer=customer_id)
    return customer


def _index_details(session: Session, customer_id: str, details: CustomerDetails) -> None:
    _replace_terms(session, customer_id, OWN_TERMS, terms_of(customer_id, details))


def terms_of(customer_id: str, details: CustomerDetails) -> set[str]:
    """What a customer is found by without a card."""
    return (
        search.name_terms(details.name)
        | search.phone_terms(details.phone or "")
        | search.email_terms(details.email or "")
        | {search.normalise(customer_id)}
    ) - {""}


def _replace_terms(session: Session, customer_id: str, source: str, terms: set[str]) -> None:
    session.execute(
        delete(CustomerTerm).where(CustomerTerm.customer_id == customer_id, CustomerTerm.source == source),
        execution_options={"synchronize_session": False},
    )
    rows = [{"term": term, "customer_id": customer_id, "source": source} for term in sorted(terms) if term]
    if rows:
        session.execute(insert(CustomerTerm), rows)
