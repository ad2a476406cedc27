"""The backups page as the IT teacher sees it: one made now, the second folder tried, pictures at both widths."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from db.tables import Role
from tests.browser import driver
from tests.browser.conftest import SCREENS, OpenTab, Server, copy_of, serve
from tests.browser.people import NAMES, PASSWORD, make_school

pytestmark = [pytest.mark.browser, pytest.mark.long]


@pytest.fixture
def own(prepared, tmp_path) -> Iterator[Server]:
    """A server of its own: backups are made on it."""
    location = copy_of(prepared, tmp_path)
    make_school()
    with serve(location) as server:
        yield server


def put_sample_place(page: Page) -> None:
    """Put the place of a school's server on the picture, or it would be another one every time."""
    page.evaluate(
        """() => document.querySelectorAll('[data-testid=stMarkdown] *').forEach(each => each.childNodes.forEach(
            node => { if (node.nodeType === 3) node.nodeValue = node.nodeValue.replace(
                /\\/\\S*care-[0-9-]+/, '/srv/care/data/backups/care-20261120-014100-000000-'); }))"""
    )


def test_a_backup_is_made_and_the_second_folder_refused_with_why(own: Server, tab: OpenTab):
    page = tab(size=driver.DESKTOP, on=own)
    driver.sign_in(page, NAMES[Role.ADMIN][0], PASSWORD)
    page.get_by_role("link", name="备份").click()
    driver.see(page, "现在做一份")

    driver.press(page, "现在做一份")
    driver.see(page, "备份做好了，已验证。")
    page.get_by_label("U 盘或网络盘上的文件夹").fill("/mnt/usb/none")
    driver.press(page, "试一下，保存")
    driver.see(page, "没有找到这个文件夹")

    for size in (driver.DESKTOP, driver.PHONE):
        shown = tab(size=size, on=own)
        driver.sign_in(shown, NAMES[Role.ADMIN][0], PASSWORD)
        driver.open_page(shown, f"{own.address}/backups")
        driver.see(shown, "现在做一份")
        put_sample_place(shown)
        driver.take_picture(shown, SCREENS / f"backups-{size[0]}.png")
