"""How categories of care look, on badges and in tables."""

from collections.abc import Mapping

from services.category_lists import CategoryEntry
from services.left_behind import StateMarker
from services.student_lists import GROUP_OF, CategoryGroup
from ui.layout import tag

_ICONS: Mapping[CategoryGroup, str] = {
    CategoryGroup.LEFT_BEHIND: "house",
    CategoryGroup.FOUR_SPECIAL: "diversity_3",
    CategoryGroup.IN_DIFFICULTY: "support",
}
LEVELS: Mapping[int, str] = {1: "一级", 2: "二级", 3: "三级"}


def category_words(entry: CategoryEntry) -> str:
    """留守：父母都外出; 四特：特殊家庭."""
    group = GROUP_OF[entry.kind]
    more = [entry.kind_name or entry.kind.label] if group.label != entry.kind.label else []
    more += [part for part in (_kind_words(entry), entry.difficulty, entry.subkind) if part]
    return f"{group.label}：{'，'.join(more)}" if more else group.label


def _kind_words(entry: CategoryEntry) -> str | None:
    return entry.left_behind_kind.label if entry.left_behind_kind else None


def marker_words(marker: StateMarker) -> str:
    """Say whether the State counts the child, and if not why."""
    if not marker.meets:
        return f"不在国家口径里：{'、'.join(each.label for each in marker.outside)}。学校照样登记。"
    presumed = "户口没有写，按农村算。" if marker.presumes_rural else ""
    return f"符合国家留守儿童口径。{presumed}"


def category_badge(entry: CategoryEntry) -> str:
    """Return a category in force as a badge."""
    return tag(category_words(entry), _ICONS[GROUP_OF[entry.kind]])
