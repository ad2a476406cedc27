"""The access table, cell by cell, and a walk over every public service function."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import services
from db.tables import Role
from services.access import HOLDERS, PERMISSIONS_ATTRIBUTE, SCOPES, Permission, Scope, Subject, allows
from services.actors import Actor
from services.errors import NotAllowed, NotPledged

ROOT = Path(__file__).resolve().parents[2]

# The table of the design, as it is written there.
TABLE = """
| what | lead | counsellor | homeroom | subject teacher | mentor | leadership | finance | supervisor | admin |
|---|---|---|---|---|---|---|---|---|---|
| name, class, number | A | A | own class | taught | own pairs | – | – | – | – |
| contact card, phones | A | A | own class | r | own pairs | r in an incident | – | – | – |
| categories, aid | A | A | own class | – | "needs care" only | # | aid payee only | # | – |
| tier | A | A | own: tier without reason | – | – | # | – | # | – |
| screening scores | A | A | "please look after" | – | – | # | – | # | – |
| counselling note: exists / words | A / A | A / author | own class / – | – | – | – | – | – | – |
| case, plan, conference | A | own + member | tasks for me | tasks for me | tasks for me | approvals | – | sampled, no names | – |
| referral | A | A | own class: state; own: all | own: received | own: received | # | – | # | – |
| incident | A | A | own class | own report | own pairs | A, with names | – | after closing | – |
| money | A | own claims | own claims | own claims | own claims | A | A, payee code | published | – |
| accounts, settings, backups | school's rules | – | – | – | – | – | – | – | A |
| audit | own file openings + cases | own | own | own | own | – | – | – | A, without words |
"""  # noqa: E501  one row of the table is one line

COLUMNS = {role.value.replace("_", " "): role for role in Role}
ROWS = {
    "name, class, number": Subject.IDENTITY,
    "contact card, phones": Subject.CONTACT,
    "categories, aid": Subject.CATEGORY,
    "tier": Subject.TIER,
    "screening scores": Subject.SCREENING,
    "counselling note: exists / words": Subject.NOTE,
    "case, plan, conference": Subject.CASE,
    "referral": Subject.REFERRAL,
    "incident": Subject.INCIDENT,
    "money": Subject.MONEY,
    "accounts, settings, backups": Subject.ACCOUNTS,
    "audit": Subject.AUDIT,
}
CELLS = {
    "–": Scope.NONE,
    "A": Scope.ALL,
    "A / A": Scope.ALL,
    "#": Scope.NUMBERS,
    "own class": Scope.OWN_CLASS,
    "taught": Scope.TAUGHT,
    "own pairs": Scope.OWN_PAIRS,
    "r": Scope.WITH_REASON,
    "r in an incident": Scope.REASON_IN_INCIDENT,
    '"needs care" only': Scope.NEEDS_CARE_ONLY,
    "aid payee only": Scope.AID_PAYEE,
    "own: tier without reason": Scope.TIER_WITHOUT_REASON,
    '"please look after"': Scope.PLEASE_LOOK_AFTER,
    "A / author": Scope.NOTE_AS_AUTHOR,
    "own class / –": Scope.NOTE_EXISTS,
    "own + member": Scope.OWN_AND_MEMBER,
    "tasks for me": Scope.TASKS,
    "approvals": Scope.APPROVALS,
    "sampled, no names": Scope.SAMPLED,
    "own class: state; own: all": Scope.STATE_OF_CLASS_OWN_FULL,
    "own: received": Scope.OWN_RECEIVED,
    "own report": Scope.OWN_REPORT,
    "A, with names": Scope.WITH_NAMES,
    "after closing": Scope.AFTER_CLOSING,
    "own claims": Scope.OWN_CLAIMS,
    "A, payee code": Scope.PAYEE_AS_CODE,
    "published": Scope.PUBLISHED,
    "school's rules": Scope.RULES,
    "own file openings + cases": Scope.OWN_OPENINGS_AND_CASES,
    "own": Scope.OWN,
    "A, without words": Scope.WITHOUT_WORDS,
}

# Public because another service calls them, after its own permission; a test below keeps screens from calling them.
CALLED_BY_SERVICES = {
    "document_overviews.standing_haves": "which of six names there is a document for, for the clauses",
    "openings.waits_to_be_noted": "asked by the readings that have checked what the actor may see",
    "openings.is_noted": "asked by the readings that have checked what the actor may see",
    "answers.deputies_on": "names who stands in for whom, for the services that show posts",
    "answers.load_answers": "the posts with their holders, for list_answers and home",
    "row_filters.grounds_for": "answers a question about access itself",
    "accounts.add_user": "writes a checked account for create_account and claim",
    "agreements.check_agreement": "a field of a form, for drop_outs and records, after their own permission",
    "drop_out_rows.follow_drop_out": "follows who the register lets drop out; the change is permitted",
    "drop_out_rows.open_drop_out": "what is open for a child already found",
    "list_standing.standings_of": "our side of differences already found, for showing and for deciding",
    "student_rights.still_there": "holds a child the filter it is given lets the actor see",
    "students.apply_state": "the register's side of what another service decides",
    "students.enter_class": "the same",
    "students.is_class_of_now": "whether there is such a class this school year, for a class already allowed",
    "students.lock_students": "locks children before their rows; says nothing of them",
    "students.lock_named": "the same, for the children a query names",
    "list_exchanges.close_difference": "notes a decision, for the services that have asked who may decide",
    "students.lock_student": "the two-editors rule of a child already found writable",
    "consents.current_consent": "the answer current_answer gives, for what rests upon it",
    "consents.list_refusals": "asked by the services that act on it, of children they have found",
    "consents.current_answer": "the one answer to whether a family agrees, asked by the services that act on it",
    "conference_people.check_people": "checks fields of a form for those who call or plan a conference",
    "conference_people.check_guests": "the same",
    "conference_people.check_doer": "the same, for what is decided",
    "conference_people.people_to_ask": "whom the forms offer; the services that open them have asked",
    "conference_views.read_conference": "reads for find_case, which has asked what the actor may see",
    "conference_views.read_people": "the same, and for the services that write them",
    "plan_checks.check_plan": "checks fields of a form for who writes plans",
    "plan_checks.review_within": "a limit for those who write plans",
    "plan_parts.put_in_force": "writes what a permitted function has checked",
    "plans.find_place": "the row filter by which every writing of a plan begins",
    "plans.lock_plan": "the two-editors rule of a plan already found",
    "plans.latest_version": "reads a version of a plan already found",
    "plans.in_force": "the same",
    "plans.asks_reason": "the same",
    "plans.begin_to_count": "puts in force what a permitted function has checked",
    "case_papers.find_to_write": "the row filter by which writing a summary or an evaluation begins",
    "case_papers.find_to_read": "the same, for reading them",
    "summary_views.summaries_of": "puts together what permitted functions have read",
    "case_papers.lock_paper": "the two-editors rule of a paper already found",
    "case_stages.require_open": "a question about a case already found",
    "closing_checks.check_case": "the list of a case already found, for who asks to close it",
    "closing_checks.unmet_now": "the same, at the answer",
    "closing_duties.of_closings": "part of home's duties, from rows that are already this person's",
    "closings.find_waiting": "the row filter by which an answer begins",
    "closings.standing_closure": "of a case already found",
    "closings.waiting_closure": "the same",
    "closings.who_answers": "the same",
    "parameter_versions.take_back": "what two acts that ask for their own permission have in common",
    "plan_answers.find_waiting": "the row filter by which an answer begins",
    "plan_answers.may_answer": "a question about a version already found",
    "plan_answers.who_answers": "the same",
    "measures.notes_of": "reads for those who have asked what the actor may see",
    "plan_duties.parts_of_plans": "part of list_duties, behind the row filters on cases and plans",
    "plan_duties.duties_of": "the same",
    "decisions.add_decision": "writes what a permitted function has checked",
    "decisions.check_entries": "checks lines of a form for record_conference",
    "child_duties.of_referrals": "part of list_duties, which asks; behind the row filter on referrals",
    "child_duties.of_feedback": "the same",
    "child_duties.of_conferences_and_returns": "the same, behind the row filters on cases and drop-outs",
    "category_lists.categories_of": "reads for find_student, which has asked what the actor may see",
    "check_sheets.open_round": "the row filter by which find_sheet and return_check begin",
    "check_sheets.children_of_class": "reads for find_sheet and return_check, behind that filter",
    "check_sheets.open_categories": "the same",
    "check_sheets.returns_of_class": "the same",
    "check_sheets.said_in": "the same",
    "check_sheets.fields_of_return": "the same",
    "check_sheets.people_who_see": "the same",
    "year_plans.build_plan": "the plan as plan_year shows it, built again under the locks of change_year",
    "year_plans.find_done": "whether a change was made, for plan_year and change_year",
    "year_plans.places_of": "where leavers go, for change_year",
    "card_history.count_cards": "counts what the service that calls it has just written",
    "card_history.noting_card": "keeps the card before an edit already permitted",
    "card_history.read_cards": "reads for the services that have asked what the actor may see",
    "card_history.settle_cards": "counts and keeps what the service that calls it has just written",
    "import_rows.write_batch": "keeps what the service that calls it has been permitted to import",
    "student_imports.save_batch": "keeps what the service that calls it has written",
    "student_imports.write_import": "writes what the service that calls it has matched",
    "guardians.demote_others": "one main contact, for the edits already permitted",
    "tier_figures.children_in_tiers": "counts for the week that is shown or frozen, whose readers have asked",
    "reviews.running_week": "the facts of the week, for find_review and list_lines, which have asked",
    "reviews.read_frozen": "the same, as they were frozen",
    "reviews.owner_names": "what those are called who owe something, for the same",
    "tier_kinds.tier_order": "the tiers in their order, words of no child, for the services that put children into one",
    "tier_news.is_news": "whether a change is news to the actor, for note_opening, which has asked for the child",
    "tier_duties.of_tiers": "one area's lines of list_duties",
    "archive_rates.lacks_archive_in_time": "a filter for the lists, which ask for the children",
    "tier_requests.may_answer": "a question about the actor, for who has found the request",
    "tier_requests.who_answers": "the same, and whether there is somebody else, for set_tier",
    "second_answers.second_answerers": "who is asked about what a permitted function has found",
    "second_answers.second_people": "the same",
    "second_answers.read_answerers": "the same",
    "closings.read_answerers": "the same",
    "regulations.excuses.read_answerers": "the same",
    "tier_rows.last_standing": "reads for set_tier and the requests, which have asked for the child",
    "tier_rows.waiting_request": "reads for set_tier, which has asked for the child",
    "special_kinds.words_of_kinds": "what categories are called, for the services that write them down",
    "special_kinds.is_retired": "a question about a word, for add_category",
    "asking_together.ask": "sends what a permitted function has put together",
    "audit.record": "notes an event of the service that calls it",
    "record_prints.sees_card": "whether a card may stand on a paper, for the printers that are permitted",
    "paper.give_out": "notes what a permitted function has read for its printer",
    "retention_due.find_due": "who is due, for the permitted functions that show, ask for and agree to a removal",
    "referrals.lock_referral": "the row filter by which every move begins",
    "referrals.move": "the step of a move already permitted",
    "referrals.note_move": "the step of a move already permitted",
    "student_lists.needs_care": "a predicate on the actor, for rows already filtered",
    "staff_matching.load_stored": "reads what a list of staff can mean, for preview_staff and confirm_staff",
    "student_rights.require_writable": "the row filter by which every edit begins",
    "accounts.check_username": "checks a field of a form for create_account and claim",
    "attachments.keep_file": "seals a file for the service that owns its record",
    "attachments.open_file": "opens a file for the service that has checked who asks, and notes it",
    "bell_times.load_bells": "the bell periods, needed by whoever computes with them",
    "parameter_versions.load_numbers": "the numbers of the regulations, needed by whoever computes with them",
    "parameter_versions.parameter_on": "the same, one of them",
    "backups.find_safety_facts": "three facts for the administrator's home, which asks for the permission",
    "calendar.load_calendar": "the school calendar, needed by whoever computes a due time",
    "editing.last_editor": "names the other editor in a conflict",
    "editing.lock_version": "the two-editors rule of every edit",
    "posts.check_person": "checks a field of a form for posts and deputies",
    "retention_rows.fingerprints": "what each child has, for the services that ask and agree to remove it",
    "retention_rows.hold_rows": "holds what a child has, for remove_next, which looks at it once more",
    "retention_rows.remove_rows": "removes what two persons have agreed to, for remove_next",
    "referrals.find_owner": "who takes a new referral, for register_referral",
    "referrals.hand_over_case": "the case goes with its referral, whose move is permitted",
    "referrals.is_stopped": "a question about a child, for what would go out",
    "referrals.give_to": "who owns a referral, and what was merged into it; the move is permitted",
    "referrals.merged_into": "the parts of a referral already found",
    "referrals.may_own": "a question about an account, for handing over",
    "referrals.visible_student": "takes the row filter itself",
    "schools.check_term": "checks a form for save_term and claim",
    "schools.save_setting": "stores a setting for the service that owns it",
    "schools.setting": "reads a setting for the service that owns it",
    "setup.check_claim": "before the first account there is nobody to ask; claim asks for the code",
    "sign_in.count_claim_miss": "the throttle of the claim code, for check_code",
    "sign_in.end_sessions_of": "ends sessions for the service that changed the account",
    "sign_in.roles_held": "the roles of an account, for the services that judge by them",
    "sign_in.refuse_waiting_claim": "the throttle of the claim code, for check_code",
    "student_entries.check_entry": "checks a form for the services that write children",
}
# Called by screens for people who are nobody yet.
BEFORE_SIGN_IN = {
    "command_actors.find_command_actor": "says who the command line acts as; each act is then asked for as usual",
    "schools.school_name": "stands on the sign-in form; everybody may know it",
    "setup.check_claim": "the first run has no accounts; the page asks for the code first, and claim asks again",
    "setup.check_code": "the proof itself",
    "setup.claim": "asks for the code",
    "setup.confirm_sheet": "the last step of the first run, for who has just proved the code; writes one fact",
    "setup.state": "whether there is a school yet, and its name",
    "sign_in.find_account": "the sign-in form; says the same of a name nobody has",
    "sign_in.start_session": "the sign-in form",
    "sign_in.resolve": "turns a token into an actor",
}
KNOWN = CALLED_BY_SERVICES.keys() | BEFORE_SIGN_IN.keys()
# Modules, or single functions, inside a package: its public modules ask, these work for them.
INSIDE = {
    "imports.": "matching, writing and taking back for the import services, which have asked",
    "merging.": "what hangs on two entries of one child, for the merge already permitted",
    "pairing.friends.": "friends for a class's five lists, whose export is permitted",
    "pairing.outside_helpers.are_paired_on": "a question about a pair, for the record being written",
    "pairing.pair_rows.": "writes pairs for the acts already permitted",
    "pairing.rules.": "what a pair may be, for the acts that make one",
    "pairing.strips.": "a duty month by month, for the page of own children, which has asked",
    "regulations.compliance.lines_of": "names for duties somebody has been found to read",
    "regulations.compliance.results_for": "results for the functions of this page, which have asked",
    "regulations.evaluation.": "counts for what is shown or frozen, whose readers have asked",
    "regulations.excuse_duties.": "home's lines for an actor who has asked for home",
    "regulations.excuses.may_answer": "a question about an account, for the request",
    "regulations.excuses.who_answers": "names who may say yes, for the dialogs that ask",
    "regulations.facts.": "facts the evaluation counts",
    "regulations.kept_results.": "kept evaluations, for whoever has asked",
    "regulations.owners.": "who owes what, for the evaluation",
    "regulations.switches.": "which clauses count, for whoever computes with them",
    "regulations.week_facts.": "a week's facts, for reviews and freezing, which have asked",
    "regulations.weeks.is_owed": "whether a week is still to be frozen, for reviews, which have asked",
    "regulations.weeks.write_week": "keeps what freeze_week, which has asked, or the demonstration has worked out",
    "screening.corrections.": "what a correction lets go of, and what counts again, for the import and its undoing",
    "screening.matching.": "results already there, for the import",
    "screening.rounds.begin_rounds": "begins rounds for the import already permitted",
    "screening.rounds.find_rounds": "rounds already there, for the import",
    "screening.suggestions.": "what a result suggests, for who follows it up",
}


def is_inside(name: str) -> bool:
    return any(name.startswith(each) for each in INSIDE)


def cells() -> Iterator[tuple[Subject, Role, Scope]]:
    header, _, *lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.strip().splitlines()]
    for what, *entries in lines:
        for title, entry in zip(header[1:], entries, strict=True):
            yield ROWS[what], COLUMNS[title], CELLS[entry]


@pytest.mark.parametrize(("subject", "role", "scope"), list(cells()), ids=lambda part: part.value)
def test_the_access_table_is_the_design_s(subject: Subject, role: Role, scope: Scope):
    assert SCOPES[subject][role] is scope


def test_the_table_has_every_row_and_column():
    assert set(SCOPES) == set(Subject)
    assert all(set(row) == set(Role) for row in SCOPES.values())
    assert set(HOLDERS) == set(Permission)


def test_the_administrator_sees_no_child():
    admin = Actor(1, "试信息老师", frozenset({Role.ADMIN}))

    held = {permission for permission in Permission if allows(admin, permission)}

    assert not any(permission.value.split(":")[0] in {"student", "referral", "case", "abuse"} for permission in held)


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(services.__path__, "services."):
        if not found.ispkg and not found.name.startswith("services.demonstration."):  # which acts for nobody
            yield importlib.import_module(found.name)


def public_functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    for module in modules():
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if not name.startswith("_") and function.__module__ == module.__name__:
                yield f"{module.__name__.removeprefix('services.')}.{name}", function


def parameters(function: Callable[..., Any]) -> list[str]:
    return list(inspect.signature(function).parameters)


FUNCTIONS = dict(public_functions())
PERMITTED = {name: function for name, function in FUNCTIONS.items() if hasattr(function, PERMISSIONS_ATTRIBUTE)}


def test_a_function_on_the_database_says_what_its_actor_must_hold_or_is_known_here_with_its_reason():
    without = {name for name, function in FUNCTIONS.items() if "session" in parameters(function)} - PERMITTED.keys()

    assert {name for name in without - KNOWN if not is_inside(name)} == set()
    assert [each for each in INSIDE if not any(name.startswith(each) for name in without)] == []


def test_the_actor_comes_second():
    assert [name for name, function in PERMITTED.items() if parameters(function)[:2] != ["session", "actor"]] == []


def test_screens_call_only_what_asks_for_a_permission():
    without = {name for name, function in FUNCTIONS.items() if "session" in parameters(function)} - PERMITTED.keys()
    called = {
        (path.name, name)
        for layer in ("ui", "pages")
        for path in sorted((ROOT / layer).rglob("*.py"))
        for name in called_services(path.read_text(encoding="utf-8")) & without
    }

    of_everybody = BEFORE_SIGN_IN.keys() | {"calendar.load_calendar"}  # the school's days and name, on every page
    assert {each for each in called if each[1] not in of_everybody} == set()


def called_services(source: str) -> set[str]:
    """The functions of services a file calls, by module or by name, as FUNCTIONS names them."""
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name: f"{node.module}.{alias.name}".removeprefix("services.")
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "services"
        for alias in node.names
    }
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    by_name = {names[each.id] for each in calls if isinstance(each, ast.Name) and each.id in names}
    by_module = {
        f"{names[each.value.id]}.{each.attr}"
        for each in calls
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name) and each.value.id in names
    }
    return by_name | by_module


def test_a_call_is_found_by_module_and_by_name():
    source = """
