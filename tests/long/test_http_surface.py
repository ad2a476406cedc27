"""What the real server shows to anybody on the network, and what it keeps to itself."""

import time
import uuid

import pytest
from streamlit.proto.Common_pb2 import StringTriggerValue
from websockets.exceptions import InvalidStatus

from tests.long.servers import Browser, Running, ask, cookie_of, school_in, served

pytestmark = pytest.mark.long

HEADERS = {
    "content-security-policy": "default-src 'self'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
ADDRESSES = [
    "/",
    "/students",
    "/no_such_page",
    "/api/health",
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/metrics",
    "/media/none.png",
    "/component/none/index.html",
    "/static/none.js",
    "/_stcore/upload_file/none/none",
]
BOUNDARY = "x" * 20


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("surface")
    with served(school_in(folder), folder / "server.log") as server:
        yield server


@pytest.fixture
def cookie(running: Running) -> str:
    return cookie_of(running, "staff0")


def upload(running: Running, session_id: str, *, size: int, cookie: str | None = None, xsrf: bool = True) -> int:
    """Put a file to a session, as a program would, and return the status."""
    first = ask(running, "/_stcore/health")
    token = first.headers["Set-Cookie"].split(";")[0].partition("=")[2]
    parts = [f"_streamlit_xsrf={token}"] if xsrf else []
    parts += [f"care_room={cookie}"] if cookie else []
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="f"; filename="名单.xlsx"\r\n\r\n'.encode()
    return ask(
        running,
        f"/_stcore/upload_file/{session_id}/{uuid.uuid4()}",
        method="PUT",
        body=head + b"0" * size + f"\r\n--{BOUNDARY}--\r\n".encode(),
        headers={
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "Cookie": "; ".join(parts),
            **({"X-Xsrftoken": token} if xsrf else {}),
        },
    ).status


@pytest.mark.parametrize("path", ADDRESSES)
def test_every_answer_carries_the_headers(running, path):
    answer = ask(running, path)

    assert {name: part in (answer.headers[name] or "") for name, part in HEADERS.items()} == dict.fromkeys(
        HEADERS, True
    )
    assert "x-frame-options" not in answer.headers


def test_health_says_two_words(running):
    answer = ask(running, "/api/health")

    assert answer.body == b'{"database":"ok","migrations":"current"}'


@pytest.mark.parametrize(
    "path",
    [
        "/static/../../../../etc/passwd",
        "/static/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/static/%2e%2e/%2e%2e/%2e%2e/app.py",
        "/media/../../app.py",
        "/media/..%2f..%2fapp.py",
        "/component/extra_streamlit_components.CookieManager.cookie_manager/../../../../../../../etc/passwd",
        "/component/extra_streamlit_components.CookieManager.cookie_manager/..%2f..%2f..%2f__init__.py",
        "/component/x//etc/passwd",
        "/_stcore/bidi-components/..%2f..%2fapp.py",
        "/app/static/../app.py",
        "/app.py",
        "/pages/home.py",
        "/.streamlit/config.toml",
        "/..%5c..%5capp.py",
        "//etc/passwd",
    ],
)
def test_no_path_leads_out_of_what_is_served(running, path):
    answer = ask(running, path)

    # An address with a dot gets Streamlit's empty page; what stands in a file, nobody gets.
    assert answer.status in {400, 403, 404} or b'<div id="root"></div>' in answer.body
    assert not any(words in answer.body for words in (b"root:x", b"from services", b"import st", b"[server]"))


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize(
    "path",
    [
        "/_stcore/metrics",
        "/_stcore/metrics?families=session_events_total",
        "/_stcore/agent/interact",
        "/_stcore/agent/openapi.json",
        "/_stcore/agent/mcp",
    ],
)
def test_figures_and_the_interface_for_programs_are_closed(running, path, method):
    assert ask(running, path, method=method).status == 404


def test_what_the_browser_must_know_names_no_machine(running):
    answer = ask(running, "/_stcore/host-config")

    assert b"127.0.0.1" not in answer.body
    assert str(running.place.data_dir).encode() not in answer.body
    assert "*" not in (answer.headers["Access-Control-Allow-Origin"] or "")


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "http://localhost:9", "http://127.0.0.1:9", "null", "http://127.0.0.1.evil.example"],
)
def test_a_page_of_another_site_gets_no_websocket(running, origin):
    began = time.monotonic()

    with pytest.raises(InvalidStatus) as refused, Browser(running, origin=origin):
        pass

    assert refused.value.response.status_code == 403
    assert time.monotonic() - began < 0.9  # nobody on the internet was asked for our address


def test_a_file_is_taken_only_from_who_is_signed_in(running, cookie):
    with Browser(running) as stranger, Browser(running, cookie=cookie) as lead:
        stranger.run()
        lead.run()

        assert upload(running, "no-such-session", size=10) == 403
        assert upload(running, stranger.session_id, size=10) == 403
        assert upload(running, lead.session_id, size=10) == 403
        assert upload(running, lead.session_id, size=10, cookie=cookie, xsrf=False) == 403
        with pytest.raises(OSError):  # cut off before all of it is taken in; up to 120 MB the page itself refuses
            upload(running, lead.session_id, size=130 * 1024 * 1024, cookie=cookie)
        assert upload(running, lead.session_id, size=10, cookie=cookie) == 204


def test_a_signed_out_page_shows_only_the_form(running):
    with Browser(running, page="students", query="student=1") as stranger:
        stranger.run()

    assert "登录" in stranger.words
    assert "试学生" not in stranger.words


def test_a_signed_in_page_shows_the_register(running, cookie):
    with Browser(running, cookie=cookie, page="students") as lead:
        lead.run()

    assert "学生名册" in lead.words


def test_an_exported_list_is_only_for_who_is_signed_in(running, cookie):
    with Browser(running, cookie=cookie, page="students") as lead:
        lead.run().click("导出")
        purpose = lead.widget("selectbox", "做什么用")
        lead.put(purpose.id, string_value="核对名册").click("准备文件")
        link = lead.widget("download_button", "下载").url

        assert ask(running, link, headers={"Cookie": f"care_room={cookie}"}).body[:2] == b"PK"
        assert ask(running, link).status == 403
        assert ask(running, link, headers={"Cookie": "care_room=forged"}).status == 403

        lead.put(
            lead.widget("menu_button", "试staff0").id, string_trigger_value=StringTriggerValue(data="退出登录")
        ).run()
        assert "登录" in lead.words
        assert ask(running, link, headers={"Cookie": f"care_room={cookie}"}).status in {403, 404}
