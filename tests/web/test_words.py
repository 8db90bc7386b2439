"""Two languages, one table of states, the rail, preferences and banners."""

import importlib
import pkgutil
from enum import Enum

import pytest
from flask_babel import lazy_gettext

import merchant_admin
from merchant_admin.core.context import ActorKind
from merchant_admin.core.permissions import Permission, Role
from merchant_admin.core.settings import Mode
from merchant_admin.portone.types import PaymentStatus
from merchant_admin.web import banners
from merchant_admin.web.filters import enum_key
from merchant_admin.web.icons import NAMES
from merchant_admin.web.languages import disagreements, english
from merchant_admin.web.looks import LOOKS
from merchant_admin.web.navigation import NavEntry, register
from tests.support.pages import inspect
from tests.support.world import ROOT

TOLD_IN_SENTENCES = {"Evidence", "Ending"}


def shown_enums():
    for module in pkgutil.walk_packages(merchant_admin.__path__, "merchant_admin."):
        if module.name.endswith(".states"):
            found = vars(importlib.import_module(module.name)).values()
            yield from (each for each in found if isinstance(each, type) and issubclass(each, Enum) and list(each))
    yield from (ActorKind, Mode, PaymentStatus, Role)


def test_every_state_has_tone_icon_and_word():
    members = {enum_key(member) for kind in shown_enums() for member in kind if kind.__name__ not in TOLD_IN_SENTENCES}
    assert members - set(LOOKS) == set()


def test_looks_use_known_tones_and_icons():
    assert {tone for tone, _, _ in LOOKS.values()} <= {"ok", "bad", "warn", "info", "plain"}
    assert {icon for _, icon, _ in LOOKS.values()} <= set(NAMES)


def test_what_is_not_known_is_never_called_failed(world):
    with world.app.test_request_context():
        for name in ("AttemptState.uncertain", "AttemptState.sending", "LineState.checking", "RefundState.uncertain"):
            assert LOOKS[name][0] == "warn"
            assert str(LOOKS[name][2]) == "확인 중"


def test_no_two_files_translate_one_text_differently():
    assert disagreements(ROOT / "translations" / "en") == []


def test_two_files_that_disagree_are_named(tmp_path):
    for name, word in (("a.po", "Customer"), ("b.po", "Buyer")):
        (tmp_path / name).write_text(f'msgid ""\nmsgstr ""\n"Language: en\\n"\n\nmsgid "고객"\nmsgstr "{word}"\n')
    assert len(disagreements(tmp_path)) == 1
    assert english(tmp_path).ugettext("고객") == "Customer"


@pytest.mark.parametrize(
    ("headers", "cookie", "language"),
    [
        ({}, None, "ko"), ({"Accept-Language": "en-GB,en;q=0.9"}, None, "en"), ({"Accept-Language": "fr"}, None, "ko"),
        ({"Accept-Language": "en"}, "ko", "ko"), ({}, "en", "en"), ({}, "xx", "ko"),
    ],
)  # fmt: skip
def test_the_choice_comes_first_then_the_browser_then_korean(web, headers, cookie, language):
    if cookie:
        web.set_cookie("lang", cookie)
    page = web.get("/nowhere", headers=headers).text
    assert f'<html lang="{language}"' in page
    assert ("Not found" if language == "en" else "찾을 수 없습니다") in page


def choose(web, **fields):
    token = inspect(web.get("/dev/components").text).find("input", {"name": "csrf_token"})["value"]
    return web.post("/preferences", data={"csrf_token": token, "next": "/dev/components?layout=plain", **fields})


def test_brightness_is_written_by_the_server_and_can_be_left_to_the_system(web):
    assert choose(web, theme="dark").location == "/dev/components?layout=plain"
    assert '<html lang="ko" data-theme="dark">' in web.get("/dev/components").text
    choose(web, theme="")
    assert "data-theme" not in web.get("/dev/components").text
    choose(web, theme='"><script>')
    assert "data-theme" not in web.get("/dev/components").text


def test_language_is_kept_in_a_cookie_out_of_reach_of_scripts(web):
    cookie = choose(web, lang="en").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert '<html lang="en"' in web.get("/dev/components").text


def test_the_rail_shows_what_its_reader_may_open(world):
    register(world.app, NavEntry("staff.list_staff", "직원 목록", "users", Permission.MANAGE_STAFF, "run", order=1))
    register(world.app, NavEntry("nowhere.at_all", "없는 곳", "users", Permission.VIEW))
    owner, clerk = world.signed_in(Role.OWNER), world.signed_in(Role.CLERK)
    assert "직원 목록" in owner.get("/nowhere").text
    assert "직원 목록" not in clerk.get("/nowhere").text
    assert "없는 곳" not in owner.get("/nowhere").text


def test_a_count_stands_only_where_someone_must_act(world):
    waiting = [3]
    register(world.app, NavEntry("web.show_components", "부품실", "users", Permission.VIEW, count=lambda: waiting[0]))
    client = world.signed_in()

    def line():
        page = inspect(client.get("/dev/components").text)
        return page.find("a", href="/dev/components", attrs={"aria-current": "page"})

    assert line().find(class_="count").get_text(strip=True).startswith("3")
    waiting[0] = 0
    assert line().find(class_="count") is None


def test_a_banner_stands_above_every_page(world):
    banners.register(world.app, lambda: banners.Banner("bad", lazy_gettext("포트원에 닿지 않습니다.")))
    banners.register(world.app, lambda: None)
    page = inspect(world.signed_in().get("/dev/components").text)
    assert "포트원에 닿지 않습니다." in page.find(id="main").find(class_="alert").text


def test_a_test_merchant_sees_a_badge_on_every_page(web):
    for path in ("/dev/components", "/dev/components?layout=plain", "/nowhere"):
        assert inspect(web.get(path).text).find(class_="test-mode").get_text(strip=True) == "테스트"
