"""What a sandbox is told when it is made.

Where the real server's behaviour is not known, a switch gives the other reading.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

SLOW_CARD_SECONDS = 8.0
LATE_APPROVAL_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class SandboxConfig:
    """Settings of one sandbox; every one has a default that works."""

    database: str = ":memory:"
    imp_code: str = "imp00000000"
    imp_key: str = "sandbox_key"
    imp_secret: str = "sandbox_secret"  # noqa: S105 - a public default of a toy server
    webhook_url: str | None = None
    webhook_format: Literal["json", "form"] = "json"
    webhook_retries: bool = False
    public_prefix: str = ""  # path under which a proxy that strips it shows the sandbox
    sandbox_flag: bool = True  # what `sandbox` says in payments and billing keys
    unknown_customer_status: Literal[404, 200] = 404  # documented 404, recorded 200
    rows_hidden_in_flight: bool = True  # a charge the card company has not answered yet can't be read
    name_required: bool = False  # documented as required, left out by the JTNET guide and by published clients
    prepare_takes_zero: bool = True  # amount 0 may be registered for a key-only window
    slow_card_seconds: float = SLOW_CARD_SECONDS
    late_approval_seconds: int = LATE_APPROVAL_SECONDS
    nightly_reversal: bool = False  # JTNET takes test payments back between 23:00 and 23:50 in Seoul
    webhook_retry_seconds: float = 60.0
    real_time: Callable[[], float] = time.time  # what an unmoved clock shows; a test may hand in its own
