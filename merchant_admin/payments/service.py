"""What staff can do with money to be taken: charge a card, or send a lost charge again.

Three layers are kept apart. A charge is what a person wants, once per sheet. An attempt is one order number and the
talk with PortOne about it. A payment is what PortOne says. A charge is written down and committed before PortOne is
asked, so that a crash at any line leaves a row to be settled and never money that nobody wrote down.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.context import ActorKind, WorkContext
from merchant_admin.core.db import lease_now
from merchant_admin.core.errors import Conflict, ConsoleError, NotFound, RuleBroken
from merchant_admin.core.ids import new_id, new_merchant_uid
from merchant_admin.core.money import MAX_AMOUNT_KRW, quota_is_allowed
from merchant_admin.core.settings import Mode
from merchant_admin.customers.models import Customer
from merchant_admin.doubts.service import overtake
from merchant_admin.doubts.states import DoubtKind
from merchant_admin.payments import holding, lines, repeats, sending
from merchant_admin.payments.looks import (
    NEEDED_ABSENCES,
    due_attempts,
    expire_leases,
    locked,
    look,
    look_at_attempt,
    tell,
)  # fmt: skip
from merchant_admin.payments.models import Attempt, Charge
from merchant_admin.payments.repeats import Stop
from merchant_admin.payments.states import BY_WINDOW, MAX_SENDS, OPEN, SENT_ONCE, AttemptState, ChargeKind, advance
from merchant_admin.portone.gateway import Gateway

__all__ = [
    "ChargeSheet", "charge_billing_key", "due_attempts", "expire_leases", "hold_charge", "look_at_attempt",
    "note_same_sum", "send_again", "start_window_charge",
]  # fmt: skip

SAME_WITHIN = timedelta(hours=24)
_MAY_HAVE_TAKEN = OPEN | {AttemptState.PAID}


class SameSum(RuleBroken):
    """The same customer and sum within a day, and nobody said that it is meant. Nothing was sent."""


class StillChecking(RuleBroken):
    """Sent before, and not yet proven absent. Nothing was sent."""


@dataclass(frozen=True)
class ChargeSheet:
    """A filled and confirmed sheet. `sheet_key` is made when the form is drawn, so two clicks bring the same one."""

    sheet_key: str
    customer_id: str
    billing_key_id: str
    amount_krw: int
    tax_free_krw: int = 0
    quota: int = 0  # months; 0 = lump sum
    name: str = ""
    memo: str = ""
    kind: ChargeKind = ChargeKind.ONE_OFF
    confirms_repeat: bool = False  # staff ticked that the same sum once more is meant

    def body_hash(self) -> str:
        """The same for the same wish; a tick more or less is no other wish."""
        wish = {name: value for name, value in asdict(self).items() if name != "confirms_repeat"}
        return _hash(wish)


Bind = Callable[[Session, Charge], None]


def charge_billing_key(ctx: WorkContext, gateway: Gateway, sheet: ChargeSheet, bind: Bind | None = None) -> Charge:
    """Take `sheet.amount_krw` won from a stored card, at most once per sheet.

    Claim and commit, ask with no transaction open, write and commit. The same sheet again returns its first charge
    and sends nothing. The charge's attempt is then PAID, DECLINED or UNCERTAIN; the worker settles the last kind.

    `bind` is called with the new charge inside the write that claims it, so that a feature above can tie its own debt
    to the charge in one commit; what it raises undoes the claim, and nothing is sent.
    Raises RuleBroken (an amount out of range, a card that can't be charged, an archived customer, the same customer
    and sum within 24 hours without `confirms_repeat`), Conflict (the sheet was used for something else), NotFound,
    GatewayUnreachable while sending is stopped: in all these cases nothing was written and nothing sent.
    Source: PortOne V1, POST /subscribe/payments/again.
    """
    refuse_impossible(sheet)
    if ctx.session.scalars(select(Charge.id).where(Charge.sheet_key == sheet.sheet_key)).first() is None:
        ctx.end_reading()
        gateway.refuse_if_stopped()
    try:
        charge_id, send = _claim_once(ctx, sheet, bind)
    except OperationalError as wrong:
        raise ConsoleError(
            _("저장하지 못해 결제를 보내지 않았습니다. 돈은 빠져나가지 않았습니다. 잠시 뒤 다시 시도하십시오.")
        ) from wrong
    if send is not None:
        sending.deliver(ctx, gateway, send)
    return _fresh(ctx, charge_id)


def start_window_charge(  # noqa: PLR0913 - what a window is opened with, each by name
    ctx: WorkContext,
    session: Session,
    *,
    sheet_key: str,
    customer_id: str,
    merchant_uid: str,
    customer_uid: str | None,
    amount_krw: int,
    tax_free_krw: int,
    name: str,
    lease_until: datetime,
    pg_id: str | None = None,
    staff_id: str | None = None,
    kind: ChargeKind | None = None,
    quota: int = 0,
) -> Attempt:
    """Write down what a payment window is about to take, in the open write of its registration or checkout.

    With `customer_uid` it is the first charge of a card being registered, without one an ordinary payment.
    From the commit on, money may move at any time until the window expires: the attempt is SENDING and its lease is
    the window's. `pg_id` is the MID the window was opened with. It is settled by looks, like any other.
    """
    wish: dict[str, object] = {"customer_uid": customer_uid, "amount_krw": amount_krw, "tax_free_krw": tax_free_krw}
    wish["name"] = name
    charge = new_charge(ctx, sheet_key, _hash(wish))
    charge.kind = kind or (ChargeKind.FIRST if customer_uid else ChargeKind.WINDOW)
    charge.quota = quota
    charge.customer_id, charge.staff_id = customer_id, staff_id or charge.staff_id
    charge.amount_krw, charge.tax_free_krw, charge.name = amount_krw, tax_free_krw, name
    attempt = _begin(ctx, session, charge, (merchant_uid, customer_uid, pg_id), None)
    sending.take(ctx, session, attempt, lease=lease_until - lease_now(session, ctx.clock), owner=None)
    return attempt


def open_window_again(
    ctx: WorkContext, session: Session, charge: Charge, *, merchant_uid: str, pg_id: str, lease_until: datetime
) -> Attempt:
    """Write down one more window for a charge whose earlier ones took nothing, under an order number of its own.

    The database refuses it while another attempt of this charge is open, or once one was paid.
    """
    attempt = _begin(ctx, session, charge, (merchant_uid, None, pg_id), None)
    sending.take(ctx, session, attempt, lease=lease_until - lease_now(session, ctx.clock), owner=None)
    return attempt


def send_again(ctx: WorkContext, gateway: Gateway, charge_id: str) -> Charge:
    """Send a lost charge once more, under the same order number, because a person asked for it.

    Only after PortOne was seen not to know it, twice and late enough; it is read once more right before. If it turns
    up then, it is settled and nothing is sent. Raises RuleBroken when it may not be sent (still being checked, a charge
    of a window, three sends, the card gone), NotFound, and the GatewayError family when PortOne can't be read.
    """
    attempt_id = _open_attempt(ctx, charge_id)
    look(ctx, gateway, attempt_id)
    gateway.refuse_if_stopped()
    try:
        send = _claim_again(ctx, attempt_id, charge_id)
    except StillChecking:
        repeats.write(ctx, charge_id, Stop.STILL_CHECKING)
        raise
    if send is not None:
        sending.deliver(ctx, gateway, send)
    return _fresh(ctx, charge_id)


def _claim_again(ctx: WorkContext, attempt_id: str, charge_id: str) -> sending.Send | None:
    """The claimed send; None when the attempt is settled by now."""
    with ctx.atomic() as session:
        attempt = locked(session, attempt_id)
        charge = session.get_one(Charge, charge_id)
        if attempt.state not in OPEN:
            return None
        _refuse_resend(session, attempt, charge)
        if attempt.state is AttemptState.UNCERTAIN:
            attempt.state = advance(attempt.state, AttemptState.READY)
            tell(ctx, session, "charge.ready_again", attempt, AttemptState.UNCERTAIN)
        overtake(ctx, session, DoubtKind.CHARGE, charge.id)
        return sending.claim(ctx, session, attempt, charge)


def refuse_impossible(sheet: ChargeSheet) -> None:
    """Raise RuleBroken for a sheet that could never be charged, whoever pays."""
    problems = (
        (not 1 <= sheet.amount_krw <= MAX_AMOUNT_KRW, _("결제 금액은 1원부터 100,000,000원까지입니다.")),
        (not 0 <= sheet.tax_free_krw <= sheet.amount_krw, _("면세 금액은 결제 금액보다 클 수 없습니다.")),
        (not quota_is_allowed(sheet.amount_krw, sheet.quota), _("할부는 50,000원부터 2~12개월로 할 수 있습니다.")),
        (not 1 <= len(sheet.name) <= 40, _("주문명은 1자에서 40자까지입니다.")),
        (not 1 <= len(sheet.sheet_key) <= 40 or sheet.kind in SENT_ONCE, _("결제 화면을 다시 열어 주십시오.")),
    )
    for is_wrong, message in problems:
        if is_wrong:
            raise RuleBroken(message)


def note_same_sum(ctx: WorkContext, charge_id: str) -> None:
    """Write down that the same sum from the same customer was stopped before it reached the rules: no tick was set."""
    repeats.write(ctx, charge_id, Stop.SAME_SUM)


def hold_charge(ctx: WorkContext, sheet: ChargeSheet) -> Charge:
    """Write a charge down without sending it, by the clerk's choice while PortOne is away (payments.holding).

    The same sheet again returns the same charge, so a charge is held or sent, never both. Raises as charge_billing_key.
    """
    refuse_impossible(sheet)
    charge_id, _nothing = _claim_once(ctx, sheet, None, is_held=True)
    return _fresh(ctx, charge_id)


def _claim_once(
    ctx: WorkContext, sheet: ChargeSheet, bind: Bind | None, *, is_held: bool = False
) -> tuple[str, sending.Send | None]:
    """As _claim; a repeat that is refused is written into the timeline of the charge it would have repeated."""
    try:
        try:
            return _claim(ctx, sheet, bind, is_held=is_held)
        except IntegrityError:
            # Two uses of one sheet met at the same instant on different customers; the other one stands now.
            return _claim(ctx, sheet, bind, is_held=is_held)
    except (Conflict, SameSum) as stopped:
        stop = Stop.SAME_SUM if isinstance(stopped, SameSum) else Stop.OTHER_WISH
        repeats.write(ctx, stopped.facts["charge"], stop)
        raise


def _claim(
    ctx: WorkContext, sheet: ChargeSheet, bind: Bind | None, *, is_held: bool
) -> tuple[str, sending.Send | None]:
    """Write the charge down as being sent; the send is None when the sheet was used before.

    The key and the customer are locked, in this order: the claims of one customer stand in a row, so that of two
    sheets for the same sum at the same instant the second sees the first.
    """
    with ctx.atomic() as session:
        used = session.scalars(select(Charge).where(Charge.sheet_key == sheet.sheet_key)).first()
        if used is None:
            key = session.get(BillingKey, sheet.billing_key_id, with_for_update=True, populate_existing=True)
            customer = session.get(Customer, sheet.customer_id, with_for_update={"key_share": True})
            # Whoever held the locks before us may have used this very sheet.
            used = session.scalars(select(Charge).where(Charge.sheet_key == sheet.sheet_key)).first()
        if used is not None:
            if used.body_hash != sheet.body_hash():
                raise Conflict(
                    _("이 화면으로 이미 다른 결제를 요청했습니다. 이번 요청은 보내지 않았습니다."),
                    charge=used.id,
                )
            repeats.note(ctx, used, Stop.SAME_SHEET)
            return used.id, None
        live = chargeable(ctx, key, customer)
        _refuse_repeat(ctx, session, sheet)
        charge = charge_of(ctx, sheet, live)
        attempt = _begin(ctx, session, charge, (new_merchant_uid(), live.customer_uid, live.pg_id), live)
        if bind is not None:
            bind(session, charge)
        if is_held:
            holding.hold(ctx, session, attempt)
            return charge.id, None
        return charge.id, sending.claim(ctx, session, attempt, charge)


def chargeable(ctx: WorkContext, key: BillingKey | None, customer: Customer | None) -> BillingKey:
    """The key, if this customer's card can be charged now. Raises NotFound, RuleBroken."""
    if customer is None:
        raise NotFound(_("고객을 찾을 수 없습니다."))
    if key is None or key.customer_id != customer.id:
        raise NotFound(_("이 고객의 빌링키를 찾을 수 없습니다."))
    if key.state is not KeyState.ACTIVE:
        raise RuleBroken(_("쓸 수 없는 빌링키라서 결제하지 않았습니다. 다른 카드를 고르십시오."), billing_key=key.id)
    if key.mode.value != ctx.mode:
        raise RuleBroken(_("다른 운영 모드에서 등록된 빌링키라서 결제하지 않았습니다."), billing_key=key.id)
    if customer.is_archived:
        raise RuleBroken(_("보관한 고객은 결제할 수 없습니다. 먼저 고객을 되살리십시오."), customer=customer.id)
    return key


