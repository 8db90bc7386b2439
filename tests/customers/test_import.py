"""Customers from a file: what is read, what is refused, and that it is all of it or nothing."""

import re

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import func, select

from merchant_admin.audit.models import Event
from merchant_admin.audit.service import first_broken_line
from merchant_admin.core.errors import InvalidInput
from merchant_admin.core.permissions import Role
from merchant_admin.customers import queries, service, sheet_forms, sheets
from merchant_admin.customers.models import Customer, CustomerTerm
from merchant_admin.customers.service import CustomerDetails
from tests.payments.test_races import all_at_once

GOOD = '이름,전화번호,이메일,메모\n김서연,010-1234-5678,Seo@Example.com,단골\n박도윤,1087654321,,"a, b\nc"\n'


def soup(answer):
    return BeautifulSoup(answer.text, "html.parser")


def upload(client, content, name="customers.csv"):
    token = soup(client.get("/customers/import")).find("input", {"name": "csrf_token"})["value"]
    content = content if isinstance(content, bytes) else content.encode()
    part = f'--edge\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n--edge\r\n'
    part += f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = part.encode() + content + b"\r\n--edge--\r\n"
    return client.post("/customers/import", data=body, content_type="multipart/form-data; boundary=edge")


def confirm(client, preview, **fields):
    form = soup(preview).find("form", action="/customers/import/confirmed")
    hidden = {field["name"]: field["value"] for field in form.find_all("input", type="hidden")}
    return client.post("/customers/import/confirmed", data={**hidden, **fields})


def customers(world):
    return world.session.scalars(select(Customer).order_by(Customer.name)).all()


def count(world, table):
    return world.session.scalar(select(func.count()).select_from(table))


@pytest.fixture
def client(world):
    return world.signed_in(Role.MANAGER)


@pytest.mark.parametrize(
    "raw",
    [
        GOOD.encode(), GOOD.encode("utf-8-sig"), GOOD.encode("cp949"), GOOD.encode("utf-16"),
        GOOD.replace("\n", "\r\n").encode("cp949"),
        'Phone;E-mail;NAME;Note\n010 1234 5678;seo@example.com;김서연;단골\n01087654321;;박도윤;"a, b\nc"\n'.encode(),
        '성명\t휴대폰 번호\te-mail\t비고\n김서연\t+82 10-1234-5678\tseo@example.com\t단골\n\n박도윤\t010-8765-4321\t\t"a, b\nc"'.encode(),
    ],
)  # fmt: skip
def test_a_file_is_read_as_spreadsheets_save_it(world, raw):
    with world.app.test_request_context():
        sheet = sheet_forms.read_sheet(raw)
    assert (sheet.broken, sheet.ignored) == ([], [])
    assert [row.details for row in sheet.rows] == [
        CustomerDetails("김서연", "010-1234-5678", "seo@example.com", "단골"),
        CustomerDetails("박도윤", "010-8765-4321", None, "a, b\nc"),
    ]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "비어"), (b"\xef\xbb\xbf \r\n", "비어"), ("이름,메모\n,\n".encode(), "한 명도"), (b"PK\x03\x04xl", "엑셀"),
        (b"name\n\xff\x00\xfe\x81", "글자를"), (b"name\nA\x00B", "글자를"), ("전화번호,메모\n1,2".encode(), "이름"),
        ("이름,name\n가,나".encode(), "둘 이상"), (("이름\n" + "가\n" * 10_001).encode(), "10,000"), ("김서연\n".encode("utf-16-le"), "글자를"),
    ],
)  # fmt: skip
def test_what_is_no_such_file_is_refused_with_the_reason(world, raw, says):
    with world.app.test_request_context(), pytest.raises(InvalidInput, match=says):
        sheet_forms.read_sheet(raw)


def test_an_unfit_packet_is_refused(world):
    with world.app.test_request_context():
        assert sheet_forms.unpack(sheet_forms.pack(b"abc")) == b"abc"
        bomb = sheet_forms.pack(b"\0" * (sheet_forms.MOST_BYTES + 1))
        for packed in ("", "가", "AAAA", bomb, sheet_forms.pack(b"abc")[:-8]):
            with pytest.raises(InvalidInput):
                sheet_forms.unpack(packed)


