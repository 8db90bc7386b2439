"""The charges of one turn: claimed in heaps, asked for side by side, their answers written down in heaps.

The threads only talk to PortOne. While they wait, this one writes down what was answered and claims what is due next,
so that neither waits for the other. Whatever can't be written in a heap is done by itself, and stays with its row.
"""

import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import Self

from merchant_admin.core.clock import monotonic
from merchant_admin.core.context import WorkContext
from merchant_admin.payments import looks, sending
from merchant_admin.payments.sending import Answer
from merchant_admin.portone.gateway import Gateway
from merchant_admin.subscriptions import clock, collecting, dunning
from merchant_admin.subscriptions.collecting import Claimed
from merchant_admin.worker.service import Patience, guarded

log = logging.getLogger(__name__)

TURN_SECONDS = 20.0  # then nothing new is claimed, so that looks and webhooks get their turn too
HEAP = 32  # claimed in one commit, and written down in one
GATHER_SECONDS = 0.4
AHEAD = 4  # claimed for each hand: one it asks for, the others so that it need not wait while heaps are written
LEAST_AHEAD = HEAP + 16  # of a few hands together: what they ask for while the next heap is claimed

Act = Callable[[WorkContext, str], int]
Answered = tuple[Claimed, Answer]


class Talk:
    """Up to `width` calls side by side; their answers are fetched here, in the order they came."""

    def __init__(self, gateway: Gateway, width: int) -> None:
        self._gateway = gateway
        self._hands = ThreadPoolExecutor(width, "renewal") if width > 1 else None
        self._came: SimpleQueue[Answered | BaseException] = SimpleQueue()
        self.open = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_problem: object) -> None:
        if self._hands:
            self._hands.shutdown()

    def begin(self, claimed: Claimed) -> None:
        """Ask as soon as a hand is free; with one hand, now."""
        self.open += 1
        if self._hands is None:
            self._came.put((claimed, sending.ask(self._gateway, claimed.send)))
        else:
            self._hands.submit(self._ask, claimed)

    def _ask(self, claimed: Claimed) -> None:
        try:
            self._came.put((claimed, sending.ask(self._gateway, claimed.send)))
        except BaseException as wrong:  # noqa: BLE001 - raised where somebody waits for it
            self._came.put(wrong)

    def answers(self, most: int) -> list[Answered]:
        """What was answered: waits for the first, and then a moment for others, so that they share a commit."""
        came = [self._came.get()]
        ends = monotonic() + GATHER_SECONDS
        while len(came) < most and (self.open > len(came)):
            try:
                came.append(self._came.get(timeout=max(0.0, ends - monotonic())))
            except Empty:
                break
        self.open -= len(came)
        answered = [one for one in came if not isinstance(one, BaseException)]
        for one in came:
            if isinstance(one, BaseException):
                log.error("renewal.not_asked", exc_info=one)  # its lease will run out, and it is looked at
        return answered


class Charging:
    """What one turn charges."""

    def __init__(
        self, ctx: WorkContext, gateway: Gateway, patience: Patience, is_stopping: Callable[[], bool], at_once: int
    ) -> None:
        self._ctx, self._gateway, self._patience = ctx, gateway, patience
        self._is_stopping = is_stopping
        self._width = at_once
        self._ahead = AHEAD if at_once == 1 else max(AHEAD * at_once, LEAST_AHEAD)  # one hand asks at once, in here
        self._ends = monotonic() + TURN_SECONDS
        self._due: deque[str] = deque()
        self._done = 0

    def run(self, by_itself: Act) -> int:
        """Charge what is due until nothing is, the turn is over, or PortOne is away. Returns how many periods."""
        with Talk(self._gateway, self._width) as talk:
            while True:
                while talk.open <= self._ahead and (heap := self._next()):
                    claimed, others = self._claim(heap)
                    for one in claimed:
                        talk.begin(one)
                    self._done += sum(by_itself(self._ctx, period_id) for period_id in others)
                if not talk.open:
                    self._let_go()
                    return self._done
                self._write_down(talk.answers(HEAP))

    def _next(self) -> list[str]:
        """The next heap of periods in hand; empty when no more may be sent in this turn."""
        line = self._gateway.breaker
        if self._is_stopping() or line.is_open or line.restored_at is not None or monotonic() > self._ends:
            return []
        if not self._due:
            guarded(self._ctx, self._patience, "due dates", "", lambda: clock.open_due(self._ctx))
            self._due.extend(clock.claim_due(self._ctx))
        heap = [self._due.popleft() for _each in range(min(HEAP, len(self._due)))]
        return [period_id for period_id in heap if not self._patience.leaves_alone("period", period_id)]

    def _let_go(self) -> None:
        if self._due:
            give_back = lambda: _counted(lambda: clock.let_go(self._ctx, self._due))  # noqa: E731 - named for the line below
            guarded(self._ctx, self._patience, "due periods", "", give_back)
            self._due.clear()

    def _claim(self, heap: list[str]) -> tuple[list[Claimed], list[str]]:
        try:
            return collecting.claim(self._ctx, heap)
        except Exception:
            log.warning("renewal.heap_not_claimed", exc_info=True)
            self._ctx.session.rollback()
            return [], heap

    def _write_down(self, answered: list[Answered]) -> None:
        try:
            collecting.write_down(self._ctx, answered)
        except Exception:
            log.warning("renewal.heap_not_written", exc_info=True)
            self._ctx.session.rollback()
            for one in answered:
                self._guarded(one, lambda one=one: collecting.write_down(self._ctx, [one]))  # type: ignore[misc]
        self._done += len(answered)
        for claimed, answer in answered:
            if answer.refused:  # the next page can say more
                self._guarded((claimed, answer), lambda claimed=claimed: self._look(claimed))  # type: ignore[misc]
        self._ctx.end_reading()

    def _look(self, claimed: Claimed) -> None:
        looks.look_at_attempt(self._ctx, self._gateway, claimed.send.attempt_id)
        dunning.settle(self._ctx, claimed.period_id)

    def _guarded(self, one: Answered, act: Callable[[], None]) -> None:
        guarded(self._ctx, self._patience, "period", one[0].period_id, lambda: _counted(act))


def _counted(act: Callable[[], None]) -> int:
    act()
    return 1
