"""Who may see and do what: one table of scopes, one of acts, and the guard that asks it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from sqlmodel import Session

from db.tables import Role
from services.actors import Actor
from services.errors import NotAllowed, NotPledged

P = ParamSpec("P")
R = TypeVar("R")


class Subject(StrEnum):
    """What access is about: the rows of the access table."""

    IDENTITY = "identity"  # name, class, number
    CONTACT = "contact"  # contact card, phones
    CATEGORY = "category"  # categories, aid
    TIER = "tier"
    SCREENING = "screening"
    NOTE = "note"  # counselling notes
    CASE = "case"
    REFERRAL = "referral"
    INCIDENT = "incident"
    MONEY = "money"
    ACCOUNTS = "accounts"  # accounts, settings, backups
    AUDIT = "audit"


class Scope(StrEnum):
    """How far access reaches: the cells of the access table."""

    NONE = "none"
    ALL = "all"
    NUMBERS = "numbers"  # counts only, groups under 5 suppressed
    OWN_CLASS = "own_class"
    TAUGHT = "taught"
    OWN_PAIRS = "own_pairs"
    WITH_REASON = "with_reason"  # audited, 15 minutes
    REASON_IN_INCIDENT = "reason_in_incident"
    NEEDS_CARE_ONLY = "needs_care_only"
    AID_PAYEE = "aid_payee"
    TIER_WITHOUT_REASON = "tier_without_reason"
    PLEASE_LOOK_AFTER = "please_look_after"
    NOTE_AS_AUTHOR = "note_as_author"
    NOTE_EXISTS = "note_exists"
    OWN_AND_MEMBER = "own_and_member"
    TASKS = "tasks"
    APPROVALS = "approvals"
    SAMPLED = "sampled"
    STATE_OF_CLASS_OWN_FULL = "state_of_class_own_full"
    OWN_RECEIVED = "own_received"
    OWN_REPORT = "own_report"
    WITH_NAMES = "with_names"
    AFTER_CLOSING = "after_closing"
    OWN_CLAIMS = "own_claims"
    PAYEE_AS_CODE = "payee_as_code"
    PUBLISHED = "published"
    RULES = "rules"
    OWN_OPENINGS_AND_CASES = "own_openings_and_cases"
    OWN = "own"
    WITHOUT_WORDS = "without_words"


_ORDER = (
    Role.LEAD,
    Role.COUNSELLOR,
    Role.HOMEROOM,
    Role.SUBJECT_TEACHER,
    Role.MENTOR,
    Role.LEADERSHIP,
    Role.FINANCE,
    Role.SUPERVISOR,
    Role.ADMIN,
)


def _row(*cells: Scope) -> Mapping[Role, Scope]:
    return dict(zip(_ORDER, cells, strict=True))


_N, _A, _NUM = Scope.NONE, Scope.ALL, Scope.NUMBERS

SCOPES: Mapping[Subject, Mapping[Role, Scope]] = {
    #                        lead  counsellor homeroom                       subject teacher     mentor
    #                        leadership                 finance               supervisor           admin
    Subject.IDENTITY: _row(_A, _A, Scope.OWN_CLASS, Scope.TAUGHT, Scope.OWN_PAIRS, _N, _N, _N, _N),
    Subject.CONTACT: _row(
        _A, _A, Scope.OWN_CLASS, Scope.WITH_REASON, Scope.OWN_PAIRS, Scope.REASON_IN_INCIDENT, _N, _N, _N
    ),
    Subject.CATEGORY: _row(_A, _A, Scope.OWN_CLASS, _N, Scope.NEEDS_CARE_ONLY, _NUM, Scope.AID_PAYEE, _NUM, _N),
    Subject.TIER: _row(_A, _A, Scope.TIER_WITHOUT_REASON, _N, _N, _NUM, _N, _NUM, _N),
    Subject.SCREENING: _row(_A, _A, Scope.PLEASE_LOOK_AFTER, _N, _N, _NUM, _N, _NUM, _N),
    Subject.NOTE: _row(_A, Scope.NOTE_AS_AUTHOR, Scope.NOTE_EXISTS, _N, _N, _N, _N, _N, _N),
    Subject.CASE: _row(
        _A, Scope.OWN_AND_MEMBER, Scope.TASKS, Scope.TASKS, Scope.TASKS, Scope.APPROVALS, _N, Scope.SAMPLED, _N
    ),
    Subject.REFERRAL: _row(
        _A, _A, Scope.STATE_OF_CLASS_OWN_FULL, Scope.OWN_RECEIVED, Scope.OWN_RECEIVED, _NUM, _N, _NUM, _N
    ),
    Subject.INCIDENT: _row(
        _A, _A, Scope.OWN_CLASS, Scope.OWN_REPORT, Scope.OWN_PAIRS, Scope.WITH_NAMES, _N, Scope.AFTER_CLOSING, _N
    ),
    Subject.MONEY: _row(
        _A,
        Scope.OWN_CLAIMS,
        Scope.OWN_CLAIMS,
        Scope.OWN_CLAIMS,
        Scope.OWN_CLAIMS,
        _A,
        Scope.PAYEE_AS_CODE,
        Scope.PUBLISHED,
        _N,
    ),
    Subject.ACCOUNTS: _row(Scope.RULES, _N, _N, _N, _N, _N, _N, _N, _A),
    Subject.AUDIT: _row(
        Scope.OWN_OPENINGS_AND_CASES, Scope.OWN, Scope.OWN, Scope.OWN, Scope.OWN, _N, _N, _N, Scope.WITHOUT_WORDS
    ),
}
"""The access table of the design, cell by cell."""


class Permission(StrEnum):
    """An act that takes a permission; its holders stand in HOLDERS."""

    OWN_ACCOUNT = "own_account:use"
    HOME_READ = "home:read"
    STUDENT_READ = "student:read"
    STUDENT_WRITE = "student:write"
    STUDENT_IMPORT = "student:import"
    STUDENT_EXPORT = "student:export"
    LIST_EXCHANGE = "student:exchange"  # lists with civil affairs and the like (S-04)
    CATEGORY_WRITE = "category:write"
    YEAR_CHANGE = "student:year_change"
    STUDENT_MERGE = "student:merge"
    ENTRY_WRITE = "entry:write"
    CONSENT_WRITE = "consent:write"
    CHECK_OPEN = "check:open"
    CHECK_RETURN = "check:return"
    DROP_OUT_REGISTER = "drop_out:register"
    DROP_OUT_FOLLOW = "drop_out:follow"
    REFERRAL_REGISTER = "referral:register"
    REFERRAL_READ = "referral:read"
    REFERRAL_HANDLE = "referral:handle"
    ABUSE_HANDLE = "abuse:handle"
    CASE_READ = "case:read"
    CASE_CLOSE = "case:close"  # whose yes closing a case needs; `closings` says which
    PLAN_ANSWER = "case:plan_answer"  # whose yes a severe case's plan needs; `plan_answers` says which
    MEASURE_FOLLOW = "case:measure"  # what of a plan one is to do; `measures` says which
    RECORD_WRITE = "record:write"
    RECORD_READ = "record:read"
    ARCHIVE_READ = "archive:read"
    ARCHIVE_WRITE = "archive:write"  # opens archives and goes through them
    ARCHIVE_HAND_OVER = "archive:hand_over"  # packs archives for another school
    TIER_WRITE = "tier:write"
    TIER_AGREE = "tier:agree"  # `tier_requests` says whose lowering
    TIER_NUMBERS = "figures:tier"  # how many stand in which tier, no child
    OUTWARD_REFER = "outward:refer"  # to bodies outside the school; `sees_outward` says which ones
    SCREENING_READ = "screening:read"  # how far a round is; single results are for the care room (`results_of`)
    SCREENING_WRITE = "screening:write"  # rounds, imports, following up
    SCREENING_NUMBERS = "screening_numbers:read"
    WARNING_READ = "warning:read"  # the groups one sits in; `warning_group_views` says which
    WARNING_WRITE = "warning:write"
    DECISION_FOLLOW = "case:decision"  # what a conference decided that one is to do; `decisions` says which
    ACCOUNT_MANAGE = "account:manage"
    ACCOUNT_ADD_TEAM = "account:add_team"
    STAFF_IMPORT = "staff:import"
    SCHOOL_WRITE = "school:write"
    BACKUP_MANAGE = "backup:manage"
    RETENTION_PREPARE = "retention:prepare"
    RETENTION_AGREE = "retention:agree"  # only who gives the second yes
    RETENTION_HOLD = "student:hold"
    DOCUMENT_READ = "document:read"
    DOCUMENT_READ_TEAM = "document:read_team"
    DOCUMENT_WRITE = "document:write"
    POST_READ = "post:read"
    POST_WRITE = "post:write"
    REGULATION_READ = "regulation:read"  # how clauses stand; `compliance` says of whom
    REGULATION_WRITE = "regulation:write"  # which clauses count since when
    EXCUSE_ASK = "regulation:excuse"  # that a child or class need not keep a clause, or kept it otherwise
    EXCUSE_AGREE = "regulation:excuse_agree"  # whose yes that needs; `excuses` says which
    REVIEW_READ = "review:read"  # the leadership group's week; names for who reads the whole school's, else numbers
    PAIRING_SUGGEST = "pairing:suggest"  # who could help whom, in the whole school, and pairs made of it
    PAIRING_WEIGH = "pairing:weigh"  # what counts when somebody is suggested
    PAIRING_READ = "pairing:read"  # pairs of the children one sees, and who helps; `pairing.sight` says which helpers
    PAIRING_OWN = "pairing:own"  # the children one is paired with
    PAIRING_WRITE = "pairing:write"  # of the whole school, or the own class
    HELPER_VET = "pairing:vet"  # who of the volunteers may meet a child (J-17), and how many one takes on
    SUBSIDY_WRITE = "pairing:subsidy"
    PAIRING_NUMBERS = "figures:pairing"  # how many are paired, no child
    GROUP_GUESTS = "group:guests"  # names of pupils, parents, experts in groups
    AUDIT_READ = "audit:read"


_CARE = frozenset({Role.LEAD, Role.COUNSELLOR})
_TEACHERS = _CARE | {Role.HOMEROOM, Role.SUBJECT_TEACHER, Role.MENTOR}

HOLDERS: Mapping[Permission, frozenset[Role]] = {
    Permission.OWN_ACCOUNT: frozenset(Role),
    Permission.HOME_READ: frozenset(Role),
    Permission.STUDENT_READ: _TEACHERS,
    Permission.STUDENT_WRITE: _CARE | {Role.HOMEROOM},
    Permission.STUDENT_IMPORT: _CARE,
    Permission.STUDENT_EXPORT: _CARE | {Role.HOMEROOM},
    Permission.LIST_EXCHANGE: _CARE,
    Permission.CATEGORY_WRITE: _CARE | {Role.HOMEROOM},
    Permission.YEAR_CHANGE: frozenset({Role.LEAD}),
    Permission.STUDENT_MERGE: frozenset({Role.LEAD}),  # what hangs on both moves, of which others may know a part only
    Permission.ENTRY_WRITE: _CARE | {Role.HOMEROOM},
    Permission.CONSENT_WRITE: _CARE | {Role.HOMEROOM},
    Permission.CHECK_OPEN: frozenset({Role.LEAD}),
    Permission.CHECK_RETURN: _CARE | {Role.HOMEROOM},
    Permission.DROP_OUT_REGISTER: _CARE | {Role.HOMEROOM},
    # Whoever is named for a child, or holds the teaching office, follows it, in whatever role (E-16); `sees_drop_outs`
    # says which ones.
    Permission.DROP_OUT_FOLLOW: _TEACHERS | {Role.LEADERSHIP},
    Permission.REFERRAL_REGISTER: _TEACHERS,
    Permission.REFERRAL_READ: _TEACHERS,
    Permission.REFERRAL_HANDLE: _CARE,
    Permission.ABUSE_HANDLE: frozenset({Role.LEAD, Role.LEADERSHIP}),  # leadership: only who is named
    Permission.CASE_READ: _CARE,
    Permission.CASE_CLOSE: frozenset({Role.LEAD, Role.LEADERSHIP}),
    Permission.PLAN_ANSWER: frozenset({Role.LEAD, Role.LEADERSHIP}),
    Permission.MEASURE_FOLLOW: _TEACHERS | {Role.LEADERSHIP},
    Permission.RECORD_WRITE: _TEACHERS,  # about the children they see
    Permission.RECORD_READ: _TEACHERS,  # `sees_records` says of which they know, `reads_words` which they read
    Permission.ARCHIVE_READ: _CARE | {Role.HOMEROOM},
    Permission.ARCHIVE_WRITE: _CARE | {Role.HOMEROOM},
    Permission.ARCHIVE_HAND_OVER: frozenset({Role.LEAD}),  # whoever packs reads counselling in words
    Permission.TIER_WRITE: _CARE,
    Permission.TIER_AGREE: _CARE | {Role.LEADERSHIP},  # the head; who gives the second yes, whatever else they are
    Permission.TIER_NUMBERS: frozenset({Role.LEADERSHIP, Role.SUPERVISOR}),
    Permission.OUTWARD_REFER: _CARE,
    Permission.SCREENING_READ: _CARE | {Role.HOMEROOM},
    Permission.SCREENING_WRITE: _CARE,
    Permission.SCREENING_NUMBERS: frozenset({Role.LEADERSHIP, Role.SUPERVISOR}),
    Permission.WARNING_READ: _TEACHERS | {Role.LEADERSHIP},
    Permission.WARNING_WRITE: _CARE,
    Permission.DECISION_FOLLOW: _TEACHERS | {Role.LEADERSHIP},
    Permission.ACCOUNT_MANAGE: frozenset({Role.ADMIN}),
    Permission.ACCOUNT_ADD_TEAM: frozenset({Role.ADMIN, Role.LEAD}),
    Permission.STAFF_IMPORT: frozenset({Role.ADMIN, Role.LEAD}),
    Permission.SCHOOL_WRITE: frozenset({Role.ADMIN, Role.LEAD}),
    Permission.BACKUP_MANAGE: frozenset({Role.ADMIN}),
    Permission.RETENTION_PREPARE: frozenset({Role.LEAD, Role.ADMIN}),
    Permission.RETENTION_AGREE: frozenset({Role.LEAD, Role.ADMIN, Role.LEADERSHIP}),
    Permission.RETENTION_HOLD: frozenset({Role.LEAD}),
    # Everybody works by the rules; what may name children is for the team, its leaders and who checks it. The clauses'
    # posts file them: head of room and leading groups; the administrator helps with what all staff read.
    Permission.DOCUMENT_READ: frozenset(Role),
    Permission.DOCUMENT_READ_TEAM: _CARE | {Role.LEADERSHIP, Role.SUPERVISOR},
    Permission.DOCUMENT_WRITE: frozenset({Role.LEAD, Role.LEADERSHIP, Role.ADMIN}),
    Permission.REGULATION_READ: _CARE | {Role.HOMEROOM, Role.LEADERSHIP, Role.SUPERVISOR},
    Permission.REGULATION_WRITE: frozenset({Role.LEAD}),
    Permission.EXCUSE_ASK: _CARE | {Role.HOMEROOM},
    Permission.EXCUSE_AGREE: frozenset({Role.LEAD, Role.LEADERSHIP}),
    Permission.REVIEW_READ: _CARE | {Role.LEADERSHIP, Role.SUPERVISOR},  # the supervisor's group: numbers (design §4)
    Permission.POST_READ: frozenset(Role),
    Permission.POST_WRITE: frozenset({Role.ADMIN, Role.LEAD}),
    Permission.PAIRING_SUGGEST: _CARE,  # every child's categories and tier weigh in it
    Permission.PAIRING_WEIGH: frozenset({Role.LEAD}),
    Permission.PAIRING_READ: _CARE | {Role.HOMEROOM},
    Permission.PAIRING_OWN: _TEACHERS,
    Permission.PAIRING_WRITE: _CARE | {Role.HOMEROOM},
    Permission.HELPER_VET: _CARE,
    Permission.SUBSIDY_WRITE: _CARE,
    Permission.PAIRING_NUMBERS: frozenset({Role.LEADERSHIP, Role.SUPERVISOR}),
    Permission.GROUP_GUESTS: _CARE,
    Permission.AUDIT_READ: _TEACHERS | {Role.ADMIN},
}

CHILD_DATA = frozenset(
    permission
    for permission in Permission
    if permission.value.split(":")[0]
    in {
        "student",
        "category",
        "referral",
        "abuse",
        "case",
        "record",
        "drop_out",
        "archive",
        "tier",
        "outward",
        "screening",
        "warning",
        "pairing",
    }
)
"""What shows or changes something about a child."""

PLEDGED_ROLES = frozenset(role for permission in CHILD_DATA for role in HOLDERS[permission])
"""Who accepts the confidentiality pledge each school year: everybody whose role shows anything about a child (A-03)."""

PERMISSIONS_ATTRIBUTE = "__care_permissions__"


def allows(actor: Actor, *any_of: Permission) -> bool:
    """Say whether the actor holds at least one of these permissions."""
    return any(_holds(actor, permission) for permission in any_of)


def _holds(actor: Actor, permission: Permission) -> bool:
    if permission is Permission.ABUSE_HANDLE:  # of the leadership only who is named for it
        return is_protection_leader(actor)
    return not HOLDERS[permission].isdisjoint(actor.roles)


def require(actor: Actor, *any_of: Permission) -> None:
    """Refuse an actor who holds none of these permissions.

    Raises:
        NotAllowed: as said.
    """
    if not allows(actor, *any_of):
        raise NotAllowed


def permitted(
    *any_of: Permission,
) -> Callable[[Callable[Concatenate[Session, Actor, P], R]], Callable[Concatenate[Session, Actor, P], R]]:
    """Declare what a service function's actor must hold; asked before anything else happens.

    Raises (the decorated function):
        NotAllowed: the actor holds none of these permissions, or must first change the password.
        NotPledged: the actor has not accepted this school year's pledge (A-03).
    """

    def decorate(
        function: Callable[Concatenate[Session, Actor, P], R],
    ) -> Callable[Concatenate[Session, Actor, P], R]:
        @wraps(function)
        def guarded(session: Session, actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> R:
            if actor.must_change_password and Permission.OWN_ACCOUNT not in any_of:
                raise NotAllowed
            require(actor, *any_of)
            if actor.must_pledge and Permission.OWN_ACCOUNT not in any_of:
                raise NotPledged
            return function(session, actor, *args, **kwargs)

        setattr(guarded, PERMISSIONS_ATTRIBUTE, any_of)
        return guarded

    return decorate


def acting_for(actor: Actor, permission: Permission) -> Actor:
    """Return the actor with only the roles that hold a permission: what leaves by one role isn't widened by another."""
    return replace(actor, roles=actor.roles & HOLDERS[permission], by_post_only=True)


def scopes_of(actor: Actor, subject: Subject) -> frozenset[Scope]:
    """Return every scope the actor's roles give on a subject; access adds up."""
    return frozenset(SCOPES[subject][role] for role in actor.roles) - {Scope.NONE}


def is_protection_leader(actor: Actor) -> bool:
    """Say whether the actor handles suspected abuse: the lead, or a leader named for it."""
    return actor.has_role(Role.LEAD) or (actor.has_role(Role.LEADERSHIP) and actor.is_protection_leader)
