"""Differences between a list and the register in words; telephones masked."""

from datetime import date
from typing import Protocol

from db.tables import DifferencePart, DifferenceSide
from services import clock
from services.list_exchanges import DifferenceLine
from ui import formats
from ui.formats import masked_phone

SIDES = {
    DifferenceSide.LIST: "名单上有，我们没登记",
    DifferenceSide.REGISTER: "我们登记了，名单上没有",
    DifferenceSide.BOTH: "两边写得不一样",
}
_NOTHING = "没写"


class Difference(Protocol):
    """What a difference says, stored or not yet."""

    @property
    def side(self) -> DifferenceSide:
        """On which side it stands."""

    @property
    def part(self) -> DifferencePart:
        """What differs."""

    @property
    def student_id(self) -> int | None:
        """The child, None where nobody here is meant."""

    @property
    def theirs(self) -> str:
        """What the list says."""

    @property
    def ours(self) -> str:
        """What we have."""

    @property
    def since(self) -> date | None:
        """From when, as the list says."""

    @property
    def document(self) -> str | None:
        """The document the list names."""

    @property
    def school(self) -> str | None:
        """The school the list names."""


def finding_words(found: Difference) -> str:
    """Say in one line in what a list and the register differ."""
    if found.side is DifferenceSide.BOTH:
        return f"{found.part.label}：名单上是{_shown(found, found.theirs)}，我们是{_shown(found, found.ours)}"
    if found.side is DifferenceSide.REGISTER:
        return f"我们登记着{found.ours}" if found.ours else "我们登记着，没写是哪一种"
    parts = [f"名单上是{found.theirs}" if found.theirs else "名单上有"]
    if found.since is not None:
        parts.append(f"{formats.day(found.since, today=clock.today())}起")
    if found.document:
        parts.append(f"文号 {found.document}")
    if found.student_id is None:
        parts.append(f"名册里没对上，名单上写的学校是{found.school}" if found.school else "名册里没对上")
    return "，".join(parts)


def since_words(line: DifferenceLine) -> str:
    """Say what has become of our side since the list came; nothing where it stands as it did."""
    now = line.standing
    if now is None:
        return ""
    if line.side is DifferenceSide.LIST:
        return f"。名单来了以后，我们登记了{now.words}，不用再照名单登记" if now.is_there else ""
    if not now.is_there:
        return "。名单来了以后，这一类的登记已经结束，请留着不改"
    if line.side is DifferenceSide.REGISTER:
        return "。名单来了以后，这一条登记又改过" if now.version != line.version_then else ""
    if now.words == line.ours_then:
        return ""
    return f"（名单来的时候是{_shown(line, line.ours_then).strip()}，后来改过）"


def leaving_words(line: DifferenceLine) -> str:
    """Say which telephone the card has no room for, were the list followed; nothing where all of them stay."""
    leaves = line.standing.leaves if line.standing else ""
    return f"。照名单改，联系卡上原来的 {masked_phone(leaves)} 就没有地方放了" if leaves else ""


def _shown(found: Difference, text: str) -> str:
    if not text:
        return _NOTHING
    return f" {masked_phone(text)} " if found.part is DifferencePart.PHONE else f"“{text}”"
