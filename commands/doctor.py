"""`doctor`: what is not as it should be on this machine, and how to mend it."""

import argparse
import json
from typing import TYPE_CHECKING

from commands.bootstrap import Environment, is_complete
from commands.parsing import Subparsers, command_parser
from commands.preflight import check_port, is_loopback
from commands.problems import CommandProblem, sentence
from commands.processes import PROJECT_DIR
from db.errors import StartupProblem
from db.location import Location

if TYPE_CHECKING:
    from services.diagnosis import Symptom

WORDS = {
    "python": "Python 是 {found}，要 3.11 或更新的：请装好以后，用它运行 manage.py run。",
    "glibc": "系统的 glibc 是 {found}，加密数据库要 2.28 或更新的：请换 2018 年以后的 Linux 版本。",
    "venv": "运行环境不完整，多半是程序换过、还没重装：请运行 manage.py run，它会自己补上。",
    "disk": "{path} 所在的盘只剩 {free_mb} MB，数据有 {size_mb} MB：请腾出地方，至少够放三份数据。",
    "data_missing": "这里还没有数据（{path}）：请看看 --data 写得对不对，或先运行 manage.py run。",
    "key_missing": "没有密钥文件 {path}：请把另存的那份放回去，或用 manage.py restore 备份 --type-key 照恢复单恢复。",
    "key_wrong": "密钥文件 {path} 坏了或打不开这份数据：请换回和数据一起保存的那一份，或照恢复单恢复。",
    "key_open": "密钥文件 {path} 别的账号也能读：请运行 chmod 600 {path}。",
    "key_beside": "密钥文件 {path} 在数据的文件夹里，拷走一个就都拷走了：请移到别处，用 CARE_KEY_FILE 指出来。",
    "unfinished": "有一次恢复或换密钥没有做完：请运行 manage.py run，它会接着做完或退回原样。",
    "newer": "数据是更新的版本写的（数据 {found}，程序 {known}）：请换上更新的程序，数据没有动过。",
    "outdated": "数据还是旧版本的（数据 {found}，程序 {known}）：请运行 manage.py run，它先备份再升级。",
    "unreachable": "连不上数据库：请看看数据库开着没有，CARE_DATABASE_URL 写得对不对。",
    "clock": "机器的时钟比最后一条留痕还早 {minutes} 分钟：请把时间和时区校准，不然到期的日子都会算错。",
    "no_backup": "还没有一份验证过的备份：请运行 manage.py backup。",
    "backup_old": "验证过的备份还是 {days} 天前的：请看看服务是不是一直开着，再运行 manage.py backup。",
    "off_disk_none": "没有一份验证过的备份在别的盘上，这块盘坏了就都没了：请在 系统 → 备份 里设第二个文件夹。",
    "off_disk_old": "别的盘上那份备份还是 {days} 天前的：请插好盘、连好网络盘，过一会儿会自己补上。",
    "backup_failed": "最近一次备份没有做成（{code}）：到 系统 → 备份 看原因，改好以后运行 manage.py backup。",
    "folder": "第二个备份文件夹 {path} 现在用不了（{code}）：请插好盘、连好网络盘，看看能不能写、满没满。",
    "same_disk": "第二个备份文件夹 {path} 和数据在同一块盘上，盘坏了会一起没：请换一块盘。",
    "sheet": "恢复单还没有核对过：请运行 manage.py key show 抄下来，再运行 manage.py key check。",
    "pg_tools": "没有 pg_dump 和 pg_restore，做不了备份：请装好 PostgreSQL 的客户端工具。",
}


def add_parser(subparsers: Subparsers) -> None:
    """Declare the options of `doctor`."""
    parser = command_parser(subparsers, "doctor", json=True)
    parser.add_argument("--port", type=int, metavar="端口", help="也看看这个端口能不能用（先停掉服务）")
    parser.add_argument("--address", default="127.0.0.1", metavar="地址", help="和 --port 一起用：准备用的地址")


def run(args: argparse.Namespace) -> int:
    """Look, tell each thing with how to mend it, and return 0 only if there is none; nothing is changed."""
    from services import diagnosis

    location = Location.from_environment(args.data)
    symptoms = diagnosis.examine(location)
    if not is_complete(Environment(PROJECT_DIR)):
        symptoms.append(diagnosis.Symptom("venv"))
    told = [(symptom.code, words_of(symptom)) for symptom in symptoms]
    told += _address_words(args)
    if args.json:
        findings = [{"code": code, "words": words} for code, words in told]
        print(json.dumps({"is_well": not told, "findings": findings}, ensure_ascii=False))
    else:
        for _, words in told:
            print(f"· {words}")
        print(f"一共 {len(told)} 处要看一看。" if told else "都好：机器、密钥、数据、备份都没有发现问题。")
    return 1 if told else 0


def words_of(symptom: "Symptom") -> str:
    """Return what is wrong and how to mend it."""
    return WORDS[symptom.code].format_map(symptom.facts)


def _address_words(args: argparse.Namespace) -> list[tuple[str, str]]:
    if args.port is None:
        return []
    found = []
    try:
        check_port(args.address, args.port)
    except (CommandProblem, StartupProblem) as problem:
        found.append(("port", sentence(problem)))
    if not is_loopback(args.address):
        found.append(("tls", "别的机器也能打开这个地址：启动时请加 --https，或用 --cert 和 --key 给出学校的证书。"))
    return found
