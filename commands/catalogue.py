"""The list of commands; a new one is a row here and a module with `add_parser` and `run`."""

from typing import NamedTuple


class Command(NamedTuple):
    """One command: what is typed, where its code lies, and one line of help."""

    name: str
    module: str
    help: str
    needs_dev: bool = False  # also wants requirements-dev.txt
    passes_on: bool = False  # words it does not know belong to another program


COMMANDS = (
    Command("run", "commands.run", "启动关爱室，并告诉您用浏览器打开哪个地址"),
    Command("import", "commands.importing", "把一份名册表格导进来"),
    Command("export", "commands.export", "把名册导出成 xlsx 或 csv 文件"),
    Command("backup", "commands.backup", "备份：别人照常用，做一份验证过的"),
    Command("restore", "commands.restore", "把一份备份恢复回来"),
    Command("key", "commands.key", "密钥：看恢复单、核对、更换"),
    Command("account", "commands.account", "管理员忘了密码：在服务器上重设"),
    Command("verify", "commands.verify", "检查数据是否完整、有没有被人动过"),
    Command("handover", "commands.handover", "核对一份移交包：密码对不对，有没有坏、有没有被改过"),
    Command("retention", "commands.retention", "看有多少离校孩子的记录到期该清（只看，不清）"),
    Command("compliance", "commands.compliance", "看制度的每一条做得怎样"),
    Command("demo", "commands.demo", "在空文件夹里编一所假的学校，用来看和试"),
    Command("bench", "commands.bench", "和 Streamlit 自己比快慢，写成一张表（给开发的人用）"),
    Command("doctor", "commands.doctor", "体检：哪里不对，怎么改"),
    Command("service", "commands.service", "装成服务：开机自动启动，断电以后自己回来"),
    Command("wheels", "commands.wheels", "把程序包都取到 wheels 文件夹，给没有网的机器用"),
    Command("test", "commands.test", "运行测试（给开发的人用）", needs_dev=True, passes_on=True),
    Command("check", "commands.check", "检查代码的写法和类型（给开发的人用）", needs_dev=True),
)


def find_command(name: str) -> Command:
    """Return the row of a command that is known to exist."""
    return next(command for command in COMMANDS if command.name == name)
