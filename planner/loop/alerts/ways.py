"""Sending one message by one way; each has a time limit, and none shows a secret."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import smtplib
import ssl
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

from planner.campaign import Secret
from planner.campaign.alerts import AnyWay, CommandWay, MailWay, WebhookWay, check_hook
from planner.campaign.secret import MASK, read_secret, where_it_is
from planner.errors import InputError, NotSent
from planner.loop.alerts.finding import Alert

LIMIT_S = 10.0
_OURS = "PLANNER_"  # variables with this beginning hold a token and the ledger's password
_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_SHOWN = 200  # characters of what a program complained


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent: one alert, or several of a kind that are joined.

    Args:
        way: the name of the way, in the campaign file.
        alerts: at least one, all of one kind.
        is_test: whether it is only sent to see whether it arrives.
    """

    campaign: str
    way: str
    alerts: Sequence[Alert]
    sent_at: datetime
    is_test: bool = False

    @property
    def delivery(self) -> str:
        """The same for the same message sent again, so that a receiver can drop the repeat."""
        names = "\n".join((self.campaign, self.way, *(each.name for each in self.alerts)))
        return hashlib.sha256(names.encode()).hexdigest()[:32]

    @property
    def subject(self) -> str:
        """A line for a person."""
        if self.is_test:
            return f"[planner] {self.campaign}: test"
        first, n = self.alerts[0], len(self.alerts)
        what = f"{n} times {first.about}" if n > 1 else first.about
        which = f", trial {first.trial}" if n == 1 and first.trial is not None else ""
        return f"[planner] {self.campaign}: {what}{which}"

    @property
    def text(self) -> str:
        """All of it, for a person."""
        return "\n".join(each.text for each in self.alerts)

    def as_json(self) -> str:
        """The same for a program."""
        content = {
            "campaign": self.campaign,
            "about": "test" if self.is_test else self.alerts[0].about,
            "subject": self.subject,
            "text": self.text,
            "alerts": [{**asdict(each), "at": each.at.isoformat()} for each in self.alerts],
            "delivery": self.delivery,
            "sent_at": self.sent_at.isoformat(),
            "test": self.is_test,
        }
        return json.dumps(content)


def send(way: AnyWay, message: Message, *, folder: Path) -> None:
    """Sends a message by a way, within its time limit.

    Args:
        way: as the campaign file has it.
        message: what to send.
        folder: of the campaign file, where relative paths start.

    Raises:
        NotSent: it was not taken, and why.
    """
    try:
        match way:
            case CommandWay():
                _run(way, message, folder=folder)
            case WebhookWay():
                _post(way, message, folder=folder)
            case MailWay():
                _mail(way, message, folder=folder)
    except InputError as error:  # a secret or a certificate that is not there
        raise NotSent(str(error)) from error
    except NotSent:
        raise
    except Exception as error:  # a library's surprise keeps no other way from being served
        # what it says may hold an address that is a secret
        raise NotSent(f"It cannot be sent as the file has it ({type(error).__name__}).") from error


