"""A small merchant's site with a strict content policy, for a browser to shop at."""

import json
from pathlib import Path

from flask import Flask, make_response, request
from markupsafe import Markup
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from portone_sandbox import SandboxConfig, create_sandbox
from portone_sandbox.server import Server

SCRIPT = Path(__file__).with_name("shop.js")
PAGE = Markup("""<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>가게</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<script src="{sdk}" defer></script><script src="/shop.js" defer></script></head>
<body data-order="{order}"><main><h1>가게</h1><button type="button">카드 등록</button><output id="told"></output></main></body></html>""")

RETURNED = Markup("""<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>돌아왔습니다</title></head>
<body><main><h1>돌아왔습니다</h1><p id="told">{}</p></main></body></html>""")


class Shop:
    """The shop and its sandbox, each on a port of its own, or the sandbox under the shop's `/sandbox`."""

    def __init__(self, *, embedded=False, **config):
        self.sandbox_app = create_sandbox(SandboxConfig(**{"public_prefix": "/sandbox" if embedded else "", **config}))
        self.sandbox = self.sandbox_app.extensions["portone_sandbox"]
        self.order = {}
        self._servers = []
        shop = self._app()
        if embedded:
            shop.wsgi_app = DispatcherMiddleware(shop.wsgi_app, {"/sandbox": self.sandbox_app})
            self.sandbox_url, self.sdk = "", "/sandbox/v1/iamport.js"
        else:
            self.sandbox_url = self._serve(self.sandbox_app)
            self.sdk = f"{self.sandbox_url}/v1/iamport.js"
        self.url = self._serve(shop)

    def close(self):
        for server in self._servers:
            server.__exit__(None, None, None)
        self.sandbox.close()

    def _app(self):
        app = Flask("shop")

        @app.get("/")
        def front():
            answer = make_response(PAGE.format(sdk=self.sdk, order=json.dumps(self.order)))
            sandbox = self.sandbox_url or "'self'"
            answer.headers["Content-Security-Policy"] = (
                f"default-src 'none'; script-src 'self' {sandbox}; frame-src {sandbox}; base-uri 'none'; form-action 'self'"
            )
            return answer

        @app.get("/shop.js")
        def script():
            return SCRIPT.read_text(), {"Content-Type": "text/javascript"}

        @app.get("/return")
        def back():
            return RETURNED.format(request.query_string.decode())

        return app

    def _serve(self, app):
        self._servers.append(Server(app))
        return self._servers[-1].__enter__().url
