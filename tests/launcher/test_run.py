"""How `run` starts the server and what it tells people."""

from pathlib import Path

import pytest

from commands.certificates import ensure_certificate
from commands.cli import parse
from commands.run import claim_block, list_addresses, server_command, server_environment
from db.location import Location

EVERYWHERE = "0.0.0.0"  # noqa: S104  nothing listens here


def option(command: list[str], name: str) -> str:
    """Return the value behind an option."""
    return command[command.index(name) + 1]


@pytest.fixture
def location(tmp_path: Path) -> Location:
    """An installation in an empty folder."""
    return Location.from_environment(str(tmp_path / "data"))


def test_the_server_gets_port_and_address():
    command = server_command(parse(["run", "--port", "9000", "--address", EVERYWHERE]), None)

    assert option(command, "--server.port") == "9000"
    assert option(command, "--server.address") == EVERYWHERE
    assert option(command, "--server.headless") == "true"
    assert "--server.sslCertFile" not in command


def test_the_server_never_looks_for_its_public_address():
    command = server_command(parse(["run", "--address", EVERYWHERE]), None)

    assert option(command, "--logger.hideWelcomeMessage") == "true"


def test_given_and_made_certificates_reach_the_server(tmp_path: Path):
    given = server_command(parse(["run", "--cert", "a.pem", "--key", "b.pem"]), None)
    assert option(given, "--server.sslCertFile") == str(Path("a.pem").resolve())
    assert option(given, "--server.sslKeyFile") == str(Path("b.pem").resolve())

    own = ensure_certificate(tmp_path, names=["localhost"])
    made = server_command(parse(["run", "--https"]), own)
    assert option(made, "--server.sslCertFile") == str(own.cert_file)
    assert option(made, "--server.sslKeyFile") == str(own.key_file)


@pytest.mark.parametrize(
    ("line", "is_marked"),
    [
        (["run"], False),
        (["run", "--address", "localhost"], False),
        (["run", "--address", EVERYWHERE], True),
        (["run", "--address", "192.168.1.5"], True),
        (["run", "--address", EVERYWHERE, "--https"], False),
        (["run", "--address", EVERYWHERE, "--cert", "a", "--key", "b"], False),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_open_way_over_the_network_is_marked(
    location: Location, monkeypatch: pytest.MonkeyPatch, line: list[str], is_marked: bool
):
    monkeypatch.setenv("CARE_UNENCRYPTED", "left over")

    environment = server_environment(parse(line), location)

    assert environment.get("CARE_UNENCRYPTED") == ("1" if is_marked else None)


def test_the_server_finds_the_same_data(location: Location, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CARE_DATABASE_URL", "postgresql://somewhere")

    environment = server_environment(parse(["run"]), location)

    assert environment["CARE_DATA_DIR"] == str(location.data_dir)
    assert environment["CARE_KEY_FILE"] == str(location.key_file)
    assert environment["CARE_DATABASE_URL"] == "postgresql://somewhere"


def test_the_address_can_be_typed_into_a_browser():
    assert list_addresses(parse(["run"])) == ["http://127.0.0.1:8501"]
    assert list_addresses(parse(["run", "--address", "::1", "--https"])) == ["https://[::1]:8501"]
    assert all(EVERYWHERE not in address for address in list_addresses(parse(["run", "--address", EVERYWHERE])))


def test_the_first_code_stands_out_with_its_address():
    block = claim_block("7K2M-9QXD", "http://127.0.0.1:8501")

    assert "7K2M-9QXD" in block
    assert "http://127.0.0.1:8501" in block
    assert "第一次使用" in block


@pytest.mark.parametrize(
    ("words", "believed"),
    [([], ""), (["--proxy", "127.0.0.1"], "127.0.0.1/32"), (["--proxy", "10.0.0.2, ::1"], "10.0.0.2/32,::1/128")],
)
def test_only_a_named_proxy_is_believed_who_is_asking(location: Location, monkeypatch, words, believed):
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")

    assert server_environment(parse(["run", *words]), location)["FORWARDED_ALLOW_IPS"] == believed


def test_a_proxy_is_named_by_its_address(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        parse(["run", "--proxy", "*"])

    assert "要写代理的 IP 地址" in capsys.readouterr().err
