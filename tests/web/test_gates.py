"""CSRF and content policy: who may post, and what a page may load."""

import re

import pytest

from merchant_admin.core.settings import PORTONE_SDK
from merchant_admin.web.headers import content_policy
from tests.support.world import settings_for

LIVE = {
    "PORTONE_MODE": "live", "PORTONE_IMP_CODE": "imp1", "PORTONE_IMP_KEY": "k", "PORTONE_IMP_SECRET": "s",
    "PORTONE_MID_CERTIFIED": "a", "PORTONE_MID_BILLING": "b", "PORTONE_MID_KEY_IN": "c",
    "BASE_URL": "https://shop.example", "MERCHANT_NAME": "상점",
}  # fmt: skip


def token_of(client):
    return re.search(r'name="csrf_token" value="([^"]+)"', client.get("/dev/components").text)[1]


def post(client, token, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/preferences", data={"csrf_token": token, "theme": "dark"}, headers=names).status_code


def test_a_form_of_ours_is_taken(web):
    token = token_of(web)
    assert post(web, token) == 303
    assert post(web, token, Sec_Fetch_Site="same-origin", Origin="null") == 303
    assert post(web, token, Origin="http://localhost") == 303


def test_no_token_or_another_sessions_token_is_refused(web, world):
    assert post(web, "") == 400
    assert post(web, token_of(world.client())) == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}, {"Origin": "https://evil.example"},
        {"Origin": "null"}, {"Origin": "http://localhost.evil.example"},
        {"Sec_Fetch_Site": "same-origin", "Origin": "https://evil.example"},
    ],
)  # fmt: skip
def test_another_sites_form_is_refused_with_the_right_token(web, headers):
    assert post(web, token_of(web), **headers) == 403


def test_a_refused_form_changes_nothing(web):
    post(web, "")
    assert "data-theme" not in web.get("/dev/components").text


def test_the_policy_names_files_and_never_a_host(tmp_path):
    policy = content_policy(settings_for(tmp_path))
    assert "unsafe" not in policy
    assert "https://cdn.jsdelivr.net/npm/htmx.org@4.0.1/dist/htmx.min.js" in policy
    assert not re.search(r"https://[^/; ]+(?=[; ]|$)", policy)
    assert "*" not in policy


def test_local_files_need_no_other_host(tmp_path):
    assert "https:" not in content_policy(settings_for(tmp_path, ASSETS="local"))


def test_no_webfont_no_font_source(tmp_path):
    assert "pretendard" not in content_policy(settings_for(tmp_path, UI_WEBFONT="off"))


def test_the_sandboxs_window_needs_only_our_own_origin(tmp_path):
    policy = content_policy(settings_for(tmp_path, UI_WEBFONT="off"), for_card_window=True)
    assert "frame-src 'self'" in policy
    assert "https:" not in policy


def test_the_live_window_adds_portones_file_and_no_inline_code(tmp_path):
    policy = content_policy(settings_for(tmp_path, **LIVE), for_card_window=True)
    scripts = re.search(r"script-src ([^;]*)", policy)[1]
    assert scripts == f"'self' {PORTONE_SDK}"
    assert "unsafe" not in policy


def test_an_encrypted_site_stays_encrypted(world):
    assert "Strict-Transport-Security" not in world.client().get("/dev/components").headers


def test_our_files_are_kept_for_ever_under_their_hash_only(web):
    address = re.search(r'href="(/static/css/app\.css\?v=\w+)"', web.get("/dev/components").text)[1]
    for url, is_kept in (
        (address, True),
        ("/static/css/app.css", False),
        ("/static/css/app.css?v=000000000000", False),
    ):
        with web.get(url) as answer:
            assert ("immutable" in answer.headers["Cache-Control"]) is is_kept
