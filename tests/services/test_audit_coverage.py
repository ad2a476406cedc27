"""Whoever writes leaves an event, events hold no words, and words lie nowhere unsealed."""

import ast
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import LargeBinary
from sqlmodel import AutoString

from db.base import FORGOTTEN, HASH_OF
from db.tables import METADATA
from services.audit import Action
from services.audit_words import ACTION_LABELS, GROUP_OF_WORD

ROOT = Path(__file__).resolve().parents[2]
WRITES = {"add", "add_all", "delete", "merge"}

# Writers that need no event of their own, each with its reason.
SILENT = {
    "backups.begin_run": "finish_run notes what came of it",
    "backups.claim_day": "the same",
    "drafts.save_draft": "half-typed words of one person, for that person alone",
    "drafts.discard_draft": "the same",
    "sign_in.touch": "that somebody is still there, once a minute",
    "referral_moves.mark_feedback_read": "notes its event in the same breath where something was read",
}
# Text that is no sealed column, each known to hold no narrative.
PLAIN = {
    "app_user.display_name",
    "app_user.name_order", "app_user.password_hash", "app_user.staff_no", "app_user.uid", "app_user.username",
    "assessment.domains", "assessment.suggestion_reasons", "assessment.uid",
    "attachment.uid",
    "audit_event.action", "audit_event.actor_label", "audit_event.details", "audit_event.link",
    "audit_event.target_table",
    "bell_day_kind.name", "bell_period.name",
    "backup_run.file", "backup_run.head_link", "backup_run.problem", "backup_run.second_file",
    "backup_run.second_problem",
    "care_tier.label", "tier_change.uid", "tier_suggestion.source_key", "tier_suggestion.uid", "warning_member.uid",
    "care_record.author_name",  # a member of staff's, as app_user.display_name
    "care_record.entry_uid", "care_record_version.uid", "care_record_words.uid",
    "measure_note.uid", "plan_goal.uid", "plan_measure.uid", "plan_version.uid", "support_plan.uid",
    "effect_evaluation.uid", "effect_evaluation_version.uid", "stage_summary.uid", "stage_summary_version.uid",
    "case_closure.missing", "case_closure.uid",
    "care_case.uid", "case_conference.uid", "case_decision.uid", "class_teacher.subject",
    "conference_participant.uid", "conference_version.uid",
    "check_finding.uid", "consent.uid", "family_survey.uid", "parents_promise.uid", "term_entry.uid",
    "contact_opening.uid",
    "screening_result.level", "screening_result.uid", "screening_round.scale",
    "care_option.label", "contact_card_version.changed", "contact_card_version.uid", "student.card_missing",
    "document.clause_ids", "document.kind", "document.title",
    "drop_out.uid", "drop_out_step.uid", "outward_follow_up.uid", "outward_referral.uid",
    "draft.form", "draft.subject", "draft.uid", "enrolment_change.uid",
    "handover_package.sha256", "handover_package.uid",
    "guardian.name", "guardian.phone_hash", "guardian.relation", "guardian.uid",
    "care_group.name", "care_group.seat", "care_group.wanted_roles",
    "group_member.uid", "pledge_text.body", "post.answers_for", "post.clause_id", "post.code", "post.name",
    "post_holder.seat",
    "import_batch.file_digest", "import_batch.uid", "imported_row.table_name", "imported_row.uid",
    "list_difference.uid", "list_exchange.body_name", "list_exchange.file_digest",
    "login_throttle.subject_hash", "parameter_version.name", "parameter_version.reason", "parameter_version.value",
    "retention_hold.uid", "retention_item.fingerprint", "retention_run.digest",
     "referral.uid", "referral_move.uid", "school_day_exception.label",
    "class_paper.uid", "clause_excuse.clause_id", "clause_excuse.part", "clause_excuse.uid",
    "clause_switch.clause_id", "clause_switch.reason", "clause_week.digest", "clause_week.numbers", "clause_week.uid",
    "clause_week_state.clause_id", "clause_week_state.state", "helper.name", "helper.name_order", "helper.subjects",
    "child_version.name", "helper.uid", "pairing.uid", "pairing_subsidy.uid", "table_version.name",
    "setting.name", "setting.value", "special_kind.label", "sign_in_session.token_hash",
    "student.ethnicity", "student.id_number_hash", "student.name", "student.name_initials", "student.name_pinyin",
    "student.name_order",
    "student.student_no", "student.uid", "student_category.subkind", "student_category.uid",
    "system_fact.name", "system_fact.value", "year_change_row.table_name", "year_exception.uid",
}  # fmt: skip
# Columns of hashes that no key is in, so that a new key leaves them as they are.
KEYLESS_HASHES = {
    "app_user.password_hash": "bcrypt",
    "sign_in_session.token_hash": "of a random token; sessions end with the key",
}
# What an event may say beside numbers: codes and field names.
WORDLESS = {
    "kind", "state", "before", "after", "grounds", "severity", "channel", "urgency", "purpose", "form", "list", "day",
    "last_day", "digest", "roles", "fields", "columns", "action",
}  # fmt: skip


