"""One line of home: its kinds, where it stands in the list, and what its act opens."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

from services import clock

if TYPE_CHECKING:
    from db.tables import ReferralChannel, Urgency


class DutyKind(StrEnum):
    """What is to be done."""

    REPORT_ABUSE = "report_abuse"
    DANGER = "danger"
    ASSIGN = "assign"
    ASSESS = "assess"
    REPLY = "reply"
    FEEDBACK = "feedback"
    MATCH_CHILD = "match_child"
    CONFERENCE = "conference"
    INVITED = "invited"  # to a conference somebody else calls
    REVIEW_TIER = "review_tier"  # a child's tier is to be looked at again
    ANSWER_TIER = "answer_tier"  # a lowering waits for this person's yes or no
    FOUND_GROUP = "found_group"  # a key child has no warning group yet
    GRAVEST_TIER = "gravest_tier"  # a colleague put a child into it
    END_GROUP = "end_group"  # the child it stands around has left
    DECIDE_TIER = "decide_tier"  # a screening suggests a tier
    DECISION = "decision"  # what a conference decided that one is to do
    PLAN_WRITE = "plan_write"
    PLAN_ANSWER = "plan_answer"  # somebody else's plan of a severe case waits for a yes
    PLAN_RETURNED = "plan_returned"
    PLAN_REVIEW = "plan_review"
    MEASURE = "measure"  # what of a plan one is to do
    CLOSING_ANSWER = "closing_answer"  # closing somebody else's case waits for a yes or no
    CLOSED_FOLLOW_UP = "closed_follow_up"  # how a child does some time after its case was closed
    CASE_STALLED = "case_stalled"  # nothing was written of a case for longer than its child's tier allows
    SUMMARY = "summary"  # a case is to be summed up
    EVALUATION = "evaluation"  # how far a case has helped, once a term
    OUTWARD_ANSWER = "outward_answer"  # of the body a child was referred to
    OUTWARD_FOLLOW_UP = "outward_follow_up"
    SCREENING = "screening"  # somebody has to talk with a child after its result
    HAND_OVER = "hand_over"  # archives of who has graduated, to the next school
    HANDOVER_RECEIPT = "handover_receipt"
    ANSWER_EXCUSE = "answer_excuse"  # that a clause need not be kept: waits for this person's yes or no
    READ_FEEDBACK = "read_feedback"
    POST_VACANT = "post_vacant"
    HOMEROOM_MISSING = "homeroom_missing"
    HOLIDAYS_UNKNOWN = "holidays_unknown"
    FIRST_PASSWORDS = "first_passwords"
    UNENCRYPTED = "unencrypted"
    OPEN_CHECK = "open_check"
    BRING_BACK = "bring_back"
    RETURN_CHECK = "return_check"
    CHECKS_MISSING = "checks_missing"
    OPEN_SPECIAL_CHECK = "open_special_check"  # of 四特, once a quarter
    RETURN_SPECIAL_CHECK = "return_special_check"
    SPECIAL_CHECKS_MISSING = "special_checks_missing"
    EXCHANGE_LIST = "exchange_list"  # this term's list with civil affairs and the like
    DECIDE_DIFFERENCES = "decide_differences"
    AGREE_RETENTION = "agree_retention"
    BACKUP_OVERDUE = "backup_overdue"
    RECOVERY_SHEET = "recovery_sheet"
    SECOND_PERSON = "second_person"  # nobody can give the second yes
    DOCUMENTS_WANTING = "documents_wanting"
    NEW_TERM = "new_term"  # the next term should be entered by now


class DutyGroup(IntEnum):
    """In which order the lines stand."""

    LATE = 0
    TODAY = 1
    WAITING = 2
    UPCOMING = 3


class DutyTarget(StrEnum):
    """What a duty's one act opens."""

    REFERRAL = "referral"
    ASSESSMENT = "assessment"
    CASE = "case"
    DECISION = "decision"
    ARCHIVE = "archive"
    TIER_REQUEST = "tier_request"
    CASE_PLAN = "case_plan"
    PLAN = "plan"
    MEASURE = "measure"
    CLOSING = "closing"
    SUMMARY = "summary"
    EVALUATION = "evaluation"
    OUTWARD = "outward"
    HANDOVERS = "handovers"
    PROTECTION = "protection"
    CONTACT = "contact"  # a work record, with the child and what it follows
    POST = "post"
    CLASSES = "classes"
    SCHOOL_DAYS = "school_days"
    ACCOUNTS = "accounts"
    CHECKS = "checks"
    SPECIAL_CHECKS = "special_checks"
    DROP_OUT = "drop_out"
    EXCHANGES = "exchanges"
    RETENTION = "retention"
    BACKUPS = "backups"
    NEW_TERM = "new_term"
    DOCUMENTS = "documents"
    RULES = "rules"
    NOTHING = "nothing"


