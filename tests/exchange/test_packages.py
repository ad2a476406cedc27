"""Packages: what opens them, what a changed byte does, that nothing inside shows, that ordinary tools open them."""

import shutil
import subprocess

import pytest

from services.exchange.packages import PackageUnreadable, PackageWriter, new_password, open_package

NAME = "江小满"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path, password = tmp_path_factory.mktemp("package") / "a.zip", new_password()
    writer = PackageWriter(path, password=password, readme="用 7-Zip 打开")
    writer.add("001.docx", (NAME * 2000).encode())
    writer.add("001.json", b"{}")
    writer.finish({"人数": 1})
    return path, password


def test_a_copy_opens_with_its_password_and_says_what_is_in_it(made, tmp_path):
    path, password = made
    copy = shutil.copy(path, tmp_path / "copy.zip")

    for typed in (password, password.lower(), f" {password} "):
        package = open_package(copy, password=typed)
        assert package.head == {"人数": 1}
        assert [each.name for each in package.files] == ["001.docx", "001.json"]


def test_a_wrong_password_opens_nothing_and_nobody_reads_a_name(made):
    path, password = made

    for wrong in ("", "x", new_password(), password[:-1]):
        with pytest.raises(PackageUnreadable):
            open_package(path, password=wrong)
    assert NAME.encode() not in path.read_bytes()
    assert len({new_password() for _ in range(50)}) == 50


def test_no_byte_can_be_changed_cut_or_added(made, tmp_path):
    path, password = made
    whole, other = path.read_bytes(), tmp_path / "changed.zip"

    step = max(1, len(whole) // 60)
    places = (*range(0, len(whole), step), len(whole) - 1)
    changed = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in places]
    for content in (*changed, whole[:-1], whole + b"\0", b"", whole[: len(whole) // 2]):
        other.write_bytes(content)
        with pytest.raises(PackageUnreadable):
            open_package(other, password=password)


def test_what_was_not_finished_is_no_package(tmp_path):
    password = new_password()
    writer = PackageWriter(tmp_path / "half.zip", password=password, readme="")
    writer.add("001.docx", NAME.encode() * 100_000)
    writer.close()

    with pytest.raises(PackageUnreadable):
        open_package(tmp_path / "half.zip", password=password)


@pytest.mark.skipif(shutil.which("7z") is None, reason="no 7-Zip here")
def test_7_zip_opens_it(made):
    path, password = made
    told = subprocess.run(["7z", "t", f"-p{password}", str(path)], capture_output=True, check=False)

    assert told.returncode == 0
