"""The addresses a browser may ask for: one per page, the same small HTML file, and our sentence for the rest."""

import re

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from ui.brand import NAME
from ui.headers import package_folder
from ui.navigation import HOME, existing_entries

_NOT_FOUND = f"""<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>没有这一页</title></head>
<body style="margin:20vh auto;max-width:24em;font-family:sans-serif;color:#1A1917;background:#FBF9F5">
<h1 style="font-size:1.5em">没有这一页</h1>
<p>地址可能抄错了，或者这一页已经换了地方。</p>
<p><a style="color:#1F5F6B" href="./">回到{NAME}</a></p>
</body></html>"""


class _OneSegment(Convertor[str]):
    """One step of an address without a dot: a page, not a file such as favicon.png."""

    regex = r"[^/.]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


def page_routes() -> list[Route]:
    """Return the routes of all pages.

    Streamlit would answer any address with the same file in English (`lang="en"`, so that a screen reader
    reads Chinese with an English voice), and an address without a page with an English box (seen).
    """
    register_url_convertor("one_segment", _OneSegment())
    return [Route("/", _page), Route("/{name:one_segment}", _page)]


def _page(request: Request) -> Response:
    name = request.path_params.get("name")
    if name == HOME:
        return RedirectResponse("./")  # it has no address of its own: Streamlit would say there is no such page
    if name is None or any(entry.name == name for entry in existing_entries()):
        return HTMLResponse(_index())
    return HTMLResponse(_NOT_FOUND, status_code=404)


def _index() -> str:
    """Return Streamlit's own file, its language and title put right."""
    html = (package_folder("streamlit") / "static" / "index.html").read_text(encoding="utf-8")
    html = re.sub(r'<html lang="[^"]*"', '<html lang="zh-CN"', html, count=1)
    return re.sub(r"<title>.*?</title>", f"<title>{NAME}</title>", html, count=1)
