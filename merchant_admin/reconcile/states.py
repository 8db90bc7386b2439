"""The duties of reconciliation."""

from enum import StrEnum


class Duty(StrEnum):
    RECENT = "recent"  # every 15 minutes: the last two hours, status by status
    NIGHTLY = "nightly"  # every night: the last seven days, or since the last night that succeeded
    REREAD = "reread"  # once a day: every payment young enough to be refunded, 100 in a call
    MATCH = "match"  # every night: each finished day against PortOne by count and sum
    CHANNELS = "channels"  # once a day: the MIDs of the settings against PortOne's channels
    SYNC = "sync"  # a back-fill that a person asked for
