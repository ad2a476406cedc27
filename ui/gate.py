"""What is refused before Streamlit sees it: other sites, its figures about us, and files of who isn't signed in."""

import logging
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartParser
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.cookies import COOKIE_NAME, read_cookie

_PROTOCOLS = b"sec-websocket-protocol"
_UPLOADS, _DOWNLOADS = "/_stcore/upload_file/", "/media/"
# Figures on use and memory for whoever asks, and the addresses of an interface that is off: nobody here needs them.
_CLOSED = ("/_stcore/metrics", "/_stcore/agent")
_OTHER_ORIGIN = 1008  # the websocket's "policy violation"
_TOLD_AT_MOST = 20
_LARGEST_UPLOAD = 64 * 1024 * 1024  # above Streamlit's own limit, which has refused the file by then

_log = logging.getLogger("care_room.gate")


def keep_uploads_in_memory() -> None:
    """Let no upload touch the disk: the parser would put all above 1 MB into a temporary file, in the clear (seen)."""
    MultiPartParser.spool_max_size = _LARGEST_UPLOAD


OTHER_ORIGIN = (
    "浏览器里的地址是 %r，送到这里却写着 %r，所以没有让它连进来，页面会一直空着。"
    "多半是前面的反向代理没有把 Host 原样传过来：请看“给信息老师”里“前面有反向代理”一段。"
)


class Gate:
    """ASGI middleware around the whole server."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._told: set[tuple[str, str]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "websocket" and not is_same_origin(Headers(scope=scope)):
            self._tell_of_other_origin(Headers(scope=scope))
            await send({"type": "websocket.close", "code": _OTHER_ORIGIN})
        elif scope["type"] == "websocket":
            await self._app(await run_in_threadpool(without_other_session, scope), receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _tell_of_other_origin(self, headers: Headers) -> None:
        """Log each pair of addresses once: mostly it is a proxy, and nothing on screen would ever say so."""
        pair = headers.get("origin", "")[:100], headers.get("host", "")[:100]
        if pair not in self._told and len(self._told) < _TOLD_AT_MOST:
            self._told.add(pair)
            _log.warning(OTHER_ORIGIN, *pair)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path.startswith(_CLOSED):
            await _refuse(HTTPStatus.NOT_FOUND, scope, receive, send)
        elif path.startswith(_UPLOADS) and not await run_in_threadpool(may_upload, scope):
            await _refuse(HTTPStatus.FORBIDDEN, scope, receive, send)
        elif path.startswith(_DOWNLOADS):
            await self._download(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _download(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pictures are for everybody, the sign-in form has one; a file to be saved is for who is signed in."""
        is_refused = False

        async def send_checked(message: Message) -> None:
            nonlocal is_refused
            if message["type"] == "http.response.start" and "content-disposition" in Headers(raw=message["headers"]):
                is_refused = not await run_in_threadpool(is_signed_in, scope)
            if not is_refused:
                await send(message)

        await self._app(scope, receive, send_checked)
        if is_refused:
            await _refuse(HTTPStatus.FORBIDDEN, scope, receive, send)


def is_same_origin(headers: Headers) -> bool:
    """Say whether a page of ours asks, or a program, which sends no origin.

    Streamlit's own check lets every page of localhost through, and for any other site asks a host on the internet
    for this machine's public address first (seen).
    """
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def without_other_session(scope: Scope) -> Scope:
    """Return the request without the session it asks to go on with, unless its cookie is of who was in there.

    The browser names the session as the third of its protocols (Streamlit's own way).
    """
    from ui.resuming import is_own_session

    named = [each.strip() for each in Headers(scope=scope).get("sec-websocket-protocol", "").split(",")]
    if len(named) < 3 or is_own_session(named[2], _token_of(scope)):
        return scope
    headers = [(name, value) for name, value in scope["headers"] if name != _PROTOCOLS]
    headers.append((_PROTOCOLS, ", ".join(named[:2]).encode("latin-1")))
    return {**scope, "headers": headers, "subprotocols": named[:2]}


def may_upload(scope: Scope) -> bool:
    """Say whether a file is put to a tab of who is signed in and sends it."""
    from ui.resuming import is_own_session

    session_id = scope["path"].removeprefix(_UPLOADS).partition("/")[0]
    return is_signed_in(scope) and is_own_session(session_id, _token_of(scope))


def is_signed_in(scope: Scope) -> bool:
    """Say whether the request's cookie names somebody who is signed in and whose screen isn't hidden."""
    from db.transactions import reading
    from services import sign_in

    token = _token_of(scope)
    if token is None:
        return False
    with reading() as session:
        actor = sign_in.resolve(session, token)
    return actor is not None and actor.hidden_since is None


def _token_of(scope: Scope) -> str | None:
    from services import sign_in

    return read_cookie(HTTPConnection(scope).cookies.get(COOKIE_NAME), key=sign_in.cookie_key())


async def _refuse(status: HTTPStatus, scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(status.phrase, status_code=status)(scope, receive, send)
