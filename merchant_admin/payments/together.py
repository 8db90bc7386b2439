"""Many stored cards charged in one go: claimed in one commit, asked side by side, answers written down in heaps.

The rules are those of charging one card (payments.service, payments.sending): written and committed before it is
sent, sent once, and anything that is not clearly an answer is uncertain. What is saved is statements and commits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.context import WorkContext
from merchant_admin.core.db import lease_now
from merchant_admin.core.errors import ConsoleError
from merchant_admin.core.heaps import insert_new, write_changed
from merchant_admin.core.ids import new_merchant_uid
from merchant_admin.core.owners import me
from merchant_admin.customers.models import Customer
from merchant_admin.payments import lines, looks, plain_facts, sending, service
from merchant_admin.payments.models import Charge
from merchant_admin.payments.sending import LEASE_SECONDS, Answer, Send
from merchant_admin.payments.service import ChargeSheet
from merchant_admin.payments.states import AttemptState


@dataclass(frozen=True)
class Wish:
    """A sheet with its key and customer, both locked. The sheet must be sure to be a new one."""

    sheet: ChargeSheet
    key: BillingKey
    customer: Customer


def can_be_charged(ctx: WorkContext, wish: Wish) -> bool:
    """Whether nothing stands in the way of this charge. If something does, charging it by itself says what."""
    try:
        service.refuse_impossible(wish.sheet)
        service.chargeable(ctx, wish.key, wish.customer)
    except ConsoleError:
        return False
    return wish.sheet.confirms_repeat


def claim(ctx: WorkContext, session: Session, wishes: Sequence[Wish]) -> list[tuple[Charge, Send]]:
    """Write all of them down as being sent, in the open write. The bytes may leave after its commit only."""
    made = []
    for wish in wishes:
        charge = service.charge_of(ctx, wish.sheet, wish.key)
        names = (new_merchant_uid(), wish.key.customer_uid, wish.key.pg_id)
        made.append((wish, charge, service.ready_attempt(ctx, charge, *names)))
    insert_new(session, [charge for _wish, charge, _attempt in made])
    session.add_all([attempt for _wish, _charge, attempt in made])
    session.flush()
    now, lease, owner = lease_now(session, ctx.clock), timedelta(seconds=LEASE_SECONDS), me()
    born = []
    for wish, charge, attempt in made:
        looks.say(ctx, "charge.asked", attempt, charge, None, kind=charge.kind.value)
        sending.mark(attempt, now, lease=lease, owner=owner)
        looks.say(ctx, "charge.sent", attempt, charge, AttemptState.READY, sends=attempt.sends)
        born.append(lines.first_line(attempt, charge, wish.key))
    write_changed(session, [attempt for _wish, _charge, attempt in made])
    insert_new(session, born)
    return [(charge, sending.claimed(attempt, charge, wish.customer)) for wish, charge, attempt in made]


def write_down(ctx: WorkContext, session: Session, answered: Sequence[tuple[Send, Answer]]) -> None:
    """Let each attempt say what its answer was, in the open write."""
    plain_facts.lock_in_order(session, [send.order.merchant_uid for send, _answer in answered])
    told = [answer.transaction for _send, answer in answered if answer.transaction is not None]
    others = {one.merchant_uid for one in plain_facts.record_approvals(ctx, session, told, source="answer")}
    for send, answer in answered:
        if answer.transaction is None or send.order.merchant_uid in others:
            sending.write_down(ctx, session, send, answer)