_TARGETS = {
    DutyKind.REPORT_ABUSE: DutyTarget.PROTECTION,
    DutyKind.ASSESS: DutyTarget.ASSESSMENT,
    DutyKind.CONFERENCE: DutyTarget.CASE,
    DutyKind.INVITED: DutyTarget.CASE,
    DutyKind.DECISION: DutyTarget.DECISION,
    DutyKind.REVIEW_TIER: DutyTarget.ARCHIVE,
    DutyKind.DECIDE_TIER: DutyTarget.ARCHIVE,
    DutyKind.GRAVEST_TIER: DutyTarget.ARCHIVE,
    DutyKind.FOUND_GROUP: DutyTarget.ARCHIVE,
    DutyKind.END_GROUP: DutyTarget.ARCHIVE,
    DutyKind.ANSWER_TIER: DutyTarget.TIER_REQUEST,
    DutyKind.PLAN_WRITE: DutyTarget.CASE_PLAN,
    DutyKind.PLAN_ANSWER: DutyTarget.PLAN,
    DutyKind.PLAN_RETURNED: DutyTarget.PLAN,
    DutyKind.PLAN_REVIEW: DutyTarget.PLAN,
    DutyKind.MEASURE: DutyTarget.MEASURE,
    DutyKind.CLOSING_ANSWER: DutyTarget.CLOSING,
    DutyKind.CLOSED_FOLLOW_UP: DutyTarget.CASE,
    DutyKind.CASE_STALLED: DutyTarget.CASE,
    DutyKind.SUMMARY: DutyTarget.SUMMARY,
    DutyKind.EVALUATION: DutyTarget.EVALUATION,
    DutyKind.OUTWARD_ANSWER: DutyTarget.OUTWARD,
    DutyKind.OUTWARD_FOLLOW_UP: DutyTarget.OUTWARD,
    DutyKind.SCREENING: DutyTarget.CONTACT,
    DutyKind.HAND_OVER: DutyTarget.HANDOVERS,
    DutyKind.HANDOVER_RECEIPT: DutyTarget.HANDOVERS,
    DutyKind.ANSWER_EXCUSE: DutyTarget.RULES,
    DutyKind.POST_VACANT: DutyTarget.POST,
    DutyKind.HOMEROOM_MISSING: DutyTarget.CLASSES,
    DutyKind.HOLIDAYS_UNKNOWN: DutyTarget.SCHOOL_DAYS,
    DutyKind.FIRST_PASSWORDS: DutyTarget.ACCOUNTS,
    DutyKind.UNENCRYPTED: DutyTarget.NOTHING,
    DutyKind.BRING_BACK: DutyTarget.DROP_OUT,
    DutyKind.OPEN_CHECK: DutyTarget.CHECKS,
    DutyKind.RETURN_CHECK: DutyTarget.CHECKS,
    DutyKind.CHECKS_MISSING: DutyTarget.CHECKS,
    DutyKind.OPEN_SPECIAL_CHECK: DutyTarget.SPECIAL_CHECKS,
    DutyKind.RETURN_SPECIAL_CHECK: DutyTarget.SPECIAL_CHECKS,
    DutyKind.SPECIAL_CHECKS_MISSING: DutyTarget.SPECIAL_CHECKS,
    DutyKind.EXCHANGE_LIST: DutyTarget.EXCHANGES,
    DutyKind.DECIDE_DIFFERENCES: DutyTarget.EXCHANGES,
    DutyKind.AGREE_RETENTION: DutyTarget.RETENTION,
    DutyKind.BACKUP_OVERDUE: DutyTarget.BACKUPS,
    DutyKind.RECOVERY_SHEET: DutyTarget.BACKUPS,
    DutyKind.NEW_TERM: DutyTarget.NEW_TERM,
    DutyKind.SECOND_PERSON: DutyTarget.POST,
    DutyKind.DOCUMENTS_WANTING: DutyTarget.DOCUMENTS,
}

