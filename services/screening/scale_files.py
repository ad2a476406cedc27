"""Scale files: those that come along, those in a school's own folder, and one sentence for the first thing wrong."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from services.exchange.headers import canonical
from services.screening.scales import (
    LONGEST_CODE,
    Colour,
    Items,
    Level,
    Makes,
    Scale,
    ScaleFileWrong,
    Span,
    Subscale,
    Validity,
)

SHIPPED = Path(__file__).with_name("scales")
_MOST_FILES, _FARTHEST = 40, 100_000
Choice = TypeVar("Choice", Colour, Makes)


@cache
def shipped_scales() -> Mapping[str, Scale]:
    """Return the scales that come with the program, by their codes."""
    return {each.code: each for each in (_from_file(path) for path in sorted(SHIPPED.glob("*.toml")))}


def all_scales(folder: Path | None = None) -> Mapping[str, Scale]:
    """Return the scales that come along and those of the school's own folder; one with a code of ours takes its place.

    Raises:
        ScaleFileWrong: a file of the folder can't be used.
    """
    files = sorted(folder.glob("*.toml"))[:_MOST_FILES] if folder is not None and folder.is_dir() else []
    own: dict[str, Scale] = {}
    names: dict[str, str] = {}
    for path in files:
        scale = _from_file(path)
        if scale.code in own:
            raise ScaleFileWrong(path.name, f"code “{scale.code}” 和 {names[scale.code]} 一样，请换一个")
        own[scale.code], names[scale.code] = scale, path.name
    found = {**shipped_scales(), **own}
    _refuse_same_words(found.values(), names)
    return found


def _from_file(path: Path) -> Scale:
    try:
        return read_scale(path.name, path.read_bytes())
    except OSError:
        raise ScaleFileWrong(path.name, "打不开，请看看有没有别的程序占着") from None


def specific_words(scale: Scale) -> Iterator[str]:
    """Yield every header word by which a column is known to be this scale's."""
    for subscale in scale.subscales:
        yield from (subscale.name, *subscale.headers)
    yield from scale.total_headers
    yield from scale.aliases
    if scale.validity:
        yield from (scale.validity.name, *scale.validity.headers)
    if scale.items:
        yield from scale.items.headers


def _refuse_same_words(scales: Iterable[Scale], files: Mapping[str, str]) -> None:
    """Refuse two scales a column can't be told apart by."""
    taken: dict[str, Scale] = {}
    for scale in scales:
        for word in specific_words(scale):
            other = taken.setdefault(canonical(word), scale)
            if other.code != scale.code:
                name = files.get(scale.code) or files.get(other.code) or f"{scale.code}.toml"
                raise ScaleFileWrong(name, f"“{word}”已经是{other.short}的列名，请换一个")


