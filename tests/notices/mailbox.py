"""A real mail server for these tests: TLS and sign-in as a provider has them, and the ways in which one goes wrong."""

import ssl
from email import message_from_bytes
from email.policy import default
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

CERTIFICATE = Path(__file__).with_name("localhost.pem")
USER, PASSWORD = "shop", "mail-secret"


class Mailbox:
    """What was taken, and what shall go wrong: `on_rcpt` and `on_data` are answers, "hang up" breaks the line.

    `on_rset` "hang up" breaks the line once, between two mails; `on_mail` is said once. `greeted` counts lines.
    """

    def __init__(self):
        self.empty()

    def empty(self):
        """As new: nothing was taken, and nothing shall go wrong."""
        self.taken, self.encrypted, self.greeted = [], [], 0
        self.on_rcpt = self.on_data = self.on_mail = self.on_rset = None

    async def handle_MAIL(self, _server, _session, envelope, address, _options):  # noqa: N802
        if self.on_mail:
            said, self.on_mail = self.on_mail, None
            return said
        envelope.mail_from = address
        return "250 ok"

    async def handle_RSET(self, server, _session, _envelope):  # noqa: N802
        if self.on_rset == "hang up":
            self.on_rset = None
            server.transport.abort()
        return "250 ok"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - the server's name for it
        said = self.on_rcpt() if callable(self.on_rcpt) else self.on_rcpt
        if said:
            return said
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.on_data and not self.on_data.startswith("hang up"):
            return self.on_data
        self.encrypted.append(session.ssl is not None)
        self.taken.append(message_from_bytes(envelope.content, policy=default))
        if self.on_data:  # taken, and nobody hears of it
            self.on_data = None if self.on_data == "hang up once" else self.on_data
            server.transport.abort()
        return "250 queued"


class _Server(Controller):
    """Asks for STARTTLS and for a sign-in, like a provider's port 587; or for nothing, like one on the same machine."""

    def __init__(self, mailbox, *, plain):
        self.plain = plain
        super().__init__(mailbox, hostname="127.0.0.1", port=0, ready_timeout=60)

    def factory(self):
        self.handler.greeted += 1
        if self.plain:
            return SMTP(self.handler, hostname="mail.test", enable_SMTPUTF8=False)
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trust.load_cert_chain(CERTIFICATE)
        return SMTP(
            self.handler, hostname="mail.test", enable_SMTPUTF8=False, tls_context=trust, require_starttls=True,
            auth_required=True, authenticator=_signs_in,
        )  # fmt: skip

    def _trigger_server(self):
        """Port 0 means "any": what was given must be read before the controller knocks at it."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def _signs_in(_server, _session, _envelope, _mechanism, data):
    return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()))


class MailServer:
    """`with MailServer() as server:` `server.env` are the settings that reach it."""

    def __init__(self, *, plain=False):
        self.box = Mailbox()
        self._plain, self._controller = plain, _Server(self.box, plain=plain)

    def __enter__(self):
        self._controller.start()
        words = {"SMTP_HOST": "localhost", "SMTP_PORT": str(self._controller.port), "SMTP_FROM": "hello@shop.example"}
        secure = {"SMTP_USER": USER, "SMTP_PASSWORD": PASSWORD, "SMTP_CA_FILE": str(CERTIFICATE)}
        self.env = words | ({"SMTP_SECURITY": "none"} if self._plain else secure)
        return self

    def __exit__(self, *_):
        self._controller.stop()
