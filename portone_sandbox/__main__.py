"""`python -m portone_sandbox --port 9090`: the sandbox alone, for any project in any language."""

import argparse
import os
import sys
from collections.abc import Sequence

from portone_sandbox.app import create_sandbox
from portone_sandbox.config import SandboxConfig
from portone_sandbox.server import Server


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; the exit status."""
    asked = _parser().parse_args(arguments)
    app = create_sandbox(_config(asked))
    try:
        for text in asked.fault:
            app.extensions["portone_sandbox"].faults.plan_from_text(text)
    except ValueError as problem:
        sys.stderr.write(f"portone_sandbox: --fault {text}: {problem}\n")
        return 2
    try:
        server = Server(app, asked.host, asked.port)
    except OSError as problem:
        sys.stderr.write(f"portone_sandbox: can't listen on {asked.host}:{asked.port}: {problem.strerror}\n")
        return 1
    sys.stdout.write(f"PortOne sandbox: {server.url}  (API, /v1/iamport.js; look inside at {server.url}/inspector)\n")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    finally:
        server.server_close()
        app.extensions["portone_sandbox"].close()
    return 0


def _config(asked: argparse.Namespace) -> SandboxConfig:
    return SandboxConfig(
        database=asked.db,
        imp_code=asked.imp_code,
        imp_key=asked.imp_key,
        imp_secret=asked.imp_secret,
        webhook_url=asked.webhook_url,
        webhook_format=asked.webhook_format,
        webhook_retries=asked.webhook_retries,
        nightly_reversal=asked.nightly_reversal,
        unknown_customer_status=asked.unknown_customer_status,
        name_required=asked.name_required,
        sandbox_flag=not asked.live,
    )


def _parser() -> argparse.ArgumentParser:
    usual = SandboxConfig()
    parser = argparse.ArgumentParser("portone_sandbox", description="A PortOne V1 for development and tests.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=9090)
    parser.add_argument("--db", default=usual.database, metavar="FILE", help="SQLite file to keep everything in")
    parser.add_argument("--imp-code", default=usual.imp_code, help="merchant code for IMP.init")
    parser.add_argument("--imp-key", default=usual.imp_key, help="REST API key")
    parser.add_argument("--imp-secret", default=os.environ.get("SANDBOX_IMP_SECRET", usual.imp_secret))
    parser.add_argument("--webhook-url", help="where webhooks go; none are sent without it")
    parser.add_argument("--webhook-format", choices=("json", "form"), default=usual.webhook_format)
    parser.add_argument("--webhook-retries", action="store_true", help="send up to five more times after a failure")
    parser.add_argument("--nightly-reversal", action="store_true", help="take JTNET test payments back every night")
    parser.add_argument("--unknown-customer-status", type=int, choices=(404, 200), default=404)
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="PLAN",
        help="such as kind=late,path=/payments/*,nth=2,seconds=3",
    )
    parser.add_argument("--name-required", action="store_true", help="refuse charges without an order name")
    parser.add_argument("--live", action="store_true", help="say sandbox=false, as a live channel does")
    return parser


if __name__ == "__main__":
    sys.exit(main())