def _run(way: CommandWay, message: Message, *, folder: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    program = way.run[0]
    try:
        ended = subprocess.run(
            way.run,
            input=message.as_json().encode(),
            capture_output=True,
            timeout=LIMIT_S,
            cwd=folder,
            env=kept,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotSent(f"The program {program!r} took longer than {LIMIT_S:g} s.") from error
    except OSError as error:
        raise NotSent(f"The program {program!r} cannot be started: {error.strerror}.") from error
    if ended.returncode != 0:
        said = ended.stderr.decode(errors="replace").strip()[-_SHOWN:]
        raise NotSent(
            f"The program {program!r} ended with {ended.returncode}{f': {said}' if said else ''}."
        )


def _post(way: WebhookWay, message: Message, *, folder: Path) -> None:
    import httpx  # only who sends this way waits for it

    body = message.as_json().encode()
    at = f"{message.sent_at.timestamp():.0f}"
    headers = {
        "Content-Type": "application/json",
        "X-Planner-Delivery": message.delivery,
        "X-Planner-Timestamp": at,
    }
    if way.secret is not None:
        key = _read(way.secret, f"the secret of {message.way!r}", folder)
        signed = hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256)
        headers["X-Planner-Signature"] = f"sha256={signed.hexdigest()}"
    url, where = _address(way, message, folder)
    try:
        with httpx.Client(verify=_trust(way.ca, folder), timeout=LIMIT_S) as client:
            answer = client.post(url, content=body, headers=headers)
    except httpx.HTTPError as error:
        why = str(error) or type(error).__name__
        if isinstance(way.url, Secret):
            why = _masked(why, url)
        raise NotSent(f"{where} did not answer: {why}.") from error
    if not answer.is_success:
        raise NotSent(f"{where} did not take it: HTTP {answer.status_code}.")


def _address(way: WebhookWay, message: Message, folder: Path) -> tuple[str, str]:
    """Returns where it is sent, and what may be said of that; a path is often a secret itself.

    Raises:
        InputError: the address is a secret, and is not there or no address.
    """
    if isinstance(way.url, str):
        return way.url, urlsplit(way.url).netloc
    what = f"the address of {message.way!r}"
    url = _read(way.url, what, folder)
    try:
        check_hook(url, insecure=way.insecure)
    except ValueError as error:
        raise InputError(
            f"What is read {where_it_is(way.url)} cannot be {what}: it {error}."
        ) from error
    return url, f"The address {where_it_is(way.url)}"


def _masked(text: str, url: str) -> str:
    """Returns a complaint without the address that it is about, or any part of it."""
    parts = urlsplit(url)
    secrets = (url, parts.netloc, parts.hostname or "", parts.path.strip("/"), parts.query)
    for each in filter(None, secrets):
        text = text.replace(each, MASK)
    return text


def _mail(way: MailWay, message: Message, *, folder: Path) -> None:
    mail = EmailMessage()
    mail["Subject"] = message.subject
    mail["From"] = way.sender
    mail["To"] = ", ".join(way.to)
    mail["Date"] = message.sent_at
    mail["Message-ID"] = f"<{message.delivery}@{way.sender.rpartition('@')[2]}>"
    mail.set_content(message.text + "\n")
    trust = _trust(way.ca, folder)
    port = way.port or _PORTS[way.security]
    try:
        with _server(way, port, trust) as server:
            if way.security == "starttls":
                server.starttls(context=trust)
            if way.user is not None and way.password is not None:
                password = _read(way.password, f"the password of {message.way!r}", folder)
                server.login(way.user, password)
            server.send_message(mail)
    except smtplib.SMTPResponseException as error:
        raise NotSent(
            f"The mail server {way.host}:{port} refused it: {error.smtp_code} "
            f"({type(error).__name__})."
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        why = str(error).strip() or type(error).__name__
        raise NotSent(f"The mail server {way.host}:{port} did not take it: {why}.") from error


def _server(way: MailWay, port: int, trust: ssl.SSLContext) -> smtplib.SMTP:
    if way.security == "tls":
        return smtplib.SMTP_SSL(way.host, port, timeout=LIMIT_S, context=trust)
    return smtplib.SMTP(way.host, port, timeout=LIMIT_S)


def _read(secret: Secret, what: str, folder: Path) -> str:
    return read_secret(secret, what=what, folder=folder).get_secret_value()


def _trust(ca: str | None, folder: Path) -> ssl.SSLContext:
    if ca is None:
        return ssl.create_default_context()
    path = folder / ca
    try:
        return ssl.create_default_context(cafile=str(path))
    except (OSError, ssl.SSLError) as error:
        raise InputError(
            f"The authority's certificate {path} cannot be read. Give a PEM file, which begins "
            f"with BEGIN CERTIFICATE."
        ) from error
