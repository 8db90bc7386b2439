"""The fault matrix on SQLite: every kind of trouble at every call, over real sockets."""

import json

import pytest

from tests.matrix.acts import ACT
from tests.matrix.cases import CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_truth_is_known_in_time_and_nothing_happens_twice(sqlite_hall, case, counted):
    sqlite_hall.begin(case)
    seconds = ACT[case.act](sqlite_hall, case)
    counted("matrix", json.dumps({"database": "sqlite", "seconds": seconds, **vars(case)}))
