"""`backup`: a proven copy of the data while people work."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from commands.parsing import Subparsers, command_parser
from commands.problems import BackupExists, FileUnwritable

if TYPE_CHECKING:
    from services.backups import Outcome


def add_parser(subparsers: Subparsers) -> None:
    """Declare the options of `backup`."""
    parser = command_parser(subparsers, "backup", json=True)
    parser.add_argument(
        "file", metavar="文件", nargs="?", type=Path, help="写到哪里，例如 U 盘上；不写就放进备份文件夹"
    )


def preflight(args: argparse.Namespace) -> None:
    """Refuse a place where nothing can be written, and never write over what is there.

    Raises:
        FileUnwritable, BackupExists: as said.
    """
    if args.file is None:
        return
    if args.file.exists():
        raise BackupExists(args.file)
    if not args.file.resolve().parent.is_dir():
        raise FileUnwritable(args.file)


def run(args: argparse.Namespace) -> int:
    """Make it, prove it, note it; 0 only for a proven one.

    Raises:
        StartupProblem: it can't be made; the class says why.
    """
    from db.engine import use
    from db.location import Location
    from db.presence import at_work
    from db.upgrade import check_current, refuse_empty
    from services import backup_work
    from services.actors import command_line

    location = Location.from_environment(args.data)
    refuse_empty(location)
    check_current(use(location))
    with at_work(location):
        outcome = backup_work.make_now(command_line(), target=args.file.resolve() if args.file else None, strict=True)
    if args.json:
        print(json.dumps(_as_json(outcome), ensure_ascii=False))
    else:
        _tell(outcome)
    return 0 if outcome.is_proven else 1


def _as_json(outcome: "Outcome") -> dict[str, object]:
    return {
        "file": str(outcome.file) if outcome.file else None,
        "is_proven": outcome.is_proven,
        "is_off_disk": outcome.is_off_disk,
        "size": outcome.size_bytes,
        "head": {"seq": outcome.head_seq, "link": outcome.head_link},
        "problem": outcome.problem,
    }


def _tell(outcome: "Outcome") -> None:
    if outcome.problem == "tools_missing":
        print("没有备份：这台机器上没有 pg_dump 和 pg_restore，或版本比数据库旧。请装好 PostgreSQL 的客户端工具再试。")
        return
    print(f"备份好了：{outcome.file}（{_size(outcome.size_bytes or 0)}）")
    if outcome.is_proven:
        print(f"已验证：能打开，每一页完好，行数和留痕都对得上（链头 {outcome.head_seq}:{outcome.head_link}）。")
    else:
        print("未验证：这个数据库账号不能建临时库来试恢复。请给它 CREATEDB 权限，或自己在别处恢复一次看看。")
    if not outcome.is_off_disk:
        print("注意：它和数据在同一块盘上，盘坏了就一起没了。请再拷一份到 U 盘或别的机器上。")


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1024 / 1024:,.1f} MB" if size_bytes >= 2**20 else f"{size_bytes / 1024:,.0f} KB"
