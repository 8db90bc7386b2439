"""The acts of other ways to pay: charges reserved at PortOne, and cards that staff type."""

from datetime import timedelta

from sqlalchemy import select

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.billing_keys.states import KeyState
from merchant_admin.core.ids import new_id
from merchant_admin.key_in.service import KeyInOrder, key_in
from merchant_admin.payments.models import Attempt, Charge
from merchant_admin.payments.states import OPEN, AttemptState
from merchant_admin.portone.typed_cards import TypedCard
from merchant_admin.registrations.models import Registration
from merchant_admin.registrations.states import LIVE, Fact
from merchant_admin.schedules.again import reschedule
from merchant_admin.schedules.models import Schedule
from merchant_admin.schedules.service import ScheduleSheet, move_schedule, reserve_charge, revoke_schedule
from merchant_admin.schedules.states import CHECKING, ScheduleState
from merchant_admin.worker.service import run_once
from tests.matrix.cases import ISSUE, ONETIME, RESERVE, RUN_AGAIN
from tests.matrix.hearing import hear_of_late_work

ENDED_WITHIN = 330
RUNS_AGAIN = "nice_v2.sandboxv2m"  # a profile that can run a reservation once more
LATER = timedelta(days=30)
NEXT_LOOK = 3_700  # seconds: a request that arrives after everybody concluded is seen at the look of the hour


def reservation(hall, case):
    """One sheet, pressed by every hand at once: PortOne holds one reservation, or none, and we know which."""
    key, amount = hall.a_card(), hall.an_amount()
    at = hall.clock.now() + LATER
    sheet = ScheduleSheet(new_id("sht"), hall.customer.id, key.id, amount, 0, "이용료", "", at)
    if case.call == "reservation":
        hall.sandbox.faults.plan("close_after", RESERVE, method="POST")
    case.order_fault(hall)
    web = hall.a_gateway()
    pressed = hall.at_once(case.hands, lambda: reserve_charge(hall.ctx(), web, sheet).id)
    assert len(set(pressed)) == 1, pressed
    seconds = _known_after(hall, case, pressed[0])
    assert hall.calls("POST", RESERVE, hall.mark) <= 1 + case.fault.startswith("401"), "reserved again by a machine"
    held = [row for row in hall.sandbox.schedules() if row["amount"] == amount]
    assert len(held) <= 1, "reserved under another order number"
    return seconds


def moving(hall, case):
    """A reservation given one other time by every hand at once: the time on screen is PortOne's."""
    schedule_id, at = _reserved(hall)
    case.order_fault(hall)
    web, wanted = hall.a_gateway(), at + timedelta(days=5)
    hall.at_once(case.hands, lambda: move_schedule(hall.ctx(), web, schedule_id, wanted).id)
    seconds = _known_after(hall, case, schedule_id)
    assert _schedule(hall, schedule_id).schedule_at in {at, wanted}
    return seconds


def revocation(hall, case):
    """A reservation revoked by every hand at once: gone on both sides, or on neither; its neighbour stands."""
    schedule_id, _at = _reserved(hall)
    neighbour_id, _at = _reserved(hall, _schedule(hall, schedule_id).billing_key_id)
    case.order_fault(hall)
    web = hall.a_gateway()
    hall.at_once(case.hands, lambda: revoke_schedule(hall.ctx(), web, schedule_id, "고객 요청").id)
    seconds = _known_after(hall, case, schedule_id)
    assert _schedule(hall, neighbour_id).state is ScheduleState.SCHEDULED
    _assert_held_alike(hall, neighbour_id)
    return seconds


def running_again(hall, case):
    """A revoked reservation given a new time by every hand at once: held at that time, or revoked as before."""
    schedule_id, at = _reserved(hall, hall.a_card(pg=RUNS_AGAIN).id)
    revoke_schedule(hall.ctx(), hall.gateway, schedule_id, "고객 요청")
    case.order_fault(hall)
    web, wanted = hall.a_gateway(), at + timedelta(days=5)
    hall.at_once(case.hands, lambda: reschedule(hall.ctx(), web, schedule_id, wanted).id)
    seconds = _known_after(hall, case, schedule_id)
    assert hall.calls("POST", RUN_AGAIN.replace("*", "%"), hall.mark) <= 1, "asked again by a machine"
    found = _schedule(hall, schedule_id)
    assert (found.state, found.schedule_at) in {(ScheduleState.REVOKED, at), (ScheduleState.SCHEDULED, wanted)}
    return seconds


def _reserved(hall, key_id=None):
    key_id, amount = key_id or hall.a_card().id, hall.an_amount()
    sheet = ScheduleSheet(new_id("sht"), hall.customer.id, key_id, amount, 0, "이용료", "", hall.clock.now() + LATER)
    made = reserve_charge(hall.ctx(), hall.gateway, sheet)
    return made.id, made.schedule_at


