"""How categories of care look, on badges and in tables."""

from collections.abc import Mapping, Sequence

from db.tables import CategoryKind
from services.student_files import CategoryEntry
from services.student_lists import GROUP_OF, CategoryGroup
from ui.layout import tag

_ICONS: Mapping[CategoryGroup, str] = {
    CategoryGroup.LEFT_BEHIND: "house",
    CategoryGroup.FOUR_SPECIAL: "diversity_3",
    CategoryGroup.IN_DIFFICULTY: "support",
}
LEVELS: Mapping[int, str] = {1: "一级", 2: "二级", 3: "三级"}
SUBKINDS: Mapping[CategoryKind, Sequence[str]] = {
    CategoryKind.LEFT_BEHIND: ("父母都外出", "父亲外出，母亲难以监护", "母亲外出，父亲难以监护", "一方外出"),
    CategoryKind.IN_DIFFICULTY: ("低保", "低保边缘", "特困", "孤儿", "事实无人抚养", "残疾", "脱贫户"),
}


def category_words(entry: CategoryEntry) -> str:
    """留守：父母都外出; 四特：特殊家庭."""
    group = GROUP_OF[entry.kind]
    more = [entry.kind.label] if group.label != entry.kind.label else []
    more += [entry.subkind] if entry.subkind else []
    return f"{group.label}：{'，'.join(more)}" if more else group.label


def category_badge(entry: CategoryEntry) -> str:
    """Return a category in force as a badge."""
    return tag(category_words(entry), _ICONS[GROUP_OF[entry.kind]])
