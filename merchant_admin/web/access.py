"""The gate: every page is closed unless its view names a permission or stands in the short public list.

A view without either does not start (`refuse_open_doors`), so a forgotten decorator is a failed start, not a hole.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from blinker import Namespace
from flask import Flask, current_app, g, request
from flask_login import LoginManager, UserMixin, current_user

from merchant_admin.core.clock import Clock
from merchant_admin.core.context import Actor, ActorKind, WorkContext
from merchant_admin.core.db import db
from merchant_admin.core.errors import NotAllowed
from merchant_admin.core.permissions import Permission, Role, may
from merchant_admin.core.settings import Settings
from merchant_admin.portone.gateway import Gateway

P = ParamSpec("P")
R = TypeVar("R")
_NEEDS = "merchant_admin_needs"
_PUBLIC = "public"
denied = Namespace().signal("denied")  # sent with `permission` when signed-in staff lack it: the timeline listens


@dataclass(frozen=True)
class Services:
    """What the process works with, made once in create_app."""

    settings: Settings
    clock: Clock
    gateway: Gateway


@dataclass(frozen=True)
class SignedIn(UserMixin):  # type: ignore[misc]
    """The staff member behind this request. `session_id` is the session row's id, `token` the cookie's random name."""

    staff_id: str
    name: str
    email: str
    role: Role
    session_id: str
    token: str

    def get_id(self) -> str:
        return self.token

    def may(self, permission: Permission | str) -> bool:
        return may(self.role, Permission(permission))


def services() -> Services:
    """The process's settings, clock and gateway."""
    found: Services = current_app.extensions["merchant_admin"]
    return found


def gateway() -> Gateway:
    """The one way to PortOne, for the rules that may move money."""
    return services().gateway


def current_staff() -> SignedIn | None:
    """Who is signed in, or None."""
    return current_user._get_current_object() if current_user.is_authenticated else None  # noqa: SLF001


def work_context() -> WorkContext:
    """The request's session, clock and actor, for the rules."""
    if "work_context" not in g:
        found = services()
        g.work_context = WorkContext(
            db.session, found.clock, _actor(), found.settings.mode.value, found.settings.secret_key.encode(),
            found.settings.outgoing,
        )  # fmt: skip
    context: WorkContext = g.work_context
    return context


def _actor() -> Actor:
    staff = current_staff()
    if staff is None:
        return Actor(ActorKind.SYSTEM, None, "web", request.remote_addr)
    return Actor(ActorKind.STAFF, staff.staff_id, staff.name, request.remote_addr)


def requires(permission: Permission) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Only signed-in staff who hold `permission` reach the view; others meet the sign-in page or a 403."""

    def close(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def gate(*args: P.args, **kwargs: P.kwargs) -> R:
            if not current_user.is_authenticated:
                unauthorized: Any = current_app.extensions["login_manager"].unauthorized
                answer: R = unauthorized()
                return answer
            if not current_user.may(permission):
                denied.send(permission=permission)
                from flask_babel import gettext as _  # noqa: PLC0415 - the request's language

                raise NotAllowed(_("이 일을 할 권한이 없습니다. 아무것도 바뀌지 않았습니다."), needs=permission.value)
            return view(*args, **kwargs)

        setattr(gate, _NEEDS, permission.value)
        return gate

    return close


def public(view: Callable[P, R]) -> Callable[P, R]:
    """Marks one of the few views that anyone may open: sign-in, health, webhooks, assets."""
    setattr(view, _NEEDS, _PUBLIC)
    return view


def needs_of(app: Flask) -> dict[str, str | None]:
    """Each endpoint's permission, `public`, or None where nobody decided."""
    return {
        name: getattr(view, _NEEDS, _PUBLIC if name == "static" else None) for name, view in app.view_functions.items()
    }


def is_closed(view: object) -> bool:
    """Whether only signed-in staff reach this view."""
    return getattr(view, _NEEDS, _PUBLIC) != _PUBLIC


def init_access(app: Flask, found: Services) -> None:
    """Set up the gate; features load the staff member (staff.routes)."""
    app.extensions["merchant_admin"] = found
    app.extensions["login_manager"] = LoginManager(app)
    app.context_processor(lambda: {"staff": current_staff()})


def refuse_open_doors(app: Flask) -> None:
    """Raises RuntimeError if any view has neither a permission nor a place in the public list."""
    undecided = sorted(name for name, needs in needs_of(app).items() if needs is None)
    if undecided:
        raise RuntimeError(f"views without a declared permission: {', '.join(undecided)}")
