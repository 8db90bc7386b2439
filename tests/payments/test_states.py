"""Every pair of states is decided, in Python as in the database."""

import itertools

import pytest

from merchant_admin.core.errors import RuleBroken
from merchant_admin.payments.states import (
    IS_LATE,
    NEEDS_TWO_ABSENCES,
    NEXT,
    AttemptState,
    Evidence,
    LineState,
    advance,
    line_of_payment,
    read_evidence,
)
from merchant_admin.portone.types import PaymentStatus

S = AttemptState
ALLOWED = {
    (S.READY, S.SENDING), (S.READY, S.ABANDONED), (S.READY, S.PAID),
    (S.SENDING, S.PAID), (S.SENDING, S.DECLINED), (S.SENDING, S.UNCERTAIN),
    (S.UNCERTAIN, S.PAID), (S.UNCERTAIN, S.DECLINED), (S.UNCERTAIN, S.READY), (S.UNCERTAIN, S.ABANDONED),
    (S.DECLINED, S.PAID), (S.ABANDONED, S.PAID),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), list(itertools.product(S, S)), ids=str)
def test_a_move_is_allowed_or_raises(before, after):
    if (before, after) in ALLOWED:
        assert advance(before, after) is after
    else:
        with pytest.raises(RuleBroken):
            advance(before, after)


def test_paid_is_the_end_and_nothing_uncertain_is_sent_without_being_ready_first():
    assert not NEXT[S.PAID]
    assert S.SENDING not in NEXT[S.UNCERTAIN]


def test_going_back_and_giving_up_need_proof_and_late_truths_are_marked():
    assert {(S.UNCERTAIN, S.READY), (S.UNCERTAIN, S.ABANDONED)} == NEEDS_TWO_ABSENCES
    assert {before for before, _ in IS_LATE} == {S.READY, S.DECLINED, S.ABANDONED}


@pytest.mark.parametrize(
    ("status", "cancelled", "line"),
    [
        ("paid", 0, LineState.PAID), ("paid", 1, LineState.PARTLY_REFUNDED), ("paid", 100, LineState.REFUNDED),
        ("cancelled", 1, LineState.PARTLY_REFUNDED), ("cancelled", 100, LineState.REFUNDED),
        ("failed", 0, LineState.DECLINED), ("ready", 0, LineState.READY), ("unknown", 0, LineState.UNKNOWN),
    ],
)  # fmt: skip
def test_a_line_follows_the_amounts(status, cancelled, line):
    assert line_of_payment(PaymentStatus(status), 100, cancelled) is line


@pytest.mark.parametrize("word", list(Evidence))
def test_evidence_is_read_as_it_was_written(word):
    assert read_evidence(word.with_detail("왜: 그래서")) == (word, "왜: 그래서")
    assert read_evidence(word.with_detail()) == (word, "")


def test_words_that_are_no_evidence_are_shown_as_they_are():
    assert read_evidence("something else") == (None, "something else")
    assert read_evidence(None) == (None, "")
