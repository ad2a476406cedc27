"""The rows of pairs: begun, carried on and ended in one way, whoever asks for it, each with its event (J-01, J-06)."""

from datetime import date

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from db.sealing import seal, unseal
from db.tables import Pairing, PairingEnd, PairingRole
from services import audit, clock
from services.actors import Actor
from services.errors import FieldErrors, Problem


def write_pair(
    session: Session,
    actor: Actor,
    *,
    student_id: int,
    helper_id: int,
    role: PairingRole,
    day: date,
    content: str | None = None,
    continues_id: int | None = None,
) -> Pairing:
    """Pair a child with a helper from a day on; whether that can be has been checked behind their locks.

    Raises:
        FieldErrors: the child has somebody of this kind, by the database's own word.
    """
    pair = Pairing(
        student_id=student_id,
        helper_id=helper_id,
        role=role,
        from_day=day,
        continues_id=continues_id,
        recorded_by_id=actor.id_of_staff,
        recorded_at=clock.now(),
    )
    seal(pair, "content_sealed", content)
    session.add(pair)
    try:
        session.flush()  # the event names its number
    except IntegrityError:  # no check was in between
        raise FieldErrors({"role": Problem("pair_taken_now")}) from None
    audit.record(session, actor, audit.Action.PAIRING_STARTED, target=pair, student_id=student_id, kind=role.value)
    return pair


def carry_on(session: Session, actor: Actor, pair: Pairing, *, helper_id: int, day: date) -> Pairing:
    """Let another helper go on with a pair that was ended, from a day on: with the same it was about.

    Raises:
        FieldErrors: as `write_pair`.
    """
    return write_pair(
        session, actor, student_id=pair.student_id, helper_id=helper_id, role=pair.role, day=day,
        content=unseal(pair, "content_sealed"), continues_id=pair.id,
    )  # fmt: skip


def write_end(
    session: Session, actor: Actor, pair: Pairing, *, day: date, reason: PairingEnd, words: str | None = None
) -> None:
    """End a pair: the day is the first one it no longer runs."""
    pair.to_day, pair.end_reason, pair.ended_by_id = day, reason, actor.id_of_staff
    seal(pair, "end_words_sealed", words)
    session.add(pair)
    audit.record(
        session, actor, audit.Action.PAIRING_ENDED, target=pair, student_id=pair.student_id, kind=pair.role.value,
        day=day.isoformat(), state=reason.value,
    )  # fmt: skip
