"""A part of a year of some subscriptions, against dates found another way (tests/subscriptions/year.py says how)."""

import pytest

from tests.subscriptions.year import Year


@pytest.mark.long
def test_months_of_refusals_faults_deaths_other_cards_pauses_and_days_off(world):
    year = Year(world, count=12, seed=7)
    year.live(days=110)
    year.check()
    assert (
        min(
            year.happened[what]
            for what in ("faults", "paused", "resumed by day", "pause moved", "other card", "days off")
        )
        > 0
    )
