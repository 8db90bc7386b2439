"""The money rules inside the database itself: what raw SQL may do, and what it may not, on both engines."""

import re

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from merchant_admin.core.db import db

AT = "2026-11-23 03:00:00"
LATER = "2026-11-23 04:00:00"
ROWS = (
    f"INSERT INTO customers (id, name, memo, version, created_at, updated_at) VALUES ('cus', '김서연', '', 1, '{AT}', '{AT}')",
    f"""INSERT INTO billing_keys
        (id, customer_id, customer_uid, state, source, mode, pg_provider, pg_id, is_default, registered_at)
        VALUES ('key', 'cus', 'bks_1', 'active', 'window', 'sandbox', 'jtnet', 'mid', true, '{AT}')""",
)


A_CASE = f"""INSERT INTO cases (id, kind, subject, state, detail, opened_at, resolution)
    VALUES ('cas', 'paid_twice', 'imps_1', 'open', '{{}}', '{AT}', '')"""
A_CLOSED_DAY = f"""INSERT INTO day_closings (seoul_day, mode, closed_at, closed_by, snapshot, mac)
    VALUES ('2026-11-23', 'sandbox', '{AT}', '김직원', '{{"a": 1}}', '00')"""


def a_charge(id_="chg", amount=1000, **more):
    values = {
        "id": id_, "sheet_key": f"sht_{id_}", "body_hash": "h", "kind": "one_off", "mode": "sandbox", "customer_id": "cus",
        "billing_key_id": "key", "amount_krw": amount, "tax_free_krw": 0, "quota": 0, "name": "이용료", "memo": "",
        "created_at": AT,
    } | more  # fmt: skip
    return insert("charges", values)


def an_attempt(id_="att", charge="chg", amount=1000, **more):
    values = {
        "id": id_, "charge_id": charge, "merchant_uid": f"ord_{id_}", "customer_uid": "bks_1", "pg_id": "mid",
        "amount_krw": amount, "state": "ready", "sends": 0, "absences": 0, "looks": 0, "late": False, "refused": False,
        "created_at": AT,
    } | more  # fmt: skip
    return insert("attempts", values)


def a_payment(id_="pay", imp="imps_1", amount=1000, **more):
    values = {
        "id": id_, "imp_uid": imp, "merchant_uid": "ord_att", "mode": "sandbox", "status": "paid", "amount_krw": amount,
        "cancelled_krw": 0, "name": "", "snapshot": "{}", "read_at": AT, "paid_at": AT,
    } | more  # fmt: skip
    return insert("payments", values)


def an_entry(kind="charge", ref="imps_1", amount=1000, imp="imps_1", **more):
    values = {
        "id": f"led_{kind}_{ref}", "kind": kind, "ref": ref, "debit": "receivable" if kind == "charge" else "refunds",
        "credit": "sales" if kind == "charge" else "receivable", "amount_krw": amount, "imp_uid": imp, "payment_id": "pay",
        "mode": "sandbox", "happened_at": AT, "seoul_day": "2026-11-23", "recorded_at": AT,
    } | more  # fmt: skip
    return insert("ledger_entries", values)


def a_refund(id_="ref", amount=300, remaining=1000, **more):
    values = {
        "id": id_, "sheet_key": f"sht_{id_}", "body_hash": "h", "mode": "sandbox", "payment_id": "pay", "imp_uid": "imps_1",
        "amount_krw": amount, "tax_free_krw": 0, "remaining_krw": remaining, "reason_code": "other", "reason_text": "",
        "state": "ready", "sends": 0, "looks": 0, "created_at": AT,
    } | more  # fmt: skip
    return insert("refunds", values)


def a_cancellation(ref="c1", amount=300):
    return insert(
        "cancellations",
        {
            "id": f"can_{ref}",
            "payment_id": "pay",
            "ref": ref,
            "amount_krw": amount,
            "cancelled_at": AT,
            "recorded_at": AT,
        },
    )


def insert(table, values):
    shown = ", ".join("NULL" if v is None else str(v).lower() if isinstance(v, bool) else str(v) if isinstance(v, (int, float)) else f"'{v}'" for v in values.values())  # fmt: skip
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({shown})"


