"""A real Chromium for the tests: starting it, signing in, waiting for Streamlit, taking pictures."""

import io
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageChops
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

# A browser that talks to nobody but the server under test.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
DESKTOP, PHONE = (1280, 900), (390, 844)
_PICTURE_BYTES = 150_000
PATIENCE_MILLISECONDS = 60_000  # several browsers and servers begin at once, on a machine of two cores
_QUIET_MILLISECONDS = 250

_IS_IDLE = """() => {
    const app = document.querySelector('[data-testid="stApp"]');
    const idle = app
        && app.getAttribute('data-test-connection-state') === 'CONNECTED'
        && app.getAttribute('data-test-script-state') === 'notRunning'
        && !document.querySelector('[data-testid="stSkeleton"], [data-testid="stAppSkeleton"]');
    const now = performance.now();
    if (!idle) { window.careIdleSince = undefined; return false; }
    window.careIdleSince ??= now;
    return now - window.careIdleSince > %d;
}"""


def browser_path() -> str | None:
    """Return the Chromium of this machine, or None: then the tests are skipped, loudly."""
    if named := os.environ.get("CARE_TEST_CHROMIUM"):
        return named
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


@contextmanager
def launch() -> Iterator[Browser]:
    """Start the browser and stop it."""
    path = browser_path()
    if path is None:
        raise FileNotFoundError("no Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def new_context(browser: Browser, *, size: tuple[int, int]) -> BrowserContext:
    """Return what one person's tabs share: no cookies, Chinese, the school's zone."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=2 if size == PHONE else 1,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    return context


def forget_person(context: BrowserContext, origin: str) -> None:
    """Make a context anybody's again: no tab, no cookie, nothing stored; what it loaded of the program it keeps."""
    page = context.new_page()
    everything = {"origin": origin, "storageTypes": "local_storage,session_storage,indexeddb,cache_storage"}
    context.new_cdp_session(page).send("Storage.clearDataForOrigin", everything)
    for each in context.pages:
        each.close()
    context.clear_cookies()
    assert not context.cookies()


def open_page(page: Page, address: str) -> None:
    """Go to an address and wait until its run is over."""
    page.goto(address)
    wait_until_idle(page)


def sign_in(page: Page, name: str, password: str) -> None:
    """Fill the sign-in form on screen and wait for what comes: the page, or the form with its refusal."""
    page.get_by_label("账号").fill(name)
    page.get_by_role("textbox", name="密码").fill(password)
    page.get_by_role("button", name="登录").click()
    # The cookie comes a moment after the page, and on a busy machine the run itself begins late.
    page.wait_for_function(
        "() => document.cookie.includes('care_room=') || /不对|停用了|再试|要填/.test(document.body.innerText)"
    )
    wait_until_idle(page)


def wait_until_idle(page: Page) -> None:
    """Wait until Streamlit is connected and no run is under way, and stays so for a moment.

    The moment matters: one click can cause several runs (a callback's rerun, the cookie component's answer).
    """
    page.evaluate("() => { window.careIdleSince = undefined; }")
    page.wait_for_function(_IS_IDLE % _QUIET_MILLISECONDS, polling=50)


def see(page: Page, text: str) -> None:
    """Wait until a text can be read on the page, then until nothing moves; fails if it never comes.

    On a busy machine a run can begin later than `wait_until_idle` looks for it, so a test waits for what it expects.
    """
    page.get_by_text(text).filter(visible=True).first.wait_for()
    wait_until_idle(page)


def press(page: Page, name: str) -> None:
    """Click a button by its full name and wait for what comes."""
    page.get_by_role("button", name=name, exact=True).click()
    wait_until_idle(page)


def type_into_cell(page: Page, *, x: int, y: int, text: str) -> None:
    """Type into the cell at a place of the page's table as a hand does: drawn on canvas, it first follows the mouse."""
    table = page.get_by_test_id("stDataFrame").bounding_box()
    assert table is not None
    for step in (12, 6, 0):
        page.mouse.move(table["x"] + x - step, table["y"] + y)
        page.wait_for_timeout(100)
    page.mouse.down()
    page.wait_for_timeout(100)
    page.mouse.up()
    for key in ("Enter", *text, "Enter"):
        page.wait_for_timeout(150)
        page.keyboard.press(key)
    wait_until_idle(page)


def watch(page: Page, origin: str) -> list[str]:
    """Return a list that fills with whatever shouldn't happen: other hosts asked, errors on the console."""
    found: list[str] = []

    def note_request(url: str) -> None:
        if not url.startswith((origin, origin.replace("http", "ws", 1), "data:", "blob:")):
            found.append(f"request to {url}")

    page.on("request", lambda request: note_request(request.url))
    page.on("websocket", lambda socket: note_request(socket.url))
    page.on("console", lambda message: found.append(message.text) if _is_error(message) else None)
    page.on("pageerror", lambda error: found.append(f"{error}"))
    return found


def _is_error(message: ConsoleMessage) -> bool:
    """Whether a line on the console is an error of ours.

    Below an address like /students Streamlit first looks for its server there, gets 404, and goes one up.
    """
    is_search_for_server = message.location.get("url", "").endswith(("/_stcore/health", "/_stcore/host-config"))
    return message.type == "error" and not is_search_for_server


def visible_text(page: Page) -> str:
    """Return what a person can read on the page, blanks folded."""
    return re.sub(r"\s+", " ", page.locator("body").inner_text())


def take_picture(page: Page, path: Path) -> None:
    """Write a picture of the page, only when it differs from the one that is there, in at most 150 kB."""
    page.mouse.move(0, 0)
    taken = Image.open(io.BytesIO(page.screenshot(full_page=False))).convert("RGB")
    if path.exists() and not _differ(Image.open(path).convert("RGB"), taken):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_packed(taken))


def _differ(one: Image.Image, other: Image.Image) -> bool:
    """Whether two pictures differ by more than the packing's rounding of colours."""
    if one.size != other.size:
        return True
    worst = ImageChops.difference(one, other).convert("L").point(lambda value: 255 if value > 24 else 0)
    return worst.getbbox() is not None


def _packed(picture: Image.Image) -> bytes:
    for colours in (256, 128, 64, 32):
        file = io.BytesIO()
        picture.quantize(colours, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
        if file.tell() <= _PICTURE_BYTES:
            break
    return file.getvalue()
