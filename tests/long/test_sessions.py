"""Getting in without the right to: cookies, tokens, guesses, addresses and widgets of a modified client."""

import statistics
import time
from datetime import timedelta

import jwt
import pytest
from sqlmodel import col, func, select

from db import engine
from db.tables import AppUser, LoginThrottle, Referral, Role, SignInSession
from db.transactions import reading, transaction
from services import accounts, clock, passwords, sign_in
from services.sign_in import find_account, is_right
from tests.conftest import pledge
from tests.long.servers import RUN, Browser, Running, cookie_of, school_in, served
from tests.long.world import actor_called

pytestmark = pytest.mark.long

HOME = "工作台"
SAMPLES = 30


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sessions")
    with served(school_in(folder), folder / "server.log") as server:
        yield server


@pytest.fixture(autouse=True)
def _clock_that_runs(_still_clock):
    clock.set_fixed(None)


def opened(running: Running, cookie: str | None, page: str = "", query: str = "") -> str:
    with Browser(running, cookie=cookie, page=page, query=query) as tab:
        return tab.run().words


def signed(sid: object, key: str, *, seconds: int = 3600, algorithm: str = "HS256", **more: object) -> str:
    return jwt.encode({"sid": sid, "exp": int(time.time()) + seconds, **more}, key, algorithm=algorithm)


def test_a_right_cookie_opens_and_every_other_one_asks_to_sign_in(running):
    right = cookie_of(running, "staff1")
    key = sign_in.cookie_key()
    sid = jwt.decode(right, key, algorithms=["HS256"])["sid"]
    head, body, _ = right.split(".")
    forged = {
        "other key": signed(sid, "k" * 64),
        "expired": signed(sid, key, seconds=-5),
        "no key": jwt.encode({"sid": sid, "exp": int(time.time()) + 60}, None, algorithm="none"),
        "no signature": f"{head}.{body}.",
        "a number": signed(1, key),
        "another session": signed("A" * 43, key),
        "a chosen session": signed("chosen-by-the-attacker", key),
        "the token itself": sid,
        "rubbish": "%00%ff;=",
        "huge": "A" * 7000,
    }

    assert HOME in opened(running, right)
    assert [
        what for what, cookie in forged.items() if "登录" not in (words := opened(running, cookie)) or HOME in words
    ] == []


@pytest.mark.parametrize("ending", ["signed out", "role changed", "disabled", "password reset"])
def test_a_token_ends_with_what_it_rested_on(running, ending):
    engine.use(running.place)
    with transaction() as session:
        lead = actor_called(session, "staff0")
        made = accounts.create_account(
            session,
            lead,
            username=f"t{abs(hash(ending)) % 10**6}",
            display_name="试员",
            roles=[Role.COUNSELLOR],
            prepared=("x", "y"),
        )
        user = session.get_one(AppUser, made.user_id)
        user.must_change_password = False
        pledge(session, user)
    cookie = cookie_of(running, made.username)
    with Browser(running, cookie=cookie) as tab:
        assert HOME in tab.run().words
        with transaction() as session:
            version = session.get_one(AppUser, made.user_id).version
            if ending == "signed out":
                sign_in.end_sessions_of(session, made.user_id)
            elif ending == "role changed":
                accounts.change_account(
                    session, lead, user_id=made.user_id, version=version, display_name="试员", roles=[Role.MENTOR]
                )
            elif ending == "disabled":
                accounts.set_active(session, lead, user_id=made.user_id, version=version, is_active=False)
            else:
                accounts.reset_password(session, lead, user_id=made.user_id, version=version, prepared=("x", "z"))

        assert "登录" in tab.run().words  # the open tab
        assert HOME not in tab.words
    assert "登录" in opened(running, cookie)  # and the replayed cookie


def test_a_broken_connection_goes_on_with_the_cookie_of_the_same_person_alone(running):
    lead, other = cookie_of(running, "staff0"), cookie_of(running, "staff2")
    with Browser(running, cookie=lead, page="intake") as tab:
        mine = tab.run().session_id
        field = next(each.text_area for each in tab.elements if each.WhichOneof("type") == "text_area")
        tab.put(field.id, string_value="写到一半的字").run()

    for cookie in (None, "forged", other):
        with Browser(running, cookie=cookie, resumes=mine, page="intake") as thief:
            thief.run()
            assert thief.session_id != mine
            assert "试staff0" not in thief.words
            assert "写到一半的字" not in thief.words
        assert upload_status(running, mine, cookie) == 403

    with Browser(running, cookie=cookie_of(running, "staff0"), resumes=mine, page="intake") as tab:
        tab.run()
        assert tab.session_id == mine  # a fresh session of the same person, as after signing in in another tab
        assert "试staff0" in tab.words


def test_a_session_in_use_is_not_taken_over(running):
    with Browser(running, cookie=cookie_of(running, "staff0")) as tab:
        tab.run()
        for cookie in (None, cookie_of(running, "staff2")):
            with Browser(running, cookie=cookie, resumes=tab.session_id) as thief:
                assert thief.run().session_id != tab.session_id
        assert HOME in tab.run().words
        with Browser(running, cookie=tab.cookie, resumes=tab.session_id) as again:
            assert again.run().session_id == tab.session_id

    assert tab.session_id not in running.log.read_text("utf-8")


def test_nobody_goes_on_with_a_form_of_nobody(running):
    with Browser(running) as stranger, Browser(running, resumes=stranger.run().session_id) as other:
        assert other.run().session_id != stranger.session_id


