"""The container files name commands, places and addresses that exist; they can't be run here, and say so."""

import json
import re
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from commands import bootstrap
from commands.cli import parse
from db.location import Location
from tests.launcher.conftest import PROJECT

DOCKERFILE = PROJECT / "deploy" / "Dockerfile"
COMPOSE = PROJECT / "deploy" / "compose.yaml"
IGNORED = PROJECT / ".dockerignore"
PAGE = PROJECT / "docs" / "信息老师" / "装在NAS上.md"
NOT_RUN = "没有在真的 Docker 里运行过"


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their lines put together, comments left out."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text("utf-8"), flags=re.M).replace("\\\n", " ")
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in text.splitlines() if line.strip()]


def told(name: str) -> list[str]:
    return [rest for each, rest in instructions() if each == name]


def settings() -> dict[str, str]:
    return dict(pair.split("=", 1) for rest in told("ENV") for pair in rest.split())


def probe() -> list[str]:
    [rest] = told("HEALTHCHECK")
    found: list[str] = json.loads(rest.partition("CMD ")[2])
    return found


def test_the_server_it_starts_can_be_started():
    [command] = [json.loads(rest) for rest in told("CMD")]

    args = parse(command[2:])

    assert command[:2] == ["python3", "manage.py"]
    assert (PROJECT / "manage.py").is_file()
    assert (args.command, args.address, args.https) == ("run", "0.0.0.0", True)  # noqa: S104  inside the container
    assert told("EXPOSE") == [str(args.port)]


def test_it_is_installed_by_what_the_program_itself_installs_with():
    [code] = re.findall(r'python3 -c "([^"]+)"', " ".join(told("RUN")))
    compile(code, "RUN", "exec")
    assert {name for name in re.findall(r"b\.(\w+)", code) if not hasattr(bootstrap, name)} == set()


def test_the_data_lie_in_volumes_of_their_own_and_the_key_beside_them(monkeypatch: pytest.MonkeyPatch):
    for name, value in settings().items():
        monkeypatch.setenv(name, value)
    location = Location.from_environment()
    [volumes] = [json.loads(rest) for rest in told("VOLUME")]
    mounted = set(re.findall(r"^ +- (?:data|key):(/\S+)$", COMPOSE.read_text("utf-8"), re.M))

    assert {str(location.data_dir), str(location.key_file.parent)} == set(volumes) == mounted
    assert not location.key_file.is_relative_to(location.data_dir)
    assert all(PurePosixPath(each).is_relative_to("/srv/care-room") for each in volumes)


def test_nobody_is_root_and_only_the_plain_image_is_named():
    order = [name for name, _ in instructions()]
    text = DOCKERFILE.read_text("utf-8") + COMPOSE.read_text("utf-8") + PAGE.read_text("utf-8")

    assert told("FROM") == ["python:3.11-slim"]
    assert told("USER") == ["care"]
    assert order.index("USER") < order.index("CMD")
    assert re.findall(r"image: (\S+)", text) == ["care-room"]
    assert not re.search(r"index-url|mirror|registry|https?://(?!127\.0\.0\.1|10\.1\.2\.3)", text)


def test_the_probe_asks_an_address_that_answers():
    [address] = re.findall(r"https://127\.0\.0\.1:(\d+)(/[\w/]+)", probe()[2])

    assert address == (told("EXPOSE")[0], "/api/health")
    assert 'Route("/api/health"' in (PROJECT / "app.py").read_text("utf-8")


def test_the_probe_says_no_where_nobody_answers():
    code = probe()[2].replace(":8501", ":9")  # the discard port

    assert probe()[:2] == ["python3", "-c"]
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode != 0


def test_compose_builds_from_the_files_that_are_there():
    text = COMPOSE.read_text("utf-8")
    [context], [dockerfile] = re.findall(r"context: (\S+)", text), re.findall(r"dockerfile: (\S+)", text)

    assert (COMPOSE.parent / context).resolve() == PROJECT
    assert (PROJECT / dockerfile).samefile(DOCKERFILE)


def test_nothing_of_a_school_goes_into_the_image():
    assert {"data", "data-key", ".venv", ".git", "**/*.key", "**/*.db"} <= set(IGNORED.read_text("utf-8").split())


@pytest.mark.parametrize("path", [DOCKERFILE, COMPOSE, PAGE], ids=lambda path: path.name)
def test_each_file_says_that_nobody_has_run_it(path: Path):
    assert NOT_RUN in path.read_text("utf-8")


def test_the_page_names_files_that_are_there():
    text = PAGE.read_text("utf-8")

    assert {path for path in re.findall(r"-f (\S+)", text) if not (PROJECT / path).is_file()} == set()
