"""The grip on a running sandbox for tests, demos and the process that embeds it: what a console and a buyer can do."""

from typing import Any

from portone_sandbox import cancels, cards, payments, purchases, schedules, vbanks
from portone_sandbox.cards import Behaviour
from portone_sandbox.clock import SandboxClock
from portone_sandbox.faults import Faults
from portone_sandbox.gate import Gate
from portone_sandbox.hub import Hub
from portone_sandbox.keys import load as load_key
from portone_sandbox.merchants import Merchant, Merchants
from portone_sandbox.timetable import run_due
from portone_sandbox.webhooks import Webhooks


class Sandbox:
    """One sandbox from outside its API. Acts are those of the configured merchant unless told otherwise."""

    def __init__(self, hub: Hub, gate: Gate) -> None:
        self.hub = hub
        self._gate = gate

    @property
    def clock(self) -> SandboxClock:
        return self.hub.clock

    @property
    def faults(self) -> Faults:
        return self.hub.faults

    @property
    def webhooks(self) -> Webhooks:
        return self.hub.webhooks

    @property
    def merchants(self) -> Merchants:
        return self.hub.merchants

    def window_key(  # noqa: PLR0913 - the fields of a window
        self, *, customer_uid: str, merchant_uid: str, card: Behaviour | str = Behaviour.APPROVE, amount: int = 0,
        name: str = "카드 등록", issuer: str = "366", serial: int = 1, quota: int = 0, imp_code: str | None = None,
        **params: Any,
    ) -> str:  # fmt: skip
        """A buyer registers a test card in the non-certified window, and pays `amount` if there is one.

        `card` names a behaviour (`cards.Behaviour`), `params` are further ones of `IMP.request_pay`. Returns the
        imp_uid, also of a declined payment. Raises WindowRefused or CardRefused when no window or no such card.
        """
        asked = {
            "pg": "jtnet.tpaytest2m", "pay_method": "card", "merchant_uid": merchant_uid, "name": name,
            "amount": amount, "customer_uid": customer_uid, **params,
        }  # fmt: skip
        window = purchases.open_window(self.hub, imp_code or self.hub.config.imp_code, asked)
        purchases.register_card(self.hub, window, cards.entry_for(Behaviour(card), issuer, serial), quota)
        return window.imp_uid

    def payments(self, merchant_uid: str | None = None) -> list[dict[str, Any]]:
        """Every payment as a full read would show it, oldest first."""
        with self.hub.store.read() as db:
            rows = db.execute(
                "SELECT body, inner FROM payments WHERE NOT is_hidden AND (?1 IS NULL OR merchant_uid = ?1)"
                " ORDER BY rowid",
                (merchant_uid,),
            ).fetchall()
        return [payments.load(row).wire() for row in rows]

    def billing_keys(self) -> list[dict[str, Any]]:
        """Every billing key, oldest first."""
        with self.hub.store.read() as db:
            rows = db.execute("SELECT * FROM billing_keys ORDER BY rowid").fetchall()
        return [load_key(row).wire() for row in rows]

    def schedules(self) -> list[dict[str, Any]]:
        """Every schedule, by its time."""
        with self.hub.store.read() as db:
            rows = db.execute("SELECT body, inner FROM schedules ORDER BY schedule_at, rowid").fetchall()
        return [schedules.load(row).wire() for row in rows]

    def requests_log(self) -> list[dict[str, Any]]:
        """The latest calls, oldest first: at, method, path, status, ms, fault."""
        with self.hub.store.read() as db:
            return [dict(row) for row in db.execute("SELECT * FROM requests ORDER BY id")]

    def console_cancel(self, imp_uid: str, amount: int | None = None, reason: str = "관리자 취소") -> dict[str, Any]:
        """A person cancels in PortOne's console: all that is left, or a part. Webhooks go out."""
        merchant = self._merchant_of(imp_uid)
        order = cancels.CancelOrder(imp_uid, None, amount, reason=reason, enable_webhook=True)
        return cancels.cancel(self.hub, merchant, order).wire()

    def deposit(self, imp_uid: str, **how: Any) -> dict[str, Any]:
        """A buyer pays into a virtual account: the whole sum in time, or as vbanks.Deposit's fields say.

        Raises vbanks.NotPayable, LookupError.
        """
        return vbanks.pay_into(self.hub, self._merchant_of(imp_uid), imp_uid, vbanks.Deposit(**how)).wire()

    def card_number(self, behaviour: Behaviour | str = Behaviour.APPROVE, issuer: str = "366", serial: int = 1) -> str:
        """A test card's number in groups of four."""
        return cards.with_dashes(cards.number(Behaviour(behaviour), issuer, serial))

    def run_due(self) -> None:
        """Let everything happen that the clock has reached."""
        run_due(self.hub)

    def finish_late_work(self) -> None:
        """Wait for work that a fault put after its answer."""
        self._gate.finish_late_work()

    def reset(self) -> None:
        """Forget everything; the configured merchant stays, the clock is real again."""
        self.hub.store.reset()
        self._settle()

    def snapshot(self, path: str) -> None:
        """Write the whole state to a file."""
        self.hub.store.snapshot(path)

    def restore(self, path: str) -> None:
        """Take over the state of a snapshot."""
        self.hub.store.restore(path)
        self._settle()

    def close(self) -> None:
        """Stop the threads of its own and let go of the database."""
        self._gate.ticker.stop()
        self.hub.webhooks.stop()
        self.hub.store.close()

    def _settle(self) -> None:
        self.hub.merchants.seed(self.hub.config)
        self.hub.clock.refresh()

    def _merchant_of(self, imp_uid: str) -> Merchant:
        with self.hub.store.read() as db:
            row = db.execute("SELECT imp_code FROM payments WHERE imp_uid = ?", (imp_uid,)).fetchone()
            found = self.hub.merchants.in_store(db, row["imp_code"]) if row else None
        if found is None:
            raise LookupError(imp_uid)
        return found
