"""The children: who they are, their class over time, their guardians and categories."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from db.base import Labelled, hash_of, new_uid, sorted_by_bytes, stored_by_value

CARD_PARTS = (
    "father_name", "father_workplace", "father_phone", "mother_name", "mother_workplace", "mother_phone",
    "home_address", "guardian_name", "guardian_relation", "guardian_age", "guardian_occupation", "guardian_health",
    "guardian_address", "guardian_phone",
)  # fmt: skip
"""The fourteen parts of a contact card (E-08), by the codes that `student.card_missing` names."""
NO_CARD = ",".join(CARD_PARTS)


class Gender(Labelled):
    """As the registration authority writes it."""

    MALE = "male", "男"
    FEMALE = "female", "女"


class EnrolmentState(Labelled):
    """Whether a child is at this school."""

    ENROLLED = "enrolled", "在校"
    ON_LEAVE = "on_leave", "休学"
    TRANSFERRED = "transferred", "已转出"
    GRADUATED = "graduated", "已毕业"
    DROPPED_OUT = "dropped_out", "已辍学"


class Student(SQLModel, table=True):
    """One child; its ID number and address are sealed, the number findable through its keyed hash.

    One that was merged into another is in no list any more; it keeps its number taken, and leads to the other.
    """

    __tablename__ = "student"
    __table_args__ = (
        CheckConstraint("merged_into_id <> id", name="not_into_itself"),
        CheckConstraint("(merged_into_id IS NULL) = (merged_at IS NULL)", name="merged_since"),
        # What the register counts and sorts by, without the rows and their sealed words.
        Index("ix_student_counted", "merged_into_id", "state", "card_parts_filled"),
        Index("ix_student_listed", "merged_into_id", "state", "name_order"),
        {"sqlite_autoincrement": True},
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_no: str | None = Field(default=None, max_length=40, unique=True)
    name: str = Field(max_length=40, index=True)
    name_initials: str = Field(max_length=40, index=True)
    name_pinyin: str = Field(max_length=120, index=True)
    name_order: str = Field(
        default="", sa_type=sorted_by_bytes(360), index=True, sa_column_kwargs={"server_default": ""}
    )  # what lists sort by; see `services.student_keys`
    gender: Gender = Field(sa_type=stored_by_value(Gender))
    birth_day: date
    id_number_sealed: bytes | None = None
    id_number_hash: str | None = Field(
        default=None, max_length=64, unique=True, sa_column_kwargs=hash_of("id_number_sealed", purpose="id_number")
    )
    ethnicity: str | None = Field(default=None, max_length=20)
    is_boarding: bool | None = None
    is_rural: bool | None = None  # the household's registration (户口性质)
    address_sealed: bytes | None = None
    residence_sealed: bytes | None = None  # 户籍所在地
    state: EnrolmentState = Field(default=EnrolmentState.ENROLLED, sa_type=stored_by_value(EnrolmentState))
    entered_on: date | None = None
    left_on: date | None = None
    note_sealed: bytes | None = None
    extra_sealed: bytes | None = None  # columns of an imported list that have no field here, as JSON
    # What the contact card has, written with whatever it is made of: rules count in SQL, its words are sealed.
    card_parts_filled: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    card_missing: str = Field(default=NO_CARD, max_length=400, sa_column_kwargs={"server_default": NO_CARD})
    card_version: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    # No foreign key: the embedded database adds one only by rebuilding the table, and would give ids twice.
    merged_into_id: int | None = None
    merged_at: datetime | None = None
    recorded_at: datetime
    version: int = 1


class ContactCardVersion(SQLModel, table=True):
    """A contact card as it stood until somebody changed it: who, when, which parts (E-08, E-09)."""

    __tablename__ = "contact_card_version"
    __table_args__ = (UniqueConstraint("student_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    number: int  # the child's `card_version` while it stood so
    content_sealed: bytes | None = None  # JSON: code → what stood there
    parts_filled: int
    changed: str = Field(max_length=400)  # the codes of what became otherwise
    ended_at: datetime
    ended_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")


class ClassMembership(SQLModel, table=True):
    """A child in a class, from–to, half-open; at most one open membership a child."""

    __tablename__ = "class_membership"
    __table_args__ = (
        CheckConstraint("to_day IS NULL OR to_day >= from_day", name="ends_after_start"),
        Index(
            "uq_class_membership_open",
            "student_id",
            unique=True,
            sqlite_where=text("to_day IS NULL"),
            postgresql_where=text("to_day IS NULL"),
        ),
        Index(
            "ix_class_membership_open_class",
            "class_id",
            "student_id",
            sqlite_where=text("to_day IS NULL"),
            postgresql_where=text("to_day IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    class_id: int = Field(foreign_key="school_class.id", ondelete="RESTRICT", index=True)
    from_day: date
    to_day: date | None = None


class GuardianKind(Labelled):
    """Who somebody is to a child in law."""

    FATHER = "father", "父亲"
    MOTHER = "mother", "母亲"
    STATUTORY = "statutory", "其他法定监护人"
    ENTRUSTED = "entrusted", "委托监护人"
    OTHER = "other", "其他家人"


class Whereabouts(Labelled):
    """Where a parent is; who has died or can't be found owes the contact card neither telephone nor workplace."""

    AT_HOME = "at_home", "在家"
    AWAY = "away", "外出务工"
    DECEASED = "deceased", "已去世"
    MISSING = "missing", "失去联系"
    ELSEWHERE = "elsewhere", "不在一起生活"


