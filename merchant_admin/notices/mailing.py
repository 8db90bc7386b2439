"""Handing e-mails to a mail server. The answer to the last dot decides: without one, nobody knows.

Everything before the message's text is certainly not a sending; a line that breaks after it may be one.
"""

import smtplib
import ssl
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from merchant_admin.core.outgoing import MailServer, Security, is_address
from merchant_admin.notices.sending import Delivery, Parcel
from merchant_admin.notices.states import Answer

TIMEOUT_SECONDS = 20.0
_DONE, _CLOSING, _PERMANENT = 250, 421, 500


class _HungUp(Exception):
    """The line went before anything of the mail was said, or the server ended it: certainly not sent."""


class MailSender:
    """One connection for the mails of a round, opened with the first; `close` it when the round is over.

    A line that was dropped between two mails is made anew, once for each mail.
    """

    def __init__(self, server: MailServer, shop: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._server = server
        self._shop = shop
        self._timeout = timeout_seconds
        self._line: smtplib.SMTP | None = None

    def send(self, parcel: Parcel) -> Delivery:
        """Sent, refused, or unknown. Source for the codes: RFC 5321, 4.2.1 (5yz: do not repeat; 4yz: later)."""
        try:
            message = self.message(parcel).as_bytes(policy=SMTP)
        except (ValueError, MessageError) as wrong:
            return Delivery(Answer.REFUSED, type(wrong).__name__)
        try:
            try:
                return self._hand_in(self._ready(), parcel.address, message)
            except _HungUp:
                return self._hand_in(self._ready(), parcel.address, message)
        except smtplib.SMTPResponseException as refusal:  # greeting, EHLO, sign-in
            self._drop()
            return Delivery(Answer.NOT_NOW, _said(refusal.smtp_code, refusal.smtp_error))
        except (_HungUp, smtplib.SMTPException, OSError) as wrong:
            self._drop()
            return Delivery(Answer.NOT_NOW, type(wrong.__cause__ or wrong).__name__)

    def close(self) -> None:
        """Take leave of the server. The answers are known by now; one that is gone already changes nothing."""
        line, self._line = self._line, None
        if line is not None:
            try:
                line.quit()
            except (smtplib.SMTPException, OSError):
                line.close()

    def message(self, parcel: Parcel) -> EmailMessage:
        """The mail as it goes out. Raises ValueError for an address or a subject that can't stand in a header."""
        if not is_address(parcel.address):
            raise ValueError("address")
        made = EmailMessage(policy=SMTP)
        domain = self._server.sender.partition("@")[2]
        made["From"] = Address(self._shop, addr_spec=self._server.sender)
        made["To"] = Address(addr_spec=parcel.address)
        made["Subject"] = parcel.subject
        made["Message-ID"] = f"<{parcel.notice_id}.{parcel.number}@{domain}>"
        made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers, please
        made.set_content(parcel.body, cte="base64")
        return made

    def _ready(self) -> smtplib.SMTP:
        """The open line, with nothing of an earlier mail left on it; a new one where there is none or it is dead."""
        if self._line is not None:
            try:
                if self._line.rset()[0] == _DONE:
                    return self._line
            except (smtplib.SMTPException, OSError):
                pass
            self._drop()
        self._line = self._connected()
        return self._line

    def _drop(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _hand_in(self, line: smtplib.SMTP, address: str, message: bytes) -> Delivery:
        for say, whom in ((line.mail, self._server.sender), (line.rcpt, address)):
            try:
                code, said = say(whom)
            except (smtplib.SMTPException, OSError) as gone:
                self._drop()
                raise _HungUp from gone
            if code == _CLOSING:
                self._drop()
                raise _HungUp from smtplib.SMTPServerDisconnected()
            if code not in {_DONE, 251}:
                return Delivery(Answer.REFUSED if code >= _PERMANENT else Answer.NOT_NOW, _said(code, said))
        try:
            code, said = line.data(message)
        except smtplib.SMTPDataError as refusal:  # not even the text was asked for
            code, said = refusal.smtp_code, _bytes(refusal.smtp_error)
        except (smtplib.SMTPException, OSError) as silence:
            self._drop()
            return Delivery(Answer.UNKNOWN, type(silence).__name__)
        if code == _DONE:
            return Delivery(Answer.SENT, _said(code, said))
        return Delivery(Answer.REFUSED if code >= _PERMANENT else Answer.NOT_NOW, _said(code, said))

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        trust = ssl.create_default_context(cafile=server.ca_file)
        trust.minimum_version = ssl.TLSVersion.TLSv1_2
        us = server.sender.partition("@")[2]  # smtplib would ask the name service for our own name
        if server.security is Security.TLS:
            line: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, us, timeout=self._timeout, context=trust)
        else:
            line = smtplib.SMTP(server.host, server.port, us, timeout=self._timeout)
        try:
            if server.security is Security.STARTTLS:
                line.starttls(context=trust)  # raises where the server has none: nothing is said in the clear
            line.ehlo_or_helo_if_needed()
            if server.user:
                line.login(server.user, server.password)
        except BaseException:
            line.close()
            raise
        return line


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(text.split())}"


def _bytes(words: bytes | str) -> bytes:
    return words if isinstance(words, bytes) else words.encode()
