"""Noting who did what: the transaction appends the collected events to the chain as its last statements."""

from collections.abc import Sequence
from enum import StrEnum

from sqlmodel import Session, SQLModel

from db.audit_chain import Note, collect
from services import clock
from services.actors import Actor


class Action(StrEnum):
    """What happened, in the past tense."""

    SCHOOL_CLAIMED = "school.claimed"
    SETTINGS_CHANGED = "settings.changed"
    TERM_SAVED = "term.saved"
    SCHOOL_DAY_SAVED = "school_day.saved"
    YEAR_COMPLETED = "school_day.year_completed"
    YEAR_REOPENED = "school_day.year_reopened"
    BELLS_SAVED = "bells.saved"
    PARAMETER_SET = "parameter.set"
    PARAMETER_WITHDRAWN = "parameter.withdrawn"
    CLAUSE_SWITCHED = "clause.switched"
    CLAUSE_SWITCH_WITHDRAWN = "clause.switch_withdrawn"
    EXCUSE_ASKED = "excuse.asked"
    EXCUSE_AGREED = "excuse.agreed"
    EXCUSE_DECLINED = "excuse.declined"
    EXCUSE_WITHDRAWN = "excuse.withdrawn"
    WEEK_FROZEN = "week.frozen"
    CLASS_SAVED = "class.saved"
    CLASS_TEACHER_CHANGED = "class_teacher.changed"

    SIGNED_IN = "session.started"
    SIGN_IN_MISSED = "session.missed"
    SIGNED_OUT = "session.ended"
    SCREEN_HIDDEN = "session.hidden"
    SCREEN_SHOWN = "session.shown"

    ACCOUNT_CREATED = "account.created"
    ACCOUNT_CHANGED = "account.changed"
    ACCOUNT_DISABLED = "account.disabled"
    ACCOUNT_ENABLED = "account.enabled"
    ROLES_CHANGED = "account.roles_changed"
    PASSWORD_RESET = "account.password_reset"  # noqa: S105  an event's name
    PASSWORD_CHANGED = "account.password_changed"  # noqa: S105

    POST_SAVED = "post.saved"
    POST_FILLED = "post.filled"
    POST_ENDED = "post.ended"
    DEPUTY_NAMED = "deputy.named"
    DEPUTY_ENDED = "deputy.ended"
    GROUP_SAVED = "group.saved"
    GROUP_ENDED = "group.ended"
    GROUP_MEMBER_SAVED = "group_member.saved"
    GROUP_MEMBER_ENDED = "group_member.ended"
    PLEDGE_ACCEPTED = "pledge.accepted"
    PLEDGE_TEXT_SAVED = "pledge_text.saved"
    STAFF_IMPORTED = "staff.imported"

    STUDENT_CREATED = "student.created"
    STUDENT_CHANGED = "student.changed"
    STUDENT_MERGED = "student.merged"
    STUDENT_OPENED = "student.opened"
    STUDENT_CLASS_CHANGED = "student.class_changed"
    STUDENT_STATE_CHANGED = "student.state_changed"
    GUARDIAN_SAVED = "guardian.saved"
    CARD_SAVED = "contact_card.saved"
    CATEGORY_SAVED = "category.saved"
    CATEGORY_ENDED = "category.ended"
    CONTACT_OPENED = "contact.opened"

    PAIRING_STARTED = "pairing.started"
    PAIRING_ENDED = "pairing.ended"
    PAIRING_CHANGED = "pairing.changed"
    HELPER_SAVED = "pairing.helper_saved"
    HELPER_VETTED = "pairing.helper_vetted"
    HELPER_LEFT = "pairing.helper_left"
    SUBSIDY_SAVED = "pairing.subsidy_saved"
    SUBSIDY_PAID = "pairing.subsidy_paid"
    SUBSIDY_TAKEN_BACK = "pairing.subsidy_taken_back"

    DROP_OUT_REGISTERED = "drop_out.registered"
    DROP_OUT_CHANGED = "drop_out.changed"
    DROP_OUT_STEP_SAVED = "drop_out.step_saved"
    DROP_OUT_CLOSED = "drop_out.closed"
    DROP_OUT_OPENED = "drop_out.opened"

    YEAR_EXCEPTION_SAVED = "year.exception_saved"
    YEAR_CHANGED = "year.changed"
    YEAR_CHANGE_UNDONE = "year.undone"

    TERM_ENTRY_SAVED = "term_entry.saved"
    CONSENT_RECORDED = "consent.recorded"
    PROMISE_RECORDED = "promise.recorded"
    SURVEY_RECORDED = "survey.recorded"
    CHECK_OPENED = "check.opened"
    CHECK_RETURNED = "check.returned"
    CHECK_AMENDED = "check.amended"

    IMPORT_CONFIRMED = "import.confirmed"
    IMPORT_UNDONE = "import.undone"
    EXPORT_MADE = "export.made"
    LIST_RECEIVED = "list.received"
    LIST_GIVEN = "list.given"
    LIST_OPENED = "list.opened"
    DIFFERENCE_DECIDED = "list.difference_decided"

    HOLD_SET = "retention.hold_set"
    HOLD_LIFTED = "retention.hold_lifted"
    RETENTION_PROPOSED = "retention.proposed"
    RETENTION_AGREED = "retention.agreed"
    RETENTION_WITHDRAWN = "retention.withdrawn"
    RETENTION_FINISHED = "retention.finished"
    RECORDS_REMOVED = "retention.records_removed"

    DOCUMENT_FILED = "document.filed"
    DOCUMENT_OPENED = "document.opened"
    DOCUMENT_REVIEWED = "document.reviewed"
    DOCUMENT_WITHDRAWN = "document.withdrawn"
    BACKUP_MADE = "backup.made"
    BACKUP_FAILED = "backup.failed"
    BACKUP_COPIED = "backup.copied"
    BACKUPS_CLEARED = "backup.cleared"
    BACKUP_RESTORED = "backup.restored"
    KEY_ROTATED = "key.rotated"
    RECOVERY_SHEET_CHECKED = "recovery_sheet.checked"

    REFERRAL_REGISTERED = "referral.registered"
    REFERRAL_CHANGED = "referral.changed"
    REFERRAL_MATCHED = "referral.matched"
    REFERRAL_MOVED = "referral.moved"
    REFERRAL_HANDED_OVER = "referral.handed_over"
    REFERRAL_ANSWERED = "referral.answered"
    REFERRAL_FEEDBACK_GIVEN = "referral.feedback_given"
    REFERRAL_OPENED = "referral.opened"
    CASE_READ = "case.read"  # case.opened is its beginning
    REFERRAL_FEEDBACK_READ = "referral.feedback_read"
    ABUSE_MARKED = "referral.abuse_marked"
    ABUSE_UNMARKED = "referral.abuse_unmarked"
    ABUSE_REPORTED = "referral.abuse_reported"
    ASSESSMENT_SAVED = "assessment.saved"
    CASE_OPENED = "case.opened"
    CASE_HANDED_OVER = "case.handed_over"
    SUMMARY_WRITTEN = "summary.written"
    SUMMARY_AMENDED = "summary.amended"
    CLASS_PAPER_FILED = "class_paper.filed"
    CLASS_PAPER_AMENDED = "class_paper.amended"
    EVALUATION_WRITTEN = "evaluation.written"
    EVALUATION_AMENDED = "evaluation.amended"
    CASE_CLOSING_ASKED = "case.closing_asked"
    CASE_CLOSING_DECLINED = "case.closing_declined"
    CASE_CLOSING_WITHDRAWN = "case.closing_withdrawn"
    CASE_CLOSED = "case.closed"
    CASE_FOLLOWED_UP = "case.followed_up"
    CASE_REOPENED = "case.reopened"
    CONFERENCE_CALLED = "conference.called"
    CONFERENCE_PLANNED = "conference.planned"
    CONFERENCE_HELD = "conference.held"
    PLAN_SAVED = "plan.saved"
    PLAN_SUBMITTED = "plan.submitted"
    PLAN_TAKEN_BACK = "plan.taken_back"
    PLAN_DROPPED = "plan.dropped"
    PLAN_RETURNED = "plan.returned"
    PLAN_IN_FORCE = "plan.in_force"
    PLAN_ENDED = "plan.ended"
    PLAN_OPENED = "plan.opened"
    GOAL_JUDGED = "plan.goal_judged"
    MEASURE_NOTED = "plan.measure_noted"
    MEASURE_ENDED = "plan.measure_ended"
    MEASURE_REOPENED = "plan.measure_reopened"
    RECORD_SAVED = "record.saved"
    RECORD_AMENDED = "record.amended"
    RECORD_WITHDRAWN = "record.withdrawn"
    RECORD_OPENED = "record.opened"
    SCREENING_ROUND_OPENED = "screening.round_opened"
    SCREENING_ROUND_CLOSED = "screening.round_closed"
    SCREENING_ROUND_REOPENED = "screening.round_reopened"
    SCREENING_CONTACTED = "screening.contacted"
    SCREENING_HOMEROOM_ASKED = "screening.homeroom_asked"
    SCREENING_HANDED_OVER = "screening.handed_over"
    SCREENING_OPENED = "screening.opened"
    CONFERENCE_AMENDED = "conference.amended"
    TIER_SET = "tier.set"
    TIER_ASKED = "tier.asked"
    TIER_AGREED = "tier.agreed"
    TIER_DECLINED = "tier.declined"
    TIER_WITHDRAWN = "tier.withdrawn"
    TIER_SUGGESTED = "tier.suggested"
    TIER_SUGGESTION_ENDED = "tier.suggestion_ended"
    WARNING_FOUNDED = "warning.founded"
    WARNING_ENDED = "warning.ended"
    WARNING_MEMBER_ADDED = "warning.member_added"
    WARNING_MEMBER_ENDED = "warning.member_ended"
    ARCHIVE_OPENED = "archive.begun"  # that it is kept from now on
    ARCHIVE_LOOKED_THROUGH = "archive.looked_through"
    ARCHIVE_READ = "archive.read"
    ARCHIVE_PACKED = "archive.packed"  # of one child, for another school
    HANDOVER_FETCHED = "archive.package_fetched"
    HANDOVER_GIVEN = "archive.package_given"
    HANDOVER_RECEIVED = "archive.package_received"
    HANDOVER_RECEIPT_OPENED = "archive.receipt_opened"
    HANDOVER_WITHDRAWN = "archive.package_withdrawn"
    DECISION_SAVED = "conference.decision_saved"
    DECISION_ENDED = "conference.decision_ended"
    DECISION_REOPENED = "conference.decision_reopened"
    OUTWARD_MADE = "outward.made"
    OUTWARD_CHANGED = "outward.changed"
    OUTWARD_ANSWERED = "outward.answered"
    OUTWARD_FOLLOWED = "outward.followed"
    OUTWARD_ENDED = "outward.ended"
    OUTWARD_OPENED = "outward.opened"


