"""What `run` refuses before anything is touched."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from commands import preflight, problems
from commands.certificates import Certificate, ensure_certificate
from commands.problems import CommandProblem
from db.errors import FolderReadOnly
from tests.launcher.conftest import Manage


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port another program listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        yield other.getsockname()[1]


@pytest.fixture
def own(tmp_path: Path) -> Certificate:
    """A matching pair of certificate and key."""
    return ensure_certificate(tmp_path / "own", names=["localhost"])


def refusal_by(check: Callable[..., None], *facts: object, **more: object) -> type[CommandProblem] | None:
    """Return which problem a check found, None where all is fine."""
    try:
        check(*facts, **more)
    except CommandProblem as problem:
        return type(problem)
    return None


def test_a_folder_that_can_be_written_or_made_is_fine(tmp_path: Path):
    preflight.check_folder(tmp_path)
    preflight.check_folder(tmp_path / "to" / "be" / "made")

    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_refused(tmp_path: Path):
    (tmp_path / "data").write_text("", "utf-8")

    for folder in (tmp_path / "data", tmp_path / "data" / "below"):
        with pytest.raises(FolderReadOnly):
            preflight.check_folder(folder)


def test_a_place_even_an_administrator_cannot_write_to_is_refused():
    if not Path("/proc/self").exists():
        pytest.skip("this system has no such place")
    with pytest.raises(FolderReadOnly):
        preflight.check_folder(Path("/proc/self/data"))


def test_a_free_port_is_fine_and_stays_free(taken_port: int):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        free = other.getsockname()[1]

    for _ in range(2):
        assert refusal_by(preflight.check_port, "127.0.0.1", free) is None
    assert refusal_by(preflight.check_port, "127.0.0.1", taken_port) is problems.PortTaken


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0", "localhost"])  # noqa: S104  it only asks
def test_a_taken_port_is_refused(taken_port: int, address: str):
    with pytest.raises(problems.PortTaken):
        preflight.check_port(address, taken_port)


@pytest.mark.parametrize("address", ["203.0.113.7", "no such machine", "a" * 80])
def test_an_address_of_another_machine_is_refused(address: str):
    with pytest.raises(problems.AddressElsewhere):
        preflight.check_port(address, 8501)


def test_no_certificate_is_fine():
    assert refusal_by(preflight.check_certificate, None, None, https=False) is None
    assert refusal_by(preflight.check_certificate, None, None, https=True) is None


def test_a_matching_pair_is_fine(own: Certificate):
    pair = str(own.cert_file), str(own.key_file)

    assert refusal_by(preflight.check_certificate, *pair, https=False) is None
    assert refusal_by(preflight.check_certificate, *pair, https=True) is problems.CertificateTwice


def test_half_a_pair_or_two_ways_at_once_are_refused(own: Certificate):
    for cert, key in ((own.cert_file, None), (None, own.key_file)):
        with pytest.raises(problems.CertificateAlone):
            preflight.check_certificate(cert and str(cert), key and str(key), https=False)
    with pytest.raises(problems.CertificateTwice):
        preflight.check_certificate(str(own.cert_file), str(own.key_file), https=True)


def test_a_key_of_another_certificate_is_refused(own: Certificate, tmp_path: Path):
    other = ensure_certificate(tmp_path / "other", names=["localhost"])

    with pytest.raises(problems.CertificateKeyMismatch):
        preflight.check_certificate(str(own.cert_file), str(other.key_file), https=False)


def test_files_that_hold_something_else_are_refused(own: Certificate, tmp_path: Path):
    empty, broken = tmp_path / "empty.pem", tmp_path / "broken.pem"
    empty.write_text("", "utf-8")
    broken.write_text("-----BEGIN CERTIFICATE-----\n☂\n-----END CERTIFICATE-----\n", "utf-8")

    for cert in (empty, broken, own.key_file):
        with pytest.raises(problems.NoCertificateInside):
            preflight.check_certificate(str(cert), str(own.key_file), https=False)
    for key in (empty, own.cert_file):
        with pytest.raises(problems.NoKeyInside):
            preflight.check_certificate(str(own.cert_file), str(key), https=False)
    with pytest.raises(problems.FileUnreadable):
        preflight.check_certificate(str(tmp_path / "missing.pem"), str(own.key_file), https=False)


def test_a_key_with_a_password_is_refused_without_asking_for_it(own: Certificate, tmp_path: Path):
    key = serialization.load_pem_private_key(own.key_file.read_bytes(), password=None)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )

    with pytest.raises(problems.KeyHasPassword):
        preflight.check_certificate(str(own.cert_file), str(locked), https=False)


def test_loopback_and_wildcard_are_told_apart():
    assert all(map(preflight.is_loopback, ["127.0.0.1", "127.8.8.8", "localhost", "::1"]))
    assert not any(map(preflight.is_loopback, ["0.0.0.0", "::", "192.168.1.5", "school.local"]))  # noqa: S104
    assert all(map(preflight.is_wildcard, ["0.0.0.0", "::"]))  # noqa: S104
    assert not any(map(preflight.is_wildcard, ["127.0.0.1", "school.local"]))


def refuse_taken_port(folder: Path, port: int) -> list[str]:
    """A line whose port is taken."""
    return ["--port", str(port), "--data", str(folder / "data")]


def refuse_file_as_folder(folder: Path, port: int) -> list[str]:
    """A line whose data folder is a file."""
    (folder / "file").write_text("", "utf-8")
    return ["--data", str(folder / "file")]


def refuse_certificate_alone(folder: Path, port: int) -> list[str]:
    """A line with a certificate and no key."""
    return ["--port", str(_free_port()), "--data", str(folder / "data"), "--cert", "cert.pem"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("line", [refuse_taken_port, refuse_file_as_folder, refuse_certificate_alone])
def test_run_refuses_in_one_sentence_and_touches_nothing(
    manage: Manage, bare_project: Path, tmp_path: Path, taken_port: int, line
):
    words = line(tmp_path, taken_port)
    before = sorted(tmp_path.rglob("*"))

    told = manage("run", *words)

    assert told.returncode == 1
    assert told.stdout == ""
    assert told.stderr.count("\n") == 1
    assert told.stderr.endswith("。\n")
    assert sorted(tmp_path.rglob("*")) == before
