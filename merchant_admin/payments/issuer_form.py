"""The ticks that say which card issuers a window offers."""

from collections.abc import Sequence

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from merchant_admin.payments import issuers
from merchant_admin.web.forms import FormReader


def read_issuers(form: FormReader, data: MultiDict[str, str], allowed: Sequence[str]) -> tuple[str, ...]:
    """The ticked codes, in the table's order; the merchant's own setting where nobody was asked.

    All off is refused: the window would show no card at all.
    """
    if "asks_issuers" not in data:
        return tuple(allowed)
    known = [code for code, _name in issuers.offered(allowed)]
    ticked = set(data.getlist("issuer"))
    form.values["issuer"] = ",".join(code for code in known if code in ticked)
    if ticked - set(known):
        form.refuse("issuer", _("목록에서 하나를 골라 주세요."))
    elif not ticked:
        form.refuse("issuer", _("카드사를 모두 끄면 결제할 수 없습니다. 하나 이상 고르세요."))
    return tuple(code for code in known if code in ticked)


def starting_issuers(allowed: Sequence[str]) -> str:
    """What a fresh form has ticked: the merchant's setting, or all."""
    return ",".join(allowed or issuers.ISSUERS)
