"""Who answers for what: posts with their holders, deputies, and the groups a school must have (area B)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from db.base import Labelled, new_uid, stored_by_value
from db.tables.people import Role


class PostSpan(Labelled):
    """How often a post is there."""

    SCHOOL = "school", "全校"
    GRADE = "grade", "每个年级"
    CLASS = "class", "每个班"


class Post(SQLModel, table=True):
    """One post of the regulations, or one the school has added; what it answers for stands beside its name.

    A post with a `role` is held by whoever holds that role; it has no PostHolder rows of its own.
    """

    __tablename__ = "post"
    __table_args__ = (CheckConstraint("role IS NULL OR span = 'school'", name="role_of_school"),)

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(max_length=40, unique=True)  # what clauses name; stable
    name: str = Field(max_length=40)
    answers_for: str | None = Field(default=None, max_length=200)
    clause_id: str | None = Field(default=None, max_length=10)
    span: PostSpan = Field(default=PostSpan.SCHOOL, sa_type=stored_by_value(PostSpan))
    is_sole: bool = True  # one holder at a time and place
    role: Role | None = Field(default=None, sa_type=stored_by_value(Role), nullable=True)
    is_needed: bool = True  # vacant, it stands on the lead's home
    place: int = 0  # where it stands in lists
    version: int = 1


class PostHolder(SQLModel, table=True):
    """Who holds a post, from–to, half-open; of a grade or a class where the post is theirs."""

    __tablename__ = "post_holder"
    __table_args__ = (
        CheckConstraint("to_day IS NULL OR to_day >= from_day", name="ends_after_start"),
        CheckConstraint("grade IS NULL OR class_id IS NULL", name="one_place"),
        # B-04, B-11, B-14: one at a time; `seat` because NULLs of grade and class never equal each other.
        Index(
            "uq_post_holder_sole",
            "post_id",
            "seat",
            unique=True,
            sqlite_where=text("is_sole AND to_day IS NULL"),
            postgresql_where=text("is_sole AND to_day IS NULL"),
        ),
        Index(
            "uq_post_holder_person",
            "post_id",
            "seat",
            "user_id",
            unique=True,
            sqlite_where=text("to_day IS NULL"),
            postgresql_where=text("to_day IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    post_id: int = Field(foreign_key="post.id", ondelete="RESTRICT")
    user_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT", index=True)
    grade: int | None = None
    class_id: int | None = Field(default=None, foreign_key="school_class.id", ondelete="RESTRICT")
    seat: str = Field(max_length=20)  # school, grade-7, class-12
    is_sole: bool
    from_day: date
    to_day: date | None = None
    recorded_at: datetime
    version: int = 1


class Deputy(SQLModel, table=True):
    """Who stands in for an absent member of staff in everything, from–to, half-open; why is nobody's business here."""

    __tablename__ = "deputy"
    __table_args__ = (
        CheckConstraint("to_day >= from_day", name="ends_after_start"),
        CheckConstraint("absent_id <> deputy_id", name="somebody_else"),
        UniqueConstraint("absent_id", "from_day"),
    )

    id: int | None = Field(default=None, primary_key=True)
    absent_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT")
    deputy_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT", index=True)
    from_day: date
    to_day: date
    recorded_at: datetime
    version: int = 1


class GroupKind(Labelled):
    """The standing groups of the regulations; `other` for what the school adds."""

    LEADING = "leading", "关爱留守儿童领导小组"  # B-01
    MENTAL_HEALTH = "mental_health", "心理健康教育领导小组"  # B-02
    NURTURING = "nurturing", "“润心”工作专班"  # B-05
    PREVENTION = "prevention", "突出心理问题防治工作专班"  # B-06
    JOINT_CONFERENCE = "joint_conference", "联席会议"  # B-07
    GRADE = "grade", "年级工作小组"  # B-08
    CLASS = "class", "班级工作小组"  # B-08, B-23
    LEFT_BEHIND = "left_behind", "留守儿童工作机构"  # B-09
    SUPPORT = "support", "帮扶队伍"  # B-16
    RESEARCH = "research", "德育与心理健康教研组"  # B-24
    SUPERVISION = "supervision", "监督小组"
    OTHER = "other", "别的小组"


