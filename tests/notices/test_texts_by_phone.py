"""Text messages: through a sender's webhook on a real socket, or in a file for staff."""

import csv
import hashlib
import hmac
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from merchant_admin.core.permissions import Role
from merchant_admin.notices.states import NoticeState, Why
from tests.conftest import NOON
from tests.notices.acting import VALUES, fields, notices, only, turn, write
from tests.support.world import World

SECRET = "s" * 40


class _Desk(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((dict(self.headers), body))
        if self.server.says == "hang up":
            self.connection.close()
            return
        self.send_response(self.server.says)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """The tests speak for themselves."""


@pytest.fixture(scope="module")
def desk():
    served = ThreadingHTTPServer(("127.0.0.1", 0), _Desk)
    served.daemon_threads = True
    threading.Thread(target=served.serve_forever, args=(0.02,), daemon=True).start()
    yield served
    served.shutdown()
    served.server_close()


def texting(folder, template, port):
    words = {"TEXT_NOTICES": "webhook", "TEXT_URL": f"http://127.0.0.1:{port}/send", "TEXT_SECRET": SECRET}
    return World(folder, template=template, at=NOON, **words)


@pytest.mark.parametrize(
    ("says", "state"),
    [
        (200, NoticeState.SENT), (400, NoticeState.FAILED), (302, NoticeState.FAILED), (429, NoticeState.WAITING),
        (500, NoticeState.UNKNOWN), ("hang up", NoticeState.UNKNOWN),
    ],
)  # fmt: skip
def test_the_senders_answer_decides_and_the_post_is_signed(desk, empty_database, tmp_path, says, state):
    desk.heard, desk.says = [], says
    with texting(tmp_path, empty_database, desk.server_port) as world:
        write(world)
        turn(world)
        turn(world)
        assert only(world).state is state
        ((headers, body),) = desk.heard
        signed = hmac.new(SECRET.encode(), headers["X-Timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()
        assert headers["X-Signature"] == f"sha256={signed}"
        assert headers["Idempotency-Key"] == json.loads(body)["id"] == only(world).id
        assert json.loads(body)["to"] == "01012345678"
        assert json.loads(body)["text"].startswith("[온빛상점] 김서연님,")


def test_a_sender_that_is_away_was_certainly_not_reached(desk, empty_database, tmp_path):
    with texting(tmp_path, empty_database, 1) as world:
        write(world)
        turn(world)
        assert only(world).state is NoticeState.WAITING


def test_staff_fetch_a_file_once_and_may_fetch_it_again(empty_database, tmp_path):
    with World(tmp_path, template=empty_database, at=NOON, TEXT_NOTICES="csv") as world:
        write(world, values={**VALUES, "상품명": "=HYPERLINK(1)"})
        write(world, world.a_customer(phone=None), "prd_2.paid")
        client = world.signed_in(Role.CLERK)
        form = fields(client.get("/notices/handovers"), "/notices/handovers")
        for _press in range(2):
            assert client.post("/notices/handovers", data=form).status_code == 303
        sent, no_phone = sorted(notices(world), key=lambda row: row.cause)
        assert (sent.state, no_phone.state, no_phone.why) == (
            NoticeState.HANDED_OVER,
            NoticeState.DROPPED,
            Why.NO_ADDRESS,
        )
        page = client.get("/notices/handovers").text
        assert page.count("/file") == 1
        for _fetch in range(2):
            file = client.get(f"/notices/handovers/{sent.handover_id}/file")
            head, line = csv.reader(io.StringIO(file.data.decode("utf-8-sig")))
            assert (len(head), line[1], line[2]) == (4, "010-1234-5678", sent.body)
        assert world.signed_in(Role.VIEWER).get(f"/notices/handovers/{sent.handover_id}/file").status_code == 403


def test_a_cell_is_never_a_formula():
    from merchant_admin.notices.handing import safe_cell

    for odd in ("=1+1", "+82", "-1", "@x", "\tx", "\rx", "\0x"):
        assert safe_cell(odd).startswith("'")
    assert safe_cell("[온빛상점]") == "[온빛상점]"
