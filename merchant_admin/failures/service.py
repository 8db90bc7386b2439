"""Reading a raw text by the dictionary, and putting a text into another class."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from merchant_admin.audit.service import record
from merchant_admin.core.context import ActorKind, WorkContext
from merchant_admin.core.errors import RuleBroken
from merchant_admin.failures.models import FailureWord
from merchant_admin.failures.states import FailureClass
from merchant_admin.failures.words import READINGS, Reading, built_in, id_of, pattern_of

MOST_WORDS = 2_000


@dataclass(frozen=True)
class Dictionary:
    """The built-in signs with what staff decided; made once for a page."""

    decided: dict[str, FailureClass]

    def class_of(self, text: str | None) -> FailureClass:
        """The class of a raw text: a person's word first."""
        return self.decided.get(pattern_of(text)) or built_in(text)

    def explain(self, text: str | None) -> Reading:
        """What a raw text means, for staff and for the customer."""
        return READINGS[self.class_of(text)]


def dictionary(session: Session) -> Dictionary:
    """The dictionary as it stands now."""
    rows = session.execute(select(FailureWord.pattern, FailureWord.failure_class).limit(MOST_WORDS))
    return Dictionary({row.pattern: row.failure_class for row in rows})


def reclass(ctx: WorkContext, text: str, to: FailureClass) -> None:
    """Put a raw text into a class, for what comes and for what was shown before. Moves no money and decides none.

    Raises RuleBroken for an empty text and for anyone but staff.
    """
    pattern = pattern_of(text)
    if not pattern or ctx.actor.kind is not ActorKind.STAFF:
        raise RuleBroken(_("분류를 바꾸지 못했습니다. 아무것도 바뀌지 않았습니다."))
    row = {"failure_class": to, "staff_id": ctx.actor.id, "set_at": ctx.now()}
    with ctx.atomic() as session:
        held = select(FailureWord.failure_class).where(FailureWord.pattern == pattern)
        before = session.scalars(held).first() or built_in(text)
        dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
        made = dialect.insert(FailureWord).values(id=id_of(pattern), pattern=pattern, **row)
        session.execute(made.on_conflict_do_update(index_elements=["pattern"], set_=row))
        record(ctx, "failure.reclassed", ("failure", id_of(pattern)), before=before.value, after=to.value, text=pattern)
