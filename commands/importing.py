"""`import`: read a roster a school sends and write it into the register, or say what that would do."""

import argparse
import gc
import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands.parsing import Subparsers, command_parser
from commands.problems import FileUnreadable, NotTheirs, UserUnknown

if TYPE_CHECKING:
    from db.location import Location
    from services.actors import Actor
    from services.exchange.readings import ListReading, Position
    from services.imports.previews import Preview
    from services.student_imports import ImportPreview


def add_parser(subparsers: Subparsers) -> None:
    """Declare the options of `import`."""
    parser = command_parser(subparsers, "import", json=True)
    parser.add_argument(
        "list", metavar="名册种类", choices=["students", "left-behind", "staff"],
        help="导入哪一种：students 是学生名册，left-behind 是留守儿童台账，staff 是教职工名单",
    )  # fmt: skip
    parser.add_argument("file", metavar="文件", type=Path, help="名册文件：xlsx、xls、ods 或 csv")
    parser.add_argument("--as", dest="user", metavar="账号", help="用哪个账号的岗位来做（不写就是命令行自己）")
    parser.add_argument("--dry-run", action="store_true", help="只看会怎么样，不写进去")
    parser.add_argument(
        "--slips", metavar="文件", type=Path, help="只用于 staff：新账号的第一次密码写到这个 xlsx 文件，印好发完请删掉"
    )


def run(args: argparse.Namespace) -> int:
    """Import the file and return 0, or 1 if it can't be taken as a whole.

    Raises:
        FileUnreadable: there is no such file.
        UserUnknown, NotTheirs: the account named can't do it.
    """
    from db.location import Location
    from services.errors import NotAllowed
    from services.exchange.errors import UnreadableFile
    from services.exchange.refusals import refusal_sentence
    from services.student_imports import StalePreview

    if args.list == "staff":
        from commands.importing_staff import run_staff

        return run_staff(args)
    gc.disable()  # for a short-lived process its rounds over a whole list's rows cost an eighth of the time
    data = content_of(args.file)
    try:
        reading = _read(args.list, data, args.file.name)
    except UnreadableFile as error:
        print(refusal_sentence(error), file=sys.stderr)
        return 1
    try:
        with opened(Location.from_environment(args.data), is_dry_run=args.dry_run):
            preview = _import(args, reading, hashlib.sha256(data).hexdigest())
    except NotAllowed as error:
        raise NotTheirs(args.user) from error
    except StalePreview as error:  # only where somebody writes at a server in this very moment
        from ui.messages import explain

        print(explain(error), file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(preview.summary(), ensure_ascii=False))
    else:
        _tell(preview, is_dry_run=args.dry_run)
    return 0


@contextmanager
def opened(location: "Location", *, is_dry_run: bool) -> Iterator[None]:
    """Open the data, made and migrated where that is wanted; to look, nothing is made and nothing is migrated."""
    from db.engine import use
    from db.location import Location
    from db.presence import at_work
    from db.upgrade import check_current, prepare

    if not is_dry_run:
        prepare(location)
        with at_work(location):  # nobody may put another database in place meanwhile
            yield
    elif location.is_embedded and not location.database_file.exists():
        with tempfile.TemporaryDirectory(prefix="care-look-") as folder:
            looked_at = prepare(Location(Path(folder, "data"), Path(folder, "key", "care.key")))
            yield
            looked_at.engine.dispose()
    else:
        check_current(use(location))
        yield


def content_of(path: Path) -> bytes:
    """Return what stands in the file to import.

    Raises:
        FileUnreadable: there is no such file.
    """
    try:
        return path.read_bytes()
    except OSError:
        raise FileUnreadable(path) from None


def actor_of(session: Any, user: str | None) -> "Actor":  # the command modules import no ORM at their top
    """Return who imports.

    Raises:
        UserUnknown: there is no such account.
    """
    from services.command_actors import find_command_actor

    actor = find_command_actor(session, user)
    if actor is None:
        raise UserUnknown(user or "")
    return actor


def _read(kind: str, data: bytes, file_name: str) -> "ListReading[Any]":  # of rows of whatever list
    from services.left_behind_imports import read_left_behind
    from services.student_imports import read_roster

    read = read_left_behind if kind == "left-behind" else read_roster
    return read(data, file_name=file_name)


def _import(args: argparse.Namespace, reading: "ListReading[Any]", digest: str) -> "ImportPreview":
    from db.transactions import reading as looking
    from db.transactions import transaction
    from services.left_behind_imports import confirm_left_behind, preview_left_behind
    from services.student_imports import confirm_import, preview_import

    is_ledger = args.list == "left-behind"
    preview_it, confirm = (preview_left_behind, confirm_left_behind) if is_ledger else (preview_import, confirm_import)
    with looking() if args.dry_run else transaction() as session:
        actor = actor_of(session, args.user)
        preview: ImportPreview = preview_it(session, actor, reading=reading)
        if not args.dry_run:
            confirm(session, actor, preview=preview, file_name=args.file.name, digest=digest)
    return preview


def tell_counts(preview: "Preview") -> dict[str, Any]:  # counts and lists of positions
    """Print how many rows became what, and return the summary."""
    from services.imports.matching import Outcome

    counts = preview.summary()
    print(
        f"表里共 {counts['data_rows']} 行：收下 {counts['imported']} 行（新增 {preview.count(Outcome.NEW)}，"
        f"有变化 {counts['changed']}，没有变化 {counts['unchanged']}），"
        f"没导入 {counts['rejected']} 行，重复跳过 {counts['duplicates_skipped']} 行。"
    )
    return counts


def _tell(preview: "ImportPreview", *, is_dry_run: bool) -> None:
    from services.exchange.readings import Kind
    from services.exchange.reasons import sentence

    counts = tell_counts(preview)
    for problem in preview.full_reading().problems:
        if problem.kind is Kind.REJECTED:
            print(f"没导入 {place_words(problem.position)}，{problem.header}：{sentence(problem.reason)}")
    for position in counts["duplicates_at"]:
        print(f"跳过 {place_words(position)}：前面已经有这个孩子。")
    for reason, positions in counts["warnings_at"].items():
        print(f"收下了，请看一眼（{len(positions)} 行）：{_remark(reason)}")
        print(f"  {'、'.join(map(place_words, positions))}")
    if is_dry_run:
        print("这次只是看看，什么都没有写进去。")
    elif preview.is_empty:
        print("和名册里的一样，什么都没有改。")
    else:
        print("已经写进名册。发现不对，可以整批撤回：请在网页上打开导入记录。")


def _remark(reason: str) -> str:
    from services.exchange.reasons import Reason, sentence

    return sentence(Reason(reason))


def place_words(position: "Position") -> str:
    """Say where a row stands."""
    if isinstance(position, int):
        return f"第 {position} 行"
    sheet, _, number = position.rpartition("!")
    return f"“{sheet}”第 {number} 行"
