"""`service`: have the server start with the machine, and come back after a power cut."""

import argparse
import difflib
import json
import os
import subprocess
import sys
from pathlib import Path

from commands import preflight as ask
from commands.bootstrap import Environment
from commands.managers import Manager, this_machine
from commands.parsing import Subparsers, command_parser
from commands.problems import (
    FolderUnfit,
    NoManager,
    NotAdministrator,
    PathOdd,
    PostgresByHand,
    ServiceDiffers,
    ServiceMissing,
    UserCannotReach,
    UserMissing,
)
from commands.processes import PROJECT_DIR
from commands.run import add_server_options, list_addresses
from commands.units import ENVIRONMENT_FILE, NAME, UNVERIFIED, Plan
from db.location import Location

ACTS = {
    "install": "install：装上，开机自动启动，断电以后自己回来",
    "remove": "remove：停掉并拿走，数据不动",
    "show": "show：装没装、开没开；没装的给出要装的内容",
}
ODD = frozenset("\"'\\")
FLEETING = (Path("/tmp"), Path("/var/tmp"), Path("/run"), Path("/dev"))  # noqa: S108  refused, not used
GUARDED = (Path("/usr"), Path("/boot"), Path("/proc"), Path("/sys"), Path("/bin"), Path("/lib"))
TOO_SHALLOW = 2  # "/" and one name: the system's own folders


def add_parser(subparsers: Subparsers) -> None:
    """Declare the options of `service`."""
    parser = command_parser(subparsers, "service", json=True)
    parser.description = f"{parser.description}Linux 上用 systemd；Windows 上用开机任务，{UNVERIFIED}。"
    parser.add_argument("what", metavar="做什么", choices=list(ACTS), help="；".join(ACTS.values()))
    add_server_options(parser)
    parser.add_argument("--user", metavar="账号", help="用这个系统账号运行（Linux；不写就是 root）")
    parser.add_argument("--dry-run", action="store_true", help="和 install 一起用：只给出要装的内容，什么都不写")


def preflight(args: argparse.Namespace) -> None:
    """Refuse what could not be installed, before anything is written.

    Raises:
        CommandProblem, FolderReadOnly: the class says why.
    """
    manager = this_machine()
    if args.what == "show":
        return
    if args.what == "install":
        plan = make_plan(args)
        _check_paths(plan)
        ask.check_certificate(args.cert, args.key, https=args.https)
        if args.dry_run:
            return
    if not manager.is_there():
        raise NoManager
    if not is_administrator():
        raise NotAdministrator
    if args.what == "remove":
        if manager.installed() is None:
            raise ServiceMissing(manager.file)
        return
    if os.environ.get("CARE_DATABASE_URL") and not ENVIRONMENT_FILE.is_file() and os.name != "nt":
        raise PostgresByHand(ENVIRONMENT_FILE)
    ask.check_folder(plan.data_dir)
    _check_user(plan)
    if not _compare(manager, plan):
        ask.check_port(args.address, args.port)


def run(args: argparse.Namespace) -> int:
    """Do what is asked."""
    manager = this_machine()
    if args.what == "show" or args.dry_run:
        return _show(args, manager)
    if args.what == "remove":
        manager.remove()
        return _report(
            args, manager, "服务拿走了，数据和密钥没有动。要再用，运行 manage.py run 或 manage.py service install。"
        )
    plan = make_plan(args)
    _make_folders(plan)
    manager.install(plan)
    return _report(args, manager, _installed_words(args))


def make_plan(args: argparse.Namespace) -> Plan:
    """Turn the typed options into a plan with absolute paths.

    Raises:
        FolderUnfit: the data would lie in the root of the file system.
    """
    if args.data and not Path(args.data).expanduser().resolve().name:
        raise FolderUnfit(Path(args.data))  # the root has no name from which to derive the key's folder
    location = Location.from_environment(args.data)
    return Plan(
        python=Environment(PROJECT_DIR).python,
        project=PROJECT_DIR,
        data_dir=location.data_dir,
        key_file=location.key_file,
        address=args.address,
        port=args.port,
        https=args.https,
        cert=Path(args.cert).resolve() if args.cert else None,
        key=Path(args.key).resolve() if args.key else None,
        user=args.user,
        proxy=args.proxy,
    )


def is_administrator() -> bool:
    """Tell whether this account may install services."""
    if sys.platform == "win32":
        import ctypes

        return bool(ctypes.windll.shell32.IsUserAnAdmin())
    return os.geteuid() == 0


def _check_paths(plan: Plan) -> None:
    for path in plan.paths:
        text = str(path)
        odd = ODD - {"\\"} if os.name == "nt" else ODD
        if odd & set(text) or not text.isprintable():
            raise PathOdd(path)
    if os.name == "nt":
        return
    for folder in (plan.data_dir, plan.key_file.parent):
        if len(folder.parts) <= TOO_SHALLOW or any(folder.is_relative_to(place) for place in (*FLEETING, *GUARDED)):
            raise FolderUnfit(folder)


