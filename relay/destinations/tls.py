"""Private authorities and client certificates, from files that the configuration names."""

import ssl
import stat
from pathlib import Path

LIMIT = 1024 * 1024

_NO_CERTIFICATE = "holds no certificate: it must be PEM, with -----BEGIN CERTIFICATE-----"


class FileMistake(Exception):  # noqa: N818 - it is one of the configuration's mistakes
    """What is wrong with the file that `key` of the configuration names, and the way out."""

    def __init__(self, key: str, text: str) -> None:
        super().__init__(text)
        self.key = key


def client_context(
    *, ca_file: Path | None = None, cert_file: Path | None = None, key_file: Path | None = None
) -> ssl.SSLContext:
    """With `ca_file` its authorities alone are trusted, else the system's. Raises FileMistake."""
    if ca_file is not None:
        _read(ca_file, "ca_file")
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError:
        raise FileMistake("ca_file", _NO_CERTIFICATE) from None
    if cert_file is not None:
        _identify(context, cert_file, key_file)
    elif key_file is not None:
        raise FileMistake("key_file", "is the key of no certificate: set cert_file too")
    return context


def _identify(context: ssl.SSLContext, cert_file: Path, key_file: Path | None) -> None:
    if b"-----BEGIN CERTIFICATE-----" not in _read(cert_file, "cert_file"):
        raise FileMistake("cert_file", _NO_CERTIFICATE)
    if b"PRIVATE KEY-----" not in _read(key_file or cert_file, "key_file" if key_file else "cert_file"):
        way = "it must be PEM" if key_file else "name the file that holds it in key_file"
        raise FileMistake("key_file" if key_file else "cert_file", f"holds no private key: {way}")
    try:
        context.load_cert_chain(cert_file, key_file, password=_no_password)
    except _Locked:
        text = "is locked by a password: write the key without one, to a file that only relay can read"
        raise FileMistake("key_file" if key_file else "cert_file", text) from None
    except ssl.SSLError as error:
        raise FileMistake("key_file" if key_file else "cert_file", _refusal(error)) from None


def _refusal(error: ssl.SSLError) -> str:
    if error.reason == "KEY_VALUES_MISMATCH":
        return "is not the key of the certificate in cert_file: name the two that belong together"
    return f"can't be used ({error.reason or 'it is damaged'}): write certificate and key as PEM again"


class _Locked(Exception):  # noqa: N818 - says it
    pass


def _no_password() -> str:
    """Nobody is there to be asked."""
    raise _Locked


def _read(path: Path, key: str) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise FileMistake(key, "is no file: name a file in PEM")
        with path.open("rb") as file:
            content = file.read(LIMIT + 1)
    except OSError as error:
        way = "check its path (a relative one starts beside this file) and its owner"
        raise FileMistake(key, f"can't be read ({error.strerror}): {way}") from None
    if len(content) > LIMIT:
        raise FileMistake(key, "is larger than 1 MiB: name a file that holds the certificates alone")
    return content
