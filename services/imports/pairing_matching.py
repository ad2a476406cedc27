"""Who a row of a pairing ledger means, child and helper, and whether the pair can be and is new (area J)."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from db.sealing import open_text
from db.tables import (
    SEVERAL,
    AppUser,
    CategoryKind,
    Helper,
    HelperKind,
    Pairing,
    PairingRole,
    RoleGrant,
    Term,
)
from services import clock
from services.access import HOLDERS, Permission
from services.exchange.pairing_ledger import PairingRow
from services.exchange.reasons import Reason
from services.imports.matching import FieldChange, MatchedBy, Outcome, PreviewRow
from services.imports.past_children import find_past_child, refused, taken
from services.imports.stored import StoredChild, StoredChildren
from services.pairing.roles import KINDS_FOR
from services.pairing.rules import MOST_CHILDREN, TUTOR_PARAMETER, USUAL_CAPACITY, Days, most_at_once
from services.parameter_versions import parameter_on

PAIRING = Pairing.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
_KIND_OF = {
    PairingRole.MENTOR: HelperKind.STAFF,
    PairingRole.PROXY_PARENT: HelperKind.STAFF,
    PairingRole.LOVE_MOTHER: HelperKind.VOLUNTEER,
    PairingRole.GUARDIAN_ANGEL: HelperKind.VOLUNTEER,
    PairingRole.PARTY_CADRE: HelperKind.PARTY_CADRE,
    PairingRole.VOLUNTEER: HelperKind.VOLUNTEER,
    PairingRole.EXCELLENT_STUDENT: HelperKind.PUPIL,
    PairingRole.BUDDY: HelperKind.PUPIL,
    PairingRole.PEER_PARENT: HelperKind.PARENT,
}
"""What somebody is of whom a ledger says only the role, and who has no account."""


@dataclass(slots=True)
class PlannedHelper:
    """Somebody who helps: stored, or to be registered with the import, then without an id."""

    kind: HelperKind
    name: str
    phone: str | None = None
    id: int | None = None
    user_id: int | None = None
    to_day: date | None = None
    capacity: int = 0
    stints: list[tuple[int, Days]] = field(default_factory=list)  # the child, and when

    @property
    def is_new(self) -> bool:
        """Whether the import would register it."""
        return self.id is None

    @property
    def first_day(self) -> date:
        """The first day of any of its pairs."""
        return min(days.first for _, days in self.stints)


@dataclass(frozen=True, slots=True)
class NewPair:
    """A pair to be written."""

    student_id: int
    helper: PlannedHelper
    role: PairingRole
    term_id: int | None  # of which the subsidy is


@dataclass(slots=True)
class PairingMatch:
    """A row, what it would do, and the remarks it gets."""

    row: PairingRow
    shown: PreviewRow
    remarks: tuple[Reason, ...] = ()
    new: NewPair | None = None


@dataclass(slots=True)
class StoredPairs:
    """Who helps, which pairs there are or were by child and role, the accounts of teachers, and the terms."""

    helpers: dict[str, list[PlannedHelper]]
    pairs: dict[tuple[int, PairingRole], list[tuple[PlannedHelper, Days]]]
    accounts: Mapping[str, list[int]]
    terms: Sequence[tuple[date, date, int]]
    tutor_capacity: int


def load_pairs(session: Session, *, locking: bool) -> StoredPairs:
    """Read helpers, pairs, accounts and terms: five statements."""
    wanted = (
        select(Helper, AppUser.display_name)
        .join(AppUser, col(AppUser.id) == col(Helper.user_id), isouter=True)
        .order_by(col(Helper.id))
    )
    by_id: dict[int, PlannedHelper] = {}
    by_name: dict[str, list[PlannedHelper]] = {}
    for row, account in session.exec(wanted.with_for_update(of=Helper) if locking else wanted):
        phone = open_text(row.phone_sealed, table="helper", column="phone_sealed", uid=row.uid)
        name = account or row.name or ""
        helper = PlannedHelper(row.kind, name, phone, row.id, row.user_id, row.to_day, row.capacity)
        by_id[row.id or 0] = helper
        by_name.setdefault(name, []).append(helper)
    pairs: dict[tuple[int, PairingRole], list[tuple[PlannedHelper, Days]]] = {}
    columns = ("student_id", "helper_id", "role", "from_day", "to_day")
    rows = select(*(PAIRING.c[name] for name in columns)).order_by(PAIRING.c.id)
    for student_id, helper_id, role, first, end in session.execute(rows):
        if of_pair := by_id.get(helper_id):  # a server shows each statement what was committed by then
            days = Days(first, end)
            of_pair.stints.append((student_id, days))
            pairs.setdefault((student_id, PairingRole(role)), []).append((of_pair, days))
    terms = [(term.first_day, term.last_day, term.id or 0) for term in session.exec(select(Term)).all()]
    capacity = parameter_on(session, TUTOR_PARAMETER, clock.today())
    return StoredPairs(by_name, pairs, _accounts(session), sorted(terms), capacity)


def _accounts(session: Session) -> dict[str, list[int]]:
    """Return the accounts of teachers in use, by name."""
    rows = session.exec(
        select(AppUser.display_name, AppUser.id)
        .join(RoleGrant, col(RoleGrant.user_id) == col(AppUser.id))
        .where(
            AppUser.is_active,
            col(RoleGrant.ended_at).is_(None),
            col(RoleGrant.role).in_(sorted(HOLDERS[Permission.PAIRING_OWN])),
        )
        .distinct()
        .order_by(col(AppUser.id))
    )
    found: dict[str, list[int]] = {}
    for name, user_id in rows:
        found.setdefault(name, []).append(user_id or 0)
    return found


def match_pairings(
    rows: Sequence[PairingRow], children: StoredChildren, stored: StoredPairs, *, school_year: int
) -> list[PairingMatch]:
    """Say of every row what it would do; what contradicts the pairs there are is shown and not written."""
    matching = _Matching(children, stored, school_year)
    matches = [matching.match(row) for row in rows]
    matching.settle_capacities()
    return matches


class _Matching:
    def __init__(self, children: StoredChildren, stored: StoredPairs, school_year: int) -> None:
        self.children, self.stored, self.school_year = children, stored, school_year
        self.in_file: set[tuple[int, int, PairingRole, date]] = set()
        self.planned: list[PlannedHelper] = []

    def match(self, row: PairingRow) -> PairingMatch:
        day = row.end or row.start
        (child, by, reason), is_of_today = find_past_child(row, self.children, day=day, school_year=self.school_year)
        if child is None or by is None:
            return PairingMatch(row, refused(row, reason or Reason.STUDENT_NOT_IN_ROSTER))
        role = PairingRole(row.role)
        helper = self._helper(row, role)
        if helper is None:
            return PairingMatch(row, refused(row, Reason.HELPER_AMBIGUOUS))
        known = self.stored.pairs.get((child.id, role), [])
        same = next((days for other, days in known if other is helper and days.first == row.start), None)
        key = (child.id, id(helper), role, row.start)
        if key in self.in_file:
            return PairingMatch(row, refused(row, Reason.DUPLICATE))
        if same is not None:
            self.in_file.add(key)
            return self._known(row, child, by, same)
        if reason := self._cannot_be(row, child, helper, role, known):
            return PairingMatch(row, refused(row, reason))
        self.in_file.add(key)
        self._plan(row, child, helper, role)
        return self._new(row, child, by, helper, role, is_of_today=is_of_today)

    def _helper(self, row: PairingRow, role: PairingRole) -> PlannedHelper | None:
        """Return who is meant: by name, telephone and what may help in this role; None where several may be."""
        fitting = [
            each
            for each in self.stored.helpers.get(row.helper, [])
            if each.kind in KINDS_FOR[role] and (not row.phone or not each.phone or each.phone == row.phone)
        ]
        exact = [each for each in fitting if row.phone and each.phone == row.phone]
        if len(exact or fitting) > 1:
            return None
        if fitting:
            found = (exact or fitting)[0]
            if found.is_new and found.phone is None:
                found.phone = row.phone
            return found
        user_ids = self.stored.accounts.get(row.helper, []) if HelperKind.STAFF in KINDS_FOR[role] else []
        is_account = len(user_ids) == 1 and not any(
            each.user_id == user_ids[0] for each in self.stored.helpers.get(row.helper, [])
        )
        kind = HelperKind.STAFF if is_account else _KIND_OF[role]
        return PlannedHelper(kind, row.helper, row.phone, user_id=user_ids[0] if is_account else None)

    def _cannot_be(
        self,
        row: PairingRow,
        child: StoredChild,
        helper: PlannedHelper,
        role: PairingRole,
        known: Sequence[tuple[PlannedHelper, Days]],
    ) -> Reason | None:
        days = Days(row.start, row.end)
        if row.start < child.birth_day:
            return Reason.PAIR_DAY_UNREADABLE
        if any(each.meets(days) for other, each in known if other is helper or role not in SEVERAL):
            return Reason.PAIR_TAKEN
        if helper.to_day is not None and (row.end is None or row.end > helper.to_day):
            return Reason.HELPER_LEFT
        limit = MOST_CHILDREN if helper.is_new else helper.capacity
        if most_at_once([*helper.stints, (child.id, days)], within=days) > limit:
            return Reason.HELPER_FULL
        return None

    def _plan(self, row: PairingRow, child: StoredChild, helper: PlannedHelper, role: PairingRole) -> None:
        listed = self.stored.helpers.setdefault(helper.name, [])
        if helper.is_new and not any(each is helper for each in listed):
            listed.append(helper)
            self.planned.append(helper)
        days = Days(row.start, row.end)
        helper.stints.append((child.id, days))
        self.stored.pairs.setdefault((child.id, role), []).append((helper, days))

    def _known(self, row: PairingRow, child: StoredChild, by: MatchedBy, same: Days) -> PairingMatch:
        if row.end is not None and row.end != same.end:
            return PairingMatch(row, refused(row, Reason.PAIR_DIFFERS))
        return PairingMatch(row, self._shown(row, child, by, Outcome.UNCHANGED, ()))

    def _new(
        self,
        row: PairingRow,
        child: StoredChild,
        by: MatchedBy,
        helper: PlannedHelper,
        role: PairingRole,
        *,
        is_of_today: bool,
    ) -> PairingMatch:
        term_id = self._term(row.start)
        remarks = [Reason.CLASS_OF_TODAY] if is_of_today else []
        until = f"到 {row.end.isoformat()}" if row.end else "起"
        changes = (FieldChange("pairing", role.label, "", f"{row.helper}，{row.start.isoformat()} {until}"),)
        shown = self._shown(row, child, by, Outcome.NEW, changes)
        return PairingMatch(row, shown, tuple(remarks), NewPair(child.id, helper, role, term_id))

    def _shown(
        self,
        row: PairingRow,
        child: StoredChild,
        by: MatchedBy,
        outcome: Outcome,
        changes: tuple[FieldChange, ...],
    ) -> PreviewRow:
        """Return what is shown; where a ledger tells of nobody by number, name and class are no reason to look."""
        shown = taken(row, child, by, outcome, changes, school_year=self.school_year)
        if not row.is_by_name or by is not MatchedBy.NAME_AND_CLASS:
            return shown
        return PreviewRow(
            shown.position, shown.name, shown.class_label, outcome, None, child.id, child.version, changes
        )

    def _term(self, day: date) -> int | None:
        """Return the term of a day, or else the first that ends after it."""
        return next((term_id for _, last, term_id in self.stored.terms if day <= last), None)

    def settle_capacities(self) -> None:
        """Let everybody new have room for as many as is usual, or as the ledger says it has at once."""
        for helper in self.planned:
            usual = USUAL_CAPACITY.get(helper.kind, self.stored.tutor_capacity)
            most = max(most_at_once(helper.stints, within=days) for _, days in helper.stints)
            helper.capacity = min(MOST_CHILDREN, max(usual, most))


_TEACHES = frozenset({PairingRole.MENTOR, PairingRole.PROXY_PARENT})
_LEARNS = frozenset({PairingRole.EXCELLENT_STUDENT, PairingRole.BUDDY})


def standing(
    matches: Collection[PairingMatch], children: StoredChildren, stored: StoredPairs, *, today: date
) -> dict[str, Any]:  # counts, written to JSON as they are
    """Say how pairs would stand today: of the rows taken by role, and which left-behind children have whom (J-05)."""
    rows = [each.row for each in matches if each.shown.reason is None]
    active = Counter(PairingRole(row.role) for row in rows if Days(row.start, row.end).holds(today))
    roles: dict[int, set[PairingRole]] = {}
    for (student_id, role), pairs in stored.pairs.items():
        if any(days.holds(today) for _, days in pairs):
            roles.setdefault(student_id, set()).add(role)
    left_behind = [child.id for child in children.everybody if CategoryKind.LEFT_BEHIND in child.categories]
    having = [roles[student_id] for student_id in left_behind if student_id in roles]
    both = sum(bool(has & _TEACHES) and bool(has & _LEARNS) for has in having)
    day = today.strftime("%Y_%m_%d")
    return {
        f"active_on_{day}_by_role": {role.value: active[role] for role in sorted(active)},
        f"closed_before_{day}": sum(row.end is not None and row.end <= today for row in rows),
        "left_behind_children": len(left_behind),
        "left_behind_with_any_active_pairing": len(having),
        "left_behind_with_teacher_and_student_helper": both,
        "left_behind_without_pairing": len(left_behind) - len(having),
    }


def roles_of(matches: Collection[PairingMatch]) -> Counter[PairingRole]:
    """Count what would be new by role."""
    return Counter(each.new.role for each in matches if each.new is not None)
