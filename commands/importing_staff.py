"""`import staff`: read a list of staff and make their accounts, or say what that would do."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from commands.problems import NotTheirs, SlipsExist

if TYPE_CHECKING:
    from services.exchange.staff import StaffReading
    from services.passwords import Slip
    from services.staff_imports import StaffPreview, StaffResult


def run_staff(args: argparse.Namespace) -> int:
    """Import the file and return 0, or 1 if it can't be taken as a whole.

    Raises:
        FileUnreadable: there is no such file.
        SlipsExist: the file for the slips is there already.
        UserUnknown, NotTheirs: the account named can't do it.
    """
    from commands.importing import content_of, opened
    from db.location import Location
    from services.errors import NotAllowed
    from services.exchange.errors import UnreadableFile
    from services.exchange.refusals import refusal_sentence
    from services.staff_imports import StaleStaffPreview, read_staff

    data = content_of(args.file)
    if args.slips is not None and args.slips.exists():
        raise SlipsExist(args.slips)
    try:
        reading = read_staff(data, file_name=args.file.name)
    except UnreadableFile as error:
        print(refusal_sentence(error), file=sys.stderr)
        return 1
    try:
        with opened(Location.from_environment(args.data), is_dry_run=args.dry_run):
            preview, result = _import(args, reading)
    except NotAllowed as error:
        raise NotTheirs(args.user) from error
    except StaleStaffPreview as error:  # only where somebody writes at a server in this very moment
        from ui.messages import explain

        print(explain(error), file=sys.stderr)
        return 1
    if args.slips is not None and result is not None and result.slips:
        _write_slips(args.slips, result.slips)
    if args.json:
        print(json.dumps(preview.summary(), ensure_ascii=False))
    else:
        _tell(args, preview, result)
    return 0


def _import(args: argparse.Namespace, reading: "StaffReading") -> "tuple[StaffPreview, StaffResult | None]":
    from commands.importing import actor_of
    from db.transactions import reading as looking
    from db.transactions import transaction
    from services.imports.matching import Outcome
    from services.passwords import first_passwords
    from services.staff_imports import confirm_staff, preview_staff

    with looking() as session:
        preview = preview_staff(session, actor_of(session, args.user), reading=reading)
    if args.dry_run:
        return preview, None
    prepared = first_passwords(preview.count(Outcome.NEW), None if args.json else _count)
    with transaction() as session:
        actor = actor_of(session, args.user)
        return preview, confirm_staff(session, actor, preview=preview, prepared=prepared)


def _count(done: int, overall: int) -> None:
    if done % 20 == 0 or done == overall:
        print(f"第一次密码做好 {done} 个，共 {overall} 个。")


def _write_slips(path: Path, slips: "tuple[Slip, ...]") -> None:
    """Write the slips for this account alone; a file that is there already is never written over."""
    from services.staff_slips import write_slips

    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(write_slips(slips))


def _tell(args: argparse.Namespace, preview: "StaffPreview", result: "StaffResult | None") -> None:
    from commands.importing import place_words, tell_counts
    from services.exchange.readings import Kind
    from services.exchange.reasons import sentence

    tell_counts(preview)
    words = {Kind.REJECTED: "没导入", Kind.WARNING: "收下了，请看一眼"}
    for problem in preview.full_reading().problems:
        if problem.kind in words:
            print(
                f"{words[problem.kind]} {place_words(problem.position)}，{problem.header}：{sentence(problem.reason)}"
            )
    if result is None:
        print("这次只是看看，什么都没有写进去。")
    elif preview.is_empty:
        print("和现在的账号一样，什么都没有改。")
    elif args.slips is not None and result.slips:
        print(f"已经写进账号。第一次密码在 {args.slips}，印好发完请删掉。")
    elif result.slips:
        print("已经写进账号。第一次密码没有留下：请在网页的“账号”里重设，或下次加上 --slips 文件。")
    else:
        print("已经写进账号。")
