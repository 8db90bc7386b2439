"""The parts of one sandbox, handed to everything that needs them."""

import threading
from dataclasses import dataclass, field

from flask import current_app

from portone_sandbox.clock import SandboxClock
from portone_sandbox.config import SandboxConfig
from portone_sandbox.faults import Faults
from portone_sandbox.merchants import Merchants
from portone_sandbox.store import Store
from portone_sandbox.webhooks import Webhooks

EXTENSION = "portone_sandbox.hub"


@dataclass(frozen=True)
class Hub:
    config: SandboxConfig
    store: Store
    clock: SandboxClock
    merchants: Merchants
    webhooks: Webhooks
    faults: Faults
    one_at_a_time: threading.Lock = field(default_factory=threading.Lock, repr=False)  # for what is due


def hub() -> Hub:
    """The hub of the app that answers the present request."""
    found: Hub = current_app.extensions[EXTENSION]
    return found
