"""A shop with as many payments as one likes: rows as the services write them, but in bulk, with the guards standing."""

import random
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from bs4 import BeautifulSoup
from flask_migrate import upgrade
from sqlalchemy import String, case, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app import ROOT, build
from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.context import Actor, WorkContext
from merchant_admin.core.db import db
from merchant_admin.core.ids import new_id
from merchant_admin.core.permissions import Role
from merchant_admin.core.search import email_terms, name_terms, phone_terms
from merchant_admin.core.settings import load
from merchant_admin.core.times import seoul_day
from merchant_admin.customers.models import Customer, CustomerTerm
from merchant_admin.demo.cast import REGULAR, people
from merchant_admin.ledger.models import DailyTotal, LedgerEntry
from merchant_admin.payments.models import Attempt, Charge, Payment, PaymentLine
from merchant_admin.staff.service import create_staff

PASSWORD = "a long enough password"  # noqa: S105 - of a shop that lives for a minute
PAYMENTS_EACH, DAYS, BATCH = 25, 420, 5_000
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


class Shop(AbstractContextManager["Shop"]):
    def __init__(self, folder: Path, database_url: str | None) -> None:
        words = {"INSTANCE_DIR": str(folder), "WORKER": "process", "SECRET_KEY": "b" * 48}
        self.app = build(load(words | ({"DATABASE_URL": database_url} if database_url else {}), ROOT))
        self.app.testing = True
        self.client = self.app.test_client()
        self._dice = random.Random(7)
        self._some: dict[str, list[str]] = {}

    def __enter__(self) -> Self:
        with self.app.app_context():
            upgrade(directory=str(ROOT / "migrations"))
            found = self.app.extensions["merchant_admin"]
            secret = found.settings.secret_key.encode()
            ctx = WorkContext(db.session, found.clock, Actor.job("bench"), "sandbox", secret)
            create_staff(ctx, "owner@shop.example", "대표", Role.OWNER, PASSWORD)
        return self

    def __exit__(self, *_: object) -> None:
        self.app.extensions["embedded_sandbox"].close()
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    def fill(self, payments: int) -> None:
        """Write customers, a card each, and payments spread over fourteen months; then sign in."""
        with self.app.app_context():
            customers = list(self._customers(max(60, payments // PAYMENTS_EACH)))
            for start in range(0, payments, BATCH):
                self._payments(customers, start, min(BATCH, payments - start))
            with db.engine.begin() as connection:
                connection.exec_driver_sql("ANALYZE")
        self.sign_in()

    def sign_in(self) -> None:
        """Let the client be the owner."""
        page = BeautifulSoup(self.client.get("/sign-in").text, "html.parser")
        token = page.find("input", {"name": "csrf_token"})["value"]  # type: ignore[index]
        self.client.post("/sign-in", data={"csrf_token": token, "email": "owner@shop.example", "password": PASSWORD})

    def pages(self) -> dict[str, list[str]]:
        """What is measured: several addresses of each kind, so that no single row is always warm."""
        return {
            "home": ["/"],
            "payments, newest": ["/payments"],
            "payments, declined": ["/payments?state=declined"],
            "payments of a month": ["/payments?from=2026-06-01&to=2026-06-30"],
            "search: part of a name": [f"/search?q={name[1:]}" for name in self._some["name"]],
            "search: initial consonants": ["/search?q=ㄱㅅㅇ", "/search?q=ㅂㅈ", "/search?q=ㅇㅎㄹ"],
            "search: phone": [f"/search?q={phone[-4:]}" for phone in self._some["phone"]],
            "customers": ["/customers"],
            "customer detail": [f"/customers/{one}" for one in self._some["customer"]],
            "payment detail": [f"/payments/{one}" for one in self._some["payment"]],
        }

    def _customers(self, count: int) -> Iterator[tuple[str, dict[str, Any]]]:
        crowd = people(self._dice, min(count, 900))
        rows: list[dict[str, Any]] = []
        keys: list[dict[str, Any]] = []
        terms: list[dict[str, Any]] = []
        for number in range(count):
            person, customer_id = crowd[number % len(crowd)], new_id("cus")
            phone = f"010-{self._dice.randint(2000, 9999)}-{number % 10_000:04d}"
            at = NOW - timedelta(days=DAYS, minutes=number)
            rows.append({"id": customer_id, "name": person.name, "phone": phone, "email": person.email, "memo": "",
                         "version": 1, "created_at": at, "updated_at": at})  # fmt: skip
            words = name_terms(person.name) | phone_terms(phone) | email_terms(person.email or "")
            terms += [{"term": word, "customer_id": customer_id, "source": "customer"} for word in words]
            keys.append({"id": new_id("key"), "customer_id": customer_id, "customer_uid": new_id("bks"), "state": "active",
                         "source": "window", "mode": "sandbox", "pg_provider": "jtnet", "pg_id": "tpaytest2m",
                         "issuer_code": "366", "issuer_name": "신한카드", "last_four": f"{number % 1000:03d}*",
                         "is_default": True, "registered_at": at, "last_charged_at": NOW})  # fmt: skip
        self._write({Customer: rows, CustomerTerm: terms, BillingKey: keys})
        self._some = {
            "name": [row["name"] for row in rows[:40]],
            "phone": [row["phone"] for row in rows[:40]],
            "customer": [row["id"] for row in self._dice.sample(rows, 40)],
            "payment": [],
        }
        for key in keys:
            yield key["customer_id"], key

    def _payments(self, customers: list[tuple[str, Any]], start: int, count: int) -> None:
        tables: dict[Any, list[dict[str, Any]]] = {
            Charge: [],
            Attempt: [],
            Payment: [],
            PaymentLine: [],
            LedgerEntry: [],
        }
        sums: dict[Any, list[int]] = {}
        for number in range(start, start + count):
            customer_id, key = customers[number % len(customers)]
            at = NOW - timedelta(minutes=self._dice.randint(1, DAYS * 24 * 60))
            goods, is_paid = self._dice.choice(REGULAR), self._dice.random() > 0.04
            self._one(
                tables,
                (customer_id, key["id"], key["customer_uid"]),
                (goods.name, goods.amount_krw),
                at,
                is_paid=is_paid,
            )
            if is_paid:
                total = sums.setdefault(seoul_day(at), [0, 0])
                total[0], total[1] = total[0] + 1, total[1] + goods.amount_krw
        self._write(tables)
        self._add_totals(sums)
        self._some["payment"] += [row["id"] for row in tables[PaymentLine][:3]]

    def _one(
        self, tables: Any, who: tuple[str, str, str], what: tuple[str, int], at: datetime, *, is_paid: bool
    ) -> None:
        (customer_id, key_id, customer_uid), (name, won) = who, what
        charge_id, attempt_id, line_id = new_id("chg"), new_id("att"), new_id("pay")
        merchant_uid, imp_uid = new_id("ord"), f"imps_{self._dice.getrandbits(52)}"
        state, reason = ("paid", None) if is_paid else ("declined", "잔액부족")
        paid_at = at if is_paid else None
        common = {"customer_id": customer_id, "billing_key_id": key_id, "mode": "sandbox", "amount_krw": won}
        card = {"issuer_code": "366", "issuer_name": "신한카드", "last_four": "123*"}
        tables[Charge].append({**common, "id": charge_id, "sheet_key": new_id("sht"), "body_hash": "0" * 64, "kind": "again",
                               "tax_free_krw": 0, "quota": 0, "name": name, "memo": "", "created_at": at})  # fmt: skip
        tables[Attempt].append({"id": attempt_id, "charge_id": charge_id, "merchant_uid": merchant_uid,
                                "customer_uid": customer_uid, "amount_krw": won, "state": "ready", "sends": 0,
                                "created_at": at, "late": False})  # fmt: skip
        tables[Payment].append({**common, **card, "id": line_id, "imp_uid": imp_uid, "merchant_uid": merchant_uid,
                                "attempt_id": attempt_id, "status": "paid" if is_paid else "failed", "cancelled_krw": 0,
                                "name": name, "fail_reason": reason, "started_at": at, "paid_at": paid_at,
                                "failed_at": None if is_paid else at, "snapshot": "{}", "read_at": at})  # fmt: skip
        tables[PaymentLine].append({**common, **card, "id": line_id, "attempt_id": attempt_id, "charge_id": charge_id,
                                    "state": state, "kind": "again", "name": name, "refunded_krw": 0,
                                    "fail_reason": reason, "merchant_uid": merchant_uid, "imp_uid": imp_uid,
                                    "asked_at": at, "paid_at": paid_at})  # fmt: skip
        if is_paid:
            tables[LedgerEntry].append({"id": new_id("led"), "kind": "charge", "ref": imp_uid, "debit": "receivable",
                                        "credit": "sales", "amount_krw": won, "imp_uid": imp_uid, "payment_id": line_id,
                                        "mode": "sandbox", "happened_at": at, "seoul_day": seoul_day(at),
                                        "recorded_at": at})  # fmt: skip

    @staticmethod
    def _add_totals(sums: dict[Any, list[int]]) -> None:
        """The totals of each day, and every attempt on its way through the states that the guards allow."""
        total = DailyTotal.__table__.c
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(DailyTotal)
        moved = {
            "entries": total.entries + statement.excluded.entries,
            "sum_krw": total.sum_krw + statement.excluded.sum_krw,
        }
        upsert = statement.on_conflict_do_update(index_elements=["seoul_day", "mode", "kind"], set_=moved)
        rows = [{"seoul_day": day, "mode": "sandbox", "kind": "charge", "entries": entries, "sum_krw": won}
                for day, (entries, won) in sums.items()]  # fmt: skip
        imp_uid = select(Payment.imp_uid).where(Payment.attempt_id == Attempt.id).scalar_subquery()
        status = select(Payment.status).where(Payment.attempt_id == Attempt.id).scalar_subquery()
        end = case((status == "paid", literal("paid", String)), else_=literal("declined", String))
        with db.engine.begin() as connection:
            connection.execute(upsert, rows)
            connection.execute(
                update(Attempt)
                .where(Attempt.state == "ready")
                .values(state="sending", sends=1, lease_until=NOW, sent_at=NOW)
            )
            connection.execute(
                update(Attempt).where(Attempt.state == "sending")
                .values(state=end, imp_uid=imp_uid, lease_until=None, settled_at=NOW)
            )  # fmt: skip

    @staticmethod
    def _write(tables: dict[Any, list[dict[str, Any]]]) -> None:
        with db.engine.begin() as connection:
            for model, rows in tables.items():
                if rows:
                    connection.execute(insert(model), rows)
