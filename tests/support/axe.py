"""What axe finds on the page that is open. Its script is put in once per page; a second look is cheap."""

import json

from axe_playwright_python.base import AXE_SCRIPT

_OPTIONS = json.dumps({"resultTypes": ["violations"], "preload": False})
_RUN = f"""axe.run({_OPTIONS}).then(result => result.violations.map(
  one => `${{one.id}} ${{one.nodes[0].html.slice(0, 160)}} ${{one.nodes[0].any[0]?.message ?? ""}}`))"""


def violations(page):
    """One line for each rule that the page breaks, once it is loaded."""
    page.wait_for_load_state()
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    return page.evaluate(_RUN)
