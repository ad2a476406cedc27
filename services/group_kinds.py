"""What the regulations ask of each kind of group: the clause, and the roles it begins with."""

from collections.abc import Mapping

from db.tables import GroupKind, GroupRole

_R = GroupRole
_OFFICES = (_R.MORAL_EDUCATION, _R.TEACHING, _R.STUDENT_AFFAIRS, _R.SECURITY, _R.LOGISTICS)
WANTED: Mapping[GroupKind, tuple[GroupRole, ...]] = {
    GroupKind.LEADING: (_R.HEAD, *_OFFICES),  # the list of 003, edited by the school
    GroupKind.MENTAL_HEALTH: (_R.HEAD, *_OFFICES),
    GroupKind.NURTURING: (_R.OVERSEER, _R.HEAD, _R.DEPUTY_HEAD, _R.MEMBER),
    GroupKind.PREVENTION: (_R.HEAD, _R.MEMBER),
    GroupKind.JOINT_CONFERENCE: (_R.NEXT_GENERATION, _R.YOUNG_PIONEERS, _R.MORAL_EDUCATION, _R.PRINCIPALS_OFFICE),
    GroupKind.GRADE: (_R.HEAD,),
    GroupKind.CLASS: (_R.HEAD, _R.PEER_OFFICER),
    GroupKind.LEFT_BEHIND: (_R.HEAD, _R.MEMBER),
    GroupKind.SUPPORT: (_R.MEMBER,),
    GroupKind.RESEARCH: (_R.HEAD, _R.MEMBER),
    GroupKind.SUPERVISION: (_R.HEAD, _R.TEACHER, _R.PARENT),
    GroupKind.OTHER: (_R.HEAD,),
}
"""The roles each kind begins with; the school edits them group by group (X-01)."""

CLAUSES: Mapping[GroupKind, str] = {
    GroupKind.LEADING: "B-01",
    GroupKind.MENTAL_HEALTH: "B-02",
    GroupKind.NURTURING: "B-05",
    GroupKind.PREVENTION: "B-06",
    GroupKind.JOINT_CONFERENCE: "B-07",
    GroupKind.GRADE: "B-08",
    GroupKind.CLASS: "B-08",
    GroupKind.LEFT_BEHIND: "B-09",
    GroupKind.SUPPORT: "B-16",
    GroupKind.RESEARCH: "B-24",
    GroupKind.SUPERVISION: "Q-01",
}
OF_PLACES = (GroupKind.GRADE, GroupKind.CLASS)
GUEST_ROLES = frozenset({_R.EXPERT, _R.PARENT, _R.PUPIL, _R.PEER_OFFICER, _R.NEXT_GENERATION, _R.MEMBER})
"""In what capacity somebody without an account may sit in a group."""
