"""One turn of the outbox: what is due goes to the mail server and to the sender of texts, each notice by itself."""

from collections.abc import Callable, Mapping

from merchant_admin.core.clock import Clock
from merchant_admin.core.context import WorkContext
from merchant_admin.core.outgoing import Channel, Outgoing, TextWay
from merchant_admin.notices import consents, sending
from merchant_admin.notices.mailing import MailSender
from merchant_admin.notices.sending import Sender
from merchant_admin.notices.texting import TextSender
from merchant_admin.subscriptions import telling
from merchant_admin.worker.service import Patience, guarded


def senders_of(outgoing: Outgoing, clock: Clock) -> dict[Channel, Sender]:
    """Who sends what: only the ways that send by themselves."""
    senders: dict[Channel, Sender] = {}
    if outgoing.mail is not None:
        senders[Channel.EMAIL] = MailSender(outgoing.mail, outgoing.shop)
    if outgoing.text is TextWay.WEBHOOK:
        senders[Channel.TEXT] = TextSender(outgoing.text_url, outgoing.text_secret, clock)
    return senders


def send_notices(
    ctx: WorkContext,
    senders: Mapping[Channel, Sender],
    *,
    patience: Patience | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Returns how many notices were seen to. What a dead process left in hand is given up first."""
    patience = patience or Patience()
    done = guarded(ctx, patience, "notice leases", "", lambda: sending.expire_leases(ctx))
    done += guarded(ctx, patience, "late notices", "", lambda: sending.drop_late(ctx))
    done += guarded(ctx, patience, "renewals to come", "", lambda: telling.announce_renewals(ctx))
    done += guarded(ctx, patience, "consents to ask for", "", lambda: consents.ask_due(ctx))
    for channel, sender in senders.items():
        try:
            done += _send_all(ctx, channel, sender, patience, is_stopping)
        finally:
            sender.close()
    return done


def _send_all(
    ctx: WorkContext, channel: Channel, sender: Sender, patience: Patience, is_stopping: Callable[[], bool]
) -> int:
    done, ids = 0, sending.due_notices(ctx, channel)
    ctx.end_reading()
    for notice_id in ids:
        if is_stopping():
            break
        act = lambda notice_id=notice_id: _one(ctx, sender, notice_id)  # noqa: E731 - for the line below
        done += guarded(ctx, patience, "notice", notice_id, act)
    return done


def _one(ctx: WorkContext, sender: Sender, notice_id: str) -> int:
    sending.deliver(ctx, sender, notice_id)
    return 1
