"""How serious a worry is: a suggestion by declared rules, each with its reason (D-06)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from db.tables import Domain, ParentsInformed, Severity, Urgency

MANY_DOMAINS = 3
MANY_REFERRALS = 2
EARLIER_CASE_DAYS = 365
EARLIER_REFERRAL_DAYS = 90


@dataclass(frozen=True, slots=True)
class Signs:
    """What the suggestion is drawn from: what was ticked, and what the records say."""

    domains: frozenset[Domain] = frozenset()
    is_in_danger: bool = False
    mentions_self_harm: bool = False
    harms_others: bool = False
    stays_away: bool = False  # from school or lessons
    is_suspected_abuse: bool = False
    urgency: Urgency = Urgency.ORDINARY
    parents_informed: ParentsInformed = ParentsInformed.UNCLEAR
    has_earlier_case: bool = False  # within a year
    earlier_referrals: int = 0  # within ninety days


class Reason(StrEnum):
    """Why a worry counts as serious; kept with the assessment."""

    DANGER = "danger"
    SUSPECTED_ABUSE = "suspected_abuse"
    SELF_HARM = "self_harm"
    HARMS_OTHERS = "harms_others"
    STAYS_AWAY = "stays_away"
    MANY_DOMAINS = "many_domains"
    EARLIER_CASE = "earlier_case"
    SEVERAL_REFERRALS = "several_referrals"
    URGENT_UNKNOWN_TO_FAMILY = "urgent_unknown_to_family"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: when it speaks, the worry counts as serious."""

    reason: Reason
    text: str
    speaks: Callable[[Signs], bool]


RULES = (
    Rule(Reason.DANGER, "现在有危险", lambda signs: signs.is_in_danger),
    Rule(Reason.SUSPECTED_ABUSE, "疑似侵害", lambda signs: signs.is_suspected_abuse),
    Rule(Reason.SELF_HARM, "说过或做过伤害自己的事", lambda signs: signs.mentions_self_harm),
    Rule(Reason.HARMS_OTHERS, "伤到了别人，或说要伤人", lambda signs: signs.harms_others),
    Rule(Reason.STAYS_AWAY, "已经不来上学或不进课堂", lambda signs: signs.stays_away),
    Rule(
        Reason.MANY_DOMAINS,
        f"牵涉 {MANY_DOMAINS} 个以上方面",
        lambda signs: len(signs.domains) >= MANY_DOMAINS,
    ),
    Rule(Reason.EARLIER_CASE, "一年内已经开过个案", lambda signs: signs.has_earlier_case),
    Rule(
        Reason.SEVERAL_REFERRALS,
        f"{EARLIER_REFERRAL_DAYS} 天内另有 {MANY_REFERRALS} 次以上受理",
        lambda signs: signs.earlier_referrals >= MANY_REFERRALS,
    ),
    Rule(
        Reason.URGENT_UNKNOWN_TO_FAMILY,
        "着急，家里还不知道",
        lambda signs: signs.urgency is Urgency.URGENT and signs.parents_informed is ParentsInformed.NO,
    ),
)
"""The one table of rules; none speaking means ordinary."""

TEXTS = {rule.reason: rule.text for rule in RULES}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggested severity and what speaks for it."""

    severity: Severity
    reasons: tuple[Reason, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The reasons in Chinese."""
        return tuple(TEXTS[reason] for reason in self.reasons)


def suggest_severity(signs: Signs) -> Suggestion:
    """Suggest a severity; a person confirms it, or overrides it with a reason."""
    reasons = tuple(rule.reason for rule in RULES if rule.speaks(signs))
    return Suggestion(Severity.SERIOUS if reasons else Severity.ORDINARY, reasons)
