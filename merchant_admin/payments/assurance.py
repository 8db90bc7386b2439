"""What may be told to a customer who asks "was I billed?": the proof as a text to copy."""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from merchant_admin.payments.proof import Proof, Verdict
from merchant_admin.web.filters import card_label, kst, won


@dataclass(frozen=True)
class Asked:
    """What the customer asks about."""

    name: str
    amount_krw: int
    at: datetime
    issuer_name: str | None
    last_four: str | None
    method: str | None = None


def _means(asked: Asked) -> str:
    """What it was paid with, as a customer would say it."""
    words = {"trans": _("계좌이체"), "vbank": _("가상계좌"), "phone": _("휴대폰 결제")}
    if asked.method in words:
        return str(words[asked.method])
    return (
        str(card_label(asked.issuer_name, asked.last_four)) if asked.issuer_name or asked.last_four else str(_("카드"))
    )


def text_for_customer(proof: Proof, asked: Asked) -> str:
    """A few plain sentences in the reader's language, with the order number by which they are found again."""
    taken = proof.first_taken
    when = kst((taken.at if taken else None) or asked.at).striptags()
    facts = {"name": asked.name, "sum": won(asked.amount_krw), "card": _means(asked), "when": when}
    lines = [_head(proof, facts)]
    if proof.verdict is Verdict.ONCE and proof.stopped:
        lines.append(_("같은 결제가 다시 요청된 것은 보내지 않고 막았습니다."))
    if proof.given_back_krw:
        lines.append(
            _("그중 %(sum)s은 돌려드렸습니다. 카드사에 따라 3~7영업일 뒤에 보입니다.", sum=won(proof.given_back_krw))
        )
    lines.append(_("주문번호: %(numbers)s", numbers=", ".join(proof.order_numbers)))
    return "\n".join(lines)


def _head(proof: Proof, facts: dict[str, str]) -> str:
    words = {
        Verdict.ONCE: _(
            "‘%(name)s’ 결제를 확인했습니다. %(when)s에 %(card)s에서 %(sum)s이 한 번 결제되었습니다. "
            "두 번 결제된 기록은 없습니다.", **facts,
        ),
        Verdict.NONE: _("‘%(name)s’ %(sum)s은 결제되지 않았습니다. %(card)s에서 빠져나간 돈이 없습니다.", **facts),
        Verdict.TWICE: _(
            "‘%(name)s’ 결제가 %(times)s번 되어 모두 %(total)s이 결제된 것을 확인했습니다. "
            "더 결제된 금액은 돌려드리겠습니다. 불편을 드려 죄송합니다.",
            **facts, times=proof.times, total=won(proof.taken_krw),
        ),
        Verdict.WAITING: _(
            "‘%(name)s’ %(sum)s은 아직 결제되지 않았습니다. 안내해 드린 계좌로 기한 안에 입금하시면 결제됩니다.",
            **facts,
        ),
        Verdict.DIFFERS: _(
            "‘%(name)s’ %(sum)s과 다른 금액 %(total)s이 들어온 것을 확인했습니다. 더 보내거나 다시 결제하지 마세요. "
            "곧 알려 드리겠습니다.", **facts, total=won(proof.taken_krw),
        ),
        Verdict.UNKNOWN: _(
            "‘%(name)s’ %(sum)s의 결제 결과를 확인하고 있습니다. 다시 결제하지 않으셔도 됩니다. "
            "확인되는 대로 알려 드리겠습니다.", **facts,
        ),
    }  # fmt: skip
    return str(words[proof.verdict])
