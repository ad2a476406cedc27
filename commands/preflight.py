"""Questions asked before anything is installed, written or started; none leaves a trace. Standard library only."""

import contextlib
import errno
import ipaddress
import os
import socket
import ssl
import tempfile
from pathlib import Path

from commands.problems import (
    AddressElsewhere,
    CertificateAlone,
    CertificateKeyMismatch,
    CertificateTwice,
    FileUnreadable,
    KeyHasPassword,
    NoCertificateInside,
    NoKeyInside,
    PortForbidden,
    PortTaken,
)
from db.errors import FolderReadOnly


def check_folder(folder: Path) -> None:
    """Make sure that a folder can be written to, or be made.

    Permission bits lie for an administrator and on network drives, so a nameless file is really written.

    Raises:
        FolderReadOnly: it cannot.
    """
    nearest = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
    try:
        with tempfile.TemporaryFile(dir=nearest) as probe:
            probe.write(b"x")
    except OSError as error:
        raise FolderReadOnly(nearest) from error


def check_port(address: str, port: int) -> None:
    """Make sure that the server will be able to listen there.

    Raises:
        PortTaken, PortForbidden, AddressElsewhere: it will not.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise AddressElsewhere(address) from error
    with socket.socket(family, kind, protocol) as probe:
        if os.name != "nt":  # as the server does it: on Windows this would let two listen on one port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(place)
            probe.listen(1)
        except OSError as error:
            raise _why_not(error, address, port) from error


def _why_not(error: OSError, address: str, port: int) -> Exception:
    if error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
        return AddressElsewhere(address)
    if error.errno == errno.EACCES and port < 1024:
        return PortForbidden(port)
    return PortTaken(port)


def check_certificate(cert: str | None, key: str | None, *, https: bool) -> None:
    """Make sure that certificate and key are both there, readable, and belong together.

    Raises:
        CommandProblem: one of the certificate's refusals in `commands.problems`.
    """
    if https and (cert or key):
        raise CertificateTwice
    if not cert and not key:
        return
    if not key:
        raise CertificateAlone("--cert", "--key")
    if not cert:
        raise CertificateAlone("--key", "--cert")
    _check_pair(Path(cert), Path(key))


def _check_pair(cert: Path, key: Path) -> None:
    if "-----BEGIN CERTIFICATE-----" not in _read(cert):
        raise NoCertificateInside(cert)
    if "PRIVATE KEY-----" not in _read(key):
        raise NoKeyInside(key)
    try:
        # The password is asked for only if the key has one; an empty one never fits.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key, password=lambda: _locked(key))
    except ssl.SSLError as error:
        if error.reason in {"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"}:
            raise CertificateKeyMismatch(cert, key) from error
        raise _which_is_broken(cert, key) from error


def _locked(key: Path) -> bytes:
    raise KeyHasPassword(key)


def _which_is_broken(cert: Path, key: Path) -> Exception:
    try:
        ssl.create_default_context(cafile=cert)
    except ssl.SSLError:
        return NoCertificateInside(cert)
    return NoKeyInside(key)


def _read(path: Path) -> str:
    try:
        return path.read_text("latin-1")
    except OSError as error:
        raise FileUnreadable(path) from error


def is_loopback(address: str) -> bool:
    """Tell whether only this machine itself can reach an address."""
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def is_wildcard(address: str) -> bool:
    """Tell whether an address means every address of this machine."""
    try:
        return ipaddress.ip_address(address).is_unspecified
    except ValueError:
        return False


def find_own_addresses() -> list[str]:
    """List the addresses under which other machines may reach this one, the likeliest first; nothing is sent."""
    found: list[str] = []
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))  # addresses for documentation: only the way out is looked up
            found.append(probe.getsockname()[0])
    with contextlib.suppress(OSError):
        found += [str(entry[4][0]).partition("%")[0] for entry in socket.getaddrinfo(socket.gethostname(), None)]
    return [address for address in dict.fromkeys(found) if not is_loopback(address)]
