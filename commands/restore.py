"""`restore`: bring a backup back, also into an empty folder on another machine."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from commands.parsing import Subparsers, command_parser
from commands.problems import FileUnreadable

if TYPE_CHECKING:
    from db.keys import Keys
    from db.location import Location
    from db.restoring import Restored


def add_parser(subparsers: Subparsers) -> None:
    """Declare the options of `restore`."""
    parser = command_parser(subparsers, "restore", json=True)
    parser.add_argument("file", metavar="备份文件", type=Path, help="要恢复的那一份备份")
    keys = parser.add_mutually_exclusive_group()
    keys.add_argument("--type-key", action="store_true", help="照恢复单把密钥打进来（这台机器上没有密钥文件时用）")
    keys.add_argument("--key-file", metavar="文件", type=Path, help="用这个密钥文件（换过密钥以前的备份要用旧的那个）")


def preflight(args: argparse.Namespace) -> None:
    """Refuse a file that is not there.

    Raises:
        FileUnreadable: as said.
    """
    for path in (args.file, args.key_file):
        if path is not None and not path.is_file():
            raise FileUnreadable(path)


def run(args: argparse.Namespace) -> int:
    """Prove the backup, put it in place, tell where the old database lies.

    Raises:
        StartupProblem: it can't be done, and nothing was touched; the class says why.
    """
    from db import restoring
    from db.location import Location
    from services.command_notes import restored_note

    location = Location.from_environment(args.data)
    keys = _keys(args, location)
    restored = restoring.restore(location, args.file.resolve(), keys, note=restored_note())
    restored.runtime.engine.dispose()
    if args.json:
        print(json.dumps(_as_json(restored), ensure_ascii=False))
    else:
        _tell(args.file, location, restored)
    return 0


def _keys(args: argparse.Namespace, location: "Location") -> "Keys":
    from commands.sheets import ask_for_key
    from db.keys import read_key_file

    if args.type_key:
        return ask_for_key()
    return read_key_file(args.key_file or location.key_file)


def _as_json(restored: "Restored") -> dict[str, object]:
    manifest = restored.manifest
    return {
        "made_at": manifest.made_at,
        "rows": manifest.rows,
        "head": {"seq": manifest.head_seq, "link": manifest.head_link},
        "has_manifest": restored.has_manifest,
        "replaced": str(restored.aside) if restored.aside else None,
    }


def _tell(source: Path, location: "Location", restored: "Restored") -> None:
    from services import clock

    manifest = restored.manifest
    if restored.has_manifest:
        made = f"{clock.local(manifest.made):%Y-%m-%d %H:%M}"
        print(f"恢复好了：{source} 是 {made} 的备份，验证过再放回去的，学生 {manifest.rows.get('student', 0)} 人。")
        print(f"{made} 以后写的东西不在里面，请照纸上的记录补上；那以后停用的账号也请再停一次。")
    else:
        print(f"恢复好了：{source}。这个文件没有备份清单，每一页和留痕都验证过，行数没有可以核对的。")
    if restored.aside:
        print(f"原来的数据放在 {restored.aside}，没有删。")
    print(f"密钥在 {location.key_file}。所有人都要重新登录。现在可以运行 manage.py run 了。")
