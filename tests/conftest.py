"""What all tests share: a migrated database for each test, a clock that stands still, makers with sensible defaults."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine, event
from sqlmodel import Session, col, func, select
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from db import engine, upgrade
from db.keys import Keys
from db.location import Location
from db.tables import (
    AppUser,
    ClassMembership,
    ClassTeacher,
    ClassTeacherKind,
    Gender,
    Pledge,
    PledgeText,
    Role,
    SchoolClass,
    Student,
    Term,
)
from db.transactions import transaction
from services import accounts, clock, passwords, sign_in
from services.actors import Actor
from services.calendar import school_year_of
from services.errors import FieldErrors
from services.regulations import kept_results
from services.student_keys import name_keys
from tests.postgres import ServerDatabase, running_cluster

NOW = datetime(2026, 11, 20, 9, 41, tzinfo=clock.SCHOOL_ZONE)  # a Friday, school week 12
PASSWORD = "Wangshu-2026"
FAST_ROUNDS = 4
MAIN_MODULE = sys.modules["__main__"]
SLOW_FOLDERS = ("browser", "long")
_make_file_engine = engine.make_file_engine

settings.register_profile("any_machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any_machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also kills, races, stateful runs and PostgreSQL")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """In the long run every test that asks for a database meets both engines."""
    if "database_engine" in metafunc.fixturenames:
        both = metafunc.config.getoption("--long") and "tests/services" in str(metafunc.definition.path)
        metafunc.parametrize("database_engine", ["sqlite", "postgresql"] if both else ["sqlite"], scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long tests out of the fast run, whoever starts it; begin with what takes longest."""
    if not config.getoption("--long"):
        left_out = [item for item in items if "long" in item.keywords]
        items[:] = [item for item in items if "long" not in item.keywords]
        config.hook.pytest_deselected(items=left_out)
    items.sort(key=lambda item: item.path.parent.name not in SLOW_FOLDERS)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """On several processes, see commands/test.py: each file whole, on the server and browser of its process."""
    return _FileByFile(config, log)


class _FileByFile(LoadScopeScheduling):  # xdist's own groups are lost on the node ids of pytest 9.2 (seen)
    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("::")[0]


@pytest.fixture(autouse=True)
def _fast_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "ROUNDS", FAST_ROUNDS)


@pytest.fixture(autouse=True)
def _own_main_module() -> Iterator[None]:
    """A page test puts the page script in place of `__main__`; a process started later would run it (seen)."""
    yield
    sys.modules["__main__"] = MAIN_MODULE


@pytest.fixture(autouse=True)
def _still_clock() -> Iterator[None]:
    clock.set_fixed(NOW)
    yield
    clock.set_fixed(None)


