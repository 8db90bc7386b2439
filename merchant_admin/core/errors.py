"""The one family of errors that becomes a page. Messages are for staff, `facts` are for the log."""

from collections.abc import Mapping
from typing import Self


class ConsoleError(Exception):
    """Something staff can be told about. `facts` holds ids and numbers only, never personal data.

    `field` names the field of the form that the message is about, where it is about one.
    """

    status = 500
    field: str | None = None
    retry_after_seconds: int | None = None  # when the same may be asked again, where that is known

    def __init__(self, message: object, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts

    def at(self, field: str) -> Self:
        """The same error, about this field."""
        self.field = field
        return self

    def __str__(self) -> str:
        return str(self.message)


class NotFound(ConsoleError):
    status = 404


class NotAllowed(ConsoleError):
    status = 403


class InvalidInput(ConsoleError):
    """Text from outside that can't be used; `fields` names the message for each field."""

    status = 422

    def __init__(self, message: object, fields: Mapping[str, object] | None = None, **facts: object) -> None:
        super().__init__(message, **facts)
        self.fields = dict(fields or {})


class RuleBroken(ConsoleError):
    """The business says no; nothing was sent and nothing changed."""

    status = 422


class Conflict(ConsoleError):
    """The page was stale: someone else acted first. Nothing was sent."""

    status = 409


class GatewayError(ConsoleError):
    """PortOne could not be asked or did not do as asked."""

    status = 502


class GatewayRejected(GatewayError):
    """PortOne answered with `code` other than 0 or a 4xx: not done, as far as PortOne knows."""


class GatewayUnreachable(GatewayError):
    """The request never left this machine: certainly not done."""


class OutcomeUnknown(GatewayError):
    """The request left and no usable answer came: perhaps done. Look before doing anything else."""
