"""Random lives of a sandbox, several callers at once: whatever they do, money adds up and nothing is paid twice."""

import threading

import requests
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from portone_sandbox import SandboxConfig, create_sandbox
from portone_sandbox.inprocess import WsgiAdapter
from tests.portone_sandbox.api import Api

CARDS = ["approve", "balance", "works_twice", "first_declined", "late_approval", "issuer_down", "expires_next_month"]
KEYS = st.sampled_from(["card-1", "card-2", "card-3"])
ORDERS = st.sampled_from([f"ord-{n}" for n in range(8)])
AMOUNTS = st.integers(1, 3000)
NOON = 1_795_489_200


class Lives(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.app = create_sandbox(SandboxConfig())
        self.handle = self.app.extensions["portone_sandbox"]
        self.handle.clock.freeze(NOON)
        self.http = requests.Session()
        self.http.mount("http://sandbox.test", WsgiAdapter(self.app))
        self.windows = 0
        self.token = None

    def teardown(self):
        self.handle.close()

    def at_once(self, *acts):
        """Run each act with its own caller, all at the same time."""
        callers = [Api("http://sandbox.test", self.http) for _ in acts]
        threads = [threading.Thread(target=act, args=(api,)) for act, api in zip(acts, callers, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    @rule(key=KEYS, card=st.sampled_from(CARDS), amount=st.sampled_from([0, 0, 700]))
    def a_buyer_registers_a_card(self, key, card, amount):
        self.windows += 1
        self.handle.window_key(customer_uid=key, merchant_uid=f"reg-{self.windows}", card=card, amount=amount)

    @rule(charges=st.lists(st.tuples(KEYS, ORDERS, AMOUNTS), min_size=1, max_size=5))
    def shops_charge(self, charges):
        self.at_once(*(lambda api, one=one: api.again(one[1], one[0], one[2]) for one in charges))

    @precondition(lambda self: self.handle.payments())
    @rule(cancels=st.lists(st.tuples(st.integers(0, 99), AMOUNTS, st.booleans()), min_size=1, max_size=4))
    def staff_refund(self, cancels):
        rows = self.handle.payments()

        def press(api, choice, amount, careful):
            row = rows[choice % len(rows)]
            checksum = {"checksum": row["amount"] - row["cancel_amount"]} if careful else {}
            api.post("/payments/cancel", imp_uid=row["imp_uid"], amount=amount, **checksum)

        self.at_once(*(lambda api, one=one: press(api, *one) for one in cancels))

    @rule(
        key=KEYS,
        orders=st.lists(ORDERS, min_size=1, max_size=3, unique=True),
        later=st.integers(1, 5000),
        amount=AMOUNTS,
    )
    def shops_reserve(self, key, orders, later, amount):
        at = self.handle.clock.now() + later
        entries = [{"merchant_uid": one, "schedule_at": at, "amount": amount} for one in orders]
        self.at_once(*(lambda api, one=one: api.schedule(one, customer_uid=key) for one in entries))

    @rule(key=KEYS)
    def a_shop_revokes_while_another_charges(self, key):
        self.at_once(
            lambda api: api.post("/subscribe/payments/unschedule", customer_uid=key),
            lambda api: api.again("ord-0", key),
        )

    @rule(key=KEYS)
    def a_key_is_deleted_during_a_charge(self, key):
        self.at_once(lambda api: api.delete(f"/subscribe/customers/{key}"), lambda api: api.again("ord-1", key))

    @rule(seconds=st.sampled_from([1, 59, 1700, 1745, 4000, 40 * 86_400]))
    def time_passes(self, seconds):
        self.handle.clock.advance(seconds)

    @invariant()
    def no_order_is_paid_twice(self):
        paid = [row["merchant_uid"] for row in self.handle.payments() if row["status"] in {"paid", "cancelled"}]
        assert len(paid) == len(set(paid))

    @invariant()
    def refunds_add_up_and_never_exceed(self):
        for row in self.handle.payments():
            assert row["cancel_amount"] == sum(one["amount"] for one in row["cancel_history"]) <= row["amount"]
            assert len({one["cancellation_id"] for one in row["cancel_history"]}) == len(row["cancel_history"])

    @invariant()
    def each_status_has_its_time(self):
        for row in self.handle.payments():
            assert row["status"] in {"paid", "failed", "cancelled"}, "nothing stays begun when nobody is calling"
            assert bool(row["paid_at"]) == (row["status"] != "failed")
            assert bool(row["cancelled_at"]) == (row["status"] == "cancelled") == bool(row["cancel_amount"])
            assert row["status"] != "failed" or (row["failed_at"] and row["fail_reason"])

    @invariant()
    def schedules_are_where_they_should_be(self):
        rows = {row["imp_uid"]: row for row in self.handle.payments()}
        for one in self.handle.schedules():
            if one["schedule_status"] == "scheduled":
                assert one["schedule_at"] > self.handle.clock.now()
            elif one["schedule_status"] == "revoked":
                assert one["revoked_at"]
                assert one["imp_uid"] is None
            else:
                assert one["payment_status"] == rows[one["imp_uid"]]["status"]

    @invariant()
    def a_token_lives_as_it_should(self):
        grant = Api("http://sandbox.test", self.http)
        body = {"imp_key": "sandbox_key", "imp_secret": "sandbox_secret"}
        now = grant.ask("POST", "/users/getToken", json=body, headers={}).response
        assert 60 <= now["expired_at"] - now["now"] <= 1800
        if self.token and self.token["expired_at"] > now["now"]:
            assert now["access_token"] == self.token["access_token"]
        self.token = now


Lives.TestCase.settings = settings(
    max_examples=10, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
test_whatever_callers_do_the_books_are_right = Lives.TestCase
