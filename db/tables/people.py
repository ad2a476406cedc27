"""Staff: accounts, roles, who is signed in."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from db.base import FORGOTTEN_WITH_KEY, Labelled, new_uid, sorted_by_bytes, stored_by_value


class Role(Labelled):
    """What somebody is in the care room; one person may hold several."""

    LEAD = "lead", "关爱室负责人"
    COUNSELLOR = "counsellor", "专职心理教师"
    HOMEROOM = "homeroom", "班主任"
    SUBJECT_TEACHER = "subject_teacher", "任课教师"
    MENTOR = "mentor", "结对教师"
    LEADERSHIP = "leadership", "领导小组"
    FINANCE = "finance", "财务"
    SUPERVISOR = "supervisor", "监督小组"
    ADMIN = "admin", "信息老师"


class AppUser(SQLModel, table=True):
    """One member of staff with an account."""

    __tablename__ = "app_user"
    __table_args__ = (CheckConstraint("username = lower(username)", name="username_lower"),)

    id: int | None = Field(default=None, primary_key=True)
    uid: str = Field(default_factory=new_uid, max_length=32, unique=True)
    username: str = Field(max_length=40, unique=True)
    display_name: str = Field(max_length=40)
    name_order: str = Field(default="", sa_type=sorted_by_bytes(360), sa_column_kwargs={"server_default": ""})
    staff_no: str | None = Field(default=None, max_length=40, unique=True)
    phone_sealed: bytes | None = None
    password_hash: str = Field(max_length=100)
    must_change_password: bool = True
    is_active: bool = True
    is_protection_leader: bool = False  # named to see suspected abuse (domain: mandatory reporting)
    created_at: datetime
    version: int = 1


class RoleGrant(SQLModel, table=True):
    """A role somebody holds, from a moment on until it is taken back."""

    __tablename__ = "role_grant"
    __table_args__ = (
        Index(
            "uq_role_grant_open",
            "user_id",
            "role",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    user_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT")
    role: Role = Field(sa_type=stored_by_value(Role))
    granted_at: datetime
    ended_at: datetime | None = None


class SignInSession(SQLModel, table=True):
    """One signed-in browser; the cookie holds a random token, this row only its SHA-256."""

    __tablename__ = "sign_in_session"

    id: int | None = Field(default=None, primary_key=True)
    token_hash: str = Field(max_length=64, unique=True)
    user_id: int = Field(foreign_key="app_user.id", ondelete="RESTRICT", index=True)
    started_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    hidden_at: datetime | None = None
    ended_at: datetime | None = None


class LoginThrottle(SQLModel, table=True):
    """Misses in a row for one name or one address, kept as a keyed hash, and until when it must wait.

    One kind of row has no misses: where a name has signed in from, and when last.
    """

    __tablename__ = "login_throttle"

    subject_hash: str = Field(primary_key=True, max_length=64, sa_column_kwargs=FORGOTTEN_WITH_KEY)
    misses: int = 0
    last_miss_at: datetime
    blocked_until: datetime | None = None
