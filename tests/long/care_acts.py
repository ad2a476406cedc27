"""What is killed in the middle of care: screenings imported and taken back, cases closed and opened again, pairs."""

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import pypinyin  # noqa: F401 # half a second, which the program leaves to whoever first needs it: not what is killed
from sqlalchemy import event
from sqlmodel import Session, col, select

from db import engine
from db.tables import (
    Case,
    CaseClosure,
    ClosingOutcome,
    Domain,
    HelperKind,
    ImportBatch,
    ImportKind,
    Pairing,
    PairingRole,
    ReferralChannel,
    Severity,
    Student,
)
from db.transactions import reading, transaction
from services import assessments, clock, closings, intake, referral_moves, screening_imports, student_imports
from services.assessments import AssessmentRequest
from services.closings import ClosingEntry
from services.errors import DomainError
from services.intake import ReferralRequest
from services.pairing import helpers
from services.pairing.confirming import PairWanted, confirm_pairs
from services.pairing.helpers import HelperEntry
from services.pairing.proposals import ProposalScope, find_question
from tests.long.register_acts import place_in
from tests.long.world import CHILDREN, actor_called

CASES, HELPERS = 6, 4
LINGERS = 0.08  # seconds
SCORES = "3,0,2", "12,0,8", "6,1,4"  # calm; pointed out; urgent
EVERYBODY = ProposalScope(role=PairingRole.PARTY_CADRE, also_others=True)
Act = Callable[[random.Random], None]


def work_on_care(folder: Path, told: Connection, seed: int) -> None:
    """Do one act after the other, for ever; every other process lingers before each commit, to be killed there."""
    engine.use(place_in(folder))
    chance = random.Random(seed)
    if seed % 2:
        event.listen(Session, "before_commit", lambda _session: time.sleep(LINGERS))
    while True:
        name = chance.choice(sorted(ACTS))
        told.send(name)
        _do(ACTS[name], chance)


def care_a_while(folder: Path, told: Connection, seed: int) -> None:
    """Do each act some times, and end."""
    engine.use(place_in(folder))
    chance = random.Random(seed)
    for name in sorted(ACTS) * 3:
        told.send(name)
        _do(ACTS[name], chance)
    told.send("finished")


def _do(act: Act, chance: random.Random) -> None:
    try:
        act(chance)
    except DomainError:  # what chance asked can't be: a refusal, nothing half-written
        return


def open_cases() -> None:
    """Give some children a case, and the school people who help."""
    for number in range(CASES):
        with transaction() as session:
            counsellor = actor_called(session, "staff1")
            child = session.exec(select(Student).order_by(col(Student.id)).offset(number)).first()
            request = ReferralRequest(
                student_id=child.id if child else 0, channel=ReferralChannel.TEACHER, noticed_on=clock.today(),
                facts="上课走神，不愿说话。", received_at=clock.now(), speaker="试老师",
            )  # fmt: skip
            referral = intake.register_referral(session, counsellor, request=request)
            referral_moves.start_assessment(session, counsellor, referral_id=referral.id or 0, version=1)
            session.refresh(referral)
            wanted = AssessmentRequest(
                referral_id=referral.id or 0, version=referral.version, nature="和同桌闹别扭。",
                measures="每周谈一次。",
                severity=Severity.ORDINARY, domains=frozenset({Domain.PEERS}),
            )  # fmt: skip
            assessments.save_assessment(session, counsellor, request=wanted)
    with transaction() as session:
        lead = actor_called(session, "staff0")
        for number in range(HELPERS):
            entry = HelperEntry(
                kind=HelperKind.PARTY_CADRE, name=f"试干部{number}", phone=f"1540000001{number}", capacity=CHILDREN,
            )  # fmt: skip
            helpers.register_helper(session, lead, entry=entry)


def screen(chance: random.Random) -> None:
    """Import one day's results of every child."""
    day = clock.today() - timedelta(days=chance.randrange(60))
    lines = ["学号,姓名,班级,测评日期,PHQ-9总分,PHQ-9第9题,GAD-7总分"]
    with reading() as session:
        children = session.exec(select(Student.student_no, Student.name).order_by(col(Student.id))).all()
    lines += [f"{number},{name},七（3）班,{day},{chance.choice(SCORES)}" for number, name in children]
    with transaction() as session:
        lead = actor_called(session, "staff0")
        found = screening_imports.read_screening("\n".join(lines).encode(), file_name="筛查.csv")
        seen = screening_imports.preview_screening(session, lead, reading=found)
        screening_imports.confirm_screening(session, lead, preview=seen, file_name="筛查.csv", digest="0" * 64)


def take_back(_chance: random.Random) -> None:
    """Take the last import of results back."""
    with transaction() as session:
        batch = session.exec(
            select(ImportBatch.id)
            .where(ImportBatch.kind == ImportKind.SCREENING, col(ImportBatch.undone_at).is_(None))
            .order_by(col(ImportBatch.id).desc())
        ).first()
        if batch is not None:
            student_imports.undo_import(session, actor_called(session, "staff0"), batch_id=batch)


def close(chance: random.Random) -> None:
    """Ask that a case be closed, and agree, in one act of two people."""
    with transaction() as session:
        case = _case(session, chance, is_closed=False)
        if case is None:
            return
        entry = ClosingEntry(
            outcome=ClosingOutcome.BETTER, reason="睡得好了。", follow_up_on=clock.today() + timedelta(days=30),
            despite="档案开学补齐。",
        )  # fmt: skip
        number = closings.ask_to_close(
            session, actor_called(session, "staff1"), case_id=case.id or 0, version=case.version, entry=entry
        )
        row = session.get_one(CaseClosure, number)
        closings.answer_closing(
            session, actor_called(session, "staff0"), closing_id=number, version=row.version, is_agreed=True, note=None
        )


def reopen(chance: random.Random) -> None:
    """Open a closed case again."""
    with transaction() as session:
        case = _case(session, chance, is_closed=True)
        if case is not None:
            closings.reopen_case(
                session, actor_called(session, "staff1"), case_id=case.id or 0, version=case.version, reason="又不来了"
            )


def pair(chance: random.Random) -> None:
    """Give everybody somebody; or hand all of one helper's children over."""
    with transaction() as session:
        lead = actor_called(session, "staff0")
        scope = EVERYBODY
        helping = session.exec(select(Pairing.helper_id).where(col(Pairing.to_day).is_(None)).distinct()).all()
        if helping:
            scope = replace(scope, from_helper_id=chance.choice(sorted(helping)))
        question = find_question(session, lead, scope=scope)
        children = {each.need.id: each for each in question.children}
        people = {each.candidate.id: each for each in question.helpers}
        wanted = [
            PairWanted(
                student_id=found.child_id, child=children[found.child_id].name, helper_id=found.candidate_id,
                helper=people[found.candidate_id].name, helper_version=people[found.candidate_id].version,
                pairing_id=children[found.child_id].pairing_id,
                pairing_version=children[found.child_id].pairing_version,
            )
            for found in question.answer().pairs
        ]  # fmt: skip
        confirm_pairs(session, lead, scope=scope, wanted=wanted)


def _case(session: Session, chance: random.Random, *, is_closed: bool) -> Case | None:
    closed = col(Case.closed_at)
    found = session.exec(select(Case).where(closed.is_not(None) if is_closed else closed.is_(None))).all()
    return chance.choice(found) if found else None


ACTS: dict[str, Act] = {"screen": screen, "take back": take_back, "close": close, "reopen": reopen, "pair": pair}
