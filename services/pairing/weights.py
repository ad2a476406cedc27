"""What a school finds important when somebody is suggested for a child: points it sets, from 0 (doesn't matter) on."""

from dataclasses import dataclass

from db.base import Labelled

MOST_POINTS = 100


class SexWish(Labelled):
    """Whether child and helper should be of the same sex."""

    NEVER = "never", "不看"
    PREFER = "prefer", "最好同性别"
    REQUIRE = "require", "一定同性别"


@dataclass(frozen=True, slots=True)
class Weights:
    """The points a pair gets, each from 0 to `MOST_POINTS`."""

    same_class: int = 30  # the helper teaches, or sits in, the child's class
    same_grade: int = 10  # … another class of its grade
    sex: SexWish = SexWish.NEVER
    same_sex: int = 10  # counts where it is preferred only
    subject: int = 10  # for each subject the child needs help in and the helper gives
    tier_load: int = 5  # taken off, once for each rank of the child's tier and of those the helper has
    continuity: int = 40  # the helper had the child before
    evenness: int = 3  # taken off for each child the helper has already, those of these suggestions included