def _refuse_repeat(ctx: WorkContext, session: Session, sheet: ChargeSheet) -> None:
    """The same customer and sum within 24 hours must be meant, if the first took money or still may."""
    if sheet.confirms_repeat:
        return
    same = (
        select(Charge.id)
        .join(Attempt, Attempt.charge_id == Charge.id)
        .where(Charge.customer_id == sheet.customer_id, Charge.amount_krw == sheet.amount_krw)
        .where(Charge.created_at > ctx.now() - SAME_WITHIN, Attempt.state.in_(_MAY_HAVE_TAKEN))
    )
    earlier = session.scalars(same.limit(1)).first()
    if earlier is not None:
        raise SameSum(
            _("24시간 안에 같은 고객, 같은 금액의 결제가 있어 보내지 않았습니다. 더 하려면 확인란에 표시하십시오."),
            charge=earlier,
        )


def charge_of(ctx: WorkContext, sheet: ChargeSheet, key: BillingKey) -> Charge:
    """The charge that a sheet wants."""
    charge = new_charge(ctx, sheet.sheet_key, sheet.body_hash())
    charge.kind, charge.customer_id, charge.billing_key_id = sheet.kind, sheet.customer_id, key.id
    charge.amount_krw, charge.tax_free_krw, charge.quota = sheet.amount_krw, sheet.tax_free_krw, sheet.quota
    charge.name, charge.memo = sheet.name, sheet.memo
    return charge


