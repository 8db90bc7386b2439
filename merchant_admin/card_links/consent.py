"""What the customer agrees to before a new card is stored: the exact words, in the reader's language.

Change the words and VERSION together. A text that was agreed to is kept with its version, time and place.
"""

import hashlib
from collections.abc import Sequence

from flask_babel import gettext as _

from merchant_admin.card_links.queries import Covered
from merchant_admin.core.settings import Settings
from merchant_admin.subscriptions.words import cycle
from merchant_admin.web.filters import day_text

VERSION = "2026-11"


def consent_text(settings: Settings, covered: Sequence[Covered], *, replaces: bool) -> str:
    """One paragraph a line. What will be charged, when and by whom stands first."""
    lines = [
        _("가맹점: %(name)s", name=settings.merchant_name),
        _("지금은 결제하지 않고 카드만 등록합니다."),
        *(_of_one(each) for each in covered),
        _(
            "새로 등록하는 카드로 위 금액을 결제일마다 자동으로 결제하는 데 동의합니다. "
            "금액이 오르면 미리 알리고 다시 동의를 받습니다."
        )
        if covered
        else _("등록한 카드는 가맹점과 따로 약속한 결제에만 씁니다."),
    ]  # fmt: skip
    if replaces:
        lines.append(_("새 카드가 확인되면 지금까지 쓰던 카드는 더 결제하지 않고 삭제합니다."))
    lines += [
        _("카드번호는 결제대행사(PG)가 보관합니다. 가맹점은 카드사 이름과 카드번호 끝 네 자리만 보관합니다."),
        _(
            "동의하지 않을 수 있으며, 그러면 카드는 등록되지 않습니다. "
            "해지와 카드 삭제는 언제든지 가맹점에 요청할 수 있습니다."
        ),
    ]  # fmt: skip
    return "\n".join(str(line) for line in lines)


def mark_of(text: str) -> str:
    """Names the text that was on the page, so that nobody agrees to another one."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _of_one(covered: Covered) -> str:
    terms = f"{covered.name}: {cycle(covered.unit, covered.every)} ₩{covered.amount_krw:,}"
    said = []
    if covered.owed_krw:
        said.append(_("밀린 ₩%(sum)s은 카드를 바꾼 뒤 곧 결제합니다", sum=f"{covered.owed_krw:,}"))
    if covered.next_on is not None:
        said.append(_("다음 결제일 %(day)s", day=day_text(covered.next_on)))
    elif not covered.owed_krw:
        said.append(_("예정된 결제 없음"))
    return f"{terms}, {', '.join(said)}"
