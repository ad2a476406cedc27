"""The figures as people read them: a table on the console, a page in the project, JSON for another program."""

import os
import platform
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path

from bench.figures import Figure, Kind
from db.location import PROJECT_DIR

RESULTS = PROJECT_DIR / "bench" / "RESULTS.md"
TITLES = {
    Kind.PAGE: ("每一页，一个人用", "我们", "参照页"),
    Kind.GROWTH: ("人多以后，每一页", "大学校", "小学校"),
    Kind.CROWD: ("很多人同时用", "我们", "参照页"),
    Kind.MEMORY: ("内存", "后来", "先前"),
    Kind.START: ("启动", "我们", "参照页"),
    Kind.STATEMENTS: ("一页问数据库几次", "次数", "最多"),
    Kind.RIGHTS: ("其中为登录和权限", "次数", "最多"),
    Kind.CLAUSES: ("制度的每一条都算一遍", "我们", "最多"),
}
HEADER = ("项目", "", "", "比值", "上限", "结果")


def machine() -> str:
    """Say what it ran on, without saying which machine it is."""
    return f"{os.cpu_count()} 核，{_memory_gb()}，{platform.system()}，Python {platform.python_version()}"


def as_tables(figures: Sequence[Figure]) -> str:
    """Draw a table for each kind, in columns that stand under each other also with Chinese words."""
    return "\n\n".join(f"{title}\n{_aligned(rows)}" for title, rows in _tables(figures))


def as_markdown(figures: Sequence[Figure], *, facts: Sequence[str]) -> str:
    """Write the page of results."""
    missed = sum(not each.is_met for each in figures)
    lines = ["# 量出来的数", "", "由 `manage.py bench` 写成，不要手改。", ""]
    lines += [f"- {fact}" for fact in facts]
    lines += [f"- 共 {len(figures)} 项，没有达到的 {missed} 项", ""]
    for title, (header, *rows) in _tables(figures):
        lines += [f"## {title}", "", f"| {' | '.join(header)} |", f"|{' --- |' * len(header)}"]
        lines += [f"| {' | '.join(row)} |" for row in rows]
        lines.append("")
    return "\n".join(lines)


def facts_of(*, students: int, large: int | None, pairs: int) -> list[str]:
    """Return what a reader needs to know to judge the figures."""
    size = f"{students} 名学生" + (f"，大学校 {large} 名" if large else "")
    return [
        f"日期：{date.today().isoformat()}",  # noqa: DTZ011  the day on this machine's wall
        f"机器：{machine()}",
        f"数据：演示学校，{size}",
        f"每个数是 {pairs} 对的中位数，我们和参照页轮流量；每量一次，之前都有另一个人存了一次",
        "参照页是不带登录和数据库的 Streamlit：同样的菜单，标题、四个指标、50 行表、一张图、六栏的表单；"
        "照它出厂的样子，每画完一页收一次垃圾，我们的不收（理由见 docs/decisions/0015）",
    ]


def _tables(figures: Iterable[Figure]) -> list[tuple[str, list[tuple[str, ...]]]]:
    order = list(Kind)
    found = []
    for kind, group in groupby(sorted(figures, key=lambda each: order.index(each.kind)), key=lambda each: each.kind):
        title, ours, against = TITLES[kind]
        found.append((title, [(HEADER[0], ours, against, *HEADER[3:]), *map(_row, group)]))
    return found


def _row(figure: Figure) -> tuple[str, ...]:
    is_count = not figure.unit
    name = f"{figure.name}（{figure.note}）" if figure.note else figure.name
    return (
        name,
        _value(figure.ours, figure.unit),
        _value(figure.against, figure.unit),
        "" if is_count else f"{figure.ratio:.2f}",
        "" if is_count else f"{figure.limit:g}",
        "达到" if figure.is_met else "没有达到",
    )


def _value(value: float, unit: str) -> str:
    return f"{value:.0f} {unit}".strip()


def _aligned(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(_width(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _memory_gb() -> str:
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return "内存不知道"
    return f"{int(lines[0].split()[1]) / 1024 / 1024:.0f} GB 内存"
