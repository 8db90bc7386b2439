"""Files of others: what we name is what the pinned packages hold."""

import base64
import hashlib
import json
import os
import re
import shutil

import pytest

from merchant_admin.web.assets import ASSETS, vendor
from merchant_admin.web.icons import NAMES, sprite, sprite_hash
from tests.support.world import ROOT, World

PACKAGES = ROOT / "node_modules"
needs_packages = pytest.mark.skipif(
    not PACKAGES.exists() and os.environ.get("CI") != "true", reason="npm ci --ignore-scripts brings node_modules"
)


@needs_packages
@pytest.mark.parametrize("name", sorted(ASSETS))
def test_the_integrity_hash_is_that_of_the_package(name):
    asset = ASSETS[name]
    digest = hashlib.sha384((PACKAGES / asset.package / asset.path).read_bytes()).digest()
    assert asset.integrity == f"sha384-{base64.b64encode(digest).decode()}"


@pytest.mark.parametrize("name", sorted(ASSETS))
def test_the_version_is_the_one_that_package_lock_pins(name):
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    asset = ASSETS[name]
    assert locked[f"node_modules/{asset.package}"]["version"] == asset.version
    assert locked[f"node_modules/{asset.package}"]["integrity"].startswith("sha512-")


@needs_packages
def test_vendor_copies_the_listed_files_and_nothing_else(tmp_path):
    for asset in ASSETS.values():
        for part in filter(None, (asset.path, asset.folder)):
            source, target = PACKAGES / asset.package / part, tmp_path / "node_modules" / asset.package / part
            copy = shutil.copytree if source.is_dir() else shutil.copy
            target.parent.mkdir(parents=True, exist_ok=True)
            copy(source, target)
    assert vendor(tmp_path) == 2 + 92
    assert (tmp_path / "static/vendor/htmx.org@4.0.1/dist/htmx.min.js").is_file()


def test_local_files_keep_their_integrity(empty_database, tmp_path):
    with World(tmp_path, template=empty_database, ASSETS="local") as world:
        page = world.client().get("/dev/components").text
    assert 'src="/static/vendor/htmx.org@4.0.1/dist/htmx.min.js" integrity="sha384-' in page
    assert "jsdelivr" not in page


def test_every_icon_is_drawn(web):
    drawn = re.findall(r'<symbol id="([a-z0-9-]+)"', sprite())
    assert sorted(drawn) == sorted(NAMES)
    answer = web.get(f"/assets/icons.{sprite_hash()}.svg")
    assert answer.mimetype == "image/svg+xml"
    assert "immutable" in answer.headers["Cache-Control"]


def test_an_old_sprite_address_is_not_found(web):
    assert web.get("/assets/icons.000000000000.svg").status_code == 404


def test_a_page_asks_for_little(web):
    import gzip

    page = web.get("/dev/components").data
    sizes = {name: len(gzip.compress((ROOT / "static" / name).read_bytes())) for name in ("css/app.css", "js/app.js")}
    assert sizes["css/app.css"] <= 9 * 1024
    assert sizes["js/app.js"] <= 6 * 1024
    assert len(gzip.compress(sprite().encode())) <= 4 * 1024 + 512
    assert len(gzip.compress(page)) <= 12 * 1024
