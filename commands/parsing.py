"""An argument parser that speaks Chinese, and what most commands have in common."""

import argparse
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NoReturn

from commands.catalogue import find_command

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction["ChineseParser"]
else:  # generic in the type stubs only
    Subparsers = argparse._SubParsersAction

# The standard library has no Chinese for these; the words differ a little between its versions.
COMPLAINTS = (
    (r"the following arguments are required: (?P<a>.+)", "还缺：{a}。"),
    (r"unrecognized arguments: (?P<a>.+)", "看不懂这里：{a}。"),
    (r"argument (?P<a>.+?): expected (one|at least one) argument", "{a} 后面还要写上内容。"),
    (r"argument (?P<a>.+?): ignored explicit argument (?P<b>.+)", "{a} 后面不用写内容，这里写了 {b}。"),
    (r"argument (?P<a>.+?): not allowed with argument (?P<b>.+)", "{a} 和 {b} 只能用一个。"),
    (r"argument (?P<a>.+?): invalid choice: (?P<b>.+?) \(choose from (?P<c>.+)\)", "没有 {b}，可以写：{c}。"),
    (r"argument (?P<a>.+?): invalid int value: (?P<b>.+)", "{a} 要写整数，这里是 {b}。"),
    (r"argument (?P<a>.+?): (?P<b>[^\x00-\x7f].*)", "{a}：{b}"),
)


def translate_complaint(message: str) -> str:
    """Turn one of argparse's messages into a Chinese sentence."""
    for pattern, sentence in COMPLAINTS:
        if match := re.fullmatch(pattern, message, flags=re.DOTALL):
            return sentence.format(**match.groupdict())
    return f"这一行命令看不懂：{message}。"


class ChineseFormatter(argparse.HelpFormatter):
    """Help with a Chinese heading before the usage line."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        """Begin with 用法 instead of the English word."""
        super().add_usage(usage, actions, groups, "用法：" if prefix is None else prefix)


class ChineseParser(argparse.ArgumentParser):
    """An argument parser whose help and complaints are Chinese."""

    def __init__(self, **options: Any) -> None:  # whatever ArgumentParser takes
        wants_help = options.pop("add_help", True)
        super().__init__(formatter_class=ChineseFormatter, add_help=False, allow_abbrev=False, **options)
        self._positionals.title = "要写的内容"
        self._optionals.title = "选项"
        if wants_help:
            self.add_argument("-h", "--help", action="help", help="显示这份说明")

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the typed line and where its help is; exit code 2."""
        self.exit(2, f"{translate_complaint(message)}看说明：{self.prog} --help\n")


def command_parser(subparsers: Subparsers, name: str, *, json: bool = False) -> ChineseParser:
    """Add the parser of one command, with --data and, where it reports something, --json."""
    line = find_command(name).help
    parser = subparsers.add_parser(name, help=line, description=f"{line}。")
    parser.add_argument("--data", metavar="文件夹", help="数据放在哪里（不写就看 CARE_DATA_DIR，再没有就用 data）")
    if json:
        parser.add_argument("--json", action="store_true", help="结果写成 JSON，给别的程序读")
    return parser
