"""Making a package: child by child, each in a reading transaction of its own, straight into an encrypted file.

Nothing is ever on the disk in the clear, and no more than one child's archive is in memory. A package counts once its
file is whole and its row is written, in this order; a file without a row is nobody's and is swept away.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session

from db.base import new_uid
from db.tables import ConsentAnswer, ConsentPurpose
from db.transactions import reading, transaction
from services import clock, handovers
from services.actors import Actor
from services.archive_contents import as_plain, read_archive
from services.archive_prints import PAPER as ARCHIVE_PAPER
from services.archive_prints import values_of
from services.consents import current_answer
from services.exchange.documents import TemplateBroken, TemplateValue, fill_template
from services.exchange.packages import PackageWriter, new_password
from services.handover_files import sweep
from services.handover_rules import package_dir, path_of
from services.handovers import HandoverEntry, Packed, WholeFile
from services.paper import OwnTemplateBroken, template_for
from services.schools import school_name

LIST_PAPER = "handover_list"
Told = Callable[[int, int], None]
"""Is told how many children are done, and of how many."""

README = """{school}移交的学生心理档案

一、怎么打开
1. 用 7-Zip、WinRAR 或 Bandizip 打开这个文件，Windows 自带的“解压”打不开。
2. 密码不在这里面，由移交的人当面或打电话另外告诉您；大写字母、数字和横线都要照样输入。
3. 先看“移交清单.docx”：哪个号是哪个孩子。每个孩子有一份 Word（.docx，给人看）和一份 JSON（.json，给程序读）。

二、怎么核对
“清单.json”里有每个文件的字节数和 SHA-256。用关爱室程序的学校，在服务器上运行
    python3 manage.py handover 这个文件
输入密码，会逐个核对；少一个字节、改一个字节都会说出来。

三、请这样保管
1. 里面是孩子最私密的事，只给接手的心理教师看，不放进学籍档案，不转给别人。
2. 核对完，请在移交清单上签名，扫描或拍照交回移交的学校，然后把U盘上的这一份删掉。
3. 辅导的内容，只有家里同意移交的孩子才有；没有的，请和孩子重新建立信任。
"""


@dataclass(frozen=True, slots=True)
class Made:
    """A package that is there; its password is told now and never again."""

    package_id: int
    password: str
    children: int
    size_bytes: int


def make_package(actor: Actor, *, entry: HandoverEntry, told: Told | None = None) -> Made:
    """Pack the archives of these children into one file that a password alone opens.

    Raises:
        FieldErrors: what `handovers.check_entry` refuses.
        ChildrenChanged: a child was merged or removed meanwhile.
        OwnTemplateBroken: the school's own template can't be filled.
        DiskFull, OSError: the file can't be written; nothing is left of it.
    """
    sweep()
    with reading() as session:
        ids = handovers.check_entry(session, actor, entry=entry)
        school = school_name(session) or ""
    uid, password = new_uid(), new_password()
    package_dir().mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = package_dir() / f"{uid}.part"
    try:
        whole = _write(actor, draft, uid, password, ids, entry, school, told)
        draft.replace(path_of(uid))
        with transaction() as session:
            package_id = handovers.record_made(session, actor, entry=entry, whole=whole)
    except BaseException:
        draft.unlink(missing_ok=True)
        path_of(uid).unlink(missing_ok=True)
        raise
    return Made(package_id, password, len(ids), whole.size_bytes)


def _write(
    actor: Actor, draft: Path, uid: str, password: str, ids: tuple[int, ...], entry: HandoverEntry, school: str,
    told: Told | None,
) -> WholeFile:  # fmt: skip
    begun_at = clock.now()
    writer = PackageWriter(draft, password=password, readme=README.format(school=school))
    lines: list[dict[str, str]] = []
    packed: list[Packed] = []
    try:
        for place, student_id in enumerate(ids, start=1):
            with reading() as session:
                line, child = _add_child(session, actor, writer, place, student_id, school)
            lines.append(line)
            packed.append(child)
            if told is not None:
                told(place, len(ids))
        writer.add("移交清单.docx", _list(actor, entry, lines, writer.files + 1, school))
        told_of = [{key: line[key] for key in ("序号", "姓名", "班级", "件数")} for line in lines]
        head = {
            "学校": school, "移交给": entry.to, "做成": f"{clock.local(clock.now()):%Y-%m-%d %H:%M}",
            "人数": len(packed), "孩子": told_of,
        }  # fmt: skip
        files = writer.files
        digest = writer.finish(head)
    finally:
        writer.close()
    return WholeFile(uid, files, draft.stat().st_size, digest, tuple(packed), begun_at)


def _add_child(
    session: Session, actor: Actor, writer: PackageWriter, place: int, student_id: int, school: str
) -> tuple[dict[str, str], Packed]:
    agreed = current_answer(session, student_id=student_id, purpose=ConsentPurpose.HANDOVER)
    with_notes = agreed is ConsentAnswer.GIVEN
    contents = read_archive(session, actor, student_id=student_id, leaves=True, with_notes=with_notes)
    number = f"{place:03}"
    made = f"{actor.display_name}于 {clock.local(clock.now()):%Y-%m-%d %H:%M} 移交。"
    values = {**values_of(contents), "缺什么": "", "学校": school, "导出": made}
    writer.add(f"{number}.docx", _filled(ARCHIVE_PAPER, values, actor))
    writer.add(f"{number}.json", json.dumps(as_plain(contents), ensure_ascii=False, indent=1).encode())
    line = {
        "序号": number, "姓名": contents.name, "班级": contents.class_label, "件数": str(contents.entries),
        "文件": f"{number}.docx、{number}.json",
    }  # fmt: skip
    return line, Packed(student_id, contents.entries, with_notes)


def _list(actor: Actor, entry: HandoverEntry, lines: list[dict[str, str]], files: int, school: str) -> bytes:
    now = clock.local(clock.now())
    values: dict[str, TemplateValue] = {
        "学校": school, "移交给": entry.to or "", "做成": f"{now:%Y-%m-%d %H:%M}", "人数": str(len(lines)),
        "文件数": str(files), "孩子": lines, "导出": f"{actor.display_name}做成。",
    }  # fmt: skip
    return _filled(LIST_PAPER, values, actor)


def _filled(paper: str, values: Mapping[str, TemplateValue], actor: Actor) -> bytes:
    try:
        return fill_template(template_for(f"{paper}.docx"), values, author=actor.display_name)
    except TemplateBroken as error:
        raise OwnTemplateBroken(error.path.name) from error