def read_scale(file_name: str, content: bytes) -> Scale:
    """Read one scale file.

    Raises:
        ScaleFileWrong: it is no such file, names what isn't known, or contradicts itself.
    """
    try:
        data = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ScaleFileWrong(file_name, "文字认不出来，请另存成 UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ScaleFileWrong(file_name, f"写法不对（{error}），请照自带的文件改") from None
    return _Reader(file_name, data).scale()


_TOP = {
    "code", "name", "short", "aliases", "for_whom", "source", "step", "total", "validity", "items", "subscale", "level",
}  # fmt: skip
_TOTAL = {"least", "most", "is", "headers"}
_VALIDITY = {"name", "least", "most", "void_from", "headers"}
_ITEMS = {"numbers", "least", "most", "danger", "danger_from", "headers"}
_SUBSCALE = {"code", "name", "least", "most", "high", "in_total", "headers"}
_LEVEL = {"code", "name", "colour", "from", "words"}


class _Reader:
    """Reads the parts of one file; the first thing wrong ends it with one sentence."""

    def __init__(self, file_name: str, data: dict[str, Any]) -> None:
        self.file_name, self.data = file_name, data

    def wrong(self, what: str) -> ScaleFileWrong:
        return ScaleFileWrong(self.file_name, what)

    def scale(self) -> Scale:
        self._only(self.data, _TOP, "文件")
        code = self._code(self.data, "code", "文件开头")
        total = self._part("total", _TOTAL)
        span = self._span(total, "total")
        subscales = tuple(self._subscale(each) for each in self._list("subscale"))
        levels = tuple(self._level(each) for each in self._list("level"))
        items = self._items()
        self._check_levels(levels, span)
        if len({each.code for each in subscales}) < len(subscales):
            raise self.wrong("两个分量表用了同一个 code")
        makes = self._choice(Makes, total.get("is"), "total 的 is")
        if makes in (Makes.SUM, Makes.MEAN) and not any(each.in_total for each in subscales):
            raise self.wrong("总分由分量表算，可是一个分量表都没有写")
        if makes is Makes.ITEMS and items is None:
            raise self.wrong("总分由题目算，可是没有写 items")
        return Scale(
            code=code,
            name=self._text(self.data, "name", "文件开头"),
            short=self._text(self.data, "short", "文件开头"),
            aliases=self._texts(self.data, "aliases", "文件开头"),
            for_whom=self._text(self.data, "for_whom", "文件开头"),
            source=self._text(self.data, "source", "文件开头"),
            step=self._number(self.data, "step", "文件开头", usual=1),
            total=span,
            makes=makes,
            total_headers=self._texts(total, "headers", "total"),
            validity=self._validity(),
            items=items,
            subscales=subscales,
            levels=levels,
        )

    def _subscale(self, part: dict[str, Any]) -> Subscale:
        self._only(part, _SUBSCALE, "subscale")
        name = self._text(part, "name", "subscale")
        span, high = self._span(part, name), part.get("high")
        if high is not None and not span.holds(self._number(part, "high", name)):
            raise self.wrong(f"{name}的 high 不在它的分数范围里")
        in_total = part.get("in_total", True)
        if not isinstance(in_total, bool):
            raise self.wrong(f"{name}的 in_total 只能是 true 或 false")
        return Subscale(self._code(part, "code", name), name, span, high, in_total, self._texts(part, "headers", name))

    def _level(self, part: dict[str, Any]) -> Level:
        self._only(part, _LEVEL, "level")
        name = self._text(part, "name", "level")
        colour = self._choice(Colour, part.get("colour"), f"{name}的 colour")
        score = self._number(part, "from", name)
        return Level(self._code(part, "code", name), name, colour, score, self._texts(part, "words", name))

    def _check_levels(self, levels: tuple[Level, ...], total: Span) -> None:
        starts = [each.from_score for each in levels]
        if not levels or starts[0] != total.least:
            raise self.wrong("第一个 level 要从总分的最低分开始")
        if starts != sorted(set(starts)) or not total.holds(starts[-1]):
            raise self.wrong("level 要从低到高，不能重复，也不能超出总分")
        ranks = [each.colour.rank for each in levels]
        if ranks != sorted(ranks):
            raise self.wrong("分数越高，level 的颜色要越重")
        if len({each.code for each in levels}) < len(levels):
            raise self.wrong("两个 level 用了同一个 code")

    def _validity(self) -> Validity | None:
        if "validity" not in self.data:
            return None
        part = self._part("validity", _VALIDITY)
        span, void_from = self._span(part, "validity"), self._number(part, "void_from", "validity")
        if not span.holds(void_from):
            raise self.wrong("validity 的 void_from 不在它的分数范围里")
        return Validity(self._text(part, "name", "validity"), span, void_from, self._texts(part, "headers", "validity"))

    def _items(self) -> Items | None:
        if "items" not in self.data:
            return None
        part = self._part("items", _ITEMS)
        numbers, danger = part.get("numbers", []), part.get("danger", [])
        for each in (numbers, danger):
            if not isinstance(each, list) or not all(type(number) is int and number > 0 for number in each):
                raise self.wrong("items 的题号要写成 [1, 2, 3] 这样")
        if not set(danger) <= set(numbers):
            raise self.wrong("items 的 danger 里有 numbers 里没有的题号")
        span = self._span(part, "items")
        danger_from = self._number(part, "danger_from", "items", usual=1)
        if danger and not span.least < danger_from <= span.most:
            raise self.wrong("items 的 danger_from 不在题目的分数范围里")
        return Items(tuple(numbers), span, tuple(danger), danger_from, self._texts(part, "headers", "items"))

    # --- single values ---

    def _part(self, name: str, known: set[str]) -> dict[str, Any]:
        part = self.data.get(name)
        if not isinstance(part, dict):
            raise self.wrong(f"缺 [{name}] 这一段")
        self._only(part, known, name)
        return part

    def _list(self, name: str) -> list[dict[str, Any]]:
        parts = self.data.get(name, [])
        if not isinstance(parts, list) or not all(isinstance(each, dict) for each in parts):
            raise self.wrong(f"{name} 要写成 [[{name}]] 这样的几段")
        return parts

    def _only(self, part: dict[str, Any], known: set[str], where: str) -> None:
        if unknown := sorted(part.keys() - known):
            raise self.wrong(f"{where}里的“{unknown[0]}”不认识")

    def _span(self, part: dict[str, Any], where: str) -> Span:
        span = Span(self._number(part, "least", where), self._number(part, "most", where))
        if span.least >= span.most:
            raise self.wrong(f"{where}的最低分（least）要比最高分（most）小")
        return span

    def _number(self, part: dict[str, Any], key: str, where: str, *, usual: float | None = None) -> float:
        value = part.get(key, usual)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _FARTHEST:
            raise self.wrong(f"{where}缺 {key}，或者不是数字")
        return value

    def _code(self, part: dict[str, Any], key: str, where: str) -> str:
        code = self._text(part, key, where)
        if not (code.isascii() and code.replace("_", "").isalnum() and len(code) <= LONGEST_CODE):
            raise self.wrong(f"{where}的 {key} 只能用字母、数字，最多 {LONGEST_CODE} 个")
        return code

    def _text(self, part: dict[str, Any], key: str, where: str) -> str:
        text = part.get(key)
        if not isinstance(text, str) or not text.strip():
            raise self.wrong(f"{where}缺 {key}")
        return text.strip()

    def _texts(self, part: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
        texts = part.get(key, [])
        if not isinstance(texts, list) or not all(isinstance(each, str) and each.strip() for each in texts):
            raise self.wrong(f'{where}的 {key} 要写成 ["…", "…"] 这样')
        return tuple(texts)

    def _choice(self, choices: type[Choice], value: object, where: str) -> Choice:
        known: dict[object, Choice] = {each.value: each for each in choices}
        if not isinstance(value, str) or value not in known:
            raise self.wrong(f"{where}只能是 {'、'.join(each.value for each in choices)}")
        return known[value]
