"""A small world for one test: the app, its database, the sandbox, a fixed clock, and makers of records."""

import contextvars
import functools
import hashlib
import secrets
import shutil
from contextlib import AbstractContextManager
from pathlib import Path

import requests
from flask import has_app_context
from flask.testing import FlaskClient
from flask_migrate import upgrade

from merchant_admin import create_app
from merchant_admin.audit.service import record
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeySource, KeyState
from merchant_admin.core.clock import FixedClock
from merchant_admin.core.context import Actor, ActorKind, WorkContext
from merchant_admin.core.db import db
from merchant_admin.core.ids import new_id
from merchant_admin.core.permissions import Role
from merchant_admin.core.settings import EMBEDDED_API, load
from merchant_admin.staff.doorway import cookie_name
from merchant_admin.staff.models import Staff, StaffSession
from portone_sandbox import SandboxConfig, create_sandbox
from portone_sandbox.inprocess import WsgiAdapter

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a long enough password"
QUIET = {"TEXT_NOTICES": "off", "CONSENT_DAYS": "0"}  # tests of notices and of consent turn them on


def settings_for(folder, **env):
    """Sandbox-mode settings whose files live in `folder`."""
    words = {"INSTANCE_DIR": str(folder), "SECRET_KEY": "t" * 48, "WORKER": "process", **QUIET, **env}
    return load(words, ROOT)


def migrate(folder, **env):
    """Bring the database of these settings to the newest tables and guards."""
    app = create_app(settings_for(folder, **env))
    with app.app_context():
        upgrade(directory=str(ROOT / "migrations"))
        db.engine.dispose()


def migrated_sqlite(folder):
    """A database file with all tables and guards."""
    migrate(folder)
    return Path(folder) / "merchant.db"


class Browser(FlaskClient):
    """A client whose requests see nothing of the test's own app context: no kept `g`, no shared session."""

    def open(self, *args, **kwargs):
        answer = contextvars.Context().run(super().open, *args, **kwargs)
        if has_app_context():  # not so for the hops of followed redirects
            db.session.rollback()  # what the test reads next is what the request left
        return answer


@functools.cache
def password_hash():
    """PASSWORD as it is stored; made once, since making it is meant to be slow."""
    from merchant_admin.staff.service import hash_password

    return hash_password(PASSWORD)


class World(AbstractContextManager):
    def __init__(self, folder, *, template=None, at=None, **env):
        if template is not None:
            shutil.copy(template, Path(folder) / "merchant.db")
        self.folder = Path(folder)
        self.settings = settings_for(folder, **env)
        self.clock = FixedClock(at)
        self.sandbox_app = create_sandbox(
            SandboxConfig(
                database=str(self.folder / "sandbox.db"),
                imp_key="sandbox_key",
                imp_secret="sandbox_secret",
                public_prefix="/sandbox",
                real_time=lambda: self.clock.now().timestamp(),
                slow_card_seconds=0.3,
            )
        )
        self.sandbox = self.sandbox_app.extensions["portone_sandbox"]
        http = requests.Session()
        http.mount(EMBEDDED_API, WsgiAdapter(self.sandbox_app))
        self.app = create_app(self.settings, http=http, clock=self.clock)
        self.app.config["TESTING"] = True
        self.app.test_client_class = Browser
        self.gateway = self.app.extensions["merchant_admin"].gateway
        self._context = self.app.app_context()

    def __enter__(self):
        self._context.push()
        return self

    def __exit__(self, *_):
        db.session.remove()
        db.engine.dispose()
        self._context.pop()
        self.sandbox.close()

    @property
    def session(self):
        return db.session

    def ctx(self, staff=None):
        """A unit of work by this staff member, or by a job."""
        actor = Actor(ActorKind.STAFF, staff.id, staff.name, "127.0.0.1") if staff else Actor.job("test")
        return WorkContext(
            db.session, self.clock, actor, self.settings.mode.value, self.settings.secret_key.encode(),
            self.settings.outgoing,
        )  # fmt: skip

    def client(self):
        return self.app.test_client()

    def add(self, *rows):
        with self.ctx().atomic() as session:
            session.add_all(rows)
        return rows[0]

    def a_staff(self, role=Role.OWNER, email=None):
        """A staff member who may sign in with PASSWORD."""
        email = email or f"{role.value}@shop.example"
        return self.add(
            Staff(
                id=new_id("stf"),
                email=email,
                name="김직원",
                role=role,
                password_hash=password_hash(),
                created_at=self.clock.now(),
            )
        )

    def signed_in(self, role=Role.OWNER):
        """A browser in which a new staff member of this role is signed in already; tests/staff goes through the door."""
        staff, token, now = self.a_staff(role), secrets.token_urlsafe(32), self.clock.now()
        opened = StaffSession(
            id=new_id("ses"), token_hash=hashlib.sha256(token.encode()).hexdigest(), staff_id=staff.id, created_at=now,
            used_at=now, address="127.0.0.1", browser="",
        )  # fmt: skip
        ctx = self.ctx(staff)
        with ctx.atomic() as session:
            session.add(opened)
            record(ctx, "sign_in.done", ("staff", staff.id), session=opened.id)
        client = self.client()
        client.set_cookie(cookie_name("staff"), token, secure=self.settings.secure_cookies, httponly=True)
        client.staff = staff
        return client

    def a_customer(self, name="김서연", phone="010-1234-5678", email="seoyeon@example.com"):
        from merchant_admin.customers.service import CustomerDetails, create_customer

        return create_customer(self.ctx(), CustomerDetails(name=name, phone=phone, email=email, memo=""))

    def a_key(self, customer=None, card="approve", customer_uid=None, **params):
        """A card that stands at the sandbox and here. `card` names one of the sandbox's test cards."""
        customer = customer or self.a_customer()
        customer_uid = customer_uid or new_id("bks")
        self.sandbox.window_key(customer_uid=customer_uid, merchant_uid=new_id("reg"), card=card, amount=0, **params)
        held = self.gateway.stored_card(customer_uid)
        return self.add(
            BillingKey(
                id=new_id("key"), customer_id=customer.id, customer_uid=customer_uid, state=KeyState.ACTIVE, source=KeySource.WINDOW,
                mode=self.settings.mode, pg_provider=held.pg_provider, pg_id=held.pg_id, issuer_code=held.issuer_code,
                issuer_name=held.issuer_name, last_four=held.last_four, is_default=False, registered_at=self.clock.now(),
            )
        )  # fmt: skip