STAFF = tuple(
    f"""INSERT INTO staff (id, email, name, role, password_hash, created_at)
        VALUES ('{id_}', '{id_}@shop.example', '김직원', 'manager', 'h', '{AT}')"""
    for id_ in ("stf_a", "stf_b")
)


def a_closing(id_="cls", **more):
    values = {
        "id": id_, "kind": "charge", "subject_id": "chg", "reason": "이유", "evidence": "확인", "state": "asked",
        "asked_by": "stf_a", "asked_at": AT,
    } | more  # fmt: skip
    return insert("hand_closings", values)


def a_look(id_="lok", **more):
    values = {
        "id": id_, "kind": "charge", "subject_id": "chg", "at": AT, "answer": "absent", "detail": "", "actor_name": "",
    } | more  # fmt: skip
    return insert("looks", values)


def agreed_by(staff):
    return f"UPDATE hand_closings SET state = 'agreed', decided_by = '{staff}', decided_at = '{AT}'"


ASKED = (*STAFF, a_closing())


SEND = f"UPDATE attempts SET state = 'sending', sends = sends + 1, lease_until = '{LATER}', sent_at = '{AT}'"
PAY = "UPDATE attempts SET state = 'paid', imp_uid = 'imps_1', lease_until = NULL"
DECLINE = "UPDATE attempts SET state = 'declined', lease_until = NULL"
DOUBT = "UPDATE attempts SET state = 'uncertain', lease_until = NULL"
ABSENT = "UPDATE attempts SET absences = 2"
READY = "UPDATE attempts SET state = 'ready'"
ABANDON = "UPDATE attempts SET state = 'abandoned'"
LATE = "UPDATE attempts SET state = 'paid', late = true, imp_uid = 'imps_1'"
R_SEND = f"UPDATE refunds SET state = 'sending', sends = sends + 1, lease_until = '{LATER}'"
R_DONE = "UPDATE refunds SET state = 'done', lease_until = NULL, cancellation_ref = 'c1'"
R_DOUBT = "UPDATE refunds SET state = 'uncertain', lease_until = NULL"
R_REFUSE = "UPDATE refunds SET state = 'refused', lease_until = NULL"
BORN = (*ROWS, a_charge(), an_attempt())
BOOKED = (*BORN, a_payment(), an_entry())

ALLOWED = {
    "a charge and its attempt": BORN,
    "ready to sending": (*BORN, SEND),
    "sending to paid": (*BORN, SEND, PAY),
    "sending to declined": (*BORN, SEND, DECLINE),
    "sending to uncertain": (*BORN, SEND, DOUBT),
    "uncertain to paid": (*BORN, SEND, DOUBT, PAY),
    "uncertain to declined": (*BORN, SEND, DOUBT, DECLINE),
    "uncertain to ready after two absences": (*BORN, SEND, DOUBT, ABSENT, READY),
    "a second send under the same number": (*BORN, SEND, DOUBT, ABSENT, READY, SEND),
    "uncertain to abandoned after two absences": (*BORN, SEND, DOUBT, ABSENT, ABANDON),
    "ready to abandoned": (*BORN, ABANDON),
    "declined to paid, late": (*BORN, SEND, DECLINE, LATE),
    "declined with an imp_uid to paid with another": (
        *BORN, SEND, "UPDATE attempts SET state = 'declined', lease_until = NULL, imp_uid = 'imps_0'", LATE,
    ),
    "abandoned to paid, late": (*BORN, ABANDON, LATE),
    "ready to paid, late": (*BORN, LATE),
    "a second attempt after a decline": (*BORN, SEND, DECLINE, an_attempt("at2")),
    "a note on an open attempt": (*BORN, SEND, DOUBT, "UPDATE attempts SET evidence = 'no_answer', looks = 1"),
    "a payment, paid twice for one charge": (*BOOKED, a_payment("py2", "imps_2"), an_entry(ref="imps_2", imp="imps_2")),
    "a payment moving on": (*BOOKED, "UPDATE payments SET cancelled_krw = 300, status = 'cancelled'"),
    "a refund of the whole": (*BOOKED, an_entry("refund", "imps_1:c1")),
    "a refund and one more of the rest": (*BOOKED, an_entry("refund", "imps_1:c1", 300), an_entry("refund", "imps_1:c2", 700)),
    "a known full refund told again": (
        *BOOKED, an_entry("refund", "imps_1:c1"),
        an_entry("refund", "imps_1:c1") + " ON CONFLICT (kind, ref) DO NOTHING",
    ),
    "a refund asked for": (*BOOKED, a_refund()),
    "a refund done": (*BOOKED, a_refund(), R_SEND, R_DONE),
    "a refund that turned out done": (*BOOKED, a_refund(), R_SEND, R_DOUBT, R_REFUSE, R_DONE),
    "a second refund after the first was done": (
        *BOOKED, a_refund(), R_SEND, R_DONE, an_entry("refund", "imps_1:c1", 300), a_refund("rf2", 700, 700),
    ),
    "a closing that a second person agrees to": (*ASKED, agreed_by("stf_b")),
    "a closing taken back by its asker": (
        *ASKED, f"UPDATE hand_closings SET state = 'refused', decided_by = 'stf_a', decided_at = '{AT}'",
    ),
    "a look": (a_look(),),
    "a charge that learns its card": (*ROWS, a_charge(billing_key_id=None), "UPDATE charges SET billing_key_id = 'key'"),
}  # fmt: skip

