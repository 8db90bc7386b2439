"""The desk's pages and the customer's: what they show, what they refuse, and what they keep to themselves."""

import json
import re

import pytest
from bs4 import BeautifulSoup

from merchant_admin.checkouts import service
from merchant_admin.checkouts.models import Checkout
from merchant_admin.checkouts.tokens import hash_of
from merchant_admin.core.db import db
from merchant_admin.core.permissions import Role
from merchant_admin.customers.models import Customer
from tests.support.pages import InspectingClient, inspect_fragment
from tests.support.world import Browser as PlainBrowser

HX = {"HX-Request": "true", "HX-Request-Type": "partial"}


class Reader(InspectingClient, PlainBrowser):
    pass


@pytest.fixture
def clerk(desk):
    desk.world.app.test_client_class = Reader
    return Desktop(desk)


class Desktop:
    def __init__(self, desk, role=Role.CLERK):
        self.desk, self.client = desk, desk.world.signed_in(role)
        self.customer_page = f"/customers/{desk.customer_id}"

    def new_form(self, url=None):
        soup = BeautifulSoup(self.client.get(url or f"{self.customer_page}/checkouts/new").text, "html.parser")
        fields = {}
        for tag in soup.select("main form input, main form select"):
            if tag.name == "select":
                chosen = tag.select_one("option[selected]") or tag.select_one("option")
                fields[tag["name"]] = chosen["value"]
            elif tag.get("type") in {"radio", "checkbox"}:
                if tag.has_attr("checked"):
                    fields.setdefault(tag["name"], [])
                    fields[tag["name"]].append(tag["value"])
            else:
                fields[tag["name"]] = tag.get("value", "")
        return fields

    def creates(self, **typed):
        data = self.new_form() | {"name": "꽃다발", "amount_krw": "60,000"} | typed
        return self.client.post(f"{self.customer_page}/checkouts", data=data)

    def newest(self):
        return db.session.query(Checkout).order_by(Checkout.created_at.desc()).first()


def token_in(client, url):
    return BeautifulSoup(client.get(url).text, "html.parser").find("input", {"name": "csrf_token"})["value"]


def test_the_window_opens_at_the_desk_with_its_own_policy(clerk):
    answer = clerk.creates(place="here", quota_most="3")
    page = clerk.client.get(answer.location)
    sent = json.loads(BeautifulSoup(page.text, "html.parser").find(id="card-window")["data-parameters"])
    assert (sent["amount"], sent["pg"], sent["display"]) == (60_000, "jtnet.tpaytest0m", {"card_quota": [2, 3]})
    assert "card" not in sent
    assert "frame-src" in page.headers["Content-Security-Policy"]
    assert "htmx" not in page.text


def test_the_callback_and_ten_reloads_of_the_redirect_end_on_the_same_truth(clerk):
    location = clerk.creates(place="here").location
    row = clerk.newest()
    row_id, way_back = row.id, row.way_back
    window = clerk.desk.shows(row_id)
    imp_uid = clerk.desk.pays(window)
    csrf = token_in(clerk.client, location)
    merchant_uid = clerk.desk.view(row_id).merchant_uid
    told = {"csrf_token": csrf, "imp_uid": imp_uid, "merchant_uid": merchant_uid}
    answer = clerk.client.post(f"/checkouts/{row_id}/told", data=told)
    assert "₩60,000이 결제되었습니다" in clerk.client.get(answer.location).text
    signed_out = clerk.desk.world.client()
    for _ in range(10):
        page = signed_out.get(f"/checkouts/return/{way_back}?imp_uid={imp_uid}&merchant_uid={merchant_uid}")
        assert "₩60,000이 결제되었습니다" in page.text


@pytest.mark.parametrize("bad", ["imp_../../x", "<script>alert(1)</script>", "x" * 9_000])
def test_a_redirect_with_bad_values_moves_nothing(clerk, bad):
    clerk.creates(place="here")
    row = clerk.newest()
    way_back, row_id = row.way_back, row.id
    page = clerk.desk.world.client().get(
        f"/checkouts/return/{way_back}", query_string={"imp_uid": bad, "error_msg": bad}
    )
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert db.session.get(Checkout, row_id, populate_existing=True).hinted_imp_uid is None


