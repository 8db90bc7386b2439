"""The MIDs of the settings, looked up among the merchant's channels at PortOne."""

from collections.abc import Iterator
from dataclasses import dataclass

from merchant_admin.core.settings import Settings
from merchant_admin.portone.gateway import Gateway
from merchant_admin.portone.types import PgSetting


@dataclass(frozen=True)
class ChannelCheck:
    """One MID of the settings. `found` is PortOne's channel of it, or None."""

    purpose: str  # certified, billing, key_in, second_billing
    setting: str  # the name of the setting that holds it
    pg: str
    mid: str
    found: PgSetting | None
    fits_mode: bool

    @property
    def is_right(self) -> bool:
        return self.found is not None and self.fits_mode


def check_channels(settings: Settings, gateway: Gateway) -> Iterator[ChannelCheck]:
    """The three, and the second profile where one is set, one after the other. Raises the GatewayError family.

    Source: GET /users/pg.
    """
    known = {(channel.pg_provider, channel.pg_id): channel for channel in gateway.channels()}
    wanted = [
        ("certified", settings.pg, settings.certified), ("billing", settings.pg, settings.billing),
        ("key_in", settings.pg, settings.key_in_channel),
    ]  # fmt: skip
    if settings.second_pg:
        wanted.append(("second_billing", settings.second_pg, settings.second_billing))
    for purpose, pg, channel in wanted:
        found = known.get((pg, channel.mid))
        fits = found is not None and gateway.fits_mode(found.is_test)
        yield ChannelCheck(purpose, f"PORTONE_MID_{purpose.upper()}", pg, channel.mid, found, fits)
