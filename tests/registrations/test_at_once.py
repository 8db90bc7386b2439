"""The browser, a phone, the worker and a webhook may all look at the same moment."""

import threading

from merchant_admin.billing_keys.models import BillingKey
from merchant_admin.core.db import db
from merchant_admin.ledger.models import LedgerEntry
from merchant_admin.registrations import service
from merchant_admin.registrations.states import RegistrationState


def test_many_looks_at_once_link_one_card_and_book_one_payment(each_desk):
    world, opened = each_desk.world, each_desk.open(15_000)
    imp_uid = each_desk.buys(opened)
    outcomes, gun = [], threading.Barrier(8)

    def look(number):
        with world.app.app_context():
            gun.wait(10)
            try:
                if number % 2:
                    service.note_return(world.ctx(), opened.id, imp_uid, "")
                outcomes.append(service.look_at_registration(world.ctx(), world.gateway, opened.id).state)
            except Exception as wrong:  # noqa: BLE001 - handed to the test
                outcomes.append(wrong)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=look, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert outcomes == [RegistrationState.BOTH] * 8
    db.session.rollback()  # this thread still reads from before
    assert db.session.query(BillingKey).count() == 1
    assert db.session.query(LedgerEntry).count() == 1


def test_one_sheet_posted_many_times_at_once_is_one_registration(each_desk):
    world, order = each_desk.world, each_desk.order(15_000)
    outcomes, gun = [], threading.Barrier(8)

    def post():
        with world.app.app_context():
            gun.wait(10)
            try:
                outcomes.append(service.open_registration(world.ctx(), world.gateway, order).id)
            except Exception as wrong:  # noqa: BLE001 - handed to the test
                outcomes.append(wrong)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(set(outcomes)) == 1, outcomes
