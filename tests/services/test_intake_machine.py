"""Intake by anybody in any order: whatever is tried, what must hold holds."""

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlmodel import Session, col, func, select

from db.audit_chain import COLLECTED
from db.tables import Case, Domain, Referral, ReferralChannel, ReferralMove, ReferralState, ReferralWay, Role, Severity
from services import (
    assessments,
    home,
    intake,
    referral_lists,
    referral_moves,
    referral_views,
    safeguarding,
)
from services.access import Permission, allows, is_protection_leader
from services.actors import Actor
from services.assessments import AssessmentRequest
from services.errors import DomainError
from services.referral_lists import ReferralFilters
from services.referrals import LEGAL_MOVES, OPEN_STATES
from tests.services.intake_makers import FACTS
from tests.services.intake_makers import request as referral

EVERYTHING = 1000


@dataclass
class Place:
    """The small school all examples play in; each is rolled back."""

    session: Session
    staff: list[Actor]
    children: list[int]
    done: Counter[str] = field(default_factory=Counter)


class IntakeMachine(RuleBasedStateMachine):
    """Every act by every role; refusals are fine, half-done things are not."""

    place: ClassVar[Place]
    anybody = st.integers(0, 8)
    any_referral = st.integers(0, 30)

    def __init__(self) -> None:
        super().__init__()
        self.session = self.place.session
        self.example = self.session.begin_nested()

    def teardown(self) -> None:
        self.example.rollback()
        self.session.expire_all()
        self.session.info.pop(COLLECTED, None)

    def act(self, function: Any, who: int, **facts: Any) -> None:
        """Do it, or be refused without a trace."""
        step = self.session.begin_nested()
        try:
            function(self.session, self.place.staff[who], **facts)
        except DomainError:
            step.rollback()
            self.session.expire_all()
        else:
            step.commit()
            self.place.done[function.__name__] += 1

    def referrals(self) -> list[Referral]:
        return list(self.session.exec(select(Referral).order_by(col(Referral.id))).all())

    def one(self, which: int) -> dict[str, Any]:
        found = self.referrals()
        chosen = found[which % len(found)]
        return {"referral_id": chosen.id, "version": chosen.version}

    def has_any(self) -> bool:
        return bool(self.referrals())

    @rule(who=anybody, channel=st.sampled_from(ReferralChannel), child=st.integers(0, 3), abuse=st.booleans(),
          answered=st.booleans())  # fmt: skip
    def register(self, who: int, channel: ReferralChannel, child: int, abuse: bool, answered: bool) -> None:
        known: dict[str, Any] = (
            {"student_id": self.place.children[child]} if child < 3 else {"child_label": "三班的高个子"}
        )
        way = ReferralWay.PHONE if channel is ReferralChannel.PARENT else None
        teacher = self.place.staff[who].user_id if channel is ReferralChannel.TEACHER else None
        typed = referral(channel=channel, way=way, is_suspected_abuse=abuse, is_answered=answered, answer="明天再谈",
                         referred_by_id=teacher)  # fmt: skip
        self.act(intake.register_referral, who, request=replace(typed, **known))

    @precondition(has_any)
    @rule(who=anybody, which=any_referral)
    def start(self, who: int, which: int) -> None:
        self.act(referral_moves.start_assessment, who, **self.one(which))

    @precondition(has_any)
    @rule(who=anybody, which=any_referral, settles=st.booleans())
    def answer(self, who: int, which: int, settles: bool) -> None:
        self.act(referral_moves.answer_referral, who, answer="说好了", settles=settles, **self.one(which))

    @precondition(has_any)
    @rule(who=anybody, which=any_referral)
    def give_feedback(self, who: int, which: int) -> None:
        self.act(referral_moves.give_feedback, who, feedback="请多留意", **self.one(which))

    @precondition(has_any)
    @rule(who=anybody, which=any_referral, to=anybody)
    def hand_over(self, who: int, which: int, to: int) -> None:
        self.act(referral_moves.hand_over, who, to_user_id=self.place.staff[to].user_id, **self.one(which))

    @precondition(has_any)
    @rule(who=anybody, which=any_referral, into=any_referral)
    def merge(self, who: int, which: int, into: int) -> None:
        self.act(referral_moves.merge, who, into_id=self.one(into)["referral_id"], **self.one(which))

    @precondition(has_any)
    @rule(who=anybody, which=any_referral)
    def decline(self, who: int, which: int) -> None:
        self.act(referral_moves.decline, who, reason="是误会", **self.one(which))

    @precondition(has_any)
    @rule(who=anybody, which=any_referral)
    def mark(self, who: int, which: int) -> None:
        self.act(safeguarding.mark_suspected_abuse, who, **self.one(which))

    @precondition(has_any)
    @rule(who=anybody, which=any_referral)
    def unmark(self, who: int, which: int) -> None:
        self.act(safeguarding.unmark_suspected_abuse, who, reason="查清了", **self.one(which))

    @precondition(has_any)
    @rule(who=anybody, which=any_referral, child=st.integers(0, 2))
    def match(self, who: int, which: int, child: int) -> None:
        self.act(intake.match_child, who, student_id=self.place.children[child], **self.one(which))

    @precondition(has_any)
    @rule(who=anybody, which=any_referral, severity=st.sampled_from(Severity))
    def assess(self, who: int, which: int, severity: Severity) -> None:
        people = frozenset(actor.user_id or 0 for actor in self.place.staff if is_protection_leader(actor))
        typed = AssessmentRequest(nature="闹别扭", measures="每周谈一次", severity=severity, override_reason="看情况",
                                  domains=frozenset({Domain.PEERS}), participant_ids=people,
                                  **self.one(which))  # fmt: skip
        self.act(assessments.save_assessment, who, request=typed)

    @invariant()
    def moves_are_legal_and_complete(self) -> None:
        steps: dict[int, list[ReferralMove]] = {}
        for step in self.session.exec(select(ReferralMove).order_by(col(ReferralMove.id))).all():
            steps.setdefault(step.referral_id, []).append(step)
        for each in self.referrals():
            chain = steps[each.id or 0]
            assert chain[0].from_state is None
            assert chain[-1].to_state is each.state
            for before, after in pairwise(chain):
                assert after.from_state is before.to_state
                stays = after.from_state is after.to_state  # the mark was taken back, with its reason
                assert stays or after.to_state in LEGAL_MOVES[before.to_state]

    @invariant()
    def what_is_open_has_an_owner_and_what_is_routed_a_case(self) -> None:
        for each in self.referrals():
            is_open = each.state in OPEN_STATES
            assert not is_open or each.owner_id is not None
            assert is_open == (each.closed_at is None)
            assert (each.state is ReferralState.MERGED) == (each.merged_into_id is not None)
            cases = self.session.exec(select(func.count(col(Case.id))).where(Case.referral_id == each.id)).one()
            assert cases == (each.state is ReferralState.ROUTED)

    @invariant()
    def words_are_only_for_who_may_read_them(self) -> None:
        for each in self.referrals():
            for actor in self.place.staff:
                try:
                    view = referral_views.find_referral(self.session, actor, referral_id=each.id)
                except DomainError:
                    continue
                assert (view.facts == FACTS) == self.may_read(actor, each)
                if each.is_suspected_abuse and not is_protection_leader(actor):
                    assert view.state is ReferralState.RECEIVED
                    assert (view.is_suspected_abuse, view.is_stopped, view.owner_name) == (False, False, None)
                    assert view.acts == frozenset()

    def may_read(self, actor: Actor, each: Referral) -> bool:
        """The rule written a second time."""
        if each.is_suspected_abuse:
            return is_protection_leader(actor)
        if actor.has_role(Role.LEAD) or actor.has_role(Role.COUNSELLOR):
            return True
        return actor.has_role(Role.HOMEROOM) and actor.user_id in (each.registered_by_id, each.referred_by_id)

    @invariant()
    def figures_equal_the_lists_behind_them(self) -> None:
        for actor in self.place.staff:
            home.list_duties(self.session, actor)  # can be told at any moment
            if not allows(actor, Permission.REFERRAL_READ):
                continue
            every = referral_lists.list_referrals(self.session, actor, page_size=EVERYTHING)
            assert every.total == sum(every.by_state.values()) == len(every.rows)
            if figures := home.find_my_figures(self.session, actor):
                mine = ReferralFilters(states=frozenset(OPEN_STATES), mine_only=True)
                listed = referral_lists.list_referrals(self.session, actor, filters=mine, page_size=EVERYTHING)
                assert figures.open_referrals == listed.total == len(listed.rows)


def test_whatever_is_tried_in_any_order_intake_stays_whole(session, make_user, make_class, make_student, term, request):
    seven = make_class()
    children = [make_student(name, in_class=seven).id for name in ("江小满", "霍半夏", "孟紫苏")]
    staff = {role: make_user(role, **({"homeroom_of": seven} if role is Role.HOMEROOM else {})) for role in Role}
    staff[Role.LEADERSHIP] = replace(staff[Role.LEADERSHIP], is_protection_leader=True)
    IntakeMachine.place = Place(session, list(staff.values()), children)

    is_long = request.config.getoption("--long")
    run_state_machine_as_test(
        IntakeMachine,
        settings=settings(
            max_examples=8 if is_long else 3,
            stateful_step_count=20 if is_long else 12,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert IntakeMachine.place.done[intake.register_referral.__name__], "or the invariants looked at nothing"
