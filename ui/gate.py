"""What is refused before Streamlit sees it: other sites, its figures about us, and files of who isn't signed in."""

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartParser
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.cookies import COOKIE_NAME, read_cookie

_UPLOADS, _DOWNLOADS = "/_stcore/upload_file/", "/media/"
# Figures on use and memory for whoever asks, and the addresses of an interface that is off: nobody here needs them.
_CLOSED = ("/_stcore/metrics", "/_stcore/agent")
_OTHER_ORIGIN = 1008  # the websocket's "policy violation"
_LARGEST_UPLOAD = 64 * 1024 * 1024  # above Streamlit's own limit, which has refused the file by then


def keep_uploads_in_memory() -> None:
    """Let no upload touch the disk: the parser would put all above 1 MB into a temporary file, in the clear (seen)."""
    MultiPartParser.spool_max_size = _LARGEST_UPLOAD


class Gate:
    """ASGI middleware around the whole server."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "websocket" and not is_same_origin(Headers(scope=scope)):
            await send({"type": "websocket.close", "code": _OTHER_ORIGIN})
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path.startswith(_CLOSED):
            await _refuse(HTTPStatus.NOT_FOUND, scope, receive, send)
        elif path.startswith(_UPLOADS) and not await run_in_threadpool(is_signed_in, scope):
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


def is_signed_in(scope: Scope) -> bool:
    """Say whether the request's cookie names somebody who is signed in and whose screen isn't hidden."""
    from db.transactions import reading
    from services import sign_in

    token = read_cookie(HTTPConnection(scope).cookies.get(COOKIE_NAME), key=sign_in.cookie_key())
    if token is None:
        return False
    with reading() as session:
        actor = sign_in.resolve(session, token)
    return actor is not None and actor.hidden_since is None


async def _refuse(status: HTTPStatus, scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(status.phrase, status_code=status)(scope, receive, send)
