"""Headers and addresses of the server, without a browser."""

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute

from ui.addresses import page_routes
from ui.gate import Gate
from ui.headers import SecurityHeaders, content_security_policy

ROOT = Path(__file__).resolve().parents[2]


def picture(_request):
    return PlainTextResponse("x")


async def echo(socket):
    await socket.accept()
    await socket.send_text("through")


APP = Starlette(
    routes=[Route("/media/x", picture), WebSocketRoute("/ws/x", echo), *page_routes()],
    middleware=[Middleware(SecurityHeaders)],
)


def ask(path, *, kind="http", first=None):
    """Send one request straight to the application and return what it sent back."""
    sent = []
    scope = {"type": kind, "path": path, "headers": [], "query_string": b"", "method": "GET", "subprotocols": []}
    waiting = [first or {"type": "http.request", "body": b""}]

    async def receive():
        return waiting.pop()

    async def send(message):
        sent.append(message)

    with ThreadPoolExecutor(1) as own_thread:  # the browser tests keep a running loop in this one
        own_thread.submit(asyncio.run, APP(scope, receive, send)).result()
    return sent


def get(path):
    """Return status, headers and text of a page."""
    start, *bodies = ask(path)
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return start["status"], headers, b"".join(body["body"] for body in bodies).decode()


def test_every_answer_carries_the_headers():
    _, headers, _ = get("/")

    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "x-frame-options" not in headers


def test_downloads_are_not_stored():
    _, headers, _ = get("/media/x")

    assert headers["cache-control"] == "no-store"


def test_websockets_pass():
    sent = ask("/ws/x", kind="websocket", first={"type": "websocket.connect"})

    assert sent[1]["text"] == "through"


def test_no_script_but_ours_may_run():
    scripts = next(part for part in content_security_policy().split("; ") if part.startswith("script-src"))

    assert "unsafe" not in scripts
    assert "http" not in scripts


def test_the_page_is_chinese_from_the_first_byte():
    _, _, text = get("/")

    assert '<html lang="zh-CN"' in text
    assert "<title>关爱室</title>" in text


def test_an_unknown_address_gets_our_sentence():
    status, _, text = get("/no_such_page")

    assert status == 404
    assert "没有这一页" in text


def test_starting_the_server_imports_no_streamlit_component():
    """A component imported before the server runs is registered nowhere: the sign-in cookie would fail."""
    code = "import app, sys; sys.exit('extra_streamlit_components' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_proxy_that_rewrites_the_host_is_told_once(caplog):
    gate = Gate(echo)
    headers = [(b"origin", b"https://care.school.example"), (b"host", b"127.0.0.1:8501")]
    sent = []

    async def refuse_twice():
        for _ in range(2):
            await gate({"type": "websocket", "path": "/", "headers": headers}, None, collect)

    async def collect(message):
        sent.append(message["type"])

    with ThreadPoolExecutor(1) as own_thread:
        own_thread.submit(asyncio.run, refuse_twice()).result()

    assert sent == ["websocket.close"] * 2
    assert len(caplog.records) == 1
    assert "https://care.school.example" in caplog.text
    assert "Host" in caplog.text
