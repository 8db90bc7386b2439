"""The fault matrix on PostgreSQL: every kind of trouble at every call, over real sockets."""

import json

import pytest

from tests.matrix.acts import ACT
from tests.matrix.cases import CASES

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_truth_is_known_in_time_and_nothing_happens_twice(postgres_hall, case, counted):
    postgres_hall.begin(case)
    seconds = ACT[case.act](postgres_hall, case)
    counted("matrix", json.dumps({"database": "postgresql", "seconds": seconds, **vars(case)}))
