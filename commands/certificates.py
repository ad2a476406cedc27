"""A certificate the school makes itself, for when nobody has given it one."""

import datetime
import os
import socket
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from commands.preflight import find_own_addresses, is_wildcard

VALID_FOR = datetime.timedelta(days=730)
CLOCKS_DIFFER_BY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate on disk, with what people need to recognise it."""

    cert_file: Path
    key_file: Path
    fingerprint: str
    last_day: datetime.date


def list_names(address: str) -> list[str]:
    """List the names and addresses by which browsers may call this machine; the one that must be covered is first."""
    own = [] if is_wildcard(address) else [address]
    return list(dict.fromkeys([*own, *find_own_addresses(), socket.gethostname(), "localhost", "127.0.0.1", "::1"]))


def ensure_certificate(folder: Path, *, names: list[str], now: datetime.datetime | None = None) -> Certificate:
    """Return the certificate in a folder, made anew if it has run out, broke, or lacks the first name."""
    moment = now or datetime.datetime.now(datetime.UTC)
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    found = _load(cert_file, key_file)
    if found is None or found.not_valid_after_utc <= moment or _name(names[0]) not in covered_names(found):
        found = _make(cert_file, key_file, names=names, moment=moment)
    return Certificate(
        cert_file=cert_file,
        key_file=key_file,
        fingerprint=found.fingerprint(hashes.SHA256()).hex(":").upper(),
        last_day=found.not_valid_after_utc.date(),
    )


def covered_names(certificate: x509.Certificate) -> list[x509.GeneralName]:
    """List what a certificate vouches for."""
    return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)


def _load(cert_file: Path, key_file: Path) -> x509.Certificate | None:
    """Read the pair; anything but a matching one counts as none."""
    try:
        certificate = x509.load_pem_x509_certificate(cert_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        return None
    return certificate if key.public_key() == certificate.public_key() else None


def _make(cert_file: Path, key_file: Path, *, names: list[str], moment: datetime.datetime) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _sign(key, names=names, moment=moment)
    cert_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # Two steps that a kill may part: the pair then does not match, and is made anew at the next start.
    _write(key_file, secret, mode=0o600)
    _write(cert_file, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)
    return certificate


def _sign(key: ec.EllipticCurvePrivateKey, *, names: list[str], moment: datetime.datetime) -> x509.Certificate:
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "关爱室")])
    return (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - CLOCKS_DIFFER_BY)
        .not_valid_after(moment + VALID_FOR)
        .add_extension(x509.SubjectAlternativeName([name for text in names if (name := _name(text))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )


def _name(text: str) -> x509.GeneralName | None:
    """Return a name as certificates write it; None for a computer's name that the network could not use either."""
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        pass
    try:
        return x509.DNSName(text.encode("idna").decode()) if text else None
    except UnicodeError:
        return None


def _write(path: Path, content: bytes, *, mode: int) -> None:
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    draft.replace(path)
