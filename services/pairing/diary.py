"""结对工作日记: what a pair's helper did with the child in a stretch of days, on paper (J-04, J-08)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_
from sqlmodel import Session, col, select

from db.tables import AppUser, ClassMembership, Helper, Pairing, SchoolClass, Student
from services import clock
from services.access import Permission, allows, permitted
from services.actors import Actor
from services.errors import FieldErrors, NotFound
from services.exchange.documents import TemplateValue
from services.fields import Checker
from services.pairing.names import helper_name
from services.pairing.own_children import is_own_pair
from services.pairing.sight import sees_pairs_of
from services.paper import WordFile, give_out, written_day
from services.record_views import RecordRow, StoredRecord, list_of_helper
from services.student_exports import ExportPurpose
from services.students import is_in_class, shown_class

PAPER = "pairing_diary"
LONGEST = timedelta(days=366)
_KEPT_BACK = "内容由记录人和关爱室保管。"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiaryRange:
    """From which day to which, both included; as typed."""

    first: date | None
    last: date | None


def usual_range(from_day: date) -> DiaryRange:
    """Return what is printed where nobody says otherwise: since the pair began, a year at most."""
    today = clock.today()
    return DiaryRange(first=min(max(from_day, today - LONGEST), today), last=today)


@permitted(Permission.PAIRING_OWN)
def print_diary(
    session: Session, actor: Actor, *, pairing_id: int, days: DiaryRange, purpose: ExportPurpose | None
) -> WordFile:
    """Return the diary of a pair that is the actor's own, or of a child whose pairs it reads; counselling stays out.

    Raises:
        NotFound: there is no such pair, or none this actor may know of.
        FieldErrors: no purpose is given; the days are missing, turned round, yet to come or more than a year.
    """
    first, last = _checked(days)
    found = _find(session, actor, pairing_id)
    if found is None:
        raise NotFound
    pair, helper, called, child, grade, number = found
    end = pair.to_day - timedelta(days=1) if pair.to_day is not None else last
    records = list_of_helper(
        session, actor, student_id=pair.student_id, helper=helper, first=max(first, pair.from_day), last=min(last, end)
    )
    label = shown_class(grade, number, child.state)
    values: dict[str, TemplateValue] = {
        "姓名": child.name,
        "班级": label,
        "帮扶人": called,
        "身份": pair.role.label,
        "结对": f"{written_day(pair.from_day)}起" + (f"，到{written_day(end)}" if pair.to_day else ""),
        "起止": f"{written_day(first)}—{written_day(last)}",
        "汇总": _summary([row for row, _ in records]),
        "日记": [_line(row, stored, called, in_one_year=first.year == last.year) for row, stored in records],
    }
    return give_out(
        session, actor, paper=PAPER, title=f"结对工作日记 {label} {child.name} {first:%Y%m%d}-{last:%Y%m%d}",
        values=values, purpose=purpose, student_id=pair.student_id, target=pair,
    )  # fmt: skip


def _checked(days: DiaryRange) -> tuple[date, date]:
    check, today = Checker(), clock.today()
    for name, day in (("first", days.first), ("last", days.last)):
        if day is None:
            check.add(name, "required")
        check.not_future(name, day, today=today)
    if days.first and days.last and days.last < days.first:
        check.add("last", "before_start")
    elif days.first and days.last and days.last - days.first > LONGEST:
        check.add("first", "too_early", day=days.first)
    check.finish()
    if days.first is None or days.last is None:  # refused above; said again for the types
        raise FieldErrors({})
    return days.first, days.last


def _find(session: Session, actor: Actor, pairing_id: int) -> Any:  # a row of more columns than the stubs know
    mine = is_own_pair(actor)
    seen = or_(mine, sees_pairs_of(actor)) if allows(actor, Permission.PAIRING_READ) else mine
    columns: list[Any] = [
        Pairing,
        Helper,
        helper_name().label("helper"),
        Student,
        SchoolClass.grade,
        SchoolClass.number,
    ]
    return session.execute(
        select(*columns)
        .select_from(Pairing)
        .join(Helper, col(Helper.id) == col(Pairing.helper_id))
        .join(Student, col(Student.id) == col(Pairing.student_id))
        .join(AppUser, col(AppUser.id) == col(Helper.user_id), isouter=True)
        .join(ClassMembership, is_in_class(), isouter=True)
        .join(SchoolClass, col(SchoolClass.id) == col(ClassMembership.class_id), isouter=True)
        .where(Pairing.id == pairing_id, col(Student.merged_into_id).is_(None), seen)
    ).first()


def _summary(rows: Sequence[RecordRow]) -> str:
    """一共记了 5 次；谈心谈话 3 次，家访 1 次；没做成 1 次."""
    if not rows:
        return "这一段没有记录"
    done = Counter(row.kind.label for row in rows if row.is_done)
    tried = sum(not row.is_done for row in rows)
    parts = [f"一共记了 {len(rows)} 次"]
    if done:
        by_kind = sorted(done.items(), key=lambda each: (-each[1], each[0]))
        parts.append("，".join(f"{kind} {count} 次" for kind, count in by_kind))
    if tried:
        parts.append(f"没做成 {tried} 次")
    return "；".join(parts)


def _by_whom(row: RecordRow, helper: str) -> str:
    """Return who wrote it down for the helper, or did it in its place; nothing where it was the helper itself."""
    if row.helper_name is not None:
        return f"{row.author_name}记" if row.author_name else ""
    return row.author_name if row.author_name and row.author_name != helper else ""


def _line(row: RecordRow, stored: StoredRecord | None, helper: str, *, in_one_year: bool) -> dict[str, str]:
    start = f" {row.start_time:%H:%M}" if row.start_time else ""
    why = f"，没做成：{row.not_reached.label if row.not_reached else ''}".rstrip("：")
    around = "，".join(each for each in (row.place.label if row.place else "", _by_whom(row, helper)) if each)
    day = f"{row.day.month}月{row.day.day}日" if in_one_year else written_day(row.day)
    after = (stored.effect, f"下一步：{stored.next_step}" if stored.next_step else None) if stored else ()
    return {
        "日期": f"{day}{start}",
        "做了什么": f"{row.kind.label}{'' if row.is_done else why}",
        "在哪里": around,
        "情况": (stored.raised or "") if stored else _KEPT_BACK,
        "怎么做的": (stored.measures or "") if stored else "",
        "效果": "\n".join(each for each in after if each),
    }
