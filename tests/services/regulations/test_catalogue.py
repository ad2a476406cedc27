"""The clause catalogue: every clause is there, says who owes it, and is counted or told where it is kept."""

import re
import tomllib
from collections import Counter

import pytest
from sqlmodel import select

from db.tables import Post
from services.answers import HOMEROOM
from services.document_kinds import document_kinds
from services.regulations import catalogue
from services.regulations.catalogue import (
    DERIVED,
    HELD_BY_ROLE,
    MEASURED,
    POST_NAMES,
    ClauseKind,
    ClausePage,
    ClausePost,
    clauses,
)
from services.regulations.parameters import areas, parameters
from ui.navigation import ENTRIES, existing_entries

PER_AREA = {
    "A": 16, "B": 25, "C": 17, "D": 9, "E": 20, "F": 14, "G": 9, "H": 16, "I": 29, "J": 20, "K": 14, "L": 13, "M": 14,
    "N": 8, "O": 9, "P": 13, "Q": 14, "R": 15, "S": 5, "T": 7,
}  # fmt: skip
MEASURABLE = {
    ("intake", "deadline"): "D-04 D-05 D-09",
    ("registry", "periodic"): "E-02 E-07 G-05 H-12 I-12 I-22 K-01 K-03 K-04 K-05 K-06 K-08 K-09 K-10 K-11 S-04",
    ("registry", "deadline"): "E-05 E-09 I-23",
    ("registry", "threshold"): "E-12 E-13 E-14",
    ("screening", "periodic"): "H-01 H-02 H-03",
    ("screening", "deadline"): "H-04",
    ("archives", "threshold"): "E-11 F-03 F-05",
    ("archives", "periodic"): "F-08 G-01 I-04",
    ("archives", "deadline"): "F-12",
    ("pairing", "threshold"): "G-04 J-01 J-05 J-09 J-10 J-12",
    ("pairing", "deadline"): "I-05 I-06",
    ("pairing", "periodic"): "J-03 J-04 J-13 J-15 J-18 K-13",
    ("bookings", "threshold"): "C-11 C-16 C-17",
    ("incidents", "deadline"): "L-01 L-02 L-03 L-04 L-05",
    ("budget", "threshold"): "O-02 O-09 P-10",
    ("budget", "periodic"): "O-04",
    ("activities", "threshold"): "C-13 E-15 M-05 T-04",
    ("activities", "periodic"): "H-05 H-09 H-11 H-13 H-16 I-11 I-19 I-24 I-26 J-19 K-14 L-11 M-02 M-03 M-04 M-07 N-02 "
    "N-03 N-04 N-05",
    ("training", "periodic"): "P-03 P-05 P-06 P-07 P-09",
    ("training", "deadline"): "P-08",
    ("supervision", "periodic"): "Q-02",
    ("supervision", "deadline"): "Q-04 Q-11",
    ("evaluation", "periodic"): "Q-06 Q-09 Q-10 Q-12 Q-13",
    ("review", "periodic"): "M-13 R-04 R-05 R-09 R-11",
    ("review", "deadline"): "R-01 R-06 R-07 R-08",
    ("review", "threshold"): "T-02",
}
COMPLETE = {
    "intake": "D-03 D-06",
    "registry": "E-03 E-04 E-06 E-08 E-18 F-09 K-02",
    "archives": "F-01 F-02 F-11 F-14 G-02 G-07 I-02",
    "pairing": "I-10",
    "budget": "C-02 O-01 O-05",
    "activities": "M-01 M-14",
    "training": "P-01 P-02",
    "supervision": "Q-03",
    "evaluation": "Q-07",
    "review": "C-14 R-03",
}
COUNTED = {
    "intake": "D-04 D-05 D-09",
    "registry": "E-02 E-05 E-07 E-09 E-12 E-13 E-14 G-05 H-12 I-12 I-22 I-23 K-01 K-03 K-04 K-05 K-06 K-08 K-09 K-10 "
    "K-11 S-04",
    "screening": "H-01 H-02 H-03 H-04",
    "archives": "E-11 F-03 F-05 F-08 F-12 G-01 I-04",
    "pairing": "G-04 I-05 I-06 J-01 J-03 J-04 J-05 J-09 J-10 J-12 J-13 J-15 J-18 K-13",
}
BEING_BUILT = {"结对帮扶"}  # takes what is told of it in the same work
CLAUSE = """
ready = ["intake"]
[sources]
room_rules = "《关爱室管理制度》"
[[clause]]
id = "D-04"
text = "能当场答复的，当场答复。"
sources = ["room_rules 第3条"]
post = "room_staff"
kind = "deadline"
page = "intake"
"""


def ids(table: dict[str, str]) -> dict[str, set[str]]:
    return {page: set(told.split()) for page, told in table.items()}


def test_every_clause_of_every_area_is_there_in_order():
    expected = [f"{area}-{number:02}" for area, count in PER_AREA.items() for number in range(1, count + 1)]

    assert len(expected) == 287
    assert list(clauses()) == expected
    assert set(areas()) == set(PER_AREA)


def test_the_measurable_clauses_are_those_of_the_catalogue():
    found: dict[tuple[str, str], set[str]] = {}
    for each in clauses().values():
        if each.kind in MEASURED:
            found.setdefault((each.page.value, each.kind.value), set()).add(each.id)

    assert found == {place: set(told.split()) for place, told in MEASURABLE.items()}
    assert sum(map(len, found.values())) == 110