class Guardian(SQLModel, table=True):
    """A parent or guardian of one child, with what the contact card asks for (E-08)."""

    __tablename__ = "guardian"

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    kind: GuardianKind = Field(sa_type=stored_by_value(GuardianKind))
    name: str | None = Field(default=None, max_length=40)
    relation: str | None = Field(default=None, max_length=20)
    is_primary: bool = False
    phone_sealed: bytes | None = None
    phone_hash: str | None = Field(
        default=None, max_length=64, index=True, sa_column_kwargs=hash_of("phone_sealed", purpose="phone")
    )
    second_phone_sealed: bytes | None = None
    workplace_sealed: bytes | None = None
    address_sealed: bytes | None = None
    birth_year: int | None = None  # reckoned from the age somebody told, so that it does not go stale
    occupation_sealed: bytes | None = None
    health_sealed: bytes | None = None
    whereabouts: Whereabouts | None = Field(default=None, sa_type=stored_by_value(Whereabouts))
    ended_at: datetime | None = None
    version: int = 1


class CategoryKind(Labelled):
    """Why a child needs care; the four special ones are 四特."""

    LEFT_BEHIND = "left_behind", "留守"
    IN_DIFFICULTY = "in_difficulty", "困境"
    SPECIAL_FAMILY = "special_family", "特殊家庭"
    SPECIAL_PHYSIQUE = "special_physique", "特殊体质"
    SPECIAL_PSYCHOLOGY = "special_psychology", "特殊心理"
    SPECIAL_CONDUCT = "special_conduct", "特殊言行"


class LeftBehindKind(Labelled):
    """Which parents are away (X-02); the State counts only the first two."""

    BOTH_AWAY = "both_away", "父母都外出"
    ONE_AWAY_OTHER_UNABLE = "one_away_other_unable", "一方外出，另一方无监护能力"
    ONE_AWAY = "one_away", "一方外出"
    NONE_AWAY = "none_away", "父母都在家"


class Guardianship(Labelled):
    """How well a left-behind child is looked after, as the national form grades it."""

    GOOD = "good", "较好"
    FAIR = "fair", "一般"
    POOR = "poor", "差"


class FoundBy(Labelled):
    """What brought a child into a category."""

    CHECK_ROUND = "check_round", "班级排查"
    SCREENING = "screening", "心理筛查"
    HOME_VISIT = "home_visit", "家访"
    TALK = "talk", "谈话"
    TEACHER = "teacher", "教师反映"
    PARENT = "parent", "家长反映"
    AUTHORITY = "authority", "民政等部门名单"
    LIST = "list", "学校名单"


class OptionList(Labelled):
    """A list of words the school edits."""

    DIFFICULTY = "difficulty", "困境种类"
    LEVEL = "level", "四特等级"


