"""What staff can do with a stored card: link it, adopt it, prefer it, delete it.

A key's `customer_uid` is used once for ever: the row of a deleted key stays as its tombstone.
"""

import re
from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.billing_keys import dependants
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeySource, KeyState, advance
from merchant_admin.core.context import WorkContext
from merchant_admin.core.errors import Conflict, GatewayError, GatewayRejected, InvalidInput, NotFound, RuleBroken
from merchant_admin.core.ids import new_id
from merchant_admin.core.settings import Mode
from merchant_admin.customers.models import Customer
from merchant_admin.customers.service import index_card
from merchant_admin.portone.gateway import Gateway
from merchant_admin.portone.later import MOST_LISTED, Reservation, ReservationStatus
from merchant_admin.portone.types import StoredCard

SUBJECT = "billing_key"
SWEEP_ROWS = 20
RESERVED_PARTS = 5  # of three months: as far ahead as anybody here can reserve, and a little
_CUSTOMER_UID = re.compile(r"[A-Za-z0-9_.:@-]{1,80}")


def link_card(ctx: WorkContext, session: Session, customer_id: str, card: StoredCard, source: KeySource) -> BillingKey:
    """Write down a card PortOne holds, inside an open write. The first usable card of a customer is its default.

    Idempotent by `customer_uid`. Raises Conflict if that name belongs to another customer or was deleted.
    """
    known = session.scalar(select(BillingKey).where(BillingKey.customer_uid == card.customer_uid).with_for_update())
    if known is not None:
        return _known_again(ctx, known, customer_id)
    session.get(Customer, customer_id, with_for_update=True)  # two first cards at once: one default
    key = BillingKey(
        id=new_id("key"), customer_id=customer_id, customer_uid=card.customer_uid, state=KeyState.ACTIVE, source=source,
        mode=Mode(ctx.mode), pg_provider=card.pg_provider, pg_id=card.pg_id, issuer_code=card.issuer_code,
        issuer_name=card.issuer_name, last_four=card.last_four, is_default=not _default_of(session, customer_id),
        registered_at=ctx.now(),
    )  # fmt: skip
    session.add(key)
    session.flush()
    if card.last_four:
        index_card(session, customer_id, key.id, card.last_four)
    record(
        ctx, "billing_key.linked", (SUBJECT, key.id), customer_id=customer_id,
        source=source.value, pg_id=card.pg_id, is_default=key.is_default,
    )  # fmt: skip
    return key


def _known_again(ctx: WorkContext, key: BillingKey, customer_id: str) -> BillingKey:
    if key.customer_id != customer_id:
        raise Conflict(_("이 빌링키는 이미 다른 고객의 카드입니다. 아무것도 바뀌지 않았습니다."), billing_key=key.id)
    if key.state in {KeyState.DELETED, KeyState.DELETING}:
        raise Conflict(_("삭제한 빌링키 ID는 다시 쓰지 않습니다. 카드를 새로 등록하세요."), billing_key=key.id)
    if key.state is KeyState.MISSING:
        key.state = advance(key.state, KeyState.ACTIVE)
        record(ctx, "billing_key.found_again", (SUBJECT, key.id), customer_id=customer_id)
    return key


def _default_of(session: Session, customer_id: str) -> str | None:
    return session.scalar(
        select(BillingKey.id).where(BillingKey.customer_id == customer_id, BillingKey.is_default.is_(True))
    )


def make_default(ctx: WorkContext, key_id: str) -> BillingKey:
    """Prefer this card for its customer. Raises RuleBroken for a card that can't be charged."""
    with ctx.atomic() as session:
        customer_id = session.scalar(select(BillingKey.customer_id).where(BillingKey.id == key_id))
        session.get(Customer, customer_id or "", with_for_update=True)  # the customer first: no two can wait crosswise
        key = _locked(session, key_id)
        _refuse_unusable(key)
        if not key.is_default:
            before = _default_of(session, key.customer_id)
            session.execute(
                update(BillingKey)
                .where(BillingKey.customer_id == key.customer_id, BillingKey.is_default.is_(True))
                .values(is_default=False)
            )
            key.is_default = True
            record(ctx, "billing_key.made_default", (SUBJECT, key.id), customer_id=key.customer_id, before=before)
    return key