def test_a_link_can_be_copied_and_its_secret_is_not_in_the_database(clerk):
    page = clerk.client.get(clerk.creates().location)
    url = BeautifulSoup(page.text, "html.parser").find(id="pay-link")["value"]
    token = url.rsplit("/", 1)[1]
    row = clerk.newest()
    assert re.fullmatch(r"http://localhost/pay/[a-z2-9]{32}", url)
    assert row.link_hash == hash_of(token)
    dump = (clerk.desk.world.folder / "merchant.db").read_bytes()
    assert token.encode() not in dump


def test_a_customer_signed_out_sees_the_order_and_nobody(clerk):
    made = clerk.desk.link()
    page = clerk.desk.world.client().get(f"/pay/{made.token}")
    assert "원두 1kg" in page.text
    assert "₩60,000" in page.text
    for personal in ("김서연", "5678", "seoyeon", clerk.desk.customer_id):
        assert personal not in page.text


def test_a_customer_opens_the_window_and_pays_once(clerk):
    made = clerk.desk.link()
    client = clerk.desk.world.client()
    csrf = token_in(client, f"/pay/{made.token}")
    answer = client.post(f"/pay/{made.token}/open", data={"csrf_token": csrf})
    assert answer.location == f"/pay/{made.token}/window"
    window = client.get(answer.location)
    assert "김서연" not in BeautifulSoup(window.text, "html.parser").find("main").get_text()
    clerk.desk.pays(clerk.desk.shows(made.id))
    clerk.desk.wait(60, step=10)
    assert "₩60,000이 결제되었습니다" in client.get(f"/pay/{made.token}").text
    again = client.post(f"/pay/{made.token}/open", data={"csrf_token": csrf})
    assert again.status_code == 422
    assert client.get(f"/pay/{made.token}/window").location == f"/pay/{made.token}"


def test_an_expired_link_says_so_and_opens_nothing(clerk):
    made = clerk.desk.link(link_days=1)
    client = clerk.desk.world.client()
    csrf = token_in(client, f"/pay/{made.token}")
    clerk.desk.world.clock.advance(86_401)
    assert "기한이 지난 링크입니다" in client.get(f"/pay/{made.token}").text
    assert client.post(f"/pay/{made.token}/open", data={"csrf_token": csrf}).status_code == 422
    assert clerk.desk.world.sandbox.payments() == []


def test_staff_see_a_link_and_cancel_it(clerk):
    made = clerk.desk.link()
    page = clerk.client.get(clerk.customer_page)
    assert "결제 전" in page.text
    csrf = token_in(clerk.client, clerk.customer_page)
    clerk.client.post(f"/checkouts/{made.id}/end", data={"csrf_token": csrf})
    assert "파는 곳에서 취소한 링크입니다" in clerk.desk.world.client().get(f"/pay/{made.token}").text
    assert "링크 취소됨" in clerk.client.get(clerk.customer_page).text


def test_a_guessed_link_is_not_found(clerk):
    assert clerk.desk.world.client().get("/pay/" + "a" * 32).status_code == 404


def test_the_customers_page_speaks_english_too(clerk):
    made = clerk.desk.link("vbank")
    client = clerk.desk.world.client()
    client.set_cookie("lang", "en")
    page = client.get(f"/pay/{made.token}", headers={"Accept-Language": "en"})
    assert "Get an account to pay into" in page.text
    assert not re.search(
        r"[가-힣]",
        BeautifulSoup(page.text, "html.parser").find("main").get_text().replace("원두 1kg", "").replace("온빛상점", ""),
    )


def test_the_account_and_its_countdown_are_drawn(clerk):
    made = clerk.desk.link("vbank")
    clerk.desk.pays(clerk.desk.opens(made.id), "vbank")
    clerk.desk.wait(60, step=10)
    for page in (clerk.client.get(f"/checkouts/{made.id}"), clerk.desk.world.client().get(f"/pay/{made.token}")):
        assert "신한은행" in page.text
        assert re.search(r"\d일 \d+시간 남음", page.text)
    payment = clerk.client.get(f"/payments/{clerk.desk.view(made.id).payment_id}")
    assert "입금을 기다리고 있습니다" in payment.text
    assert "가상계좌 신한은행" in " ".join(payment.text.split())


def test_all_issuers_off_is_refused(clerk):
    answer = clerk.creates(issuer=[])
    assert answer.status_code == 422
    assert "카드사를 모두 끄면" in answer.text
    assert clerk.newest() is None