def test_the_clauses_that_ask_for_whole_records_are_those_of_the_catalogue():
    found: dict[str, set[str]] = {}
    for each in clauses().values():
        if each.kind is ClauseKind.COMPLETE:
            found.setdefault(each.page.value, set()).add(each.id)

    assert found == ids(COMPLETE)
    assert sum(map(len, found.values())) == 28


def test_the_others_are_ways_of_working():
    kinds = Counter(each.kind for each in clauses().values())

    assert kinds[ClauseKind.WORKFLOW] == 64
    assert kinds[ClauseKind.ROLE] == 35
    assert kinds[ClauseKind.PRINCIPLE] == 34
    assert kinds[ClauseKind.DOCUMENT] == 16


def test_fifty_clauses_are_counted_and_the_others_wait_for_their_page():
    found: dict[str, set[str]] = {}
    for each in clauses().values():
        if each.is_counted:
            found.setdefault(each.page.value, set()).add(each.id)

    assert found == ids(COUNTED)
    assert sum(map(len, found.values())) == 50
    assert all(each.area_ready == each.page for each in clauses().values() if not each.is_counted)


def test_everything_that_is_not_counted_says_where_it_is_kept():
    assert [each.id for each in clauses().values() if each.is_counted == bool(each.lives)] == []


def test_pages_that_are_named_are_there_and_later_ones_are_not():
    there = {entry.title for entry in existing_entries()} | BEING_BUILT
    planned = {entry.title for entry in ENTRIES} - there
    wrong = [
        (each.id, page)
        for each in clauses().values()
        for later, page in re.findall("(以后的)?“([^”]+)”", each.lives or "")
        if page not in (planned if later else there)
    ]

    assert wrong == []


def test_every_sentence_is_a_chinese_sentence_of_its_own():
    texts = Counter(each.text for each in clauses().values())

    assert [text for text, count in texts.items() if count > 1] == []
    assert all(text.endswith("。") and len(text) <= 120 for text in texts)
    assert not any(re.search("[A-Za-z]", text.replace("5+X", "")) for text in texts)


def test_every_source_is_cited_once_with_its_title():
    cited = {source for each in clauses().values() for source in each.sources}
    titles = {source.partition("》")[0] for source in cited}

    assert all(each.sources and len(set(each.sources)) == len(each.sources) for each in clauses().values())
    assert all(re.fullmatch("《[^》]+》(第[0-9一二三四五]+(条|部分|项措施))?", source) for source in cited)
    assert len(titles) == 1 + 20 + 5 + 1 + 1 + 1
    assert clauses()["S-01"].sources == (
        "《留守儿童关爱管理制度（之三）》第10条",
        "《留守儿童关爱管理制度（之十九）》第13条",
    )


def test_who_owes_a_clause_is_a_post_a_role_or_follows_from_the_records(session):
    codes = set(session.exec(select(Post.code)).all())
    not_posts = set(HELD_BY_ROLE) | DERIVED

    assert {each.value for each in ClausePost} - codes == {each.value for each in not_posts}
    assert not set(HELD_BY_ROLE) & DERIVED
    assert set(POST_NAMES) == not_posts
    assert ClausePost.HOMEROOM == HOMEROOM


def test_nobody_and_no_page_is_there_for_nothing():
    assert {each.post for each in clauses().values()} == set(ClausePost)
    assert {each.page for each in clauses().values()} == set(ClausePage)


def test_numbers_and_documents_belong_to_clauses_that_are_there():
    named = {each.clause_id for each in parameters().values()}
    named |= {clause for kind in document_kinds().values() for clause in kind.clauses}

    assert named - set(clauses()) == set()


@pytest.fixture
def read(monkeypatch, tmp_path):
    """A catalogue of the test's own, read as the school's is."""
    file = tmp_path / "clauses.toml"
    monkeypatch.setattr(catalogue, "_FILE", file)

    def read(text: str):
        file.write_text(text, encoding="utf-8")
        return clauses.__wrapped__()

    return read


def test_how_a_clause_is_counted_is_handed_on_as_it_stands(read):
    [clause] = read(CLAUSE + '[clause.measure]\nevent = "referral"\nwithin = ["D-04.answer_school_days"]\n').values()

    assert clause.sources == ("《关爱室管理制度》第3条",)
    assert clause.measure == {"event": "referral", "within": ["D-04.answer_school_days"]}
    assert clause.is_counted


@pytest.mark.parametrize(
    ("was", "becomes", "error"),
    [
        ('ready = ["intake"]', "ready = []", ValueError),
        ('page = "intake"', 'page = "intake"\nlives = "“受理登记”"', ValueError),
        ('id = "D-04"', 'id = "Z-04"', ValueError),
        ('post = "room_staff"', 'post = "nobody"', ValueError),
        ('kind = "deadline"', 'kind = "soon"', ValueError),
        ("room_rules 第3条", "no_rules 第3条", KeyError),
        ('page = "intake"', 'page = "intake"\nparameters = 3', TypeError),
    ],
    ids=["kept nowhere", "kept twice", "no such area", "no such post", "no such kind", "no such source", "a new key"],
)
def test_a_clause_that_says_something_undeclared_is_not_read(read, was: str, becomes: str, error: type[Exception]):
    with pytest.raises(error):
        read(CLAUSE.replace(was, becomes))


def test_a_clause_stands_once(read):
    once = CLAUSE.partition("[[clause]]")[2]
    assert tomllib.loads(CLAUSE)["clause"]

    with pytest.raises(ValueError, match="D-04"):
        read(f"{CLAUSE}[[clause]]{once}")