def _compare(manager: Manager, plan: Plan) -> bool:
    """Tell whether the same service is installed already; a different one is shown and refused."""
    there = manager.installed()
    wanted = manager.text(plan)
    if there is None or there == wanted:
        return there is not None
    lines = difflib.unified_diff(there.splitlines(), wanted.splitlines(), "现在装的", "这次要的", lineterm="", n=0)
    print("\n".join(lines))
    raise ServiceDiffers(manager.file)


def _check_user(plan: Plan) -> None:
    """Make sure the account is there and reaches program and certificate."""
    if plan.user is None or sys.platform == "win32":
        return
    import pwd

    try:
        account = pwd.getpwnam(plan.user)
    except KeyError as error:
        raise UserMissing(plan.user) from error
    for path in (Path(sys.executable), plan.project / "manage.py", plan.cert, plan.key):
        if path is not None and not _reaches(account, path):
            raise UserCannotReach(plan.user, path)
    for folder in (plan.data_dir, plan.key_file.parent):
        above = next(place for place in folder.parents if place.exists())
        if not _reaches(account, above, "-x"):
            raise UserCannotReach(plan.user, above)
    if plan.data_dir.is_dir() and any(plan.data_dir.iterdir()) and not (plan.data_dir / "database").is_dir():
        raise FolderUnfit(plan.data_dir)  # its owner would change with all that is in it


if sys.platform != "win32":
    import pwd

    def _reaches(account: pwd.struct_passwd, path: Path, how: str = "-r") -> bool:
        command = ["/bin/sh", "-c", f'test {how} "$1"', "sh", str(path)]
        asked = subprocess.run(
            command, user=account.pw_uid, group=account.pw_gid, extra_groups=[], cwd="/", check=False
        )
        return asked.returncode == 0


def _make_folders(plan: Plan) -> None:
    """Make the folders of data and key, and give them with all in them to the service's account."""
    for folder in (plan.data_dir, plan.key_file.parent):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if plan.user is None or sys.platform == "win32":
        return
    import pwd

    account = pwd.getpwnam(plan.user)
    keys = plan.key_file.parent.glob(f"{plan.key_file.name}*")
    for place in (plan.data_dir, *plan.data_dir.rglob("*"), plan.key_file.parent, *keys):
        os.chown(place, account.pw_uid, account.pw_gid, follow_symlinks=False)


def _show(args: argparse.Namespace, manager: Manager) -> int:
    there = None if args.dry_run else manager.installed()
    text = there or manager.text(make_plan(args))
    if args.json:
        print(json.dumps(_as_json(manager, text, is_installed=there is not None), ensure_ascii=False))
    elif there is None:
        heading = "要装的是下面这些，什么都还没有写" if args.dry_run else "还没有装。要装的是下面这些"
        print(f"{heading}（{manager.file}）：\n\n{text}", end="")
        if not manager.is_there():
            print("\n这台机器现在没有可以用的服务管理程序（容器里多半这样），这里装不了。")
    else:
        state = manager.state()
        print(
            f"装好了（{manager.file}）：{'开着' if state.is_running else '没有开着'}，"
            f"开机{'会' if state.starts_at_boot else '不会'}自动启动。\n\n{text}",
            end="",
        )
    return 0


def _as_json(manager: Manager, text: str, *, is_installed: bool) -> dict[str, object]:
    state = manager.state() if is_installed else None
    return {
        "file": str(manager.file),
        "is_installed": is_installed,
        "is_running": bool(state and state.is_running),
        "starts_at_boot": bool(state and state.starts_at_boot),
        "text": text,
    }


def _report(args: argparse.Namespace, manager: Manager, words: str) -> int:
    if args.json:
        there = manager.installed()
        print(json.dumps(_as_json(manager, there or "", is_installed=there is not None), ensure_ascii=False))
    else:
        print(words)
    return 0


def _installed_words(args: argparse.Namespace) -> str:
    lines = [
        f"装好了，已经启动，以后开机、断电以后都会自己回来。请用浏览器打开：{' 或 '.join(list_addresses(args))}",
    ]
    if sys.platform == "win32":
        lines.append(f"请知道：这一项{UNVERIFIED}，请重新开一次机，看看它回来没有。")
    else:
        lines.append(f"第一次使用的启用码、证书的指纹写在日志里：journalctl -u {NAME} -n 40")
        lines.append(f"停掉：systemctl stop {NAME}；再开：systemctl start {NAME}；看状态：manage.py service show")
    return "\n".join(lines)
