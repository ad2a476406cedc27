"""Archives handed over to another school: what was made, who took it, the receipt, taking one back (F-12, C-10)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, and_, col, or_, select

from db.sealing import seal
from db.tables import (
    ConsentPurpose,
    HandoverChild,
    HandoverPackage,
    HandoverReason,
    HandoverWay,
    PsychArchive,
    Referral,
    Student,
)
from services import attachments, audit, clock
from services.access import Permission, permitted
from services.actors import Actor
from services.attachments import OpenedFile
from services.consents import has_consent
from services.editing import lock_version
from services.errors import DomainError, NotFound
from services.fields import LINE, LONG, Checker
from services.handover_rules import in_package, path_of, stands
from services.students import lock_students

MOST_CHILDREN = 1_000


class ChildrenChanged(DomainError):
    """Meanwhile a child was merged, removed, or is no longer there: what was made tells of somebody else."""


class HandoverOver(DomainError):
    """It was received or taken back; it stays as it is."""


class MayNotLeave(DomainError):
    """Since it was packed a family took back that counselling in words may leave, or a matter was marked 疑似侵害."""


class FileGone(DomainError):
    """The package's file is not here any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverEntry:
    """What somebody types before a package is made."""

    student_ids: tuple[int, ...] = ()
    reason: HandoverReason | None = None
    to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedEntry:
    """What somebody types about giving it away."""

    handed_on: date | None = None
    way: HandoverWay | None = None
    receiver: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptEntry:
    """What somebody types about the receipt."""

    received_on: date | None = None
    receipt: str | None = None  # who signed
    scan: bytes | None = None
    scan_name: str = ""


