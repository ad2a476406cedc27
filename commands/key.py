"""`key`: the recovery sheet, whether a copy of it is right, and a new key."""

import argparse
import sys

from commands.parsing import Subparsers, command_parser
from db.location import Location

ACTS = {"show": "show：看恢复单", "check": "check：核对抄好的恢复单", "rotate": "rotate：换一把新密钥（先停掉服务）"}


def add_parser(subparsers: Subparsers) -> None:
    """Declare the options of `key`."""
    parser = command_parser(subparsers, "key")
    parser.add_argument("what", metavar="做什么", choices=list(ACTS), help="；".join(ACTS.values()))
    parser.add_argument("--all", action="store_true", help="和 check 一起用：十六组都核对，不只两组")


def run(args: argparse.Namespace) -> int:
    """Do what is asked."""
    location = Location.from_environment(args.data)
    if args.what == "show":
        return _show(location)
    if args.what == "check":
        return _check(location, everything=args.all)
    return _rotate(location)


def _show(location: Location) -> int:
    from commands.sheets import sheet
    from db.keys import read_key_file

    print(sheet(read_key_file(location.key_file)))
    print("抄好以后，运行 manage.py key check 核对一遍。", file=sys.stderr)
    return 0


def _check(location: Location, *, everything: bool) -> int:
    from commands.sheets import ask_back
    from db.engine import use
    from db.transactions import transaction
    from db.upgrade import check_current, refuse_empty
    from services import recovery
    from services.actors import command_line

    refuse_empty(location)
    runtime = use(location)
    check_current(runtime)
    ask_back(runtime.keys, everything=everything)
    with transaction() as session:
        recovery.note_checked(session, command_line())
    print("恢复单抄对了。请封好交校长放进保险柜。")
    return 0


def _rotate(location: Location) -> int:
    from commands.sheets import sheet
    from db.engine import use
    from db.rotation import rotate
    from db.upgrade import check_current, refuse_empty
    from services.command_notes import rotated_note

    refuse_empty(location)
    runtime = use(location)
    check_current(runtime)
    print(
        "正在备份、换密钥、逐行验证，数据多的要几分钟。断了电也不要紧：再启动时会接着做完，或退回原样。",
        file=sys.stderr,
    )
    rotated = rotate(runtime, note=rotated_note())
    print(f"换好了：重新加密了 {rotated.sealed} 处，留痕 {rotated.events} 条都用新密钥重新连好。")
    print(f"换以前的备份：{rotated.backup}。以前的备份只有旧密钥打得开，旧密钥留在 {rotated.old_key_file}。")
    print("旧密钥如果可能被人看到过：把新的备份做好以后，请把旧备份和这个旧密钥文件一起删掉。所有人都要重新登录。")
    print(sheet(rotated.keys))
    print("以前的恢复单作废了。抄好这一张以后，运行 manage.py key check 核对一遍。", file=sys.stderr)
    return 0
