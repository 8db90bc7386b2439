"""What a page asks by itself says so, or a forgotten screen would stay signed in."""

import re

from tests.support.world import ROOT

BY_ITSELF = re.compile(r"every \d|load delay")


def test_every_page_that_asks_by_itself_says_so():
    silent = [
        f"{template.relative_to(ROOT)}: {tag[:120]}"
        for template in (ROOT / "templates").rglob("*.html")
        for tag in re.findall(r"<\w[^<]*hx-trigger=[^<]*>", template.read_text())
        if BY_ITSELF.search(tag) and "poll=1" not in tag
    ]
    assert silent == []
