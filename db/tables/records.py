"""Work records: one row for every contact with a child or its family, its words beside it (F-09, K-02)."""

from datetime import date, datetime, time

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from db.base import Labelled, new_uid, stored_by_value


class CareKind(Labelled):
    """What was done; which fields each asks for stands in services.record_kinds."""

    TALK = "talk", "谈心谈话"
    SHORT_TALK = "short_talk", "短谈（倾听一刻钟）"
    COUNSELLING = "counselling", "心理辅导"
    HOME_VISIT = "home_visit", "家访"
    CALL = "call", "电话联系家长"
    FAMILY_VIDEO = "family_video", "亲情视频"
    FAMILY_CALL = "family_call", "亲情电话"
    GUARDIAN_NOTICE = "guardian_notice", "告知监护人"
    HOMEWORK_CHECK = "homework_check", "作业检查"
    TUTORING = "tutoring", "学业辅导"
    HOMEROOM_EXCHANGE = "homeroom_exchange", "和班主任交流"
    GROUP_ACTIVITY = "group_activity", "小组活动"
    WRITTEN_MESSAGE = "written_message", "书面寄语"
    AID = "aid", "物资帮扶"
    AID_APPLICATION = "aid_application", "代办资助、救助"
    PAIR_CHECK = "pair_check", "检查结对成效"
    SICK_CARE = "sick_care", "生病照看"


class CarePlace(Labelled):
    """Where it was."""

    CARE_ROOM = "care_room", "关爱室"
    COUNSELLING_ROOM = "counselling_room", "辅导室"
    CLASSROOM = "classroom", "教室"
    OFFICE = "office", "办公室"
    CAMPUS = "campus", "校园里"
    DORMITORY = "dormitory", "宿舍"
    HOME = "home", "孩子家里"
    REMOTE = "remote", "没见面（电话、视频、书面）"
    ELSEWHERE = "elsewhere", "校外别处"


class CareChannel(Labelled):
    """By what means."""

    FACE = "face", "当面"
    PHONE = "phone", "电话"
    VIDEO = "video", "视频"
    WRITTEN = "written", "书面、信息"


class NotReached(Labelled):
    """Why an attempt stayed one."""

    NO_ANSWER = "no_answer", "没人接、没有回"
    NOT_THERE = "not_there", "人不在"
    DECLINED = "declined", "不愿意谈"
    WRONG_CONTACT = "wrong_contact", "电话、地址不对"
    NO_TIME = "no_time", "临时有事"
    OTHER = "other", "别的原因"


class CareRecord(SQLModel, table=True):
    """One contact about one child; a group is one row a child, saved together under one `entry_uid`.

    What rules read are plain columns; the words lie in `care_record_words`.
    """

    __tablename__ = "care_record"
    __table_args__ = (
        UniqueConstraint("entry_uid", "student_id"),  # one filled-in form is one record a child, however often sent
        CheckConstraint("minutes IS NULL OR (minutes > 0 AND minutes <= 720)", name="some_minutes"),
        CheckConstraint(
            "(is_done AND not_reached IS NULL) OR (NOT is_done AND not_reached IS NOT NULL)", name="done_or_why"
        ),
        CheckConstraint("group_size > 0", name="somebody"),
        # A child's list, and whether a kind was done in a stretch of days, from the index alone.
        Index("ix_care_record_child", "student_id", "day", "kind", "is_done", "withdrawn_at", "author_id", "import_id"),
        Index("ix_care_record_author", "author_id", "recorded_at"),
        Index(
            "ix_care_record_helper_id",
            "helper_id",
            sqlite_where=text("helper_id IS NOT NULL"),
            postgresql_where=text("helper_id IS NOT NULL"),
        ),
        # Only what was imported: an index of all would be asked for nearly every record, which was not.
        Index(
            "ix_care_record_import_id",
            "import_id",
            sqlite_where=text("import_id IS NOT NULL"),
            postgresql_where=text("import_id IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    entry_uid: str = Field(default_factory=new_uid, max_length=32)
    student_id: int = Field(foreign_key="student.id", ondelete="RESTRICT")
    kind: CareKind = Field(sa_type=stored_by_value(CareKind))
    day: date
    start_time: time | None = None  # by the school's clock
    minutes: int | None = None
    place: CarePlace | None = Field(default=None, sa_type=stored_by_value(CarePlace), nullable=True)
    channel: CareChannel | None = Field(default=None, sa_type=stored_by_value(CareChannel), nullable=True)
    is_done: bool = True  # else it was tried
    not_reached: NotReached | None = Field(default=None, sa_type=stored_by_value(NotReached), nullable=True)
    group_size: int = 1  # how many children were saved together
    parts_filled: int = 0  # of the six of F-09: time, place, pupil, problem, measures, effect
    author_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    # Who of the care room's heads said yes before the family was reached; None: a head wrote it, or it reached nobody.
    agreed_with_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
    # Who did it, where that is no account: a volunteer, a parent, a cadre; who wrote it down is its author.
    helper_id: int | None = Field(default=None, foreign_key="helper.id", ondelete="RESTRICT")
    # 补录: taken from the school's old spreadsheet, and who did it where that is no account; such a record proves
    # what was done on its day, and neither ends nor opens anything that runs by the clock (0034).
    import_id: int | None = Field(default=None, foreign_key="import_batch.id", ondelete="RESTRICT")
    author_name: str | None = Field(default=None, max_length=40)
    recorded_at: datetime
    withdrawn_at: datetime | None = None  # written about the wrong child, or twice: proves nothing any more, stays
    version: int = 1


class CareRecordWords(SQLModel, table=True):
    """The words of one record as they are now."""

    __tablename__ = "care_record_words"

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    record_id: int = Field(foreign_key="care_record.id", ondelete="RESTRICT", unique=True)
    raised_sealed: bytes | None = None  # 主要情况
    measures_sealed: bytes | None = None  # 措施
    effect_sealed: bytes | None = None  # 效果
    next_step_sealed: bytes | None = None  # 下一步


class CareRecordVersion(SQLModel, table=True):
    """A record as it stood until it was amended or withdrawn: nothing that was written is lost."""

    __tablename__ = "care_record_version"
    __table_args__ = (UniqueConstraint("record_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    record_id: int = Field(foreign_key="care_record.id", ondelete="RESTRICT")
    number: int  # the record's `version` while it stood so
    content_sealed: bytes | None = None  # JSON: field → what stood there
    reason_sealed: bytes | None = None  # why it was withdrawn
    ended_at: datetime
    ended_by_id: int | None = Field(default=None, foreign_key="app_user.id", ondelete="RESTRICT")