def test_broken_lines_are_named_and_nobody_is_added(world, client):
    lines = ["이름,전화,메일,나이"]
    lines += [f"고객{n},010-2000-{n:04},," for n in range(100)]
    lines += ["", "=HYPERLINK(1),123,not a mail,", "4111 1111 1111 1111,,,", "가,나,다,라,마", "<b>x</b>," + "," * 2]
    answer = upload(client, "\n".join(lines))
    assert answer.status_code == 422
    cells = [[cell.get_text(strip=True) for cell in row.find_all("td")] for row in soup(answer).select("tbody tr")]
    assert [(line, column) for line, column, _why in cells] == [
        ("103번째 줄", "전화"), ("103번째 줄", "메일"), ("104번째 줄", "이름"), ("105번째 줄", "줄 전체"),
    ]  # fmt: skip
    assert "3줄을 고쳐야" in answer.text
    assert "4111" not in answer.text
    assert not soup(answer).find("input", {"name": "packed"})
    many = upload(client, "name,phone\n" + "x,1\n" * 300)
    assert (len(soup(many).select("tbody tr")), "300줄" in many.text, "모두 300곳" in many.text) == (50, True, True)
    torn = upload(client, 'name,memo\nA,b\nC,"d\nE,f\n')
    assert ("3번째 줄" in torn.text, torn.status_code) == (True, 422)
    assert customers(world) == []


def test_a_broken_file_that_is_sent_past_the_preview_adds_nobody(world, client):
    fields = {"sheet_key": "a" * 20, "packed": sheet_forms.pack("이름,전화\n가,010-1234-5678\n나,123\n".encode())}
    token = soup(client.get("/customers/import")).find("input", {"name": "csrf_token"})["value"]
    answer = client.post("/customers/import/confirmed", data={"csrf_token": token, **fields})
    assert (answer.status_code, "3번째 줄" in answer.text, customers(world)) == (422, True, [])


def test_the_file_is_added_once_and_found_by_search(world, client):
    preview = upload(client, GOOD.replace("메모", "메모,등급", 1))
    assert preview.status_code == 200
    assert "등급" in preview.text
    assert customers(world) == []
    answer = confirm(client, preview)
    assert (answer.status_code, answer.location) == (303, "/customers")
    assert "2명을 추가" in client.get("/customers").text
    again = confirm(client, preview, twins="add")
    assert again.status_code == 303
    assert "두 번 추가하지 않았습니다" in client.get("/customers").text
    found = customers(world)
    assert [customer.name for customer in found] == ["김서연", "박도윤"]
    assert [row.id for row in queries.find_customers(world.session, "ㅂㄷㅇ")] == [found[1].id]
    assert [row.id for row in queries.find_customers(world.session, "5678")] == [found[0].id]
    one = service.create_customer(world.ctx(), CustomerDetails("혼자", None, None))
    typed = world.session.scalars(select(CustomerTerm.source).where(CustomerTerm.customer_id == one.id)).all()
    assert set(typed) == set(world.session.scalars(select(CustomerTerm.source)).all())
    acts = world.session.scalars(select(Event.act).where(Event.act.like("customer.%")).order_by(Event.seq)).all()
    assert acts == ["customer.created", "customer.created", "customer.imported", "customer.created"]
    assert "2명을 추가함" in client.get("/activity").text
    assert "김서연" not in " ".join(world.session.scalars(select(Event.facts)).all())


def test_lines_of_customers_who_are_there_are_named_and_skipped_by_choice(world, client):
    for details in (CustomerDetails("김서연", "010-1234-5678", None), CustomerDetails("이름만", None, None)):
        service.create_customer(world.ctx(), details)
    text = GOOD + "이름만,,,\n이름만,,other@example.com,\n박도윤,010-8765-4321,x@example.com,\n"
    preview = upload(client, text)
    named = [row.find_all("td")[0].get_text(strip=True) for row in soup(preview).find("tbody").find_all("tr")]
    assert named == ["2번째 줄", "4번째 줄", "6번째 줄"]
    assert soup(preview).find("input", {"name": "twins", "value": "skip"}).has_attr("checked")
    confirm(client, preview, twins="skip")
    assert [customer.name for customer in customers(world)] == ["김서연", "박도윤", "이름만", "이름만"]
    confirm(client, upload(client, text), twins="skip")
    assert "아무도 추가하지 않았습니다" in client.get("/customers").text
    confirm(client, upload(client, text), twins="add")
    assert len(customers(world)) == 9