LOOKED_AT = frozenset(
    {
        Action.STUDENT_OPENED,
        Action.CONTACT_OPENED,
        Action.REFERRAL_OPENED,
        Action.CASE_READ,
        Action.REFERRAL_FEEDBACK_READ,
        Action.DOCUMENT_OPENED,
        Action.DROP_OUT_OPENED,
        Action.RECORD_OPENED,
        Action.PLAN_OPENED,
        Action.OUTWARD_OPENED,
        Action.SCREENING_OPENED,
        Action.LIST_OPENED,
        Action.ARCHIVE_READ,
        Action.HANDOVER_FETCHED,
        Action.HANDOVER_RECEIPT_OPENED,
    }
)
"""The events of somebody who read something and changed nothing of it."""


def record(
    session: Session,
    actor: Actor,
    action: Action,
    *,
    target: SQLModel | None = None,
    student_id: int | None = None,
    **details: int | str | bool | Sequence[str] | Sequence[int] | None,
) -> None:
    """Note an event; `details` hold field names, counts and codes, never what somebody wrote."""
    collect(
        session,
        Note(
            at=clock.now(),
            actor_id=actor.user_id,
            actor_label=actor.os_user,
            action=action.value,
            target_table=str(target.__tablename__) if target is not None else None,
            target_id=getattr(target, "id", None),
            student_id=student_id,
            details=dict(details),
        ),
    )
