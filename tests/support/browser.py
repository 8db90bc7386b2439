"""A real Chromium for journeys: CDN files come from node_modules, nothing else leaves, and every complaint is kept."""

import json
import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

expect.set_options(timeout=15_000)  # a busy machine is no failure
NODE_MODULES = Path(__file__).resolve().parents[2] / "node_modules"
CDN = re.compile(r"^https://cdn\.jsdelivr\.net/npm/((?:@[^/]+/)?[^@/]+)@([^/]+)/([^?#]+)")
OUTSIDE = re.compile(r"^(?!https?://(127\.0\.0\.1|localhost)[:/])(?!data:|blob:|about:)")
TYPES = {".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2"}
WATCH = """
document.addEventListener("securitypolicyviolation",
  event => console.error("policy: " + event.violatedDirective + " blocked " + event.blockedURI));
"""


class Complaints(list):
    """What the browser complained about, in its words. A journey ends with none."""

    def watch(self, page):
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._failed(str(error), page.url))

    def _failed(self, error, url):
        # Said when a page is left before it was painted, as only a machine does: the animation is skipped.
        if "ViewTransition" not in error:
            self.append(f"page error: {error} ({url})")

    def _heard(self, message):
        # A 4xx answer that the test asked for is no fault of the page; the browser logs it all the same.
        if message.type == "error" and not re.search(r"status of 4\d\d", message.text):
            self.append(f"console: {message.text} ({message.location.get('url', '')})")

    def expect_none(self):
        found, self[:] = list(self), []
        assert not found, "\n".join(found)


def serve_cdn(context, complaints):
    """Answer the CDN's addresses from node_modules, so that integrity is really checked; abort everything else."""

    def answer(route):
        file = file_behind(route.request.url)
        if file is None:
            complaints.append(f"asked outside: {route.request.url}")
            route.abort()
            return
        route.fulfill(
            body=file.read_bytes(),
            content_type=TYPES.get(file.suffix, "application/octet-stream"),
            headers={"access-control-allow-origin": "*"},
        )

    context.route(OUTSIDE, answer)


def file_behind(url):
    """The file of node_modules that stands for an address of the CDN; None for any other package, version or place."""
    match = CDN.match(url)
    file = NODE_MODULES / match[1] / match[3] if match else None
    if file is None or not file.is_file():
        return None
    version = json.loads((NODE_MODULES / match[1] / "package.json").read_text())["version"]
    return file if version == match[2] else None


def chromium():
    """The path of the machine's Chromium, or None."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {
        **browser_type_launch_args,
        "executable_path": chromium(),
        "args": ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"],
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    return {**browser_context_args, "locale": "ko-KR", "timezone_id": "Asia/Seoul"}


@pytest.fixture
def complaints():
    return Complaints()


@pytest.fixture
def open_page(browser, browser_context_args, complaints):
    """Opens pages in browsers of their own: `open_page(base_url, viewport=..., java_script_enabled=...)`."""
    contexts = []

    def open_one(base_url, **options):
        context = browser.new_context(**{**browser_context_args, "base_url": base_url, **options})
        contexts.append(context)
        context.set_default_timeout(30_000)
        context.add_init_script(WATCH)
        serve_cdn(context, complaints)
        context.on("page", complaints.watch)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()
