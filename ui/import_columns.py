"""Which column of the file means what, for a person to correct."""

from itertools import groupby

import streamlit as st

from services.exchange.headers import IGNORED
from ui.formats import plain
from ui.import_state import Correctable, SheetColumn
from ui.layout import note

_ACROSS = 4
_KEPT, _LEFT_OUT = "认不出", "不导入"  # what becomes of it stands above


def draw_columns(taken: Correctable, *, kept: str = "里面的内容原样留在孩子的资料里") -> None:
    """Draw the columns sheet by sheet, open when one of them is unknown; a change reads the file anew."""
    if not taken.columns:
        return
    keys = taken.keys()
    unknown = [each for each in taken.columns if keys[each.sheet, each.index] is None]
    with st.expander(plain(_title(taken, unknown)), expanded=bool(unknown), icon=":material/view_column:"):
        if taken.tables is None:
            note("请说说哪一列是姓名、班级、性别，选好姓名就会重新读。")
        elif unknown:
            note(f"没认出的列：{_named(unknown)}。{kept}，也可以在这里说它是什么。")
        for sheet, columns in groupby(taken.columns, key=lambda each: each.sheet):
            st.markdown(f"**{plain(sheet)}**")
            _draw_sheet(taken, list(columns), keys)


def _draw_sheet(taken: Correctable, columns: list[SheetColumn], keys: dict[tuple[str, int], str | None]) -> None:
    for start in range(0, len(columns), _ACROSS):
        for place, column in zip(st.columns(_ACROSS), columns[start : start + _ACROSS], strict=False):
            with place:
                _draw_column(taken, column, keys[column.sheet, column.index])


def _draw_column(taken: Correctable, column: SheetColumn, now: str | None) -> None:
    fields: list[str | None] = [IGNORED, *taken.labels]
    if now is None or column.key is None:
        fields.insert(0, None)
    key = f"import_column_{taken.digest[:12]}_{taken.revision}_{column.sheet}_{column.index}"
    st.selectbox(
        plain(column.header), fields, index=fields.index(now), key=key,
        format_func=lambda wanted: _field_label(taken, wanted), on_change=_correct, args=(taken, column, key),
        placeholder="请选",
    )  # fmt: skip


def _field_label(taken: Correctable, key: str | None) -> str:
    return _KEPT if key is None else taken.labels.get(key, _LEFT_OUT)


def _correct(taken: Correctable, column: SheetColumn, key: str) -> None:
    taken.correct(column, st.session_state[key])


def _title(taken: Correctable, unknown: list[SheetColumn]) -> str:
    if taken.tables is None:
        return "请告诉我们哪一列是什么"
    known = sum(bool(key) for key in taken.keys().values())
    left_out = list(dict.fromkeys(" ".join(text.split()) for table in taken.tables for text in table.left_out))
    dropped = f"有 {len(left_out)} 列不收：{'、'.join(left_out)}" if left_out else ""
    if unknown or dropped:
        missing = f"还有 {len(unknown)} 列没认出" if unknown else ""
        return "，".join(filter(None, (f"认出了 {known} 列", missing, dropped)))
    return f"{known} 列都认出来了，可以看看对不对"


def _named(columns: list[SheetColumn]) -> str:
    return "、".join(dict.fromkeys(" ".join(each.header.split()) for each in columns))
