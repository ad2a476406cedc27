"""`verify`: whether the data are whole and nobody has changed them behind the program's back."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from commands.parsing import Subparsers, command_parser

if TYPE_CHECKING:
    from db.verification import Report

_LONGEST_NUMBER = 18  # figures that fit the database's whole numbers

SENTENCES = {
    "ciphertext": "数据库文件没有加密",
    "pages": "数据库文件有损坏或被改过的地方",
    "migrations": "表的结构和程序不一致",
    "triggers": "保护记录的触发器不对",
    "foreign_keys": "有记录指向不存在的记录",
    "chain": "留痕链在这一条断开，它或它前面的被改过、删过",
    "backup_heads": "留痕的末尾被截掉或换过：这份备份记下的链头找不到了",
    "seals": "这一行的加密内容被改过，或是从别处搬来的（表.列 行号）",
    "weeks": "这一周（写的是星期一）定格的数被改过、删过，或不是程序定格的",
    "rows": "留痕里有这一行，数据里没有了，也不是程序清理、撤回的（表 行号）",
}


def add_parser(subparsers: Subparsers) -> None:
    """Declare the options of `verify`."""
    parser = command_parser(subparsers, "verify", json=True)
    parser.add_argument("--head", help="以前抄下的链头，例如 1234:9f3a…；用来发现末尾被人截掉的留痕")
    parser.add_argument(
        "--backups", metavar="文件夹", type=Path, action="append", help="别处的备份文件夹，链头也和那里的备份核对"
    )


def run(args: argparse.Namespace) -> int:
    """Look at everything and return 0 only if all is well."""
    from db.engine import use
    from db.location import Location
    from db.upgrade import check_current, refuse_empty
    from db.verification import verify

    location = Location.from_environment(args.data)
    refuse_empty(location)
    runtime = use(location)
    check_current(runtime)
    folders = [*(args.backups or []), *_second_folders()]
    report = verify(runtime, folders=folders)
    is_cut = bool(args.head) and not _holds_head(args.head)
    if args.json:
        print(json.dumps(_as_json(report, is_cut), ensure_ascii=False))
    else:
        _tell(report, is_cut)
    return 0 if report.is_whole and not is_cut else 1


def _second_folders() -> "list[Path]":
    from sqlalchemy.exc import DatabaseError

    from db.transactions import reading
    from services import backups
    from services.actors import command_line

    try:
        with reading() as session:
            folder = backups.find_second_folder(session, command_line()).folder
    except DatabaseError:  # damaged pages: verify names them
        return []
    return [Path(folder)] if folder else []


def _holds_head(head: str) -> bool:
    """Say whether the chain still holds the event that was once its head."""
    from db.audit_chain import holds
    from db.transactions import reading

    number, _, link = head.partition(":")
    if not (head.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER):
        return False
    with reading() as session:
        return holds(session, seq=int(number), link=link)


def _as_json(report: "Report", is_cut: bool) -> dict[str, object]:
    return {
        "is_whole": report.is_whole and not is_cut,
        "findings": [{"check": finding.check.value, "where": finding.where} for finding in report.findings],
        "head": {"seq": report.head_seq, "link": report.head_link},
        "head_is_missing": is_cut,
    }


def _tell(report: "Report", is_cut: bool) -> None:
    for finding in report.findings:
        print(f"{SENTENCES[finding.check.value]}：{finding.where}")
    if is_cut:
        print("抄下的链头找不到了：留痕的末尾被人截掉或换过。请保留现在的数据文件，用那之后的备份核对。")
    if report.is_whole and not is_cut:
        print(f"数据完整，留痕共 {report.head_seq} 条。")
        if report.head_link:
            print(f"链头：{report.head_seq}:{report.head_link}（可以抄下来，下次用 --head 核对）")
