"""Promises about every URL: a permission is named, reading changes nothing, writing is a POST, names follow one form."""

import re
import sqlite3

import pytest

from merchant_admin.core.permissions import Permission
from merchant_admin.web.access import needs_of
from tests.support.furnish import furnish

READS = {"GET", "HEAD", "OPTIONS"}
OPEN_TO_ALL = {
    "static", "icons.show_sprite", "worker.healthz", "worker.readyz", "worker.metrics", "staff.show_sign_in", "staff.sign_in",
    "staff.sign_out", "registrations.come_back", "webhooks.receive",
    "pay_links.show_link", "pay_links.open_link", "pay_links.show_link_window", "pay_links.link_told", "pay_links.come_back",
    "register_links.show_link", "register_links.note_opened", "register_links.open_link", "register_links.show_link_window",
    "register_links.link_told", "register_links.come_back",
    "consent_links.show_link", "consent_links.give_answer",
    "web.set_preferences", "web.show_components",
}  # fmt: skip
WRITES = re.compile(
    r"\.(create|update|archive|restore|reveal|make|delete|end|sign_out|send|give|look|told|confirm|check|receive)"
)


def rules(app):
    return [rule for rule in app.url_map.iter_rules() if not rule.rule.startswith(("/assets", "/dev", "/static"))]


def test_every_view_names_a_permission_or_is_on_the_short_public_list(world):
    needs = needs_of(world.app)
    assert {name for name, needed in needs.items() if needed not in {*Permission, "public"}} == set()
    assert {name for name, needed in needs.items() if needed == "public"} == OPEN_TO_ALL


def test_what_changes_anything_is_a_post(world):
    for rule in rules(world.app):
        writes = rule.methods - READS
        assert writes <= {"POST"}, rule
        assert not (writes and "GET" in rule.methods), f"{rule} both reads and writes"
        if WRITES.search(rule.endpoint):
            assert "GET" not in rule.methods, rule


def test_ids_in_urls_are_typed_and_words_are_kebab_case(world):
    for rule in rules(world.app):
        for part in rule.rule.strip("/").split("/"):
            if part.startswith("<"):
                assert re.fullmatch(r"<(string|int|path)(\([^)]*\))?:[a-z_]+>", part), rule
            else:
                assert re.fullmatch(r"[a-z0-9-]*|[a-z0-9.<>:_-]+\.(svg|css|js|json|txt|xml)", part), rule


def rows_of(database):
    """Every row of every table but the ones that note that somebody was here, or came with a link nobody made."""
    with sqlite3.connect(database) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        kept = [name for name in names if name not in {"staff_sessions", "sign_in_tries", "alembic_version"}]
        return {name: connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in kept}


@pytest.fixture
def shop(world):
    return furnish(world)


def test_no_get_changes_anything_or_asks_portone_to(world, shop):
    client = world.signed_in()
    asked = len(world.sandbox.requests_log())
    for rule in rules(world.app):
        # Coming back from the window is a hint: it is written down, and PortOne is read.
        if "GET" not in rule.methods or rule.endpoint.endswith(".come_back"):
            continue
        before = rows_of(world.folder / "merchant.db")
        with world.app.test_request_context():
            url = world.app.url_for(rule.endpoint, **shop.words(rule))
        answer = client.get(url)
        assert answer.status_code < 500, f"{url}: {answer.status_code}"
        assert rows_of(world.folder / "merchant.db") == before, url
    later = world.sandbox.requests_log()[asked:]
    assert [line for line in later if line["method"] != "GET"] == []


def test_an_unknown_id_is_a_404_on_every_page(world, shop):
    client = world.signed_in()
    for rule in rules(world.app):
        if "GET" not in rule.methods or not rule.arguments or rule.endpoint == "static":
            continue
        with world.app.test_request_context():
            url = world.app.url_for(rule.endpoint, **dict.fromkeys(rule.arguments, "cus_nobody"))
        assert client.get(url, follow_redirects=True).status_code == 404, url
