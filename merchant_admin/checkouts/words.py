"""The words of a deadline: how long is left, as the server sees the clock."""

from datetime import datetime

from flask_babel import gettext as _


def time_left(until: datetime | None, now: datetime) -> str:
    """`2일 3시간 남음`, `35분 남음`; that it is over, once it is."""
    if until is None:
        return ""
    minutes = int((until - now).total_seconds() // 60)
    if until <= now:
        return str(_("기한이 지났습니다"))
    days, hours = minutes // 1440, minutes % 1440 // 60
    if days:
        return str(_("%(days)s일 %(hours)s시간 남음", days=days, hours=hours))
    if hours:
        return str(_("%(hours)s시간 %(minutes)s분 남음", hours=hours, minutes=minutes % 60))
    return str(_("%(minutes)s분 남음", minutes=max(minutes, 1)))
