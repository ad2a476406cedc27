"""Security headers on every answer of the server, as plain ASGI so that websockets pass untouched."""

import base64
import hashlib
import re
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in ("camera", "microphone", "geolocation", "display-capture", "payment", "usb", "serial")
)
# Downloads and pictures are served from /media/ and may hold a child's data; pages change with every release.
_NEVER_STORED = ("text/html", "application/json")


class SecurityHeaders:
    """ASGI middleware: adds the headers to each HTTP answer.

    `X-Frame-Options: DENY` is left out on purpose: the cookie component lives in a frame of our own
    origin, which `frame-ancestors 'self'` allows and DENY would break (seen).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._policy = content_security_policy()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; only answers to HTTP requests are touched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add_headers(MutableHeaders(scope=message), path=scope["path"])
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _add_headers(self, headers: MutableHeaders, *, path: str) -> None:
        headers["Content-Security-Policy"] = self._policy
        headers["X-Content-Type-Options"] = "nosniff"
        headers["Referrer-Policy"] = "same-origin"
        headers["Permissions-Policy"] = _PERMISSIONS_POLICY
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Resource-Policy"] = "same-origin"
        if path.startswith("/media/") or headers.get("content-type", "").startswith(_NEVER_STORED):
            headers["Cache-Control"] = "no-store"


def content_security_policy() -> str:
    """Return the policy: everything from this server, and the few inline scripts known by their hash.

    Streamlit writes its styles inline (`style-src 'unsafe-inline'`); its charts need no `unsafe-eval` (seen).
    """
    scripts = " ".join(["'self'", *_inline_script_hashes(_pages_with_inline_scripts())])
    return "; ".join(
        [
            "default-src 'self'",
            f"script-src {scripts}",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "media-src 'self' blob:",
            "worker-src 'self' blob:",
            "connect-src 'self'",
            "frame-src 'self'",
            "frame-ancestors 'self'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
        ]
    )


def _pages_with_inline_scripts() -> list[Path]:
    """Return the HTML files the server sends that hold a script of their own."""
    return [
        package_folder("streamlit") / "static" / "index.html",
        package_folder("extra_streamlit_components") / "CookieManager" / "frontend" / "build" / "index.html",
    ]


def package_folder(name: str) -> Path:
    """Return a package's folder without importing it.

    A component imported before the server runs is registered nowhere, and the browser gets 404 for it (seen).
    """
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(name)
    return Path(spec.origin).parent


def _inline_script_hashes(pages: Iterable[Path]) -> list[str]:
    return [
        "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"
        for page in pages
        for script in re.findall(r"<script>(.*?)</script>", page.read_text(encoding="utf-8"), re.DOTALL)
    ]
