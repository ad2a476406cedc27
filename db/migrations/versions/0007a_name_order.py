"""Lists of names are sorted by syllables, as a dictionary does: joined pinyin put 范杉 (fanshan) after 方 (fang)."""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0007a"
down_revision = "0006d"
branch_labels = None
depends_on = None

# As `services.student_keys` has it at this version; a migration must not change when that does.
SURNAMES = {
    "单": "shan4", "曾": "zeng1", "仇": "qiu2", "解": "xie4", "区": "ou1", "查": "zha1", "盖": "ge3", "朴": "piao2",
    "翟": "zhai2", "繁": "po2", "种": "chong2", "乐": "yue4", "员": "yun4", "秘": "bi4", "折": "she2", "召": "shao4",
    "覃": "qin2", "缪": "miao4", "祭": "zhai4", "谌": "chen2", "隗": "wei3", "能": "nai4", "尉": "wei4", "冼": "xian3",
    "宓": "fu2", "洗": "xian3", "黑": "he4", "车": "che1", "牟": "mu4", "訾": "zi1", "适": "kuo4", "费": "fei4",
    "万俟": "mo4 qi2", "尉迟": "yu4 chi2", "长孙": "zhang3 sun1", "单于": "chan2 yu2", "澹台": "tan2 tai2",
    "宰父": "zai3 fu3", "令狐": "ling2 hu2", "鲜于": "xian1 yu2", "皇甫": "huang2 fu3", "夏侯": "xia4 hou2",
}  # fmt: skip
AT_ONCE = 1000


def upgrade() -> None:
    by_bytes = sa.String(360).with_variant(sa.String(360, collation="C"), "postgresql")
    for table, name in (("student", "name"), ("app_user", "display_name")):
        op.add_column(table, sa.Column("name_order", by_bytes, nullable=False, server_default=""))
        _fill(table, name)
    op.create_index(op.f("ix_student_name_order"), "student", ["name_order"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_student_name_order"), table_name="student")
    for table in ("app_user", "student"):
        op.drop_column(table, "name_order")


def _fill(table: str, name: str) -> None:
    rows = sa.table(table, sa.column("id"), sa.column(name), sa.column("name_order"))
    connection = op.get_bind()
    stored = connection.execute(sa.select(rows.c.id, rows.c[name])).all()
    put = sa.update(rows).where(rows.c.id == sa.bindparam("row_id")).values(name_order=sa.bindparam("put_order"))
    for start in range(0, len(stored), AT_ONCE):
        part = stored[start : start + AT_ONCE]
        connection.execute(put, [{"row_id": row_id, "put_order": order_of(text)} for row_id, text in part])


def order_of(name: str) -> str:
    """Return jiang1江xiao3小man3满: the tone's figure stands lower than any letter."""
    from pypinyin import Style, lazy_pinyin  # its dictionary takes half a second, and every start reads this file

    surname = next((name[:length] for length in (2, 1) if name[:length] in SURNAMES), "")
    readings = SURNAMES.get(surname, "").split() + lazy_pinyin(name[len(surname) :], style=Style.TONE3)
    signs = name if len(readings) == len(name) else [""] * len(readings)
    return "".join(f"{_syllable(reading)}{sign}" for reading, sign in zip(readings, signs, strict=True))[:360]


def _syllable(reading: str) -> str:
    bare = unicodedata.normalize("NFKD", reading.replace("ü", "v")).casefold()
    letters = "".join(letter for letter in bare if letter.isalnum())
    return letters if letters[-1:] in ("1", "2", "3", "4", "5") or not letters else f"{letters}5"
