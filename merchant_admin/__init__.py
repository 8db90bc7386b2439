"""A back office for merchants who take recurring card payments through PortOne V1 and JTNET."""

import requests
from flask import Flask
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

from merchant_admin.audit.routes import bp as audit
from merchant_admin.billing_keys.dependants import needs_cards
from merchant_admin.billing_keys.routes import bp as billing_keys
from merchant_admin.card_links.move_routes import bp as card_moves
from merchant_admin.card_links.phone import bp as register_links
from merchant_admin.card_links.reserving_routes import card_links
from merchant_admin.card_links.telling import CARD_LINK, CARD_NEEDED
from merchant_admin.cases.routes import bp as cases
from merchant_admin.checkouts.links import bp as pay_links
from merchant_admin.checkouts.routes import bp as checkouts
from merchant_admin.checkouts.watching import KEEPER as CHECKOUTS
from merchant_admin.core.clock import Clock, MovableClock, SystemClock
from merchant_admin.core.db import db, engine_options
from merchant_admin.core.settings import Mode, Settings
from merchant_admin.customers.sheet_routes import customers
from merchant_admin.demo.commands import demo_commands
from merchant_admin.key_in.routes import bp as key_in
from merchant_admin.line.memory import SharedMemory
from merchant_admin.notices.consent_routes import bp as consents
from merchant_admin.notices.consents import LINK as CONSENT_LINK
from merchant_admin.notices.links import carries_link
from merchant_admin.notices.states import NoticeKind
from merchant_admin.notices.text_routes import notices
from merchant_admin.operations.commands import COMMANDS
from merchant_admin.outlook.number_routes import outlook
from merchant_admin.overview.agreeing import consent_tasks
from merchant_admin.overview.attention import asks_for_consents
from merchant_admin.overview.routes import bp as overview
from merchant_admin.payments.key_use import open_charges_of_key
from merchant_admin.payments.promises import expects_payments
from merchant_admin.payments.routes import bp as payments
from merchant_admin.portone.breaker import Breaker
from merchant_admin.portone.client import PortOneClient
from merchant_admin.portone.gateway import Gateway
from merchant_admin.reconcile.routes import bp as reconcile
from merchant_admin.refunds.routes import bp as refunds
from merchant_admin.registrations.routes import bp as registrations
from merchant_admin.schedules.again_routes import schedules
from merchant_admin.schedules.commands import schedule_commands
from merchant_admin.schedules.promising import KEEPER, schedules_of_key
from merchant_admin.staff.routes import bp as staff
from merchant_admin.subscriptions.answer_routes import bp as consent_links
from merchant_admin.subscriptions.dunning import KEEPER as PERIODS
from merchant_admin.subscriptions.pause_routes import subscriptions
from merchant_admin.subscriptions.queries import subscriptions_of_key
from merchant_admin.web.access import Services, init_access, refuse_open_doors
from merchant_admin.web.setup import init_web
from merchant_admin.webhooks.routes import bp as webhooks
from merchant_admin.worker.rehearsal_routes import bp as test_clock
from merchant_admin.worker.routes import bp as worker

MAX_BODY_BYTES = 64 * 1024
FEATURES = (
    staff,
    customers,
    billing_keys,
    registrations,
    checkouts,
    pay_links,
    payments,
    schedules,
    refunds,
    webhooks,
    cases,
    reconcile,
    subscriptions,
    outlook,
    notices,
    card_links,
    card_moves,
    register_links,
    consents,
    consent_links,
    audit,
    overview,
    worker,
)


def create_app(settings: Settings, *, http: requests.Session | None = None, clock: Clock | None = None) -> Flask:
    """The web application.

    `http` is the session PortOne is asked through (the embedded sandbox hands in one that opens no socket);
    `clock` stands still in tests.
    """
    clock = clock or SystemClock()
    root = settings.root
    app = Flask(
        __name__,
        template_folder=root / "templates",
        static_folder=root / "static",
        instance_path=str(settings.instance_dir),
    )
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        SESSION_COOKIE_NAME="__Host-session" if settings.secure_cookies else "session",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies)  # type: ignore[method-assign]
    db.init_app(app)
    Migrate(app, db, directory=str(root / "migrations"))
    with app.app_context():
        line = SharedMemory(db.engine, clock, settings.calls_a_second)
    breaker = Breaker(lambda: clock.now().timestamp(), line)
    client = PortOneClient(settings.api_url, settings.imp_key, settings.imp_secret, http=http, breaker=breaker)
    init_access(app, Services(settings, clock, Gateway(client, settings)))
    init_web(app, settings)
    needs_cards(open_charges_of_key)
    needs_cards(subscriptions_of_key)
    expects_payments("subscriptions", PERIODS)
    needs_cards(schedules_of_key)
    asks_for_consents(consent_tasks)
    carries_link(CONSENT_LINK, NoticeKind.PRICE_RISE, NoticeKind.TRIAL_END)
    carries_link(CARD_LINK, NoticeKind.CARD_LINK)
    carries_link(CARD_NEEDED, NoticeKind.CARD_NEEDED)
    expects_payments("schedules", KEEPER)
    expects_payments("checkouts", CHECKOUTS)
    app.jinja_env.globals["has_test_clock"] = settings.mode is Mode.SANDBOX and isinstance(clock, MovableClock)
    app.jinja_env.globals["key_in_is_on"] = settings.key_in
    for feature in (*FEATURES, key_in) if settings.key_in else FEATURES:
        app.register_blueprint(feature)
    if settings.mode is Mode.SANDBOX:
        app.register_blueprint(test_clock)
    for command in (demo_commands, schedule_commands, *COMMANDS):
        app.cli.add_command(command)
    refuse_open_doors(app)
    return app
