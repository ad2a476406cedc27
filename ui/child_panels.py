"""What hangs on a child's page: one tab an area. A new area adds a row and a draw function, nothing else."""

from collections.abc import Callable
from dataclasses import dataclass

from services.access import Permission, allows
from services.actors import Actor
from services.student_files import StudentFile
from ui import (
    child_consents,
    child_drop_outs,
    child_openings,
    child_overview,
    child_pairs,
    child_records,
    child_referrals,
    child_terms,
    child_time_line,
)

Draw = Callable[[Actor, StudentFile], None]


@dataclass(frozen=True)
class Panel:
    """One tab: who may have it, and what draws it when it is open."""

    title: str
    permission: Permission
    draw: Draw


PANELS = (
    Panel("概况", Permission.STUDENT_READ, child_overview.draw),
    Panel("时间线", Permission.STUDENT_READ, child_time_line.draw),
    Panel("受理", Permission.REFERRAL_READ, child_referrals.draw),
    Panel("工作记录", Permission.RECORD_READ, child_records.draw),
    Panel("结对", Permission.PAIRING_READ, child_pairs.draw),
    Panel("控辍保学", Permission.DROP_OUT_REGISTER, child_drop_outs.draw),
    Panel("学期记录", Permission.ENTRY_WRITE, child_terms.draw),
    Panel("同意和承诺", Permission.CONSENT_WRITE, child_consents.draw),
    Panel("谁看过", Permission.AUDIT_READ, child_openings.draw),
)


def panels_for(actor: Actor) -> list[Panel]:
    """Return the tabs this person has, in order."""
    return [panel for panel in PANELS if allows(actor, panel.permission)]