def test_the_exact_parameter_is_previewed(clerk):
    part = clerk.client.get("/issuers/preview?issuer=366&issuer=041", headers=HX)
    shown = inspect_fragment(part.text).find("pre").get_text()
    assert json.loads(shown.removeprefix("card: ")) == {
        "detail": [
            {"card_code": "*", "enabled": False},
            {"card_code": "366", "enabled": True},
            {"card_code": "041", "enabled": True},
        ]
    }
    assert "모두 끄면" in clerk.client.get("/issuers/preview", headers=HX).text


def test_a_phone_payment_asks_what_is_sold(clerk):
    assert clerk.creates(method="phone", place="here").status_code == 422
    answer = clerk.creates(method="phone", place="here", is_digital="1")
    assert '"digital": true' in clerk.client.get(answer.location).text.replace("&#34;", '"')


@pytest.mark.parametrize(
    "wrong", [{"amount_krw": "0"}, {"amount_krw": "1.5"}, {"name": ""}, {"method": "cash"}, {"link_days": "99"}]
)
def test_a_bad_entry_stays_on_the_form(clerk, wrong):
    answer = clerk.creates(**wrong)
    assert answer.status_code == 422
    assert "꽃다발" in answer.text or wrong.get("name") == ""
    assert clerk.newest() is None


def test_a_viewer_sees_no_link(desk):
    made = desk.link()
    viewer = Desktop(desk, Role.VIEWER)
    page = viewer.client.get(f"/checkouts/{made.id}")
    assert made.token not in page.text
    assert viewer.client.get(f"{viewer.customer_page}/checkouts/new").status_code == 403


def test_the_link_opens_no_window_while_portone_is_away(clerk):
    made = clerk.desk.link()
    client = clerk.desk.world.client()
    csrf = token_in(client, f"/pay/{made.token}")
    clerk.desk.world.sandbox.faults.plan("close_before", "/payments/prepare", method="POST")
    answer = client.post(f"/pay/{made.token}/open", data={"csrf_token": csrf})
    assert answer.status_code == 422
    assert "아무것도 결제되지 않았습니다" in answer.text
    service.open_window(clerk.desk.world.ctx(), clerk.desk.world.gateway, made.id)


def test_somebody_new_orders_once_and_is_written_down_once(clerk):
    def customers():
        db.session.rollback()
        return db.session.query(Customer).order_by(Customer.created_at, Customer.id).all()

    form = clerk.new_form("/checkouts/new") | {"name": "꽃다발", "amount_krw": "60,000", "method": "card"}
    answer = clerk.client.post("/checkouts", data=form | {"buyer_name": "최은우", "buyer_phone": "12"})
    assert (answer.status_code, len(customers())) == (422, 1)
    assert 'value="최은우"' in answer.text
    asked = form | {"buyer_name": "최은우", "buyer_phone": "01022223333"}
    made = {clerk.client.post("/checkouts", data=asked).location for _ in range(3)}
    assert len(made) == 1
    assert sorted(one.name for one in customers()) == ["김서연", "최은우"]
    assert clerk.client.post("/checkouts", data=asked | {"buyer_name": "최은수"}).status_code == 422
    again = clerk.new_form("/checkouts/new") | {"name": "꽃다발", "amount_krw": "1,000", "place": "here"}
    clerk.client.post("/checkouts", data=again | {"buyer_name": "최은우", "buyer_phone": "010-2222-3333"})
    other = clerk.new_form("/checkouts/new") | {"name": "꽃다발", "amount_krw": "1,000", "buyer_phone": "010-2222-3333"}
    clerk.client.post("/checkouts", data=other | {"buyer_name": "최은서"})
    assert sorted(one.name for one in customers()) == ["김서연", "최은서", "최은우"]
    orders = db.session.query(Checkout.customer_id).order_by(Checkout.created_at).all()
    assert len(orders) == 3
    assert len(set(orders)) == 2
    assert "최은우" in clerk.client.get("/customers?q=22223333").text


def test_a_window_that_the_buyer_closed_is_no_refusal_by_a_card_company(clerk):
    made = clerk.desk.make("trans")
    clerk.desk.closes(clerk.desk.opens(made))
    clerk.desk.returns(made)
    view = clerk.desk.look(made)
    for url in (f"/charges/{view.charge_id}", f"/payments/{view.payment_id}"):
        page = clerk.client.get(url).text
        assert "결제창의 말:" in page, url
        assert "카드사가 결제를 거절" not in page, url
        assert "고쳐서 다시 결제" not in page, url
