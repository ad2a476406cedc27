"""The suggested severity and its reasons."""

import pytest

from db.tables import Domain, ParentsInformed, Severity, Urgency
from services.severity import RULES, Reason, Signs, suggest_severity

THREE = frozenset({Domain.MIND, Domain.STUDY, Domain.FAMILY})


@pytest.mark.parametrize(
    ("signs", "reason"),
    [
        (Signs(is_in_danger=True), Reason.DANGER),
        (Signs(is_suspected_abuse=True), Reason.SUSPECTED_ABUSE),
        (Signs(mentions_self_harm=True), Reason.SELF_HARM),
        (Signs(harms_others=True), Reason.HARMS_OTHERS),
        (Signs(stays_away=True), Reason.STAYS_AWAY),
        (Signs(domains=THREE), Reason.MANY_DOMAINS),
        (Signs(has_earlier_case=True), Reason.EARLIER_CASE),
        (Signs(earlier_referrals=2), Reason.SEVERAL_REFERRALS),
        (Signs(urgency=Urgency.URGENT, parents_informed=ParentsInformed.NO), Reason.URGENT_UNKNOWN_TO_FAMILY),
    ],
)
def test_each_rule_makes_it_serious_and_says_why(signs, reason):
    suggestion = suggest_severity(signs)

    assert (suggestion.severity, suggestion.reasons) == (Severity.SERIOUS, (reason,))
    assert suggestion.texts[0]


@pytest.mark.parametrize(
    "signs",
    [
        Signs(),
        Signs(domains=frozenset({Domain.MIND, Domain.STUDY})),
        Signs(earlier_referrals=1),
        Signs(urgency=Urgency.URGENT),
        Signs(urgency=Urgency.DANGER),  # the box is ticked from it, and whoever assesses may untick it
        Signs(urgency=Urgency.ORDINARY, parents_informed=ParentsInformed.NO),
    ],
)
def test_nothing_of_that_is_ordinary(signs):
    assert suggest_severity(signs).severity is Severity.ORDINARY


def test_every_reason_has_one_rule():
    assert [rule.reason for rule in RULES] == list(Reason)
