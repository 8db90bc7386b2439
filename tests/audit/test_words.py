"""Every act the product writes has its sentence, in both languages."""

import ast
import re
from datetime import UTC, datetime

import pytest

from merchant_admin.audit.queries import EventRow
from merchant_admin.audit.words import ACTS, sentence, told
from merchant_admin.registrations.states import RegistrationState
from merchant_admin.web.icons import NAMES
from tests.support.world import ROOT


def row(act, **facts):
    return EventRow(
        1,
        datetime(2026, 11, 23, tzinfo=UTC),
        "staff",
        "stf_1",
        "김직원",
        "10.0.0.1",
        act,
        "charge",
        "chg_1",
        None,
        None,
        facts,
    )


KINDS = (
    "access",
    "sign_in",
    "staff",
    "customer",
    "billing_key",
    "registration",
    "schedule",
    "subscription",
    "plan",
    "charge",
    "payment",
    "refund",
    "failure",
    "case",
    "checkout",
    "notice",
    "consent",
    "card_link",
    "card_move",
    "line",
    "day",
    "webhook",
    "line",
)
AN_ACT = re.compile(rf"({'|'.join(KINDS)})\.[a-z_]+")
NO_ACTS = {"staff.id", "staff.show_sign_in", "staff.sign_in", "staff.list_staff"}  # a key's target, endpoints


def acts_in_code():
    """Texts that read like an act, wherever rules write them, but for the names of log lines."""
    found = set()
    for path in (ROOT / "merchant_admin").rglob("*.py"):
        if path.name in {"routes.py", "models.py", "words.py"}:
            continue
        tree = ast.parse(path.read_text())
        logged = {
            arg
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and getattr(getattr(node.func, "value", None), "id", "") == "log"
            for arg in node.args
        }
        found |= {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and AN_ACT.fullmatch(node.value)
            and node not in logged
        }
    return found - NO_ACTS


def test_every_act_that_is_written_has_its_words_and_no_other():
    states = {f"registration.{state.value}" for state in RegistrationState if state is not RegistrationState.OPEN}
    assert acts_in_code() | states | {"access.denied"} == set(ACTS)


def test_every_icon_is_in_the_sprite():
    assert sorted({icon for _words, _tone, icon in ACTS.values()} - set(NAMES)) == []


@pytest.mark.parametrize("act", sorted(ACTS))
def test_a_sentence_stands_even_where_a_fact_is_missing(world, act):
    with world.app.test_request_context():
        assert "%(" not in sentence(row(act))


def test_sums_fields_and_roles_read_as_people_say_them(world):
    with world.app.test_request_context():
        assert sentence(row("charge.paid", amount_krw=48400)) == "₩48,400 결제 완료"
        assert sentence(row("customer.changed", fields=["phone", "memo"])) == "고객 정보 변경 · 전화번호, 메모"
        assert sentence(row("staff.role_changed", before="clerk", after="owner")) == "역할 변경 · 담당 → 소유자"


def test_an_act_without_words_is_shown_by_its_name(world):
    with world.app.test_request_context():
        assert told([row("invoice.printed")])[0].title == "invoice.printed"


def test_a_sign_of_per_cent_in_a_reason_breaks_nothing(world):
    odd = row("refund.asked", amount_krw=1000)
    with world.app.test_request_context():
        from dataclasses import replace

        assert told([replace(odd, reason="10% 할인 %(x)s")])[0].detail == "10% 할인 %(x)s"