def test_a_failure_on_the_way_leaves_nobody(world, client):
    preview = upload(client, GOOD)
    key = soup(preview).find("input", {"name": "sheet_key"})["value"]
    taken = sheets._id(world.settings.secret_key.encode(), key, 3)
    now = world.clock.now()
    world.add(Customer(id=taken, name="먼저", memo="", version=1, created_at=now, updated_at=now))
    rows = [sheets.SheetRow(n, CustomerDetails(f"고객{n}", None, None)) for n in (2, 3)]
    with pytest.raises(Exception, match=r"UNIQUE|unique"):
        sheets.add_all(world.ctx(), key, rows, skip_twins=False)
    assert [customer.name for customer in customers(world)] == ["먼저"]
    assert world.session.scalars(select(Event).where(Event.act.like("customer.%"))).all() == []


def test_presses_and_files_at_one_instant_add_each_customer_once(each_world):
    """Four presses of one sheet and four uploads of the same file by others, let go together."""
    world = each_world
    rows = [sheets.SheetRow(n, CustomerDetails(f"고객{n}", f"010-3000-{n:04}", None)) for n in range(2, 202)]
    keys = ["one_sheet"] * 4 + [f"sheet_{n}" for n in range(4)]
    acts = [lambda key=key: sheets.add_all(world.ctx(), key, rows, skip_twins=True) for key in keys]
    done = all_at_once(world, acts)
    assert sorted(one.added for one in done if not one.is_repeat) in ([0, 0, 0, 0, 200], [0] * 7 + [200])
    assert (count(world, Customer), {one.added + one.skipped for one in done}) == (200, {200})
    assert first_broken_line(world.session, world.settings.secret_key.encode()) is None


def test_what_is_too_large_or_missing_is_told_plainly(world, client):
    assert soup(client.post("/customers/import", data={"csrf_token": "x"})).find("h1")
    token = soup(client.get("/customers/import")).find("input", {"name": "csrf_token"})["value"]
    none = client.post("/customers/import", data={"csrf_token": token})
    assert none.status_code == 422
    assert soup(none).find(id="f-file-error")
    large = upload(client, b"name\n" + b"x" * 2_100_000)
    assert (large.status_code, "2 MB" in soup(large).find(id="f-file-error").text) == (422, True)
    huge = upload(client, b"name\n" + b"x" * 3_100_000)
    assert (huge.status_code, "3 MB" in huge.text, "아무것도 바뀌지 않았습니다" in huge.text) == (413, True, True)
    elsewhere = client.post("/customers", data={"csrf_token": token, "name": "x" * 100_000})
    assert elsewhere.status_code == 413
    for fields in ({}, {"sheet_key": "../x", "packed": ""}, {"sheet_key": "a" * 20, "packed": "x"}):
        assert client.post("/customers/import/confirmed", data={"csrf_token": token, **fields}).status_code == 422
    assert customers(world) == []


def test_the_page_speaks_english(world, client):
    client.set_cookie("lang", "en")
    for answer in (client.get("/customers/import"), upload(client, GOOD), upload(client, "name,phone\n,12\n")):
        assert not re.search(
            "[가-힣]",
            soup(answer).find("main").get_text().replace("김서연", "").replace("박도윤", "").replace("단골", ""),
        )


def test_a_clerk_adds_one_by_one(world):
    clerk = world.signed_in(Role.CLERK)
    assert clerk.get("/customers/import").status_code == 403
    assert "/customers/import" not in clerk.get("/customers").text
    assert "/customers/import" in world.signed_in(Role.MANAGER).get("/customers").text


def test_ten_thousand_at_once(world, client):
    lines = ["이름,전화번호,이메일,메모"]
    lines += [
        f"고객{n % 977},010-{n // 10000 + 3000}-{n % 10000:04},customer{n}@example.com,메모 {n}" for n in range(10_000)
    ]
    preview = upload(client, "\n".join(lines).encode("cp949"))
    assert (preview.status_code, len(preview.data) < 1_000_000) == (200, True)
    assert confirm(client, preview).status_code == 303
    assert (count(world, Customer), count(world, Event) >= 10_001) == (10_000, True)
    assert first_broken_line(world.session, world.settings.secret_key.encode()) is None
    assert confirm(client, preview, twins="add").status_code == 303
    assert count(world, Customer) == 10_000
