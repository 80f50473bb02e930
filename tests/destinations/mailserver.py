"""A real mail server on loopback, and what it may do wrong at any step."""

import asyncio
import base64
import ssl
import tempfile
from functools import cache
from pathlib import Path
from typing import ClassVar

import html5lib
import trustme
from http_receiver import UNTRUSTED, Failure, refusing_port
from smtp_session import Session, closing, dripping, endless, saying, silent, silent_in_tls

from relay.destinations import TYPES, Dialler
from relay.destinations.email import page as html_of

PASSWORD = "canary of the password"
USER = "relay user"
XHTML = "{http://www.w3.org/1999/xhtml}"


@cache
def authority():
    """The authority that the servers' certificates come from, and its file."""
    ca = trustme.CA()
    file = Path(tempfile.mkdtemp()) / "ca.pem"
    ca.cert_pem.write_to_path(file)
    return ca, file


@cache
def trusted():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority()[0].issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


def untrusted():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(UNTRUSTED)
    return context


def failing(step, answer, reason, **more):
    status = int(answer[:3]) if isinstance(answer, str) else None
    return Failure({step: answer}, reason, **{"status": status, **more})


class EmailReceiver:
    """`received` has the session of each connection, `mails` the recipients and content of what was taken."""

    secrets = (
        PASSWORD,
        base64.b64encode(PASSWORD.encode()).decode(),
        base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode(),
    )
    scheme = "smtp"
    carries = "name"
    took, thanked, thanks = 250, "thanks", {}
    failures: ClassVar = {
        "busy": failing("greeting", "421 busy", "refused to talk"),
        "blocked": failing("greeting", "554 go away", "refused to talk", fault="destination"),
        "not SMTP": failing("greeting", saying("HTTP/1.1 400 Bad Request", ""), "no proper SMTP answer"),
        "closed at once": failing("greeting", closing, "closed the connection without an answer"),
        "no EHLO": failing("EHLO", "502 what?", "refused to talk", fault="destination"),
        "no STARTTLS": failing(
            "EHLO", saying("250-mail.test", "250 HELP"), "offers no STARTTLS", fault="destination"
        ),
        "TLS not now": failing("STARTTLS", "454 later", "refused to talk"),
        "TLS broken off": failing("STARTTLS", saying("220 go", "220 no"), "TLS|closed the connection"),
        "wrong password": failing(
            "AUTH", "535 5.7.8 no", "user or password was refused", fault="destination"
        ),
        "too weak": failing("AUTH", "534 5.7.9 no", "user or password was refused", fault="destination"),
        "who knows": failing("AUTH", "454 4.7.0 later", "user or password was refused"),
        "the password comes back": failing(
            "AUTH",
            saying(f"535 not {PASSWORD}"),
            "user or password was refused",
            fault="destination",
            status=535,
        ),
        "login needed": failing("MAIL", "530 5.7.0 log in", "from was refused", fault="destination"),
        "sender unknown": failing("MAIL", "553 5.7.1 not yours", "from was refused", fault="destination"),
        "sender not now": failing("MAIL", "451 4.3.0 later", "from was refused"),
        "too large": failing("MAIL", "552 5.3.4 too large", "too large", permanent=True),
        "nobody here": failing("RCPT", "550 5.1.1 unknown", "refused for good: o.*550", permanent=True),
        "nobody now": failing("RCPT", "451 4.2.0 later", r"refused for now: o.*451"),
        "mailbox full": failing("RCPT", "552 5.2.2 full", "refused for now"),
        "no relaying": failing("RCPT", "554 5.7.1 relay denied", "refused for good", fault="destination"),
        "no more": failing("RCPT", "421 closing", "refused to talk"),
        "no data": failing("DATA", "451 later", "the message was refused"),
        "an odd answer": failing("DATA", "250 what?", "the message was refused"),
        "content not now": failing("content", "451 4.7.1 greylisted", "the message was refused"),
        "content never": failing("content", "554 5.6.0 no", "the message was refused", permanent=True),
        "content too large": failing("content", "552 too much", "too large", permanent=True),
        "closed at the end": failing("content", closing, "closed the connection without an answer"),
        "a broken answer": failing("content", saying("2x0 what"), "no proper SMTP answer"),
    }
    unreachable: ClassVar = {
        "refused": "could not connect",
        "unknown name": "the name can't be resolved",
        "not TLS": "could not connect",
        "untrusted certificate": "its certificate is not trusted",
    }
    slow: ClassVar = {
        "silent": {"greeting": silent},
        "silent at STARTTLS": {"STARTTLS": silent},
        "silent in TLS": {"STARTTLS": silent_in_tls},
        "silent at the end": {"content": silent},
        "dripping": {"greeting": dripping(b"220-")},
        "dripping its thanks": {"content": dripping(b"250-")},
    }
    floods: ClassVar = {}

    def __init__(self, _serve=None, _session=None, clock=None, *, scheme=None, tls=None, port=0):
        self.answer = {}
        self.received = []
        self.mails = []
        self.sessions = set()
        self.scheme = scheme or self.scheme
        self.port = port
        self._tls = tls or trusted()
        self._clock = clock
        self._made = []

    async def start(self):
        how = {
            "tls_context": self._tls if self.scheme == "smtp" else None,
            "auth_require_tls": self.scheme == "smtp",
            "auth_callback": lambda _way, user, word: (user, word) == (USER.encode(), PASSWORD.encode()),
        }
        self._server = await asyncio.get_running_loop().create_server(
            lambda: Session(self, **how),
            "127.0.0.1",
            self.port,
            ssl=self._tls if self.scheme == "smtps" else None,
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self):
        for made in self._made:
            await made.close()
        await self.fall()

    async def fall(self):
        """All connections end, and there are no new ones."""
        self._server.close()
        for session in list(self.sessions):
            session.transport.abort()
        async with asyncio.timeout(5):
            while self.sessions:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.005)

    async def handle_DATA(self, session, _session, envelope):  # noqa: N802 - aiosmtpd's name
        answer = self.answer.get("content")
        if callable(answer):
            await answer(session)
            await asyncio.Event().wait()
        if answer is None:
            self.mails.append((tuple(envelope.rcpt_tos), envelope.original_content))
        return answer or f"250 {self.thanked}"

    @property
    def connections(self):
        return len(self.sessions)

    @property
    def bodies(self):
        return [content for _, content in self.mails]

    def names_of_events(self):
        return list(map(heading, self.bodies))

    def destination(self, *, scheme=None, port=None, host="127.0.0.1", to=("oncall@example.com",), **more):
        table = {
            "type": "email",
            "server": f"{scheme or self.scheme}://relay%20user@{host}:{port or self.port}",
            "password": PASSWORD,
            "from": "relay@example.com",
            "to": list(to),
            "ca_file": str(authority()[1]),
            **more,
        }
        options = TYPES["email"].options.model_validate(table)
        made = TYPES["email"].make(options, dialler=Dialler(), clock=self._clock)
        self._made.append(made)
        return made

    async def astray(self, how):
        if how == "untrusted certificate":
            self._tls = untrusted()
            await self.fall()
            self.port = 0
            await self.start()
            return self.destination()
        with refusing_port() as port:
            pass
        places = {
            "refused": {"port": port},
            "unknown name": {"host": "no-such-host.invalid"},
            "not TLS": {"scheme": "smtps"},
        }
        return self.destination(**places[how])