def check_adoption(ctx: WorkContext, gateway: Gateway, customer_uid: str) -> StoredCard:
    """What PortOne holds under this name, if it may be linked here; nothing is written.

    Raises InvalidInput (field `customer_uid`) for a name that is malformed, unknown, in use, of another mode or of
    a channel that is not the merchant's; GatewayError when PortOne can't be asked.
    """
    if not _CUSTOMER_UID.fullmatch(customer_uid):
        raise _refused(_("빌링키 ID는 영문, 숫자, - _ . : @ 로 된 80자 이하입니다."))
    held_here = ctx.session.scalar(select(BillingKey).where(BillingKey.customer_uid == customer_uid))
    if held_here is not None and held_here.state is not KeyState.MISSING:
        raise _refused(
            _("삭제한 빌링키 ID는 다시 쓰지 않습니다. 카드를 새로 등록하세요.")
            if held_here.state in {KeyState.DELETED, KeyState.DELETING}
            else _("이미 연결된 빌링키입니다. 빌링키 목록에서 찾을 수 있습니다.")
        )
    ctx.end_reading()
    card = gateway.stored_card(customer_uid)
    if card is None or card.customer_uid != customer_uid:
        raise _refused(_("포트원에 이 빌링키 ID로 등록된 카드가 없습니다."))
    if not gateway.fits_mode(card.is_test):
        raise _refused(_("다른 운영 모드(테스트 또는 실제)에서 발급된 빌링키라서 연결할 수 없습니다."))
    ours = {(channel.pg_provider, channel.pg_id) for channel in gateway.channels()}
    if ours and (card.pg_provider, card.pg_id) not in ours:
        raise _refused(_("이 가맹점의 채널이 아닌 곳에서 발급된 빌링키라서 연결할 수 없습니다."))
    return card


def _refused(message: object) -> InvalidInput:
    return InvalidInput(message, {"customer_uid": message})


def adopt_card(ctx: WorkContext, gateway: Gateway, customer_id: str, customer_uid: str) -> BillingKey:
    """Link a key that already stands at PortOne to a customer. Reads PortOne again. Raises as check_adoption."""
    card = check_adoption(ctx, gateway, customer_uid)
    with ctx.atomic() as session:
        customer = session.get(Customer, customer_id, with_for_update=True)
        if customer is None:
            raise NotFound(_("고객을 찾을 수 없습니다."))
        if customer.is_archived:
            raise RuleBroken(_("보관된 고객에게는 카드를 연결할 수 없습니다. 먼저 고객을 복원하세요."))
        return link_card(ctx, session, customer_id, card, KeySource.ADOPTED)


def delete_card(ctx: WorkContext, gateway: Gateway, key_id: str, reason: str) -> BillingKey:
    """Delete a card here and at PortOne; irreversible. Marked here first, so that nothing charges it meanwhile.

    The key comes back as DELETED, as DELETING when PortOne's answer was lost (the worker reads on), or as ACTIVE
    again when PortOne refused. Raises RuleBroken while an open charge or a reservation needs it, whoever reserved it:
    PortOne deletes a key with its reservations left standing (reference 19, row 14). Raises GatewayError when PortOne
    can't be asked for them; then nothing was changed.
    """
    _refuse_reserved(ctx, gateway, key_id)
    with ctx.atomic() as session:
        key = _locked(session, key_id)
        if key.state in {KeyState.DELETED, KeyState.DELETING}:
            return key
        if any(dependant.blocks for dependant in dependants.of_key(session, key_id)):
            raise RuleBroken(
                _("결과를 확인 중인 결제가 있어 지금은 삭제할 수 없습니다. 확인이 끝난 뒤 다시 하세요."),
                billing_key=key_id,
            )
        before = key.state
        key.state, key.is_default = advance(key.state, KeyState.DELETING), False
        record(
            ctx, "billing_key.deleting", (SUBJECT, key_id),
            customer_id=key.customer_id, reason=reason, before=before.value, after=key.state.value,
        )  # fmt: skip
        customer_uid = key.customer_uid
    _delete_there(ctx, gateway, key_id, customer_uid, reason)
    return _fresh(ctx, key_id)


def _refuse_reserved(ctx: WorkContext, gateway: Gateway, key_id: str) -> None:
    """Refuse while PortOne holds a reservation of this key, also one that nobody wrote down here."""
    key = _fresh(ctx, key_id)
    if key.state in {KeyState.DELETED, KeyState.DELETING}:
        return
    customer_uid, since = key.customer_uid, ctx.now()
    ctx.end_reading()
    waiting = len(reservations_held(gateway, customer_uid, since))
    if waiting:
        raise RuleBroken(
            _("포트원에 이 카드의 결제 예약 %(count)s건이 있습니다. 예약을 먼저 취소하세요.", count=waiting),
            billing_key=key_id,
        )