@pytest.fixture(scope="session")
def migrated_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a freshly migrated embedded database, copied for each test."""
    folder = tmp_path_factory.mktemp("template")
    upgrade.prepare(Location(folder / "data", folder / "key" / "care.key")).engine.dispose()
    return folder


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A throw-away PostgreSQL cluster; `{name}` stands for the database."""
    with running_cluster(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture
def template_folder(migrated_folder: Path) -> Path:
    """The folder that this test's embedded database is a copy of."""
    return migrated_folder


@pytest.fixture(scope="session")
def care_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each test of this process finds its own embedded database."""
    return tmp_path_factory.mktemp("care")


@pytest.fixture
def location(
    request: pytest.FixtureRequest, database_engine: str, migrated_folder: Path, tmp_path: Path
) -> Iterator[Location]:
    """This test's own database, in use by this process."""
    kept_results.forget_all()  # of the test before, whose database was written to as often
    if database_engine == "postgresql":
        database: ServerDatabase = request.getfixturevalue("server_database")
        database.reset()
        shutil.rmtree(database.runtime.location.data_dir, ignore_errors=True)
        patch = request.getfixturevalue("monkeypatch")
        patch.setattr(engine, "make_engine", lambda *_: database.runtime.engine)
        patch.setattr(engine, "_runtime", database.runtime)  # its connections are kept for the next test
        yield database.runtime.location
        return
    folder: Path = request.getfixturevalue("care_folder")
    shutil.rmtree(folder)
    shutil.copytree(request.getfixturevalue("template_folder"), folder)
    place = Location(folder / "data", folder / "key" / "care.key")
    request.getfixturevalue("monkeypatch").setattr(engine, "make_file_engine", _kept_engine)
    runtime = engine.use(place)
    yield place
    runtime.engine.dispose()


@cache
def _kept_engine(file: Path, keys: Keys) -> Engine:
    """One engine for all copies at one place: what SQLAlchemy compiled for one test, the next needs too."""
    return _make_file_engine(file, keys)


@pytest.fixture(scope="session")
def server_database(
    postgres_url: str, migrated_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerDatabase]:
    """This process's database on the server, migrated once and emptied for each test."""
    place = Location(
        tmp_path_factory.mktemp("server") / "data",
        migrated_folder / "key" / "care.key",
        postgres_url.format(name="care"),
    )
    with closing(ServerDatabase(place, admin_url=postgres_url.format(name="postgres"))) as database:
        yield database


@pytest.fixture
def session(location: Location) -> Iterator[Session]:
    """One writing transaction, committed when the test ends well."""
    with transaction() as open_session:
        yield open_session


@pytest.fixture
def statements(session: Session) -> Iterator[list[str]]:
    """Every statement sent since, by whatever connection."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    used = session.get_bind().engine
    event.listen(used, "before_cursor_execute", note)
    yield seen
    event.remove(used, "before_cursor_execute", note)


MakeUser = Callable[..., Actor]


def actor_for(user: AppUser, *roles: Role) -> Actor:
    """The actor an account with these roles is."""
    return Actor(user.id, user.display_name, frozenset(roles))


def pledge(session: Session, user: AppUser) -> None:
    """Let somebody have accepted the pledge of the school year, so that a signed-in page shows children."""
    text_id = session.exec(select(PledgeText.id).order_by(col(PledgeText.id).desc())).first()
    year = school_year_of(clock.today())
    session.add(Pledge(user_id=user.id or 0, school_year=year, text_id=text_id or 0, accepted_at=clock.now()))


@pytest.fixture
def make_user(session: Session) -> MakeUser:
    """Make an account and return it as an actor: make_user(Role.LEAD, name=…, homeroom_of=class)."""
    count = session.exec(select(func.count()).select_from(AppUser)).one()

    def make(
        *roles: Role,
        name: str | None = None,
        homeroom_of: SchoolClass | None = None,
        teaches: SchoolClass | None = None,
        password: str = PASSWORD,
        pledged: bool = True,
    ) -> Actor:
        nonlocal count
        count += 1
        wanted = frozenset(roles or {Role.COUNSELLOR})
        user = AppUser(
            username=f"user{count}",
            display_name=name or f"试教师{count}",
            must_change_password=False,
            password_hash=passwords.hash_password(password),
            created_at=clock.now(),
        )
        accounts.add_user(session, Actor(None, "", frozenset()), user, wanted)
        for found, kind in ((homeroom_of, ClassTeacherKind.HOMEROOM), (teaches, ClassTeacherKind.SUBJECT)):
            if found is not None:
                session.add(ClassTeacher(class_id=found.id, user_id=user.id, kind=kind, from_day=date(2026, 9, 1)))
        if pledged:
            pledge(session, user)
        session.flush()
        return actor_for(user, *wanted)

    return make


@pytest.fixture
def make_class(session: Session) -> Callable[..., SchoolClass]:
    """Make a class: make_class(7, 3)."""

    def make(grade: int = 7, number: int = 1, *, school_year: int = 2026) -> SchoolClass:
        found = SchoolClass(school_year=school_year, grade=grade, number=number)
        session.add(found)
        session.flush()
        return found

    return make


@pytest.fixture
def make_student(session: Session) -> Callable[..., Student]:
    """Make a child, in a class if one is given: make_student("江小满", in_class=…)."""
    count = session.exec(select(func.count()).select_from(Student)).one()

    def make(name: str = "江小满", *, in_class: SchoolClass | None = None, **overrides: object) -> Student:
        nonlocal count
        count += 1
        values: dict[str, object] = {
            "student_no": f"T{count:06d}",
            "name": name,
            "name_initials": "jxm",
            "name_pinyin": "jiangxiaoman",
            "name_order": name_keys(name).order,
            "gender": Gender.FEMALE,
            "birth_day": date(2013, 5, 21),
            "recorded_at": clock.now(),
        }
        student = Student(**(values | overrides))  # type: ignore[arg-type]
        session.add(student)
        session.flush()
        if in_class is not None:
            session.add(ClassMembership(student_id=student.id, class_id=in_class.id, from_day=date(2026, 9, 1)))
            session.flush()
        return student

    return make


@pytest.fixture
def term(session: Session) -> Term:
    """The autumn term of 2026, in which the still clock stands."""
    if there := session.exec(select(Term)).first():
        return there
    found = Term(school_year=2026, number=1, first_day=date(2026, 9, 1), last_day=date(2027, 1, 22))
    session.add(found)
    session.flush()
    return found


def codes(refused: pytest.ExceptionInfo[FieldErrors]) -> dict[str, str]:
    """Which fields were refused, each with its problem's code."""
    return {name: problem.code for name, problem in refused.value.problems.items()}


def token_for(session: Session, actor: Actor) -> str:
    """Sign an actor in and return the cookie's token."""
    user = session.get_one(AppUser, actor.user_id)
    account = sign_in.Account(user.username, user.id, user.password_hash)
    signed_in = sign_in.start_session(session, account, is_right=True, address="127.0.0.1")
    assert isinstance(signed_in, sign_in.SignedIn)
    return signed_in.token
