"""`import`: read a roster a school sends and write it into the register, or say what that would do."""

import argparse
import gc
import hashlib
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
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

_PLACES = {
    "screening": "筛查结果",
    "special": "四特登记",
    "talks": "工作记录",
    "visits": "工作记录",
    "pairings": "结对帮扶",
}


def add_parser(subparsers: Subparsers) -> None:
    """Declare the options of `import`."""
    parser = command_parser(subparsers, "import", json=True)
    parser.add_argument(
        "list", metavar="名册种类",
        choices=["students", "left-behind", "screening", "special", "talks", "visits", "pairings", "staff"],
        help="导入哪一种：students 学生名册，left-behind 留守儿童台账，screening 筛查结果，special 四特学生台账，"
        "talks 以前的谈心谈话，visits 以前的家访，pairings 结对帮扶登记表，staff 教职工名单",
    )  # fmt: skip
    parser.add_argument("file", metavar="文件", type=Path, help="名册文件：xlsx、xls、ods 或 csv")
    parser.add_argument("--as", dest="user", metavar="账号", help="用哪个账号的岗位来做（不写就是命令行自己）")
    parser.add_argument(
        "--correct", action="store_true",
        help="只用于 screening：同一天已经有一份分数不同的，以这份表为准，原来的留着",
    )  # fmt: skip
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
    from services.exchange.screening import ScreeningReading
    from services.screening.known import ScalesUnusable
    from services.screening_imports import as_correction
    from services.student_imports import StalePreview

    if args.list == "staff":
        from commands.importing_staff import run_staff

        return run_staff(args)
    gc.disable()  # for a short-lived process its rounds over a whole list's rows cost an eighth of the time
    data = content_of(args.file)
    try:
        # Results are read by the school's own scale files too, which lie beside the data; the others need none.
        reading = None if args.list == "screening" else _read(args.list, data, args.file.name)
        with opened(Location.from_environment(args.data), is_dry_run=args.dry_run):
            reading = reading or _read(args.list, data, args.file.name)
            if args.correct and isinstance(reading, ScreeningReading):
                reading = as_correction(reading)
            preview = _import(args, reading, hashlib.sha256(data).hexdigest())
    except UnreadableFile as error:
        print(refusal_sentence(error), file=sys.stderr)
        return 1
    except NotAllowed as error:
        raise NotTheirs(args.user) from error
    except (StalePreview, ScalesUnusable) as error:  # only where somebody writes at a server in this very moment
        from ui.messages import explain

        print(explain(error), file=sys.stderr)
        return 1
    if args.json:
        print(json.dumps(preview.summary(), ensure_ascii=False))
    else:
        _tell(args, preview)
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
    from services.pairing_imports import read_pairings
    from services.past_imports import read_talks, read_visits
    from services.screening_imports import read_screening
    from services.special_imports import read_special
    from services.student_imports import read_roster

    readers: dict[str, Callable[..., ListReading[Any]]] = {
        "students": read_roster, "left-behind": read_left_behind, "screening": read_screening,
        "special": read_special, "talks": read_talks, "visits": read_visits, "pairings": read_pairings,
    }  # fmt: skip
    return readers[kind](data, file_name=file_name)


def _import(args: argparse.Namespace, reading: "ListReading[Any]", digest: str) -> "ImportPreview":
    from db.transactions import reading as looking
    from db.transactions import transaction
    from services.left_behind_imports import confirm_left_behind, preview_left_behind
    from services.pairing_imports import confirm_pairings, preview_pairings
    from services.past_imports import confirm_past, preview_talks, preview_visits
    from services.screening_imports import confirm_screening, preview_screening
    from services.special_imports import confirm_special, preview_special
    from services.student_imports import confirm_import, preview_import

    ways: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
        "students": (preview_import, confirm_import),
        "left-behind": (preview_left_behind, confirm_left_behind),
        "screening": (preview_screening, confirm_screening),
        "special": (preview_special, confirm_special),
        "talks": (preview_talks, confirm_past),
        "visits": (preview_visits, confirm_past),
        "pairings": (preview_pairings, confirm_pairings),
    }
    preview_it, confirm = ways[args.list]
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


def _tell(args: argparse.Namespace, preview: "ImportPreview") -> None:
    from services.exchange.readings import Kind
    from services.exchange.reasons import sentence

    counts, place = tell_counts(preview), _PLACES.get(args.list, "名册")
    for problem in preview.full_reading().problems:
        if problem.kind is Kind.REJECTED:
            print(
                f"没导入 {place_words(problem.position)}，{problem.header}：{sentence(problem.reason, problem.value)}"
            )
    for position in counts["duplicates_at"]:
        print(f"跳过 {place_words(position)}：前面已经有一样的一行。")
    for reason, positions in counts["warnings_at"].items():
        print(f"收下了，请看一眼（{len(positions)} 行）：{_remark(reason)}")
        print(f"  {'、'.join(map(place_words, positions))}")
    _tell_of_screening(counts)
    if in_words := counts.get("subsidies_in_words"):
        print(f"{in_words} 笔补助还没有学期可记，写在结对内容里。请先在“设置”里加上学期，再补记。")
    if args.dry_run:
        print("这次只是看看，什么都没有写进去。")
    elif preview.is_empty:
        print(f"和{place}里的一样，什么都没有改。")
    else:
        print(f"已经写进{place}。发现不对，可以整批撤回：请在网页上打开导入记录。")


def _tell_of_screening(counts: dict[str, Any]) -> None:
    """Say how far the consents of the families reach; only lists of results count them."""
    if asked_nobody := counts.get("results_without_consent"):
        print(f"{asked_nobody} 个孩子没有筛查的知情同意，结果照样存下，会标出来。")
    if against := counts.get("results_against_refusal"):
        print(f"{against} 个孩子家里不同意筛查，结果照样存下，会标出来，请问清楚。")


def _remark(reason: str) -> str:
    from services.exchange.reasons import Reason, sentence

    return sentence(Reason(reason))


def place_words(position: "Position") -> str:
    """Say where a row stands."""
    from services.exchange.readings import place_of

    sheet, row, nth = place_of(position)
    words = f"第 {row} 行" + (f"第 {nth} 个" if nth > 1 else "")
    return f"“{sheet}”{words}" if sheet else words