@dataclass(frozen=True, slots=True)
class Packed:
    """One child as it was put into a package."""

    student_id: int
    items: int
    with_notes: bool


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A package that was written whole."""

    uid: str
    files: int
    size_bytes: int
    sha256: str
    children: tuple[Packed, ...]
    begun_at: datetime  # before the first archive was read: what was marked since may not be in it


@permitted(Permission.ARCHIVE_HAND_OVER)
def check_entry(session: Session, actor: Actor, *, entry: HandoverEntry) -> tuple[int, ...]:
    """Return whose archives are to be packed, in the order of the list, before anything is written.

    Raises:
        FieldErrors: nobody or too many are chosen, one has no archive or is in a package already, or something is
            missing or too long.
    """
    check = Checker()
    wanted = sorted(set(entry.student_ids))
    if not wanted or len(wanted) > MOST_CHILDREN:
        check.add("student_ids", "choice_needed" if not wanted else "too_many", limit=MOST_CHILDREN)
    if entry.reason is None:
        check.add("reason", "choice_needed")
    check.required_text("to", entry.to, limit=LINE)
    found: Sequence[int | None] = ()
    if wanted and len(wanted) <= MOST_CHILDREN:
        found = session.exec(
            select(Student.id)
            .join(PsychArchive, col(PsychArchive.student_id) == col(Student.id))
            .where(col(Student.id).in_(wanted), col(Student.merged_into_id).is_(None))
            .order_by(col(Student.name_order), col(Student.id))
        ).all()
        if len(found) != len(wanted):
            check.add("student_ids", "without_archive")
        elif _packed(session, wanted):
            check.add("student_ids", "packed_already")
    check.finish()
    return tuple(each or 0 for each in found)


def _packed(session: Session, student_ids: Collection[int]) -> bool:
    """Whether a child is in a package nobody has signed for yet: of two nobody would know which one it was."""
    packed = select(Student.id).where(col(Student.id).in_(student_ids), in_package(is_received=False))
    return session.exec(packed).first() is not None


@permitted(Permission.ARCHIVE_HAND_OVER)
def record_made(session: Session, actor: Actor, *, entry: HandoverEntry, whole: WholeFile) -> int:
    """Write down that a package is there, and for each child that its archive was packed; return its id.

    Raises:
        ChildrenChanged: a child was merged, removed or packed by somebody else since its archive was read.
    """
    ids = {each.student_id for each in whole.children}
    lock_students(session, ids)
    there = select(Student.id).where(col(Student.id).in_(ids), col(Student.merged_into_id).is_(None))
    if len(session.exec(there).all()) != len(ids) or _packed(session, ids):
        raise ChildrenChanged
    row = HandoverPackage(
        uid=whole.uid,
        reason=entry.reason or HandoverReason.GRADUATION,
        children=len(whole.children),
        files=whole.files,
        size_bytes=whole.size_bytes,
        sha256=whole.sha256,
        made_by_id=actor.user_id,
        made_at=whole.begun_at,
    )
    seal(row, "to_sealed", entry.to)
    session.add(row)
    session.flush()
    for place, each in enumerate(whole.children, start=1):
        session.add(
            HandoverChild(
                package_id=row.id or 0,
                student_id=each.student_id,
                place=place,
                items=each.items,
                with_notes=each.with_notes,
            )
        )
        audit.record(session, actor, audit.Action.ARCHIVE_PACKED, target=row, student_id=each.student_id)
    session.flush()
    return row.id or 0


@permitted(Permission.ARCHIVE_HAND_OVER)
def record_handed(session: Session, actor: Actor, *, package_id: int, version: int, entry: HandedEntry) -> None:
    """Write down who took a package, on which day, by what way; or put that right until it is received.

    Raises:
        NotFound, HandoverOver: there is none, or it was received or taken back.
        MayNotLeave: it still lies here, and something in it must stay here since.
        FieldErrors: something is missing or can't be.
        EditedMeanwhile: somebody was faster.
    """
    row = _locked(session, package_id, version)
    if row.handed_on is None:
        _refuse_outdated(session, row)
    check = Checker()
    _check_day(check, "handed_on", entry.handed_on, not_before=clock.local(row.made_at).date())
    if entry.way is None:
        check.add("way", "choice_needed")
    receiver = check.required_text("receiver", entry.receiver, limit=LINE)
    check.finish()
    row.handed_on, row.way = entry.handed_on, entry.way
    seal(row, "receiver_sealed", receiver)
    session.add(row)
    session.flush()
    audit.record(session, actor, audit.Action.HANDOVER_GIVEN, target=row, count=row.children)


@permitted(Permission.ARCHIVE_HAND_OVER)
def record_receipt(session: Session, actor: Actor, *, package_id: int, version: int, entry: ReceiptEntry) -> None:
    """Write down the receipt, with the signed list as a picture where there is one; the package's file goes.

    Raises:
        NotFound, HandoverOver: there is none that was handed over, or it was received or taken back.
        FieldErrors: something is missing or can't be.
        FileRefused: the picture is of a kind not kept here, too large, or could do harm.
        EditedMeanwhile: somebody was faster.
    """
    row = _locked(session, package_id, version)
    if row.handed_on is None:
        raise NotFound
    check = Checker()
    _check_day(check, "received_on", entry.received_on, not_before=row.handed_on)
    receipt = check.required_text("receipt", entry.receipt, limit=LONG)
    check.finish()
    if entry.scan is not None:
        row.attachment_id = attachments.keep_file(session, actor, content=entry.scan, file_name=entry.scan_name).id
    row.received_on = entry.received_on
    seal(row, "receipt_sealed", receipt)
    session.add(row)
    session.flush()
    audit.record(session, actor, audit.Action.HANDOVER_RECEIVED, target=row, count=row.children)


@permitted(Permission.ARCHIVE_HAND_OVER)
def withdraw_package(session: Session, actor: Actor, *, package_id: int, version: int, reason: str | None) -> None:
    """Take a package back: made for the wrong school, password lost. Its children wait for another one.

    Raises:
        NotFound, HandoverOver: there is none, or it was received or taken back.
        FieldErrors: the reason is missing or too long.
        EditedMeanwhile: somebody was faster.
    """
    row = _locked(session, package_id, version)
    check = Checker()
    text = check.required_text("reason", reason, limit=LINE)
    check.finish()
    row.withdrawn_at = clock.now()
    seal(row, "withdrawn_sealed", text)
    session.add(row)
    session.flush()
    audit.record(session, actor, audit.Action.HANDOVER_WITHDRAWN, target=row, count=row.children)


@permitted(Permission.ARCHIVE_HAND_OVER)
def fetch_package(session: Session, actor: Actor, *, package_id: int) -> bytes:
    """Note that somebody takes the file of a package along, and return it; only its password opens it.

    Raises:
        NotFound: there is none that stands.
        MayNotLeave: something in it must stay here since.
        FileGone: its time here is over; it can be made anew.
    """
    row = session.exec(select(HandoverPackage).where(HandoverPackage.id == package_id, stands())).first()
    if row is None:
        raise NotFound
    _refuse_outdated(session, row)
    try:
        content = path_of(row.uid).read_bytes()
    except FileNotFoundError:
        raise FileGone from None
    audit.record(session, actor, audit.Action.HANDOVER_FETCHED, target=row, count=row.children)
    return content


@permitted(Permission.ARCHIVE_HAND_OVER)
def open_receipt(session: Session, actor: Actor, *, package_id: int) -> OpenedFile:
    """Return the signed list that was kept with a receipt; that somebody looked is noted.

    Raises:
        NotFound: there is none.
        SealBroken: it was tampered with.
    """
    row = session.get(HandoverPackage, package_id)
    if row is None or row.attachment_id is None:
        raise NotFound
    audit.record(session, actor, audit.Action.HANDOVER_RECEIPT_OPENED, target=row)
    return attachments.open_file(session, row.attachment_id, name=f"移交回执 {row.received_on:%Y%m%d}")


def _locked(session: Session, package_id: int, version: int) -> HandoverPackage:
    row = lock_version(session, HandoverPackage, package_id, version=version)
    if row.received_on is not None or row.withdrawn_at is not None:
        raise HandoverOver
    return row


def _refuse_outdated(session: Session, row: HandoverPackage) -> None:
    """What may leave is asked again when it leaves; packed anew, it is without what must stay here."""
    not_agreed = and_(HandoverChild.with_notes, ~has_consent(ConsentPurpose.HANDOVER))
    marked = select(Referral.student_id).where(
        col(Referral.is_suspected_abuse), col(Referral.abuse_marked_at) >= row.made_at
    )
    stays = (
        select(Student.id)
        .join(HandoverChild, col(HandoverChild.student_id) == col(Student.id))
        .where(HandoverChild.package_id == row.id, or_(not_agreed, col(Student.id).in_(marked)))
    )
    if session.exec(stays).first() is not None:
        raise MayNotLeave


def _check_day(check: Checker, field: str, day: date | None, *, not_before: date) -> None:
    if day is None:
        check.add(field, "required")
    check.not_future(field, day, today=clock.today())
    if day is not None and day < not_before:
        check.add(field, "before_step", day=not_before)
