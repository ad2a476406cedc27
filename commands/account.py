"""`account`: the way back in when the administrator's password is forgotten."""

import argparse

from commands.parsing import Subparsers, command_parser
from commands.problems import AdministratorUnclear

ACTS = {"reset-admin": "reset-admin：给信息老师（管理员）一个新的第一次密码"}


def add_parser(subparsers: Subparsers) -> None:
    """Declare the options of `account`."""
    parser = command_parser(subparsers, "account")
    parser.add_argument("what", metavar="做什么", choices=list(ACTS), help="；".join(ACTS.values()))
    parser.add_argument("--user", metavar="账号", help="哪个管理员（有几个管理员时要写）")


def run(args: argparse.Namespace) -> int:
    """Reset the password and show the new one, this once.

    Raises:
        AdministratorUnclear: there are several, or none of that name.
    """
    from db.engine import use
    from db.location import Location
    from db.transactions import transaction
    from db.upgrade import check_current, refuse_empty
    from services import rescue
    from services.accounts import prepare_password
    from services.actors import command_line

    location = Location.from_environment(args.data)
    refuse_empty(location)
    check_current(use(location))
    prepared = prepare_password()  # slow, so before the transaction
    try:
        with transaction() as session:
            slip = rescue.reset_administrator(session, command_line(), username=args.user, prepared=prepared)
    except rescue.WhichAdministrator as error:
        raise AdministratorUnclear("、".join(error.usernames) or "还没有，请先在浏览器里完成第一次使用") from error
    print(f"账号：{slip.username}\n第一次密码：{slip.password}")
    print("密码只显示这一次。登录以后会请您自己改一个；这件事记在操作记录里。刚才试错过很多次的，请过半小时再登录。")
    return 0
