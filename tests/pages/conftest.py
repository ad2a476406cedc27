"""Pages as people open them: the real main script in AppTest, on a file database, signed in through the service."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from sqlmodel import Session
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from db import engine
from db.audit_chain import append_collected
from db.engine import WRITE
from db.location import Location
from db.tables import Role, SchoolClass, Student, SystemFact
from services import clock, schools, setup
from services.actors import Actor
from services.calendar import SCHOOL_NAME
from tests.conftest import token_for
from ui import navigation
from ui import session as ui_session

MAIN = Path(__file__).resolve().parents[2] / "ui" / "main.py"
SCHOOL = "青澜县望舒中心学校"
ADDRESS = "10.0.0.5"
SECONDS = 20
_DIALOGS = 2  # where AppTest puts them, beside main part and sidebar

OpenPage = Callable[..., AppTest]

# Every run of AppTest would look through every installed package for components: a third of the tests' time (measured).
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


@pytest.fixture(autouse=True)
def _browser_at_one_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """AppTest has no connection: Streamlit answers with a new mock each time, so that no miss would ever add up."""
    monkeypatch.setattr(ContextProxy, "ip_address", ADDRESS)
    monkeypatch.setattr(ContextProxy, "cookies", {})


@pytest.fixture
def session(location: Location) -> Iterator[Session]:
    """The makers' session; what they made is committed whenever a page opens, which reads in a thread of its own.

    After a page has written, read with a session of your own: `with reading() as session:`.
    """
    with Session(engine.runtime().engine, expire_on_commit=False) as open_session:
        open_session.connection(execution_options=WRITE)
        yield open_session
        commit(open_session)


def commit(session: Session) -> None:
    """End the makers' transaction as `transaction()` would."""
    session.flush()
    append_collected(session)
    session.commit()


@pytest.fixture
def claimed(session: Session) -> None:
    """A school that is set up."""
    if session.get(SystemFact, setup.CLAIMED):
        return
    session.add(SystemFact(name=setup.CLAIMED, value=clock.now().isoformat()))
    schools.save_setting(session, SCHOOL_NAME, SCHOOL)


@pytest.fixture
def open_page(session: Session, claimed: None) -> OpenPage:
    """Open `pages/<name>.py` for somebody, or for nobody: open_page("child", counsellor, student=3)."""
    return _opener(session)


@pytest.fixture
def open_before_claim(session: Session) -> OpenPage:
    """The same on an installation that nobody has set up yet."""
    return _opener(session)


def _opener(session: Session) -> OpenPage:
    def open_(name: str, actor: Actor | None = None, **query: object) -> AppTest:
        screen = AppTest.from_file(MAIN, default_timeout=SECONDS)
        screen.query_params.update({key: str(value) for key, value in query.items()})
        if actor is not None:
            screen.session_state[ui_session._TOKEN] = token_for(session, actor)
        commit(session)
        if name != navigation.HOME:  # the page that opens without an address
            screen.switch_page(f"../pages/{name}.py")
        return screen.run()

    return open_


@dataclass(frozen=True)
class World:
    """A small school, in the database before the page opens."""

    staff: dict[Role, Actor]
    school_class: SchoolClass
    students: list[Student]


@dataclass
class KeptWorld:
    """The world as the first test of this process made it, and the database it lies in."""

    folder: Path
    world: World | None = None

    def again(self, session: Session) -> World:
        """Return the same world in a copy of its database."""
        assert self.world is not None
        students = [session.get_one(Student, each.id) for each in self.world.students]
        return World(self.world.staff, session.get_one(SchoolClass, self.world.school_class.id), students)


@pytest.fixture(scope="session")
def kept_world(tmp_path_factory: pytest.TempPathFactory) -> KeptWorld:
    return KeptWorld(tmp_path_factory.mktemp("world") / "care")


@pytest.fixture
def template_folder(request: pytest.FixtureRequest, migrated_folder: Path, kept_world: KeptWorld) -> Path:
    """The world's database for who asks for the world: making it takes as long as opening a page."""
    return kept_world.folder if "world" in request.fixturenames and kept_world.world else migrated_folder


@pytest.fixture
def world(
    session: Session, location: Location, care_folder: Path, kept_world: KeptWorld, request: pytest.FixtureRequest
) -> World:
    """One person for each role, a class with its homeroom and one subject teacher, and three children in it."""
    if kept_world.world is None:
        made: World = request.getfixturevalue("_made_world")
        engine.runtime().engine.dispose()  # whatever stands in the log is in the file then
        shutil.copytree(care_folder, kept_world.folder)
        kept_world.world = made
    return kept_world.again(session)


@pytest.fixture
def _made_world(session: Session, claimed: None, term, make_user, make_class, make_student) -> World:
    school_class = make_class(7, 3)
    own = {Role.HOMEROOM: {"homeroom_of": school_class}, Role.SUBJECT_TEACHER: {"teaches": school_class}}
    staff = {role: make_user(role, name=f"试{role.label}", **own.get(role, {})) for role in Role}
    names = [("江小满", "jxm", "jiangxiaoman"), ("霍半夏", "hbx", "huobanxia"), ("孟紫苏", "mzs", "mengzisu")]
    students = [
        make_student(name, in_class=school_class, name_initials=initials, name_pinyin=pinyin)
        for name, initials, pinyin in names
    ]
    commit(session)
    return World(staff, school_class, students)


def words_on(screen: AppTest) -> str:
    """Return everything written on a page and its dialog in one text, to look for what must, or must not, be there."""
    parts = (screen.main, screen._tree.children[_DIALOGS])
    elements = (node for part in parts for node in part if hasattr(node, "value") and node.type != "imgs")
    return "\n".join(str(element.value) for element in elements)