def new_charge(ctx: WorkContext, sheet_key: str, body_hash: str) -> Charge:
    """A charge by whoever acts, to be filled."""
    staff_id = ctx.actor.id if ctx.actor.kind is ActorKind.STAFF else None
    return Charge(
        id=new_id("chg"), sheet_key=sheet_key, body_hash=body_hash, mode=Mode(ctx.mode), staff_id=staff_id,
        tax_free_krw=0, quota=0, memo="", created_at=ctx.now(),
    )  # fmt: skip


def _begin(
    ctx: WorkContext,
    session: Session,
    charge: Charge,
    names: tuple[str, str | None, str | None],
    key: BillingKey | None,
) -> Attempt:
    """The charge's first attempt, READY. `names`: merchant_uid, customer_uid, the MID the money must come through."""
    merchant_uid, customer_uid, pg_id = names
    session.add(charge)
    session.flush()
    attempt = ready_attempt(ctx, charge, merchant_uid, customer_uid, pg_id)
    session.add(attempt)
    session.flush()
    lines.open_line(session, attempt, charge, key)
    session.flush()
    tell(ctx, session, "charge.asked", attempt, None, kind=charge.kind.value)
    return attempt


def ready_attempt(
    ctx: WorkContext, charge: Charge, merchant_uid: str, customer_uid: str | None, pg_id: str | None
) -> Attempt:
    """An attempt as it is born."""
    return Attempt(
        id=new_id("att"), charge_id=charge.id, merchant_uid=merchant_uid, customer_uid=customer_uid, pg_id=pg_id,
        amount_krw=charge.amount_krw, state=AttemptState.READY, sends=0, absences=0, looks=0, late=False, refused=False,
        created_at=ctx.now(),
    )  # fmt: skip


