"""Two at once, on SQLite and on PostgreSQL: one wins, the other gets a sentence, nothing is lost."""

import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, func, select

from db.tables import (
    AppUser,
    Assessment,
    AuditEvent,
    Case,
    ClassTeacher,
    Domain,
    Gender,
    Guardian,
    GuardianKind,
    LoginThrottle,
    Referral,
    ReferralChannel,
    Role,
    RoleGrant,
    SchoolClass,
    SchoolDayException,
    Severity,
    Student,
    StudentCategory,
    Term,
)
from db.tables import CategoryKind
from db.transactions import reading, transaction
from services import accounts, assessments, categories, clock, drafts, guardians, intake, referral_moves, schools
from services import sign_in, students
from services.actors import Actor
from services.errors import DomainError
from tests.conftest import NOW, _postgres_location, actor_for
from tests.long.world import settle

pytestmark = pytest.mark.long


@pytest.fixture(params=["sqlite", "postgresql"])
def database_engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)
