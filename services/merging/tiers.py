"""Tiers and archives of two entries that become one: one history, the graver tier, one archive (F-03, F-04)."""

from datetime import datetime

from sqlmodel import Session, col, select

from db.sealing import seal, unseal
from db.tables import ArchiveLook, PsychArchive, Student, Tier, TierChange, TierState, WarningGroup, WarningMember
from services import audit, clock
from services.actors import Actor

_FAR = 1_000_000  # more than any child has changes
GRAVER_STAYS = "两份学生条目合成一份，两份的等级不一样，取较重的一级。"


def merge_tiers(session: Session, actor: Actor, kept: Student, other: Student, now: datetime) -> None:
    """Put both histories in one order; a merge never lowers a child, so the graver of the two tiers goes on."""
    rows = session.exec(
        select(TierChange).where(col(TierChange.student_id).in_([kept.id, other.id])).order_by(col(TierChange.id))
    ).all()
    if not any(row.student_id == other.id for row in rows):
        return
    for row in rows:
        if row.state is TierState.WAITING:  # asked over what is no longer the whole history
            row.state, row.decided_at, row.decided_by_id = TierState.WITHDRAWN, now, actor.user_id
            row.version += 1
    session.flush()
    standing = [row for row in rows if row.number is not None]
    held = [_last(standing, each) for each in (kept, other)]
    _number_together(session, kept, sorted(standing, key=lambda row: (row.from_day, row.recorded_at, row.id)))
    for row in rows:
        row.student_id = kept.id or 0
        session.add(row)
    session.flush()
    _keep_the_graver(session, actor, kept, [row for row in held if row is not None])


def merge_archives(session: Session, kept: Student, other: Student) -> None:
    """One archive goes on, kept since the earlier day; both were gone through."""
    ours, theirs = (
        session.exec(select(PsychArchive).where(PsychArchive.student_id == each.id)).first() for each in (kept, other)
    )
    if theirs is None:
        return
    if ours is None:
        theirs.student_id = kept.id or 0
        session.add(theirs)
        return
    ours.opened_on = min(ours.opened_on, theirs.opened_on)
    session.add(ours)
    for look in session.exec(select(ArchiveLook).where(ArchiveLook.archive_id == theirs.id)).all():
        look.archive_id = ours.id or 0
        session.add(look)


def merge_groups(session: Session, kept: Student, other: Student) -> None:
    """One group stands: whoever sat in the other entry's sits in it from now on, nobody twice."""
    ours, theirs = (
        session.exec(
            select(WarningGroup).where(WarningGroup.student_id == each.id, col(WarningGroup.to_day).is_(None))
        ).first()
        for each in (kept, other)
    )
    if ours is None or theirs is None:
        return
    seats = session.exec(
        select(WarningMember).where(
            col(WarningMember.group_id).in_([ours.id, theirs.id]), col(WarningMember.to_day).is_(None)
        )
    ).all()
    sitting = {row.user_id for row in seats if row.group_id == ours.id}
    named = [row for row in seats if row.group_id == ours.id and row.user_id is None]
    for row in seats:
        if row.group_id == theirs.id:
            if (row.user_id is not None and row.user_id in sitting) or _is_named_in(row, named):
                row.to_day = max(row.from_day, clock.today())
            else:
                row.group_id = ours.id or 0
            row.version += 1
            session.add(row)
    theirs.to_day, theirs.version = max(theirs.from_day, clock.today()), theirs.version + 1
    session.add(theirs)


def _is_named_in(row: WarningMember, named: list[WarningMember]) -> bool:
    """Say whether a pupil or parent sits there already: same part, name, and no other phone."""
    name, phone = unseal(row, "name_sealed"), unseal(row, "phone_sealed")
    return row.user_id is None and any(
        (each.role, unseal(each, "name_sealed")) == (row.role, name) and phone in (None, unseal(each, "phone_sealed"))
        for each in named
    )


def _last(standing: list[TierChange], student: Student) -> TierChange | None:
    own = [row for row in standing if row.student_id == student.id]
    return max(own, key=lambda row: row.number or 0, default=None)


def _number_together(session: Session, kept: Student, rows: list[TierChange]) -> None:
    for beyond in (_FAR, 0):  # first out of each other's way
        for place, row in enumerate(rows, start=1):
            row.student_id, row.number, row.follows = kept.id or 0, beyond + place, place - 1
            session.add(row)
        session.flush()


def _keep_the_graver(session: Session, actor: Actor, kept: Student, held: list[TierChange]) -> None:
    ranks = dict(session.exec(select(Tier.id, Tier.rank)).all())
    last = session.exec(
        select(TierChange)
        .where(TierChange.student_id == kept.id, col(TierChange.number).is_not(None))
        .order_by(col(TierChange.number).desc())
    ).first()
    graver = max(held, key=lambda row: ranks[row.tier_id], default=None)
    if last is None or graver is None or ranks[last.tier_id] >= ranks[graver.tier_id]:
        return
    row = TierChange(
        student_id=kept.id or 0,
        number=(last.number or 0) + 1,
        follows=last.number or 0,
        tier_id=graver.tier_id,
        from_day=clock.today(),
        author_id=actor.user_id,
        recorded_at=clock.now(),
    )
    seal(row, "reason_sealed", GRAVER_STAYS)
    session.add(row)
    session.flush()
    audit.record(session, actor, audit.Action.TIER_SET, target=row, student_id=kept.id)
