"""Who walks with whom (手拉手), as registers on paper tell it (J-10, J-11)."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from db.sealing import unseal
from db.tables import AppUser, Helper, Pairing, PairingRole, Student
from services import clock
from services.actors import Actor
from services.exchange.grids import Cell
from services.pairing.names import helper_name, helper_order
from services.pairing.rules import is_running
from services.pairing.sight import reads_contact, sees_pairs_of

COLUMNS = ("手拉手的同学或老师", "身份", "电话", "从哪天起", "做了什么", "效果")
"""Of who walks with a child; the last one is written by hand."""
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Friend:
    """Somebody who walks with a child."""

    name: str
    role: PairingRole
    phone: str | None
    from_day: date
    content: str | None

    @property
    def cells(self) -> Sequence[Cell]:
        """What stands under COLUMNS."""
        return self.name, self.role.label, self.phone, self.from_day, self.content, None


def read_friends(
    session: Session, actor: Actor, student_ids: Collection[int], *, roles: Collection[PairingRole]
) -> Mapping[int, Sequence[Friend]]:
    """Return who walks with each of these children today, for who has been found to read them."""
    wanted: Any = (
        select(Pairing, Helper, helper_name().label("name"), reads_contact(actor).label("reads"))
        .join(Student, col(Student.id) == col(Pairing.student_id))
        .join(Helper, col(Helper.id) == col(Pairing.helper_id))
        .join(AppUser, col(AppUser.id) == col(Helper.user_id), isouter=True)
        .where(is_running(clock.today()), col(Pairing.role).in_(roles), sees_pairs_of(actor))
        .order_by(col(Pairing.role), helper_order(), col(Pairing.id))
    )
    if len(student_ids) <= _AT_ONCE:  # engines limit how many values one statement may carry; else all come along
        wanted = wanted.where(col(Pairing.student_id).in_(student_ids))
    asked, found = set(student_ids), defaultdict(list)
    for pair, helper, name, reads in session.execute(wanted):
        if pair.student_id in asked:
            phone = unseal(helper, "phone_sealed") if reads else None
            content = unseal(pair, "content_sealed")
            found[pair.student_id].append(Friend(name, pair.role, phone, pair.from_day, content))
    return found