FORBIDDEN = {
    "a charge of nothing": (*ROWS, a_charge(amount=0)),
    "a charge above the limit": (*ROWS, a_charge(amount=100_000_001)),
    "a charge with more tax-free than amount": (*ROWS, a_charge(tax_free_krw=1001)),
    "instalments of a small sum": (*ROWS, a_charge(quota=3)),
    "one month of instalments": (*ROWS, a_charge(amount=60_000, quota=1)),
    "an unknown kind of charge": (*ROWS, a_charge(kind="gift")),
    "a used sheet": (*BORN, a_charge("ch2", sheet_key="sht_chg")),
    "a charge for nobody": (*ROWS, a_charge(customer_id="cus_none")),
    "a charge whose amount moves": (*BORN, "UPDATE charges SET amount_krw = 2000"),
    "a charge whose card moves": (*BORN, "UPDATE charges SET billing_key_id = NULL"),
    "a charge deleted": (*BORN, "DELETE FROM charges"),
    "an attempt born sending": (*ROWS, a_charge(), an_attempt(state="sending", sends=1, lease_until=LATER)),
    "an attempt born sent": (*ROWS, a_charge(), an_attempt(sends=1)),
    "an attempt born late": (*ROWS, a_charge(), an_attempt(late=True)),
    "an attempt of another amount": (*ROWS, a_charge(), an_attempt(amount=999)),
    "a second open attempt": (*BORN, an_attempt("at2")),
    "a second attempt while the first is uncertain": (*BORN, SEND, DOUBT, an_attempt("at2")),
    "a second attempt of a paid charge": (*BORN, SEND, PAY, an_attempt("at2")),
    "a used order number": (*BORN, SEND, DECLINE, an_attempt("at2", merchant_uid="ord_att")),
    "an order number of 41 signs": (*ROWS, a_charge(), an_attempt(merchant_uid="o" * 41)),
    "an attempt whose order number moves": (*BORN, "UPDATE attempts SET merchant_uid = 'ord_x'"),
    "an attempt whose card moves": (*BORN, "UPDATE attempts SET customer_uid = 'bks_2'"),
    "an attempt whose MID moves": (*BORN, "UPDATE attempts SET pg_id = 'mid2'"),
    "an attempt whose amount moves": (*BORN, "UPDATE attempts SET amount_krw = 1"),
    "an attempt deleted": (*BORN, "DELETE FROM attempts"),
    "sending without a lease": (*BORN, "UPDATE attempts SET state = 'sending', sends = 1"),
    "a lease without sending": (*BORN, f"UPDATE attempts SET lease_until = '{LATER}'"),
    "sending without counting": (*BORN, f"UPDATE attempts SET state = 'sending', lease_until = '{LATER}'"),
    "paid without an imp_uid": (*BORN, SEND, "UPDATE attempts SET state = 'paid', lease_until = NULL"),
    "ready to declined": (*BORN, DECLINE),
    "ready to uncertain": (*BORN, DOUBT),
    "ready to paid and not late": (*BORN, PAY),
    "sending to ready": (*BORN, SEND, "UPDATE attempts SET state = 'ready', lease_until = NULL"),
    "sending to abandoned": (*BORN, SEND, "UPDATE attempts SET state = 'abandoned', lease_until = NULL"),
    "uncertain to sending": (*BORN, SEND, DOUBT, SEND),
    "uncertain to ready without absences": (*BORN, SEND, DOUBT, READY),
    "uncertain to ready after one absence": (*BORN, SEND, DOUBT, "UPDATE attempts SET absences = 1", READY),
    "uncertain to abandoned without absences": (*BORN, SEND, DOUBT, ABANDON),
    "absences claimed in the same breath": (
        *BORN, SEND, DOUBT, "UPDATE attempts SET state = 'ready', absences = 2",
    ),
    "a fourth send": (*BORN, *(SEND, DOUBT, ABSENT, READY) * 3, SEND),
    "declined to ready": (*BORN, SEND, DECLINE, READY),
    "declined to paid and not late": (*BORN, SEND, DECLINE, PAY),
    "paid to declined": (*BORN, SEND, PAY, DECLINE),
    "paid to uncertain": (*BORN, SEND, PAY, DOUBT),
    "paid under another imp_uid": (*BORN, SEND, PAY, "UPDATE attempts SET imp_uid = 'imps_9'"),
    "an unknown state": (*BORN, "UPDATE attempts SET state = 'lost'"),
    "a payment's imp_uid twice": (*BOOKED, a_payment("py2")),
    "a payment below nothing": (*BORN, a_payment(amount=-1)),
    "a payment that gives less back than before": (
        *BOOKED, "UPDATE payments SET cancelled_krw = 300", "UPDATE payments SET cancelled_krw = 200",
    ),
    "a payment paid at another time": (*BOOKED, f"UPDATE payments SET paid_at = '{LATER}'"),
    "a payment of another mode": (*BOOKED, "UPDATE payments SET mode = 'live'"),
    "a payment deleted": (*BOOKED, "DELETE FROM payments"),
    "an entry changed": (*BOOKED, "UPDATE ledger_entries SET amount_krw = 1"),
    "an entry deleted": (*BOOKED, "DELETE FROM ledger_entries"),
    "an entry of nothing": (*BORN, a_payment(), an_entry(amount=0)),
    "an entry on one account": (*BORN, a_payment(), an_entry(credit="receivable")),
    "an entry twice": (*BOOKED, an_entry(id="led_x")),
    "a charge entered under another name": (*BORN, a_payment(), an_entry(ref="imps_x")),
    "more given back than paid": (*BOOKED, an_entry("refund", "imps_1:c1", 1001)),
    "more given back than left": (*BOOKED, an_entry("refund", "imps_1:c1", 300), an_entry("refund", "imps_1:c2", 701)),
    "given back before it was paid": (*BORN, a_payment(), an_entry("refund", "imps_1:c1", 1)),
    "a cancellation twice": (*BOOKED, a_cancellation(), a_cancellation()),
    "a cancellation changed": (*BOOKED, a_cancellation(), "UPDATE cancellations SET amount_krw = 1"),
    "a cancellation deleted": (*BOOKED, a_cancellation(), "DELETE FROM cancellations"),
    "a case about another thing": (A_CASE, "UPDATE cases SET subject = 'imps_2'"),
    "a case of another kind": (A_CASE, "UPDATE cases SET kind = 'mismatch'"),
    "a case twice": (A_CASE, A_CASE.replace("'cas'", "'ca2'")),
    "a case ended without a word": (A_CASE, f"UPDATE cases SET state = 'resolved', resolved_at = '{AT}'"),
    "a case deleted": (A_CASE, "DELETE FROM cases"),
    "a closed day changed": (A_CLOSED_DAY, "UPDATE day_closings SET snapshot = '{}'"),
    "a closed day opened": (A_CLOSED_DAY, "DELETE FROM day_closings"),
    "a refund of nothing": (*BOOKED, a_refund(amount=0)),
    "a refund above its balance": (*BOOKED, a_refund(amount=1001)),
    "a refund that believes in another balance": (*BOOKED, a_refund(remaining=900)),
    "a refund of a payment without books": (*BORN, a_payment(), a_refund()),
    "a second open refund": (*BOOKED, a_refund(), a_refund("rf2")),
    "a refund born done": (*BOOKED, a_refund(state="done")),
    "a refund whose amount moves": (*BOOKED, a_refund(), "UPDATE refunds SET amount_krw = 1"),
    "a refund whose balance moves": (*BOOKED, a_refund(), "UPDATE refunds SET remaining_krw = 2000"),
    "a refund ready to done": (*BOOKED, a_refund(), R_DONE),
    "a refund done and refused": (*BOOKED, a_refund(), R_SEND, R_DONE, R_REFUSE),
    "a refund refused and sent": (*BOOKED, a_refund(), R_SEND, R_REFUSE, R_SEND),
    "a refund deleted": (*BOOKED, a_refund(), "DELETE FROM refunds"),
    "a closing agreed to by its asker": (*ASKED, agreed_by("stf_a")),
    "a closing agreed to by nobody": (*ASKED, "UPDATE hand_closings SET state = 'agreed'"),
    "a closing born agreed": (*STAFF, a_closing(state="agreed", decided_by="stf_b", decided_at=AT)),
    "a closing decided twice": (*ASKED, agreed_by("stf_b"), agreed_by("stf_b")),
    "a closing whose asker moves": (*ASKED, "UPDATE hand_closings SET asked_by = 'stf_b'"),
    "a closing whose reason moves": (*ASKED, "UPDATE hand_closings SET reason = 'x'"),
    "a closing without evidence": (*STAFF, a_closing(evidence="")),
    "a closing deleted": (*ASKED, "DELETE FROM hand_closings"),
    "a second open closing": (*ASKED, a_closing("cl2")),
    "a look changed": (a_look(), "UPDATE looks SET answer = 'done'"),
    "a look deleted": (a_look(), "DELETE FROM looks"),
    "a second default card": (
        *ROWS, re.sub("'key', 'cus', 'bks_1'", "'ke2', 'cus', 'bks_2'", ROWS[1]),
    ),
    "a customer_uid used again": (*ROWS, re.sub("'key', 'cus'", "'ke2', 'cus'", ROWS[1]).replace("true", "false")),
    "a deleted card that comes back": (
        *ROWS, "UPDATE billing_keys SET state = 'deleted'", "UPDATE billing_keys SET state = 'active'",
    ),
    "a card that changes hands": (*ROWS, "UPDATE billing_keys SET customer_uid = 'bks_2'"),
    "a card deleted": (*ROWS, "DELETE FROM billing_keys"),
}  # fmt: skip