def _known_after(hall, case, schedule_id):
    """Rounds until nothing about it is open; then both sides hold the same, also when a request arrives still later."""
    is_known = lambda one: one.state not in CHECKING and one.wanted_at is None  # noqa: E731
    seconds = hall.settle(case.hands, lambda: is_known(_schedule(hall, schedule_id)), case)
    assert seconds <= ENDED_WITHIN
    if case.arrives_after:
        hall.line.let_go()
        _an_hour_passes(hall, case)
    _assert_held_alike(hall, schedule_id)
    return seconds


def _an_hour_passes(hall, case):
    """The looks of the hour: what was concluded from silence is read again."""
    hall.clock.advance(NEXT_LOOK)
    while any(hall.at_once(case.hands, lambda: run_once(hall.ctx(), hall.gateway))):
        pass


def _assert_held_alike(hall, schedule_id):
    ours = _schedule(hall, schedule_id)
    held = next((row for row in hall.sandbox.schedules() if row["merchant_uid"] == ours.merchant_uid), None)
    if held is None:
        assert ours.state is ScheduleState.MISSING
        return
    assert ours.state.value == held["schedule_status"], (ours.state, ours.evidence)
    assert int(ours.schedule_at.timestamp()) == held["schedule_at"]


def _schedule(hall, schedule_id):
    hall.session.rollback()
    return hall.session.get_one(Schedule, schedule_id, populate_existing=True)


def typed(hall, case):
    """A typed card, charged by every hand with one sheet; every other one is stored in the same step."""
    return _key_in(hall, case, hall.an_amount(), stores=hall.an_amount() % 2 == 0)


def typed_to_store(hall, case):
    """A typed card, stored without a charge."""
    return _key_in(hall, case, 0, stores=True)


def _key_in(hall, case, amount, *, stores):
    order = KeyInOrder(new_id("sht"), hall.customer.id, amount, 0, 0, "수선비", stores)
    card = TypedCard(hall.sandbox.card_number("approve", serial=hall.an_amount()), "2028-09", "870623", "83")
    case.order_fault(hall)
    web = hall.a_gateway()
    pressed = hall.at_once(case.hands, lambda: _names(key_in(hall.ctx(), web, order, card)))
    assert len(set(pressed)) == 1, pressed
    seconds = hall.settle(case.hands, lambda: _is_known(hall, order.sheet_key), case)
    calls = hall.calls("POST", ONETIME if amount else ISSUE.replace("*", "%"), hall.mark)
    assert calls <= 1 + case.fault.startswith("401"), "sent again by a machine"
    charge, registration = _of_sheet(hall, Charge, order.sheet_key), _of_sheet(hall, Registration, order.sheet_key)
    merchant_uid = registration.merchant_uid if registration else _attempt(hall, charge).merchant_uid
    hear_of_late_work(hall, merchant_uid)
    if case.arrives_after:
        _an_hour_passes(hall, case)
    truth = hall.assert_agrees(merchant_uid)
    assert hall.times_taken(amount) == len(truth) if amount else not truth, "taken under another order number"
    if amount:
        attempt = _attempt(hall, _of_sheet(hall, Charge, order.sheet_key))
        assert attempt.state is (AttemptState.PAID if truth else AttemptState.ABANDONED)
    if stores:
        _assert_key_known(hall, _of_sheet(hall, Registration, order.sheet_key))
    assert seconds <= ENDED_WITHIN
    return seconds


def _names(written):
    return written.registration_id or written.charge_id


def _is_known(hall, sheet_key):
    charge, registration = _of_sheet(hall, Charge, sheet_key), _of_sheet(hall, Registration, sheet_key)
    is_open = charge is not None and _attempt(hall, charge).state in OPEN
    return not is_open and (registration is None or registration.state not in LIVE)


def _of_sheet(hall, model, sheet_key):
    hall.session.rollback()
    wanted = select(model).where(model.sheet_key == sheet_key).execution_options(populate_existing=True)
    return hall.session.scalars(wanted).one_or_none()


def _attempt(hall, charge):
    wanted = select(Attempt).where(Attempt.charge_id == charge.id).execution_options(populate_existing=True)
    return hall.session.scalars(wanted).one()


def _assert_key_known(hall, registration):
    """The key stands at PortOne and here, or nowhere."""
    stands_there = hall.is_stored(registration.customer_uid)
    keys = select(BillingKey.state).where(BillingKey.customer_uid == registration.customer_uid)
    assert hall.session.scalars(keys).all() == [KeyState.ACTIVE] * stands_there
    assert (registration.key_fact is Fact.YES) == stands_there


OTHER_ACT = {one.__name__: one for one in (reservation, moving, revocation, running_again, typed, typed_to_store)}
