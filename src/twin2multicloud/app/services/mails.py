"""Sending e-mail about alerts by the server that the settings name."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, Final

from twin2multicloud.app.services.webhooks import DeliveryError
from twin2multicloud.app.settings import Smtp

_TIMEOUT_S: Final = 10.0
_MOST_SUBJECT: Final = 150
_MOST_TOLD: Final = 200
"""Alerts that one message tells of; of more it says how many there are."""
_REASONS: Final = {"new": "new", "again": "came again", "escalated": "nobody looks after it", "test": "a test"}


def message(
    smtp: Smtp, to: Sequence[str], message_id: str, at: datetime, bodies: Sequence[dict[str, Any]], origin: str
) -> EmailMessage:
    """One message that tells of one or several notices, the oldest first."""
    mail = EmailMessage()
    mail["From"] = smtp.sender
    mail["To"] = ", ".join(to)
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{message_id}@{smtp.sender.partition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["Subject"] = _line(_subject(bodies))[:_MOST_SUBJECT]
    parts = [_text(body) for body in bodies[:_MOST_TOLD]]
    if len(bodies) > _MOST_TOLD:
        parts.append(f"… and {len(bodies) - _MOST_TOLD:,} more.")
    mail.set_content("\n\n".join([*parts, f"All alerts: {origin}/alerts"]) + "\n")
    return mail


def send(smtp: Smtp, mail: EmailMessage) -> None:
    """Hand a message over; `DeliveryError` if the server does not take it for every recipient."""
    if not smtp.host:
        raise DeliveryError("no server for e-mail is set; an operator of this server can set smtp.host")
    context = ssl.create_default_context()
    try:
        with _connection(smtp, context) as server:
            if smtp.security == "starttls":
                server.starttls(context=context)
            if smtp.username:
                server.login(smtp.username, smtp.password.get_secret_value())
            refused = server.send_message(mail)
    except smtplib.SMTPException as error:
        raise DeliveryError(f"{smtp.host} refuses it ({_words(error)})") from error
    except OSError as error:
        raise DeliveryError(f"{smtp.host}:{smtp.port} does not answer ({type(error).__name__})") from error
    if refused:
        raise DeliveryError(f"{smtp.host} does not take {', '.join(sorted(refused))}")


def _connection(smtp: Smtp, context: ssl.SSLContext) -> smtplib.SMTP:
    if smtp.security == "tls":
        return smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=_TIMEOUT_S, context=context)
    return smtplib.SMTP(smtp.host, smtp.port, timeout=_TIMEOUT_S)


def _words(error: smtplib.SMTPException) -> str:
    """Its code; what the server says may quote what was sent to it."""
    return str(error.smtp_code) if isinstance(error, smtplib.SMTPResponseException) else type(error).__name__


def _subject(bodies: Sequence[dict[str, Any]]) -> str:
    if len(bodies) == 1:
        alert = bodies[0]["alert"]
        where = " ".join(filter(None, (_whose(bodies[0]), alert["cloud"], alert["layer"])))
        return f"[{alert['severity']}] {where}: {alert['message']}"
    whose = sorted({_whose(body) for body in bodies})
    return f"{len(bodies):,} alerts of {', '.join(whose)}"


def _whose(body: dict[str, Any]) -> str:
    """The twin's name, or the workspace's."""
    return str(body["alert"]["twin_name"] or body["workspace"]["name"])


def _text(body: dict[str, Any]) -> str:
    alert = body["alert"]
    where = " ".join(filter(None, (alert["cloud"], alert["layer"]))) or alert["target"]
    times = "once" if alert["count"] == 1 else f"{alert['count']:,} times"
    return "\n".join(
        (
            f"{alert['severity']}: {_line(alert['message'])}",
            f"  {'twin  ' if alert['twin_name'] else 'of all'} {_whose(body)} ({where})",
            f"  kind   {alert['kind']}, {times}, {_REASONS[body['reason']]}",
            f"  since  {alert['first_at']}",
            f"  last   {alert['last_at']}",
        )
    )


def _line(text: str) -> str:
    """The same in one line: what programs write has line ends, and a header has none."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())