def run(statements):
    """Run all but the last for certain; whether the last one passed."""
    with db.engine.connect() as connection:
        for statement in statements[:-1]:
            connection.execute(text(statement))
        try:
            connection.execute(text(statements[-1]))
        except DBAPIError:
            return False
        finally:
            connection.rollback()
    return True


@pytest.mark.parametrize("name", list(ALLOWED))
def test_allowed(each_database, name):
    assert run(ALLOWED[name]), name


@pytest.mark.parametrize("name", list(FORBIDDEN))
def test_forbidden(each_database, name):
    assert not run(FORBIDDEN[name]), name


@pytest.mark.postgres
@pytest.mark.parametrize("table", ["ledger_entries", "events"])
def test_postgresql_refuses_to_empty_the_books(postgres_world, table):
    assert not run((f"TRUNCATE {table} CASCADE",))


def test_fractions_of_won_are_refused_where_money_moves(world):
    assert not run((*ROWS, a_charge(amount=1000.5), an_attempt(amount=1000.5)))
    assert not run((*BORN, a_payment(), an_entry(amount=999.5)))
    assert not run((*BOOKED, a_refund(amount=0.5)))


def test_events_can_not_be_rewritten(each_world):
    each_world.a_customer()
    assert not run(("UPDATE events SET act = 'x'",))
    assert not run(("DELETE FROM events",))
