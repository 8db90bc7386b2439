"""Card data is typed where it may be, and where it may not. Afterwards nothing on the disk, in a page or a log holds it.

The disk is the shop's folder, and with PostgreSQL a dump of the database and the server's own files, log of writes and all.
"""

import logging
import re
import subprocess
import sys
import unicodedata
from urllib.parse import quote

import psycopg
import pytest
from playwright.sync_api import expect
from psycopg import sql

from tests.journeys.conftest import PC
from tests.journeys.desk import opens_window
from tests.support.live import LiveShop
from tests.support.world import ROOT

BIRTH, PASSWORD = "870623", "83"
REAL_LOOKING = "4532015112830366"  # passes Luhn's check; belongs to nobody


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def shop(request, empty_database, tmp_path):
    """A shop on each engine; `dump` is what its database server holds."""
    if request.param == "sqlite":
        with LiveShop(tmp_path, empty_database, KEY_IN="on") as served:
            served.dump = dict
            yield served
            served.assert_books_agree()
        return
    server = request.getfixturevalue("postgres_server")
    url = server.database(template=request.getfixturevalue("migrated_postgres"))
    with LiveShop(tmp_path, DATABASE_URL=url, KEY_IN="on") as served:
        served.dump = lambda: dumped(server, url)
        yield served
        served.assert_books_agree()
    server.drop(url)


def dumped(server, url):
    """name -> bytes: all rows as text, and every file of the server."""
    rows = {}
    with psycopg.connect(url, autocommit=True) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            with connection.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as lines:
                rows[table] = b"".join(lines)
        connection.execute("CHECKPOINT")
    assert "정시우" in rows["customers"].decode()
    return {"dump": b"".join(rows.values())} | {str(path): path.read_bytes() for path in server.files()}


def runs_of_digits(raw):
    """All digits of the bytes with what people put between them taken out, so that no spelling hides a number."""
    text = unicodedata.normalize("NFKC", raw.decode("utf-8", "ignore"))
    return re.sub(r"(?<=\d)(?:%20|%2D|[ \-.\u00a0])(?=\d)", "", text)


def places_that_hold(number, folder, extra):
    """The names of everything that holds the number, in any usual spelling."""
    contents = {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    } | extra
    return [name for name, raw in contents.items() if number.encode() in raw or number in runs_of_digits(raw)]


def test_the_detector_finds_a_planted_number(tmp_path):
    spellings = [
        "4532 0151 1283 0366",
        "4532-0151-1283-0366",
        quote("4532 0151 1283 0366"),
        "４５３２０１５１１２８３０３６６",
    ]
    for number, text in enumerate(spellings):
        (tmp_path / str(number)).write_text(f"before {text} after")
    assert len(places_that_hold(REAL_LOOKING, tmp_path, {})) == len(spellings)


def test_a_crash_leaves_no_core():
    """The memory of a process that reads cards never becomes a file, whatever the machine allows."""
    allowed = "core = resource.RLIMIT_CORE; most = resource.getrlimit(core)[1]; resource.setrlimit(core, (most, most))"
    script = f"import app, resource; {allowed}; app.leave_no_core(); print(resource.getrlimit(core))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "(0, 0)\n", done.stderr


def test_no_card_data_is_kept_anywhere(shop, open_desk, caplog):
    caplog.set_level(logging.DEBUG)
    seen = {}
    desk = open_desk(**PC)
    desk.page.on("request", lambda request: seen.update({f"asked {len(seen)}": request.url.encode()}))
    customer = desk.adds_customer("정시우")
    canary = shop.sandbox.card_number("approve", serial=48_213).replace("-", "")
    desk.page.goto(customer)
    desk.follow("카드 등록")
    desk.press("다음: 결제창")
    opens_window(desk.page)
    window = desk.page.frame_locator("iframe")
    desk.types_card(window, canary[:-1] + str((int(canary[-1]) + 1) % 10), BIRTH, PASSWORD)  # refused first
    window.get_by_role("button", name="카드 등록하기").click()
    expect(window.get_by_role("alert")).to_be_visible()
    desk.types_card(window, canary, BIRTH, PASSWORD)
    window.get_by_role("button", name="카드 등록하기").click()
    desk.sees("카드를 등록했습니다.")
    typed = shop.sandbox.card_number("approve", serial=48_214).replace("-", "")
    seen |= keys_it_in(shop, desk, customer, typed)
    for page in (desk.page.url, customer, "/", "/billing-keys", "/payments", "/activity", "/webhook-events"):
        desk.page.goto(page)
        seen[f"page {page}"] = desk.page.content().encode()
    types_it_where_it_does_not_belong(desk, customer)
    seen["log"] = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records).encode()
    seen["storage"] = desk.page.evaluate("JSON.stringify([localStorage, sessionStorage])").encode()
    held = shop.dump()
    seen["dump"] = held.pop("dump", b"")
    for number in (canary, typed, REAL_LOOKING):
        assert places_that_hold(number, shop.folder, seen) == []
        assert [name for name, raw in held.items() if number.encode() in raw] == []
    assert [name for name, raw in seen.items() if BIRTH.encode() in raw] == []
    assert [path.name for path in shop.folder.glob("*.db*") if BIRTH.encode() in path.read_bytes()] == []


def keys_it_in(shop, desk, customer, number):
    """The page on which staff type cards: a wrong field, a customer that is not there, an answer lost, and done."""
    seen, say = {}, desk.say

    def sends(expiry="12/39", way="결제하고 카드 등록"):
        desk.page.get_by_text(say(way), exact=True).click()
        fields = {"주문명": "수선비", "금액": "33,000", "카드번호": number, "유효기간": expiry}
        for label, text in {**fields, "비밀번호 앞 2자리": PASSWORD, "생년월일 또는 사업자번호": BIRTH}.items():
            desk.fill(label, text)
        with desk.page.expect_navigation():
            desk.press("카드사에 보내기")
        seen[f"key-in {len(seen)}"] = desk.page.content().encode()

    desk.page.goto(customer)
    desk.follow("수기 결제")
    sends(expiry="13/39")
    expect(desk.page.get_by_label(say("카드번호"), exact=True)).to_have_value("")
    desk.page.evaluate("document.querySelector('[name=customer_id]').value = 'cus_nobody'")
    sends()
    for fault in ("html_after", None):
        if fault:
            shop.sandbox.faults.plan(fault, "/subscribe/payments/onetime")
        desk.page.goto(customer)
        desk.follow("수기 결제")
        sends(way="한 번 결제" if fault else "결제하고 카드 등록")
        desk.sees(
            "%(sum)s을 결제했습니다." if fault else "카드를 등록하고 %(sum)s을 결제했습니다.",
            sum="₩33,000",
            timeout=60_000,
        )
    return seen


def types_it_where_it_does_not_belong(desk, customer):
    """Memo, name, order name and search box: refused, and not given back in the page."""
    spaced = "4532 0151 1283 0366"
    desk.page.goto("/customers/new")
    desk.fill("이름", spaced)
    desk.press("고객 추가")
    expect(desk.page.get_by_role("main").get_by_role("alert")).to_be_visible()
    desk.stands_on("새 고객")
    desk.page.goto(customer)
    desk.follow("결제하기")
    desk.fill("주문명", spaced)
    desk.fill("금액", "1000")
    desk.press("다음: 확인")
    expect(desk.page.get_by_role("main").get_by_role("alert")).to_be_visible()
    desk.stands_on("새 결제")