class GroupRole(Labelled):
    """In what capacity somebody sits in a group."""

    HEAD = "head", "组长"
    DEPUTY_HEAD = "deputy_head", "副组长"
    OVERSEER = "overseer", "总负责的校领导"
    MORAL_EDUCATION = "moral_education", "德育处"
    TEACHING = "teaching", "教务处"
    STUDENT_AFFAIRS = "student_affairs", "学生处"
    SECURITY = "security", "安全保卫"
    LOGISTICS = "logistics", "总务后勤"
    PRINCIPALS_OFFICE = "principals_office", "校长办公室"
    NEXT_GENERATION = "next_generation", "关工委"
    YOUNG_PIONEERS = "young_pioneers", "少先队、团委"
    COUNSELLOR = "counsellor", "心理教师"
    HOMEROOM = "homeroom", "班主任"
    SECRETARY = "secretary", "秘书、联络人"
    MEMBER = "member", "成员"
    EXPERT = "expert", "专家"
    TEACHER = "teacher", "教师代表"
    PARENT = "parent", "家长代表"
    PUPIL = "pupil", "学生代表"
    PEER_OFFICER = "peer_officer", "心理委员"


class CareGroup(SQLModel, table=True):
    """One standing group, from–to, half-open; which roles it needs is the school's to say (X-01)."""

    __tablename__ = "care_group"
    __table_args__ = (
        CheckConstraint("to_day IS NULL OR to_day >= from_day", name="ends_after_start"),
        Index(
            "uq_care_group_kind",
            "kind",
            "seat",
            unique=True,
            sqlite_where=text("kind <> 'other' AND to_day IS NULL"),
            postgresql_where=text("kind <> 'other' AND to_day IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: GroupKind = Field(sa_type=stored_by_value(GroupKind))
    name: str = Field(max_length=40)
    grade: int | None = None
    class_id: int | None = Field(default=None, foreign_key="school_class.id", ondelete="RESTRICT")
    seat: str = Field(max_length=20)
    wanted_roles: str = Field(default="", max_length=400)  # values of GroupRole, a blank between them
    from_day: date
    to_day: date | None = None
    recorded_at: datetime
    version: int = 1


class GroupMember(SQLModel, table=True):
    """Who sits in a group, from–to, half-open: an account, or a name with a phone; pupils, parents and experts
    have no account."""

    __tablename__ = "group_member"
    __table_args__ = (
        CheckConstraint("to_day IS NULL OR to_day >= from_day", name="ends_after_start"),
        CheckConstraint("(user_id IS NULL) <> (name_sealed IS NULL)", name="account_or_name"),
        Index(
            "uq_group_member_head",
            "group_id",
            unique=True,
            sqlite_where=text("role = 'head' AND to_day IS NULL"),
            postgresql_where=text("role = 'head' AND to_day IS NULL"),
        ),
        Index(
            "uq_group_member_person",
            "group_id",
            "role",
            "user_id",
            unique=True,
            sqlite_where=text("to_day IS NULL AND user_id IS NOT NULL"),
            postgresql_where=text("to_day IS NULL AND user_id IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    group_id: int = Field(foreign_key="care_group.id", ondelete="RESTRICT", index=True)
    role: GroupRole = Field(sa_type=stored_by_value(GroupRole))
    user_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT", index=True)
    name_sealed: bytes | None = None
    phone_sealed: bytes | None = None
    from_day: date
    to_day: date | None = None
    recorded_at: datetime
    version: int = 1


class PledgeText(SQLModel, table=True):
    """One wording of the confidentiality pledge (A-03); the newest counts, older ones stay with who accepted them."""

    __tablename__ = "pledge_text"

    id: int | None = Field(default=None, primary_key=True)
    body: str = Field(max_length=5000)
    written_at: datetime
    written_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")  # None: shipped


class Pledge(SQLModel, table=True):
    """That somebody accepted the pledge for a school year, and in which wording."""

    __tablename__ = "pledge"
    __table_args__ = (UniqueConstraint("user_id", "school_year"),)

    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT")
    school_year: int
    text_id: int = Field(foreign_key="pledge_text.id", ondelete="RESTRICT")
    accepted_at: datetime
