"""What the demo's customers are told, and what they say to a price that goes up or a trial that ends."""

from merchant_admin.core.context import WorkContext
from merchant_admin.notices import consents, handing
from merchant_admin.notices.consents import Said
from merchant_admin.notices.states import SaidBy
from merchant_admin.subscriptions import service, telling
from merchant_admin.subscriptions.models import Subscription
from merchant_admin.subscriptions.service import Change

_MORE_KRW = 3_000


def agree(ctx: WorkContext, subscription_id: str) -> None:
    """The customer says yes on the phone, to the text as it is."""
    task = consents.unsettled_of(ctx.reader, [subscription_id]).get(subscription_id)
    if task is None:
        return
    text = consents.text_for(ctx, ctx.reader, task)
    said = Said(
        agrees=True, said_by=SaidBy.PHONE, said_at=ctx.now(), text_version=text.version, version=task.version,
        note="본인 확인 뒤 통화로 동의함",
    )  # fmt: skip
    task_id = task.id
    ctx.end_reading()
    consents.answer(ctx, task_id, said)


def raise_price(ctx: WorkContext, subscription_id: str) -> None:
    """From the next date on it is to cost more; the customer was not reached yet."""
    held = ctx.session.get_one(Subscription, subscription_id)
    wish = Change(amount_krw=held.amount_krw + _MORE_KRW, tax_free_krw=held.tax_free_krw)
    service.change_terms(ctx, subscription_id, held.version, wish, "산지 가격 인상")


def tell(ctx: WorkContext, *, sends: bool) -> None:
    """What a worker writes in a day; and in the evening staff send the texts."""
    telling.announce_renewals(ctx)
    consents.ask_due(ctx)
    if sends:
        handing.hand_over(ctx)
