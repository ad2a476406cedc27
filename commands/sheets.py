"""The recovery sheet on the console: shown, asked back, and typed in."""

import getpass
import secrets
import sys
from typing import TYPE_CHECKING

from commands.problems import NotTyped

if TYPE_CHECKING:
    from db.keys import Keys

ROW = 4
ASKED_BACK = 2


def sheet(keys: "Keys") -> str:
    """Draw the recovery sheet of a key, to be copied or printed."""
    from db.sheets import GROUPS, short_name, write_groups

    groups = write_groups(keys)
    lines = ["", "═" * 64, f"  关爱室恢复单      密钥编号 {short_name(keys.fingerprint)}", ""]
    for start in range(0, GROUPS, ROW):
        numbered = (f"{place + 1:>2}. {groups[place]}" for place in range(start, start + ROW))
        lines.append("   " + "      ".join(numbered))
    lines += [
        "",
        "  没有字母 I、L、O、U；0 是零，1 是一。每一组自带核对，抄错一个字会指出是第几组。",
        "  有备份、有这张单子，就能在别的机器上把数据找回来；两样在一起，谁拿到都能打开。",
        "  请抄下来或打印，封好交校长放进保险柜。不要拍照，不要和备份放在一起。",
        "═" * 64,
        "",
    ]
    return "\n".join(lines)


def ask_for_key() -> "Keys":
    """Ask for the sixteen groups, one line each, at once again for a group that can't be right.

    Raises:
        NotTyped: the typing was ended.
        SheetWrong: lines came from a file, and some can't be right.
    """
    from db.sheets import GROUPS, is_group, read_groups, split_groups

    if not sys.stdin.isatty():
        return read_groups(split_groups(sys.stdin.read()))
    print("请照恢复单打密钥，一行一组，大小写都行。", file=sys.stderr)
    groups: list[str] = []
    while len(groups) < GROUPS:
        place = len(groups) + 1
        typed = _ask(f"第 {place} 组：")
        if is_group(typed, place):
            groups.append(typed)
        else:
            print(f"第 {place} 组不对，请照单子再打一遍：五个字，没有 I、L、O、U。", file=sys.stderr)
    return read_groups(groups)


def ask_back(keys: "Keys", *, everything: bool = False) -> None:
    """Ask for two groups picked at random, or for all, and compare them with the key in use.

    Raises:
        NotTyped: the typing was ended.
        SheetWrong, SheetForeign: the sheet is not a right copy of this key.
    """
    from db.sheets import GROUPS, check_groups

    every = range(1, GROUPS + 1)
    places = list(every) if everything else sorted(secrets.SystemRandom().sample(every, ASKED_BACK))
    check_groups(keys, {place: _ask(f"请看着抄好的单子，打第 {place} 组：") for place in places})


def _ask(words: str) -> str:
    try:
        return getpass.getpass(words) if sys.stdin.isatty() else _line(words)
    except EOFError as error:
        raise NotTyped from error


def _line(words: str) -> str:
    print(words, file=sys.stderr)
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line
