"""Two editors: who is named in a conflict."""

import pytest

from db.audit_chain import append_collected
from services import audit, referral_moves
from services.errors import EditedMeanwhile
from services.referrals import lock_referral
from tests.services.intake_makers import register


def test_a_conflict_names_who_wrote_and_not_who_has_read_since(session, make_user, make_student):
    writer, reader = make_user(name="何知微"), make_user(name="秦若谷")
    referral = register(session, writer, student_id=make_student().id)
    referral_moves.start_assessment(session, writer, referral_id=referral.id, version=1)
    for looked in sorted(audit.LOOKED_AT):
        audit.record(session, reader, looked, target=referral)
    append_collected(session)

    with pytest.raises(EditedMeanwhile) as refused:
        lock_referral(session, reader, referral.id, version=1)

    assert refused.value.edited_by == "何知微"
