"""The real server on a folder of its own, and a client that speaks its websocket as a modified browser would."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPMessage
from pathlib import Path
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

from db import engine
from db.location import PROJECT_DIR, Location
from db.transactions import transaction
from services import schools, sign_in
from tests.conftest import token_for
from tests.long.world import actor_called, settle

CLOCK = "2026-11-20T09:41+08:00"
RUN = "import sys; from commands import cli, run; sys.exit(run.run(cli.parse(sys.argv[1:])))"
STREAMLIT = ["-m", "streamlit", "run", "app.py"]
SECONDS_TO_START, SECONDS_TO_ANSWER = 60, 30


@dataclass
class Running:
    """A server process, where it answers, and what it wrote."""

    process: "subprocess.Popen[bytes]"
    port: int
    place: Location
    log: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def school_in(folder: Path) -> Location:
    """Settle the small school and say that it is set up, so that the server asks to sign in."""
    from db.tables import SystemFact
    from services import setup

    place = settle(folder)
    with transaction() as session:
        session.add(SystemFact(name=setup.CLAIMED, value="x"))
        schools.save_setting(session, schools.SCHOOL_NAME, "试验学校")
    return place


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def server_environment(place: Location, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CARE_")}
    ours = {"CARE_DATA_DIR": str(place.data_dir), "CARE_KEY_FILE": str(place.key_file), "CARE_CLOCK": CLOCK}
    return {**kept, **ours, "PYTHONUTF8": "1", **more}


def start(place: Location, log: Path, *words: str, port: int | None = None, **environment: str) -> Running:
    """Start a server; `words` are what Python is given, Streamlit's own start by default."""
    port = port or free_port()
    line = [*(words or STREAMLIT), "--server.port", str(port), "--server.address", "127.0.0.1"]
    line += ["--logger.hideWelcomeMessage", "true"]
    if words[:1] == ("-c",):
        line = [*words, "run", "--data", str(place.data_dir), "--port", str(port)]
    with log.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, *line],
            cwd=PROJECT_DIR,
            env=server_environment(place, **environment),
            stdout=file,
            stderr=file,
        )
    return Running(process, port, place, log)


@contextmanager
def served(place: Location, log: Path, *words: str, **environment: str) -> Iterator[Running]:
    """Start a server, wait until it is healthy, and end it."""
    running = start(place, log, *words, **environment)
    try:
        wait_until_healthy(running)
        yield running
    finally:
        running.process.terminate()
        try:
            running.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            running.process.kill()
            running.process.wait()


def wait_until_healthy(running: Running) -> None:
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until and running.process.poll() is None:
        try:
            if ask(running, "/api/health").status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server did not start:\n{running.log.read_text(errors='replace')[-2000:]}")


@dataclass
class Answer:
    """What the server sent back."""

    status: int
    headers: HTTPMessage
    body: bytes


def ask(
    running: Running,
    path: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """Send one request as it stands."""
    request = urllib.request.Request(f"{running.address}{path}", data=body, method=method, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=SECONDS_TO_ANSWER) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def cookie_of(running: Running, username: str) -> str:
    """Sign somebody in and return the cookie's value."""
    import jwt

    from ui.cookies import ALGORITHM

    engine.use(running.place)
    with transaction() as session:
        token = token_for(session, actor_called(session, username))
    key = sign_in.cookie_key()
    return jwt.encode({"sid": token, "exp": int(time.time()) + 3600}, key, algorithm=ALGORITHM)


@dataclass
class Browser:
    """One tab: what stands in its widgets, and what the last run drew."""

    running: Running
    cookie: str | None = None
    page: str = ""
    query: str = ""
    origin: str | None = None
    forwarded_for: str = ""
    resumes: str = ""  # the session to go on with, as a tab asks whose connection broke
    states: dict[str, WidgetState] = field(default_factory=dict)
    elements: list[Any] = field(default_factory=list)  # protobufs
    session_id: str = ""

    def __enter__(self) -> "Browser":
        headers = {"Cookie": f"care_room={self.cookie}"} if self.cookie else {}
        headers |= {"X-Forwarded-For": self.forwarded_for} if self.forwarded_for else {}
        self._opened = ExitStack()
        opening = connect(
            f"ws://127.0.0.1:{self.running.port}/_stcore/stream",
            origin=self.origin or self.running.address,  # type: ignore[arg-type]
            additional_headers=headers,
            subprotocols=["streamlit", *(["x", self.resumes] if self.resumes else [])],  # type: ignore[list-item]
            max_size=None,
            open_timeout=SECONDS_TO_ANSWER,
        )
        self.socket = self._opened.enter_context(opening)
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def run(self) -> "Browser":
        """Send everything that stands in the widgets and take in what is drawn, until nothing follows."""
        message = BackMsg()
        message.rerun_script.query_string = self.query
        message.rerun_script.page_name = self.page
        message.rerun_script.widget_states.widgets.extend(self.states.values())
        self.socket.send(message.SerializeToString())
        self._take_in()
        for key, state in list(self.states.items()):
            if state.WhichOneof("value") in {"trigger_value", "string_trigger_value"}:
                del self.states[key]
        return self

    def _take_in(self) -> None:
        seconds = float(SECONDS_TO_ANSWER)
        while True:
            try:
                data = self.socket.recv(timeout=seconds)
            except TimeoutError:
                return
            message = ForwardMsg()
            message.ParseFromString(data if isinstance(data, bytes) else data.encode())
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.elements, self.session_id = [], message.new_session.initialize.session_id or self.session_id
                seconds = float(SECONDS_TO_ANSWER)
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self.elements.append(message.delta.new_element)
            elif kind == "script_finished":
                seconds = 0.4  # a switch of pages or a rerun follows at once, or not at all

    @property
    def words(self) -> str:
        """Everything drawn, in one text."""
        return "\n".join(_text_of(element) for element in self.elements)

    def widget(self, kind: str, label: str) -> Any:
        """Return a widget's protobuf by its label."""
        found = [element for element in self.elements if element.WhichOneof("type") == kind]
        return next(getattr(each, kind) for each in found if label in getattr(each, kind).label)

    def put(self, widget_id: str, **value: Any) -> "Browser":
        """Put any value into any widget, whether it could be chosen or not."""
        state = WidgetState(id=widget_id)
        for name, content in value.items():
            if isinstance(content, list):
                getattr(state, name).data.extend(content)
            elif hasattr(content, "ListFields"):
                getattr(state, name).CopyFrom(content)
            else:
                setattr(state, name, content)
        self.states[widget_id] = state
        return self

    def write(self, label: str, text: str, kind: str = "text_input") -> "Browser":
        return self.put(self.widget(kind, label).id, string_value=text)

    def click(self, label: str) -> "Browser":
        return self.put(self.widget("button", label).id, trigger_value=True).run()


def _text_of(message: Any) -> str:
    """Return every text in a protobuf."""
    found = []
    for descriptor, value in message.ListFields():
        values = value if descriptor.is_repeated else [value]
        for each in values:
            if isinstance(each, str):
                found.append(each)
            elif hasattr(each, "ListFields"):
                found.append(_text_of(each))
    return "\n".join(found)
