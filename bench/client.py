"""A client that speaks the server's websocket as a browser would, as fast as the server answers or as slow as a tab."""

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets import Origin, Subprotocol
from websockets.sync.client import connect

from bench.servers import Running

SECONDS_TO_ANSWER = 30
SETTLED = 0.4  # seconds; a switch of pages or a rerun follows at once, or not at all


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
            origin=Origin(self.origin or self.running.address),
            additional_headers=headers,
            subprotocols=[Subprotocol(each) for each in ("streamlit", *(["x", self.resumes] if self.resumes else []))],
            proxy=None,
            max_size=None,
            open_timeout=SECONDS_TO_ANSWER,
        )
        self.socket = self._opened.enter_context(opening)
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def run(self) -> "Browser":
        """Send everything that stands in the widgets and take in what is drawn, until nothing follows."""
        self._send()
        self._take_in(settled=SETTLED)
        for key, state in list(self.states.items()):
            if state.WhichOneof("value") in {"trigger_value", "string_trigger_value"}:
                del self.states[key]
        return self

    def seconds_to_rerun(self) -> float:
        """Send the widgets as they stand and return how long it took until the script had finished.

        Raises:
            TimeoutError: it did not.
        """
        began = time.perf_counter()
        self._send()
        if not self._take_in(settled=None):
            raise TimeoutError(f"{self.page}?{self.query}")
        return time.perf_counter() - began

    def _send(self) -> None:
        message = BackMsg()
        message.rerun_script.query_string = self.query
        message.rerun_script.page_name = self.page
        message.rerun_script.widget_states.widgets.extend(self.states.values())
        self.socket.send(message.SerializeToString())

    def _take_in(self, *, settled: float | None) -> bool:
        """Read until the script has finished, and then so many seconds for what follows; say whether it finished."""
        seconds, finished = float(SECONDS_TO_ANSWER), False
        while True:
            try:
                data = self.socket.recv(timeout=seconds)
            except TimeoutError:
                return finished
            message = ForwardMsg()
            message.ParseFromString(data if isinstance(data, bytes) else data.encode())
            kind = message.WhichOneof("type")
            if kind == "new_session":
                self.elements, self.session_id = [], message.new_session.initialize.session_id or self.session_id
                seconds = float(SECONDS_TO_ANSWER)
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                self.elements.append(message.delta.new_element)
            elif kind == "script_finished":
                finished = message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN
                if settled is None and finished:
                    return True
                seconds = settled or seconds

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
        """Type into a field."""
        return self.put(self.widget(kind, label).id, string_value=text)

    def click(self, label: str) -> "Browser":
        """Click a button, and take in what follows."""
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
