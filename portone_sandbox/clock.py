"""The sandbox's own time: it can be frozen, set and moved. Kept in the store, so that all processes agree."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from portone_sandbox.store import Store

SEOUL = ZoneInfo("Asia/Seoul")


_elsewhen: ContextVar[int | None] = ContextVar("portone_sandbox_elsewhen", default=None)


@dataclass(frozen=True)
class _State:
    frozen_at: int | None = None
    offset: float = 0.0


class SandboxClock:
    """Unix seconds as the sandbox sees them."""

    def __init__(self, store: Store, real_time: Callable[[], float]) -> None:
        self._store = store
        self._real_time = real_time
        self._state = _State()
        self.on_move: Callable[[], object] = lambda: None  # told after every move
        self.refresh()

    def refresh(self) -> None:
        """Take over what another process may have set."""
        stored = self._store.meta("clock")
        self._state = _State(**json.loads(stored)) if stored else _State()

    def now(self) -> int:
        then = _elsewhen.get()
        return self._present() if then is None else then

    @contextmanager
    def as_of(self, second: int) -> Iterator[None]:
        """Let this thread's work happen at its own time although the clock has gone on."""
        mark = _elsewhen.set(second)
        try:
            yield
        finally:
            _elsewhen.reset(mark)

    def _present(self) -> int:
        state = self._state
        return state.frozen_at if state.frozen_at is not None else int(self._real_time() + state.offset)

    @property
    def is_frozen(self) -> bool:
        return self._state.frozen_at is not None

    def freeze(self, at: int | None = None) -> None:
        """Stop the clock, now or at the given Unix second."""
        self._keep(_State(frozen_at=self.now() if at is None else at))

    def set(self, at: int) -> None:
        """Jump to a Unix second; a frozen clock stays frozen there."""
        self._keep(_State(frozen_at=at) if self.is_frozen else _State(offset=at - self._real_time()))

    def advance(self, seconds: int) -> None:
        self.set(self.now() + seconds)

    def run(self) -> None:
        """Let a frozen clock go on from where it stands."""
        self._keep(_State(offset=self.now() - self._real_time()))

    def to_real_time(self) -> None:
        self._keep(_State())

    def _keep(self, state: _State) -> None:
        self._store.set_meta("clock", json.dumps(asdict(state)))
        self._state = state
        self.on_move()


def in_seoul(second: int) -> datetime:
    return datetime.fromtimestamp(second, SEOUL)
