"""Which role uses which page most, and which record it has open there."""

from dataclasses import dataclass, replace

from db.tables import Role
from services.access import HOLDERS, Permission
from ui.navigation import PageEntry, existing_entries

MAIN_ROLES = {
    "home": Role.COUNSELLOR,
    "students": Role.COUNSELLOR,
    "rounds": Role.HOMEROOM,
    "class_entries": Role.HOMEROOM,
    "class_papers": Role.HOMEROOM,
    "intake": Role.COUNSELLOR,
    "screening": Role.COUNSELLOR,
    "record": Role.HOMEROOM,
    "cases": Role.COUNSELLOR,
    "archives": Role.COUNSELLOR,
    "warning_groups": Role.COUNSELLOR,
    "pairing": Role.COUNSELLOR,
    "my_children": Role.MENTOR,
    "pairing_suggest": Role.COUNSELLOR,
    "rules": Role.LEAD,
    "weekly": Role.LEAD,
    "accounts": Role.ADMIN,
    "audit": Role.ADMIN,
    "settings": Role.ADMIN,
    "backups": Role.ADMIN,
    "child": Role.COUNSELLOR,
    "student_edit": Role.COUNSELLOR,
    "card_edit": Role.HOMEROOM,
    "referrals": Role.COUNSELLOR,
    "assessment": Role.COUNSELLOR,
    "conference": Role.COUNSELLOR,
    "plan": Role.COUNSELLOR,
    "plan_edit": Role.COUNSELLOR,
    "summary": Role.COUNSELLOR,
    "evaluation": Role.COUNSELLOR,
    "outward": Role.COUNSELLOR,
    "outward_new": Role.COUNSELLOR,
    "password": Role.HOMEROOM,
    "pledge": Role.HOMEROOM,
}
"""Where it isn't the first role of the access table that may open the page."""

OPEN_RECORDS = {
    "child": "student",
    "student_edit": "student",
    "card_edit": "student",
    "assessment": "referral",
    "conference": "case",
    "plan": "plan",
    "plan_edit": "plan",
    "summary": "case",
    "evaluation": "case",
    "outward_new": "student",
}
"""What stands in the address of a page that shows one record."""

BESIDE = (
    ("referrals", "referral"),
    ("cases", "case"),
    ("record", "record"),
    ("archives", "student"),
    ("outward", "outward"),
    ("screening", "student"),
    ("warning_groups", "group"),
    ("pairing", "pair"),
    ("pairing", "helper"),
)
"""Lists that also show one record: visited both ways."""


VIEWS = (
    ("child", "child_tab", "时间线"),
    ("rules", "clause", "K-01"),
    ("weekly", "list", "overdue"),
    ("pairing_suggest", "asked", "1"),
    ("pairing", "view", "pairs"),
    ("pairing", "view", "helpers"),
    ("pairing", "view", "progress"),
    ("pairing", "view", "subsidies"),
)
"""Parts of a page that ask for much themselves: visited besides what opens first."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One page as one role has it open; `record` names the parameter of its address, if it shows one record."""

    page: str
    role: Role
    record: str | None = None
    view: tuple[str, str] | None = None  # what else stands in the address

    @property
    def name(self) -> str:
        """How tables name it."""
        if self.view is not None:
            name, word = self.view
            return f"{self.page}?{name}={word}" if name == "view" else f"{self.page}?{name}"
        return f"{self.page}?{self.record}" if self.record and self.page not in OPEN_RECORDS else self.page


def list_visits() -> list[Visit]:
    """Return every page of the program for the role that uses it most, a list with one record open beside it."""
    visits = [Visit(entry.name, main_role(entry), OPEN_RECORDS.get(entry.name)) for entry in existing_entries()]
    visits += [Visit(page, MAIN_ROLES[page], record) for page, record in BESIDE]
    visits += [Visit(page, MAIN_ROLES[page], OPEN_RECORDS.get(page), (name, word)) for page, name, word in VIEWS]
    return visits


def other_visits() -> list[Visit]:
    """Return the same pages as every other role that may open them has them."""
    entries = {entry.name: entry for entry in existing_entries()}
    return [
        replace(visit, role=role)
        for visit in list_visits()
        for role in Role
        if role is not visit.role and _holds(role, entries[visit.page].permissions)
    ]


def main_role(entry: PageEntry) -> Role:
    """Return the role that uses a page most; for a page nobody has thought of, the first that may open it."""
    return MAIN_ROLES.get(entry.name) or next(role for role in Role if _holds(role, entry.permissions))


def _holds(role: Role, permissions: tuple[Permission, ...]) -> bool:
    return not permissions or any(role in HOLDERS[each] for each in permissions)