class CareOption(SQLModel, table=True):
    """One entry of an editable list; one no longer offered stays for the children registered under it."""

    __tablename__ = "care_option"
    __table_args__ = (
        UniqueConstraint("list_name", "label"),
        CheckConstraint("list_name <> 'level' OR level BETWEEN 1 AND 3", name="level"),
    )

    id: int | None = Field(default=None, primary_key=True)
    list_name: OptionList = Field(sa_type=stored_by_value(OptionList))
    label: str = Field(max_length=40)
    level: int | None = Field(default=None, unique=True)  # of a level: 1 the gravest
    position: int = 0
    is_offered: bool = True
    version: int = 1


class SpecialKind(SQLModel, table=True):
    """What the school calls one of the kinds of 四特, and whether new children are registered under it.

    Categories keep the kind itself: the word of today stands everywhere, also in history.
    """

    __tablename__ = "special_kind"

    id: int | None = Field(default=None, primary_key=True)
    kind: CategoryKind = Field(sa_type=stored_by_value(CategoryKind), unique=True)
    label: str = Field(max_length=40, unique=True)
    is_offered: bool = True
    version: int = 1


class StudentCategory(SQLModel, table=True):
    """A child in a category, from–to, half-open, with level and evidence.

    At most one open row a kind; several of 困境, one for each kind of difficulty.
    """

    __tablename__ = "student_category"
    __table_args__ = (
        CheckConstraint("to_day IS NULL OR to_day >= from_day", name="ends_after_start"),
        CheckConstraint("level IS NULL OR level BETWEEN 1 AND 3", name="level"),
        Index(
            "uq_student_category_open",
            "student_id",
            "kind",
            unique=True,
            sqlite_where=text("to_day IS NULL AND kind <> 'in_difficulty'"),
            postgresql_where=text("to_day IS NULL AND kind <> 'in_difficulty'"),
        ),
        Index(
            "uq_student_category_difficulty",
            "student_id",
            "difficulty_id",
            unique=True,
            sqlite_where=text("to_day IS NULL"),
            postgresql_where=text("to_day IS NULL"),
        ),
        Index(
            "uq_student_category_difficulty_unnamed",
            "student_id",
            unique=True,
            sqlite_where=text("to_day IS NULL AND kind = 'in_difficulty' AND difficulty_id IS NULL"),
            postgresql_where=text("to_day IS NULL AND kind = 'in_difficulty' AND difficulty_id IS NULL"),
        ),
        Index(
            "ix_student_category_open",
            "kind",
            "student_id",
            "recorded_at",
            sqlite_where=text("to_day IS NULL"),
            postgresql_where=text("to_day IS NULL"),
        ),
        Index(
            "ix_student_category_import_id",
            "import_id",
            sqlite_where=text("import_id IS NOT NULL"),
            postgresql_where=text("import_id IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    kind: CategoryKind = Field(sa_type=stored_by_value(CategoryKind))
    subkind: str | None = Field(default=None, max_length=40)
    level: int | None = None  # 1 the gravest
    evidence_sealed: bytes | None = None
    left_behind_kind: LeftBehindKind | None = Field(default=None, sa_type=stored_by_value(LeftBehindKind))
    guardianship: Guardianship | None = Field(default=None, sa_type=stored_by_value(Guardianship))
    difficulty_id: int | None = Field(default=None, foreign_key="care_option.id", ondelete="RESTRICT", index=True)
    document_sealed: bytes | None = None  # number of the document that says so
    found_by: FoundBy | None = Field(default=None, sa_type=stored_by_value(FoundBy))
    from_day: date
    to_day: date | None = None
    # 补录: taken from the school's old ledger.
    import_id: int | None = Field(default=None, foreign_key="import_batch.id", ondelete="RESTRICT")
    recorded_at: datetime
    version: int = 1


class ContactOpening(SQLModel, table=True):
    """Somebody without a standing right read a child's phones: why, and until when."""

    __tablename__ = "contact_opening"
    __table_args__ = (
        CheckConstraint("expires_at > opened_at", name="ends_after_start"),
        Index("ix_contact_opening_user_student", "user_id", "student_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    user_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT")
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT", index=True)
    reason_sealed: bytes | None = None
    opened_at: datetime
    expires_at: datetime
