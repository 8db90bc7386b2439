"""A fuzzer reads the sandbox's own document and tries to catch it at a crash or at an answer that the document doesn't know."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from portone_sandbox.server import Server
from tests.portone_sandbox.api import Api

FUZZER = Path(sys.executable).with_name("schemathesis")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
LEFT_OUT = ("/_sandbox/reset", "/_sandbox/clock", "/_sandbox/faults")  # they would change what the others are tried on
CONFIG = """
[[operations]]
include-path-regex = "^/receipts/"
checks.not_a_server_error.expected-statuses = ["2xx", "4xx", "501"]  # documented for a PG without receipts
"""


@pytest.mark.long
def test_the_fuzzer_catches_nothing(make_sandbox, tmp_path):
    sandbox = make_sandbox(slow_card_seconds=0)
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    with Server(sandbox.app) as server, requests.Session() as http:
        api = Api(server.url, http)
        sandbox.handle.window_key(customer_uid="0", merchant_uid="0")
        command = [
            FUZZER, "--config-file", tmp_path / "schemathesis.toml", "run", f"{server.url}/_sandbox/openapi.json", "--header",
            f"Authorization: {api.token}", "--checks", CHECKS, "--max-examples", "3", "--phases", "coverage,fuzzing", "--no-color",
            "--seed", "20261124", "--exclude-path-regex", "^/_sandbox/merchants",
            *(part for path in LEFT_OUT for part in ("--exclude-path", path)),
        ]  # fmt: skip
        ran = subprocess.run(command, capture_output=True, check=False, text=True, timeout=300, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout
    assert int(re.search(r"Tested: (\d+)", ran.stdout)[1]) > 50
