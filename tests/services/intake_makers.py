"""Referrals with sensible defaults, for the tests of intake."""

from datetime import date
from typing import Any

from sqlmodel import Session

from db.tables import Referral, ReferralChannel
from services import intake
from services.actors import Actor
from services.intake import ReferralRequest
from tests.conftest import NOW

FACTS = "课间独自坐在楼梯口，问话不答。"


def request(**overrides: Any) -> ReferralRequest:
    """A teacher's referral as typed."""
    values: dict[str, Any] = {
        "channel": ReferralChannel.TEACHER,
        "facts": FACTS,
        "noticed_on": date(2026, 11, 20),
        "received_at": NOW,
        "speaker": "代课的岳老师",
    }
    return ReferralRequest(**(values | overrides))


def register(session: Session, actor: Actor, **overrides: Any) -> Referral:
    """Register a referral."""
    return intake.register_referral(session, actor, request=request(**overrides))
