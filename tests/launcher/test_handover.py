"""`handover`: a copied package is whole, or one sentence says that it can't be opened, and nothing else."""

import shutil

import pytest

from commands import handover
from commands.cli import main, parse
from commands.problems import FileUnreadable
from services.exchange.packages import PackageWriter, new_password

REFUSED = "打不开：密码不对，或者文件坏了、被改过。请核对密码；还是不行，请移交的学校重新给一份。"


@pytest.fixture
def made(tmp_path):
    password = new_password()
    writer = PackageWriter(tmp_path / "a.zip", password=password, readme="")
    writer.add("001.docx", b"words")
    writer.finish({"学校": "栖云学校", "人数": 1})
    return shutil.copy(tmp_path / "a.zip", tmp_path / "U盘.zip"), password


@pytest.fixture
def typed(monkeypatch, capsys):
    def type_(path, password):
        monkeypatch.setenv(handover.PASSWORD, password)
        monkeypatch.setattr("commands.bootstrap.enter", lambda *_args, **_more: None)
        code = main(["handover", str(path)])
        return code, capsys.readouterr()

    return type_


def test_a_copy_is_whole(typed, made):
    code, told = typed(*made)

    assert (code, told.out) == (0, "完整，没有被改过：栖云学校移交的 1 个孩子，1 个文件都对得上。\n")


def test_a_wrong_password_and_a_changed_byte_are_told_in_one_sentence(typed, made):
    path, password = made
    wrong, content = typed(path, new_password()), path.read_bytes()
    path.write_bytes(content[:40] + bytes([content[40] ^ 1]) + content[41:])
    changed = typed(path, password)

    for code, told in (wrong, changed):
        assert (code, told.out, told.err) == (1, "", f"{REFUSED}\n")


def test_a_file_that_is_not_there_is_said_before_anything_is_asked(tmp_path):
    with pytest.raises(FileUnreadable):
        handover.preflight(parse(["handover", str(tmp_path / "nowhere.zip")]))
