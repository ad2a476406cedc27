"""`export`: a list of the program as a file."""

import argparse
import json
import os
from pathlib import Path

from commands.parsing import Subparsers, command_parser
from commands.problems import FileFormUnknown, FileUnwritable, NotTheirs, UserUnknown

PURPOSES = {
    "register_book": "班级或学校存档",
    "authority": "上级要求报送",
    "visit": "家访、谈话前准备",
    "meeting": "会议研究",
    "check": "核对名册",
    "referral": "转介给校外单位",
}
"""As services.student_exports names them; written again, for help must not wait for an installation."""


def add_parser(subparsers: Subparsers) -> None:
    """Declare the options of `export`."""
    parser = command_parser(subparsers, "export", json=True)
    parser.add_argument("what", metavar="名单", choices=["students"], help="students：学生名册")
    parser.add_argument("file", metavar="文件", type=Path, help="写到哪里，以 .xlsx 或 .csv 结尾")
    parser.add_argument("--as", dest="user", metavar="账号", help="用谁的身份导出（不写就是命令行，看得到全部）")
    purposes = "；".join(f"{code} {words}" for code, words in PURPOSES.items())
    parser.add_argument("--purpose", choices=PURPOSES, default="register_book", metavar="用途", help=purposes)


def preflight(args: argparse.Namespace) -> None:
    """Refuse a file we could not write, before anything is installed or read.

    Raises:
        FileFormUnknown, FileUnwritable: as said.
    """
    if args.file.suffix.lower() not in {".xlsx", ".csv"}:
        raise FileFormUnknown(args.file)
    if not args.file.parent.is_dir() or args.file.is_dir() or not os.access(args.file.parent, os.W_OK):
        raise FileUnwritable(args.file)


def run(args: argparse.Namespace) -> int:
    """Write the file; the export is audited like one made on screen.

    Raises:
        UserUnknown, NotTheirs: the account named can't do it.
        FileUnwritable: the file can't be written after all; then nothing was exported.
    """
    from db.engine import use
    from db.location import Location
    from db.transactions import transaction
    from db.upgrade import check_current, refuse_empty
    from services.command_actors import find_command_actor
    from services.errors import NotAllowed
    from services.student_exports import ExportForm, ExportPurpose, export_students

    location = Location.from_environment(args.data)
    refuse_empty(location)
    check_current(use(location))
    with transaction() as session:
        actor = find_command_actor(session, args.user)
        if actor is None:
            raise UserUnknown(args.user)
        form: ExportForm = "csv" if args.file.suffix.lower() == ".csv" else "xlsx"
        try:
            export = export_students(session, actor, purpose=ExportPurpose(args.purpose), form=form)
        except NotAllowed as error:
            raise NotTheirs(args.user) from error
        _write(args.file, export.content())
    count = len(export.rows)
    if args.json:
        print(json.dumps({"file": str(args.file), "exported": count}, ensure_ascii=False))
    else:
        print(f"导出了 {count} 人，写在 {args.file}。")
    return 0


def _write(path: Path, content: bytes) -> None:
    """Write the whole file or nothing, readable only for this account."""
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.touch(mode=0o600)
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise FileUnwritable(path) from error
