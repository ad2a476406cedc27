"""The certificate of `--https`."""

import datetime
import ipaddress
import os
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from commands.certificates import Certificate, ensure_certificate, list_names

NOW = datetime.datetime(2026, 9, 1, 8, tzinfo=datetime.UTC)
NAMES = ["192.168.1.5", "care-server", "localhost", "127.0.0.1", "::1"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the pair is put."""
    return tmp_path / "data" / "tls"


def read(made: Certificate) -> x509.Certificate:
    return x509.load_pem_x509_certificate(made.cert_file.read_bytes())


def names_in(made: Certificate) -> tuple[list[str], list[object]]:
    """Return the names and the addresses a certificate vouches for."""
    names = read(made).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName), names.get_values_for_type(x509.IPAddress)


def test_it_vouches_for_every_name_of_the_machine(folder: Path):
    made = ensure_certificate(folder, names=NAMES, now=NOW)

    addresses = [ipaddress.ip_address(text) for text in ("192.168.1.5", "127.0.0.1", "::1")]
    assert names_in(made) == (["care-server", "localhost"], addresses)
    uses = read(made).extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(uses) == [ExtendedKeyUsageOID.SERVER_AUTH]


def test_it_lasts_two_years(folder: Path):
    made = ensure_certificate(folder, names=NAMES, now=NOW)

    assert made.last_day == datetime.date(2028, 8, 31)


def test_it_is_used_again_while_it_is_valid(folder: Path):
    first = ensure_certificate(folder, names=NAMES, now=NOW)

    assert ensure_certificate(folder, names=NAMES, now=NOW + datetime.timedelta(days=729)) == first
    later = ensure_certificate(folder, names=NAMES, now=NOW + datetime.timedelta(days=731))
    assert later.fingerprint != first.fingerprint


def test_a_new_address_makes_a_new_one(folder: Path):
    first = ensure_certificate(folder, names=NAMES, now=NOW)

    moved = ensure_certificate(folder, names=["192.168.1.9", *NAMES], now=NOW)

    assert moved.fingerprint != first.fingerprint


def test_a_pair_that_a_kill_parted_is_made_anew(folder: Path, tmp_path: Path):
    first = ensure_certificate(folder, names=NAMES, now=NOW)
    other = ensure_certificate(tmp_path / "other", names=NAMES, now=NOW)
    first.key_file.write_bytes(other.key_file.read_bytes())

    again = ensure_certificate(folder, names=NAMES, now=NOW)

    assert again.fingerprint not in {first.fingerprint, other.fingerprint}
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(again.cert_file, again.key_file)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such mode")
def test_the_key_is_for_its_owner_only(folder: Path):
    made = ensure_certificate(folder, names=NAMES, now=NOW)

    assert made.key_file.stat().st_mode & 0o777 == 0o600


def test_a_computer_name_no_network_could_use_is_left_out(folder: Path):
    made = ensure_certificate(folder, names=["192.168.1.5", "a" * 70, "", "关爱室-PC"], now=NOW)

    assert names_in(made) == (["xn---pc-mx1ez97bw36a"], [ipaddress.ip_address("192.168.1.5")])


def test_the_served_address_comes_first():
    assert list_names("192.168.1.5")[0] == "192.168.1.5"
    assert "0.0.0.0" not in list_names("0.0.0.0")  # noqa: S104
    assert {"localhost", "127.0.0.1", "::1"} <= set(list_names("::"))