_OFFICE = frozenset(DutyTarget) - {
    DutyTarget.REFERRAL,
    DutyTarget.ASSESSMENT,
    DutyTarget.CASE,
    DutyTarget.DECISION,
    DutyTarget.ARCHIVE,
    DutyTarget.TIER_REQUEST,
    DutyTarget.CASE_PLAN,
    DutyTarget.PLAN,
    DutyTarget.MEASURE,
    DutyTarget.CLOSING,
    DutyTarget.SUMMARY,
    DutyTarget.EVALUATION,
    DutyTarget.OUTWARD,
    DutyTarget.PROTECTION,
    DutyTarget.CONTACT,
    DutyTarget.DROP_OUT,
    DutyTarget.CHECKS,
    DutyTarget.SPECIAL_CHECKS,
    DutyTarget.RULES,
}
_NOBODY_S = frozenset({DutyKind.POST_VACANT, DutyKind.SECOND_PERSON, DutyKind.HOMEROOM_MISSING})
"""What nobody answers for stands before all of the office's lines that are not late; no child waits behind it."""


@dataclass(frozen=True, slots=True)
class Duty:
    """One line of home: what, why, by when, whose, and the one act that gets it done."""

    kind: DutyKind
    group: DutyGroup
    due_at: datetime | None = None
    since: datetime | None = None
    is_first: bool = False  # a child in danger stands above everything
    child: str | None = None
    class_label: str | None = None
    channel: "ReferralChannel | None" = None
    urgency: "Urgency | None" = None
    has_begun: bool = False
    with_whom: str | None = None
    owner_name: str | None = None
    is_mine: bool = True
    meets_at: datetime | None = None  # when a conference is planned
    place: str | None = None
    labels: tuple[str, ...] = field(default=())
    target_id: int | None = None
    target_version: int | None = None
    student_id: int | None = None  # where the act needs the child beside its target

    @property
    def target(self) -> DutyTarget:
        """What the act opens."""
        return _TARGETS.get(self.kind, DutyTarget.REFERRAL)

    @property
    def rank(self) -> tuple[bool, bool, bool, DutyGroup, datetime]:
        """Where the line stands: danger, children before the office, then late, today, waiting, upcoming.

        Of one part, what was due or has waited longest stands first.
        """
        is_office = self.target in _OFFICE
        moment = self.due_at or self.since or clock.now()
        waits_its_turn = is_office and self.kind not in _NOBODY_S and self.group is not DutyGroup.LATE
        return (not self.is_first, is_office, waits_its_turn, self.group, moment)


def group_of(due_at: datetime, *, now: datetime) -> DutyGroup:
    """Say in which part of the list something due stands; what is due at midnight is due today."""
    if now > due_at:
        return DutyGroup.LATE
    last_day = clock.local(due_at - timedelta(seconds=1)).date()
    return DutyGroup.TODAY if last_day <= clock.local(now).date() else DutyGroup.UPCOMING