def _open_attempt(ctx: WorkContext, charge_id: str) -> str:
    """The id of the charge's newest attempt; raises NotFound."""
    newest = select(Attempt.id).where(Attempt.charge_id == charge_id).order_by(Attempt.created_at.desc()).limit(1)
    attempt_id = ctx.session.scalars(newest).first()
    if attempt_id is None:
        raise NotFound(_("결제 요청을 찾을 수 없습니다."))
    return attempt_id


def _refuse_resend(session: Session, attempt: Attempt, charge: Charge) -> None:
    if charge.kind in SENT_ONCE - BY_WINDOW:
        raise RuleBroken(_("다시 보낼 수 없는 결제입니다. 포트원의 기록만 확인합니다."))
    if charge.kind in BY_WINDOW:
        raise RuleBroken(_("결제창에서 요청한 결제는 다시 보낼 수 없습니다. 결제창을 다시 여십시오."))
    if attempt.state is AttemptState.SENDING or (
        attempt.state is AttemptState.UNCERTAIN and attempt.absences < NEEDED_ABSENCES
    ):
        raise StillChecking(
            _("아직 확인 중이라 다시 보내지 않았습니다. 포트원에 기록이 없는지 두 번 확인한 뒤에 할 수 있습니다.")
        )
    if attempt.sends >= MAX_SENDS:
        raise RuleBroken(_("이 주문번호로는 더 보낼 수 없습니다. 이 요청을 끝내고 새로 결제하십시오."))
    key = session.get(BillingKey, charge.billing_key_id, with_for_update=True, populate_existing=True)
    if key is None or key.state is not KeyState.ACTIVE:
        raise RuleBroken(_("쓸 수 없는 빌링키라서 결제하지 않았습니다. 다른 카드를 고르십시오."))


def _fresh(ctx: WorkContext, charge_id: str) -> Charge:
    return ctx.session.get_one(Charge, charge_id, populate_existing=True)


def _hash(wish: dict[str, object]) -> str:
    return hashlib.sha256(json.dumps(wish, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
