import pytest


@pytest.mark.parametrize("address", ["/v1/iamport.js", "/js/iamport.payment-1.2.0.js", "/js/iamport.payment-1.1.8.js"])
def test_the_script_stands_where_pages_look_for_it(sandbox, address):
    answer = sandbox.app.test_client().get(address)
    assert answer.status_code == 200
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Cache-Control"] == "no-cache"


def test_the_script_needs_nothing_that_a_strict_policy_forbids(sandbox):
    script = sandbox.app.test_client().get("/v1/iamport.js").text
    assert not [
        word
        for word in (
            "eval(",
            "new Function",
            "innerHTML",
            'setAttribute("style"',
            "cssText",
            "document.write",
            "<style",
        )
        if word in script
    ]