def reservations_held(gateway: Gateway, customer_uid: str, since: datetime) -> list[Reservation]:
    """What PortOne will still charge to this card from `since` on; none for a key or a PG that knows of none."""
    held: list[Reservation] = []
    for part in range(RESERVED_PARTS):
        begin = since + part * MOST_LISTED
        try:
            rows = gateway.reservations(begin, begin + MOST_LISTED, customer_uid)
        except GatewayRejected:
            break  # no such key there, or a PG without reservations
        held += [row for row in rows if row.status is ReservationStatus.SCHEDULED]
    return held


def _delete_there(ctx: WorkContext, gateway: Gateway, key_id: str, customer_uid: str, reason: str) -> None:
    """Ask PortOne to delete, then believe only what it shows when read. A lost answer leaves DELETING."""
    refusal: str | None = None
    try:
        gateway.delete_card(customer_uid, reason)
    except GatewayRejected as refused:
        refusal = str(refused)
    except GatewayError:
        refusal = None
    try:
        is_gone = gateway.stored_card(customer_uid) is None
    except GatewayError:
        return
    if is_gone:
        _settle_deletion(ctx, key_id, KeyState.DELETED)
    elif refusal is not None:
        _settle_deletion(ctx, key_id, KeyState.ACTIVE, why=refusal)


def _settle_deletion(ctx: WorkContext, key_id: str, state: KeyState, why: str | None = None) -> None:
    with ctx.atomic() as session:
        key = _locked(session, key_id)
        if key.state is not KeyState.DELETING:
            return
        key.state = advance(key.state, state)
        if state is KeyState.DELETED:
            key.deleted_at = ctx.now()
        act = "billing_key.deleted" if state is KeyState.DELETED else "billing_key.not_deleted"
        record(ctx, act, (SUBJECT, key_id), customer_id=key.customer_id, reason=why, after=state.value)


def sweep_deleting(ctx: WorkContext, gateway: Gateway) -> int:
    """Finish deletions whose answer was lost: read, and ask again if PortOne still has the key. How many it looked at.

    Deleting twice is harmless, so unlike money it may be asked for again.
    """
    waiting = ctx.session.execute(
        select(BillingKey.id, BillingKey.customer_uid)
        .where(BillingKey.state == KeyState.DELETING)
        .order_by(BillingKey.registered_at)
        .limit(SWEEP_ROWS)
    ).all()
    ctx.end_reading()
    for key_id, customer_uid in waiting:
        try:
            is_gone = gateway.stored_card(customer_uid) is None
        except GatewayError:
            continue
        if is_gone:
            _settle_deletion(ctx, key_id, KeyState.DELETED)
        else:
            _delete_there(ctx, gateway, key_id, customer_uid, "deletion asked again")
    return len(waiting)


def look_at_card(ctx: WorkContext, gateway: Gateway, key_id: str) -> BillingKey:
    """Read the key at PortOne: one that was deleted elsewhere becomes MISSING, one that is back ACTIVE again."""
    key = _fresh(ctx, key_id)
    customer_uid = key.customer_uid
    ctx.end_reading()
    is_there = gateway.stored_card(customer_uid) is not None
    to = KeyState.ACTIVE if is_there else KeyState.MISSING
    with ctx.atomic() as session:
        key = _locked(session, key_id)
        if {key.state, to} == {KeyState.ACTIVE, KeyState.MISSING}:
            key.state = advance(key.state, to)
            key.is_default = key.is_default and is_there
            act = "billing_key.found_again" if is_there else "billing_key.missing"
            record(ctx, act, (SUBJECT, key_id), customer_id=key.customer_id, after=to.value)
    return key


def _fresh(ctx: WorkContext, key_id: str) -> BillingKey:
    key = ctx.session.get(BillingKey, key_id, populate_existing=True)
    if key is None:
        raise NotFound(_("빌링키를 찾을 수 없습니다."))
    return key


def _locked(session: Session, key_id: str) -> BillingKey:
    key = session.get(BillingKey, key_id, with_for_update=True, populate_existing=True)
    if key is None:
        raise NotFound(_("빌링키를 찾을 수 없습니다."))
    return key


def _refuse_unusable(key: BillingKey) -> None:
    if key.state is not KeyState.ACTIVE:
        raise RuleBroken(_("사용할 수 없는 빌링키입니다. 아무것도 바뀌지 않았습니다."), billing_key=key.id)
