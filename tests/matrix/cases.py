"""What is tried: each kind of trouble, at each call that an act makes, with two and with ten hands at once."""

from dataclasses import dataclass

SLOW, PATIENCE = 0.35, 0.2  # seconds: a line that is slow, and a caller who does not wait for it
AGAIN, CANCEL = "/subscribe/payments/again", "/payments/cancel"
FIND_ALL, PAYMENT = "/payments/findAll/*", "/payments/imp*"
RESERVE, RESERVED = "/subscribe/payments/schedule", "/subscribe/payments/schedule/*"
RUN_AGAIN = "/subscribe/payments/schedule/*/reschedule"
REVOKE, ONETIME, ISSUE = "/subscribe/payments/unschedule", "/subscribe/payments/onetime", "/subscribe/customers/*"
KEY, PREPARE, TOKEN = "/subscribe/customers/*", "/payments/prepare", "/users/getToken"

# name -> kind of the sandbox, its details. "before" and "after" the work; "late": the line is cut first, then it works.
FAULTS = {
    "cut before": ("close_before", {}),
    "cut after": ("close_after", {}),
    "slow before": ("delay_before", {"seconds": SLOW}),
    "slow after": ("delay_after", {"seconds": SLOW}),
    "500 before": ("status_before", {"status": 500}),
    "500 after": ("status_after", {"status": 500}),
    "503 after": ("status_after", {"status": 503}),
    "429 before": ("status_before", {"status": 429}),
    "429 after": ("status_after", {"status": 429}),
    "401 once": ("status_before", {"status": 401}),
    "401 twice": ("status_before", {"status": 401, "times": 2}),
    "401 after": ("status_after", {"status": 401}),
    "403 before": ("status_before", {"status": 403}),
    "HTML before": ("html_before", {"status": 502}),
    "HTML after": ("html_after", {"status": 502}),
    "half JSON": ("half_json", {}),
    "late": ("late", {"seconds": 0.05}),
    "150 s late": ("held", {"seconds": 150}),  # as long as a request may be under way
    "330 s late": ("held", {"seconds": 330}),  # longer than anybody thought possible
}
# act -> its calls, the one that changes something at PortOne first: name -> (method, path)
ACTS = {
    "charge": {"again": ("POST", AGAIN), "findAll": ("GET", FIND_ALL), "getToken": ("POST", TOKEN)},
    "refund": {"cancel": ("POST", CANCEL), "payment": ("GET", PAYMENT), "getToken": ("POST", TOKEN)},
    "registration": {
        "prepare": ("POST", PREPARE), "stored card": ("GET", KEY), "findAll": ("GET", FIND_ALL),
        "getToken": ("POST", TOKEN),
    },
    "deletion": {"delete": ("DELETE", KEY), "stored card": ("GET", KEY), "getToken": ("POST", TOKEN)},
    "webhook": {"payment": ("GET", PAYMENT)},
    "reservation": {"schedule": ("POST", RESERVE), "reservation": ("GET", RESERVED), "getToken": ("POST", TOKEN)},
    "moving": {"change": ("PUT", RESERVED)},
    "revocation": {"unschedule": ("POST", REVOKE)},
    "running_again": {"reschedule": ("POST", RUN_AGAIN)},
    "typed": {"onetime": ("POST", ONETIME)},
    "typed_to_store": {"issue": ("POST", ISSUE)},
}  # fmt: skip


@dataclass(frozen=True)
class Case:
    act: str
    call: str
    fault: str
    hands: int

    @property
    def id(self):
        return "-".join((self.act, self.call, self.fault, str(self.hands))).replace(" ", "_")

    @property
    def is_main_call(self):
        """Whether the fault hits the call that changes something, and not one that only reads or signs in."""
        return self.call == next(iter(ACTS[self.act]))

    def order_fault(self, hall):
        method, path = ACTS[self.act][self.call]
        kind, details = FAULTS[self.fault]
        if kind == "held":
            hall.line.hold(method, path)
            return
        if kind.startswith("delay"):
            # Ten hands share the processor: only the slow call may outlast their patience, not all calls beside it.
            crowd = self.hands / 2
            hall.line.patience, details = PATIENCE * crowd, {"seconds": SLOW * crowd}
        times = {"times": 2} if method == "GET" else {}
        hall.sandbox.faults.plan(kind, path, method=method, **times | details)

    @property
    def arrives_after(self):
        """The second at which a request that is held arrives after all."""
        kind, details = FAULTS[self.fault]
        return details["seconds"] if kind == "held" else None

    def wait_for_slow_work(self, hall):
        hall.wait_for_slow_work(FAULTS[self.fault][0])


NEVER_CROWDED = {
    "moving",
    "revocation",
    "running_again",
    "typed_to_store",
}  # one person at one page; money comes by none of them
FEW = {"running_again": ("cut before", "cut after", "500 after", "330 s late")}  # a move in all but its call
CASES = [
    Case(act, call, fault, hands)
    for act, calls in ACTS.items()
    for number, call in enumerate(calls)
    for fault in FEW.get(act, FAULTS)
    for hands in ((2, 10) if number == 0 and act not in NEVER_CROWDED else (2,))
    if FAULTS[fault][0] != "held" or (number == 0 and act != "webhook")
]