def writers() -> Iterator[tuple[str, ast.FunctionDef, dict[str, ast.FunctionDef]]]:
    """Every permitted function of the services, with the functions of its module."""
    for path in sorted((ROOT / "services").glob("*.py")):
        functions = {
            node.name: node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)
        }
        for name, node in functions.items():
            if any(
                isinstance(each, ast.Call) and getattr(each.func, "id", "") == "permitted"
                for each in node.decorator_list
            ):
                yield f"{path.stem}.{name}", node, functions


def calls_in(node: ast.FunctionDef, functions: dict[str, ast.FunctionDef], seen: set[str]) -> Iterator[tuple[str, str]]:
    """Yield what a function calls as (object, name), through the helpers of its module."""
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            owner = getattr(getattr(each.func, "value", None), "id", "")
            name = getattr(each.func, "attr", getattr(each.func, "id", ""))
            yield owner, name
            if not owner and name in functions and name not in seen:
                seen.add(name)
                yield from calls_in(functions[name], functions, seen)


def test_every_writer_leaves_an_event():
    found = {name: set(calls_in(node, functions, {name})) for name, node, functions in writers()}
    writing = {
        name for name, calls in found.items() if any(owner == "session" and call in WRITES for owner, call in calls)
    }
    # What another service wrote, that service has noted: lock_referral, move, assign_homeroom.
    silent = {
        name
        for name in writing
        if ("audit", "record") not in found[name]
        and not {call for _, call in found[name]} & {"move", "add_user", "lock_referral"}
    }

    assert len(writing) > 25
    assert silent - SILENT.keys() == set()


def test_a_referral_is_never_locked_without_an_event():
    locking = {
        name: {call for _, call in calls_in(node, functions, {name})}
        for name, node, functions in writers()
        if any(call == "lock_referral" for _, call in calls_in(node, functions, {name}))
    }

    assert {name for name, calls in locking.items() if not calls & {"record", "move"}} == set()


def test_events_name_fields_codes_and_numbers_only():
    """By the names of the details; texts among them are enumerations, dates or names of columns."""
    told = {
        (path.name, keyword.arg)
        for path in sorted((ROOT / "services").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "record"
        for keyword in node.keywords
        if keyword.arg not in {"target", "student_id"}
        and not isinstance(keyword.value, ast.Constant)
        and not str(keyword.arg).endswith(("_id", "count"))
    }
    numbers = {
        "created",
        "changed",
        "unchanged",
        "rejected",
        "settles",
        "participants",
        "overridden",
        "police",
        "authority",
        "tries_left",
        "is_school_day",
        "is_marked",
        "count",
    }

    assert {each for each in told if each[1] not in WORDLESS | numbers} == set()


def test_every_action_has_a_label_and_a_group():
    """Else it would stand on the page of what was done in English, or under no filter."""
    assert set(Action) - ACTION_LABELS.keys() == set()
    assert len(set(ACTION_LABELS.values())) == len(Action)
    assert {action.value.partition(".")[0] for action in Action} - GROUP_OF_WORD.keys() == set()


def test_no_column_holds_words_in_the_clear():
    columns = {
        f"{table.name}.{column.name}"
        for table in METADATA.sorted_tables
        for column in table.columns
        if isinstance(column.type, AutoString)
    }

    assert columns - PLAIN == set()
    assert PLAIN - columns == set()


def test_a_new_key_finds_everything_sealed():
    """What is sealed is named so and stands in a row with a name of its own; a hash says what it is of."""
    for table in METADATA.sorted_tables:
        for column in table.columns:
            name = f"{table.name}.{column.name}"
            if column.name.endswith("_sealed") or isinstance(column.type, LargeBinary):
                assert column.name.endswith("_sealed"), name
                assert isinstance(column.type, LargeBinary), name
                assert "uid" in table.columns, f"{name} is bound to no row"
            if column.name.endswith("_hash"):
                assert {HASH_OF, FORGOTTEN} & column.info.keys() or name in KEYLESS_HASHES, name
                assert column.info.get(HASH_OF, (None,))[0] in {None, *table.columns.keys()}, name