from services.regulations import compliance as told
from services.pairing.rules import check_place
told.results_for(session)
check_place(session)
"""
    assert called_services(source) == {"regulations.compliance.results_for", "pairing.rules.check_place"}


@pytest.mark.parametrize("name", PERMITTED)
def test_somebody_without_a_role_is_refused(name: str):
    nobody = Actor(1, "试无岗位", frozenset())

    with pytest.raises(NotAllowed):
        PERMITTED[name](None, nobody)


@pytest.mark.parametrize("name", PERMITTED)
def test_a_role_outside_the_permission_is_refused(name: str):
    wanted: tuple[Permission, ...] = getattr(PERMITTED[name], PERMISSIONS_ATTRIBUTE)
    outside = [role for role in Role if all(role not in HOLDERS[permission] for permission in wanted)]

    for role in outside:
        with pytest.raises(NotAllowed):
            PERMITTED[name](None, Actor(1, "试外人", frozenset({role})))


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, function in PERMITTED.items()
        if Permission.OWN_ACCOUNT not in getattr(function, PERMISSIONS_ATTRIBUTE)
    ],
)
def test_a_first_password_opens_nothing(name: str):
    with pytest.raises(NotAllowed):
        PERMITTED[name](None, Actor(1, "试新人", frozenset(Role), must_change_password=True))


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, function in PERMITTED.items()
        if Permission.OWN_ACCOUNT not in getattr(function, PERMISSIONS_ATTRIBUTE)
    ],
)
def test_an_open_pledge_opens_nothing(name: str):
    with pytest.raises(NotPledged):
        PERMITTED[name](None, Actor(1, "试新人", frozenset(Role), must_pledge=True))