def upload_status(running: Running, session_id: str, cookie: str | None) -> int:
    from tests.long.test_http_surface import upload

    return upload(running, session_id, size=10, cookie=cookie)


def test_signing_in_makes_a_new_token_each_time(running):
    one, other = cookie_of(running, "staff1"), cookie_of(running, "staff1")

    assert one.split(".")[1] != other.split(".")[1]


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("child", "student=999999"),
        ("child", "student=abc"),
        ("child", "student=-1"),
        ("child", f"student={2**70}"),
        ("child", "student=%ED%A0%80"),
        ("child", "student=１"),
        ("referrals", "referral=999999"),
        ("referrals", f"referral={10**40}"),
        ("referrals", "referral=1&referral=2"),
        ("cases", "case=<script>"),
        ("intake", f"student={2**31 - 1}"),
        ("assessment", "referral=999999999"),
        ("students", "view=<script>alert(1)</script>&text=%00"),
        ("students", f"page={2**63}"),
        ("settings", "view=<script>"),
        ("accounts", f"account={2**64}"),
    ],
)
def test_no_address_breaks_a_page(running, page, query):
    words = opened(running, cookie_of(running, "staff0"), page, query)

    assert "编号" not in words
    assert HOME in words  # the menu stands


def test_another_class_s_child_does_not_exist_for_a_teacher(running):
    lead, teacher = cookie_of(running, "staff0"), cookie_of(running, "staff2")
    with transaction() as session:
        from db.tables import ClassMembership

        session.exec(select(ClassMembership).where(ClassMembership.student_id == 30)).one().to_day = clock.today()

    assert "试学生29" in opened(running, lead, "child", "student=30")
    assert "试学生29" not in opened(running, teacher, "child", "student=30")
    assert "看不了" in opened(running, teacher, "child", "student=30")
    assert "看不了" in opened(running, teacher, "accounts")


def test_a_modified_client_gets_nothing_written_that_could_not_be_chosen(running):
    with Browser(running, cookie=cookie_of(running, "staff2"), page="intake") as tab:
        tab.run()
        for element in list(tab.elements):
            kind = element.WhichOneof("type")
            widget = getattr(element, kind)
            if kind in {"selectbox", "button_group"}:
                tab.put(widget.id, string_value="<script>nobody</script>")
            elif kind == "date_input":
                tab.put(widget.id, string_array_value=["0001/01/01"])
            elif kind == "text_area":
                tab.put(widget.id, string_value="试" * 6000)
        tab.click("登记")

    assert "Traceback" not in tab.words
    with reading() as session:
        assert session.exec(select(func.count()).select_from(Referral)).one() == 0


def test_guesses_run_into_the_wait(running):
    with transaction() as session:
        user = session.exec(select(AppUser).where(AppUser.username == "staff1")).one()
        user.password_hash = passwords.hash_password("Wangshu-2026")
    with Browser(running) as tab:
        tab.run()
        for number in range(7):
            tab.write("账号", "staff1").write("密码", f"falsch-{number}").click("登录")

    assert "请过" in tab.words
    with reading() as session:
        assert session.exec(select(func.max(LoginThrottle.misses))).one() == 5
        assert session.exec(select(LoginThrottle).where(col(LoginThrottle.blocked_until).is_not(None))).first()


@pytest.mark.parametrize(("trusted", "counted"), [({}, 1), ({"CARE_TRUSTED_PROXY": "127.0.0.1"}, 3)])
def test_the_address_a_request_gives_itself_counts_only_from_the_proxy(tmp_path, trusted, counted):
    with served(school_in(tmp_path), tmp_path / "server.log", "-c", RUN, **trusted) as running:
        for number in range(3):
            with Browser(running, forwarded_for=f"10.7.0.{number}") as tab:
                tab.run().write("账号", "niemand").write("密码", "falsch").click("登录")
                assert "账号或密码不对" in tab.words
    engine.use(running.place)
    with reading() as session:
        addresses = {sign_in._subject("address", f"10.7.0.{number}") for number in range(3)}
        found = session.exec(select(LoginThrottle.subject_hash)).all()

    assert len(found) == 1 + 2 * counted  # the name, and for each address itself and the pair
    assert (addresses <= set(found)) is bool(trusted)


def test_an_unknown_name_takes_as_long_as_a_known_one(running, monkeypatch):
    monkeypatch.setattr(passwords, "ROUNDS", 8)
    engine.use(running.place)
    with transaction() as session:
        user = session.exec(select(AppUser).where(AppUser.username == "staff1")).one()
        user.password_hash = passwords.hash_password("Wangshu-2026")
    spent: dict[str, list[float]] = {"staff1": [], "nobody": []}
    for number in range(SAMPLES + 2):
        for name, times in spent.items():
            began = time.thread_time()  # of this thread alone: on a machine at work others' come in between
            with reading() as session:
                account = find_account(session, name=name, address=f"10.9.0.{number}")
            is_right(account, "falsch")
            times.append(time.thread_time() - began)
    ratios = [known / unknown for known, unknown in zip(*(times[2:] for times in spent.values()), strict=True)]

    assert 0.8 < statistics.median(ratios) < 1.25  # each pair one after the other, under the same load


def test_idle_and_absolute_ends(running):
    cookie = cookie_of(running, "staff1")
    with transaction() as session:
        row = session.exec(select(SignInSession).order_by(col(SignInSession.id).desc()).limit(1)).one()
        row.last_seen_at = clock.now() - sign_in.IDLE - timedelta(days=400)

    assert "登录" in opened(running, cookie)