class PlainEmailReceiver(EmailReceiver):
    """Without TLS, whose buffers are larger than what a flood may cost."""

    scheme = "smtp+plain"
    failures: ClassVar = {
        name: failure
        for name, failure in EmailReceiver.failures.items()
        if "STARTTLS" not in failure.answer and name != "no STARTTLS"
    } | {"no AUTH": failing("EHLO", saying("250-mail.test", "250 HELP"), "no password", fault="destination")}
    unreachable: ClassVar = {"refused": "could not connect"}
    slow: ClassVar = {"silent": {"greeting": silent}}
    floods: ClassVar = {
        "a greeting without end": {"greeting": endless(b"220 ", b"x" * 65536)},
        "lines without end": {"greeting": endless(b"", b"220-hello\r\n" * 999)},
        "extensions without end": {"EHLO": endless(b"", b"250-X\r\n" * 999)},
        "thanks without end": {"content": endless(b"250-", b"x" * 65536)},
        "lines of thanks without end": {"content": endless(b"", b"250-x\r\n" * 999)},
    }


class ImplicitTlsEmailReceiver(EmailReceiver):
    scheme = "smtps"
    failures: ClassVar = {"busy": EmailReceiver.failures["busy"]}
    unreachable: ClassVar = {
        name: EmailReceiver.unreachable[name] for name in ("refused", "untrusted certificate")
    }
    slow: ClassVar = {"silent": {"greeting": silent}, "silent at the end": {"content": silent}}


def parsed(content):
    from email import message_from_bytes, policy

    return message_from_bytes(content, policy=policy.default)


def page(content):
    """The HTML of a mail, read strictly."""
    return html5lib.HTMLParser(strict=True).parse(html_of(content))


def heading(content):
    return "".join(page(content).find(f".//{XHTML}h1").itertext())
