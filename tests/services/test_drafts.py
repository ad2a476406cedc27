"""Drafts belong to one person, one form and one subject."""

from datetime import timedelta

import pytest
from sqlmodel import select

from db.tables import Draft, Role
from services import clock, drafts
from services.drafts import DraftTooLarge
from tests.conftest import NOW


def test_a_draft_is_found_again_sealed_and_dated(session, make_user):
    teacher = make_user(Role.HOMEROOM)

    drafts.save_draft(session, teacher, form="intake", subject="new", content={"facts": "课间独自坐着。"})

    found = drafts.find_draft(session, teacher, form="intake", subject="new")
    assert (found.content, found.saved_at) == ({"facts": "课间独自坐着。"}, NOW)
    assert "课间".encode() not in session.exec(select(Draft)).one().content_sealed


def test_saving_again_replaces_what_was_there(session, make_user):
    teacher = make_user(Role.HOMEROOM)
    drafts.save_draft(session, teacher, form="intake", subject="new", content={"facts": "一"})
    clock.set_fixed(NOW + timedelta(minutes=1))

    saved_at = drafts.save_draft(session, teacher, form="intake", subject="new", content={"facts": "二"})

    assert saved_at == NOW + timedelta(minutes=1)
    assert [draft.content for draft in drafts.list_drafts(session, teacher, form="intake")] == [{"facts": "二"}]


def test_nobody_else_finds_lists_or_discards_it(session, make_user):
    teacher, other = make_user(Role.HOMEROOM), make_user(Role.LEAD)
    drafts.save_draft(session, teacher, form="intake", subject="new", content={"facts": "一"})

    drafts.discard_draft(session, other, form="intake", subject="new")

    assert drafts.find_draft(session, other, form="intake", subject="new") is None
    assert drafts.list_drafts(session, other, form="intake") == []
    assert drafts.find_draft(session, teacher, form="intake", subject="new") is not None


def test_drafts_of_other_forms_and_children_stay_apart(session, make_user):
    teacher = make_user(Role.HOMEROOM)
    for subject in ("student:1", "student:2"):
        drafts.save_draft(session, teacher, form="intake", subject=subject, content={"facts": subject})

    drafts.discard_draft(session, teacher, form="intake", subject="student:1")

    assert [draft.subject for draft in drafts.list_drafts(session, teacher, form="intake")] == ["student:2"]
    assert drafts.list_drafts(session, teacher, form="assessment") == []


def test_the_forms_one_has_half_filled_about_a_subject_are_one_s_own(session, make_user):
    teacher, other = make_user(Role.HOMEROOM), make_user(Role.COUNSELLOR)
    for actor, form, subject in (
        (teacher, "referral_decline", "referral:1"),
        (teacher, "referral_answer", "referral:1"),
        (teacher, "referral_change", "referral:11"),
        (other, "referral_merge", "referral:1"),
    ):
        drafts.save_draft(session, actor, form=form, subject=subject, content={"version": 1})

    assert drafts.list_forms(session, teacher, subject="referral:1") == ["referral_answer", "referral_decline"]


def test_a_draft_has_a_largest_size(session, make_user):
    teacher = make_user(Role.HOMEROOM)

    with pytest.raises(DraftTooLarge):
        drafts.save_draft(session, teacher, form="intake", subject="new", content={"facts": "字" * 40_000})
