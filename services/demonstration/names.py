"""Names, numbers and sentences nobody could take for real ones, drawn from one seeded generator."""

from datetime import date
from random import Random

from services.exchange.values import check_digit

SURNAMES: tuple[str, ...] = (
    *"江霍沈孟柳陆白方郑顾苏秦叶宋贺温简钱黎丁韩唐许邓曹彭曾萧田董袁潘于余杜魏程蔡丘罗",
    *("司徒", "欧阳", "上官", "诸葛"),
)
SOLAR_TERMS = (
    "立春", "雨水", "惊蛰", "春分", "清明", "谷雨", "立夏", "小满", "芒种", "夏至", "小暑", "大暑",
    "立秋", "处暑", "白露", "秋分", "寒露", "霜降", "立冬", "小雪", "大雪", "冬至", "小寒", "大寒",
)  # fmt: skip
PLANTS = (
    "半夏", "忍冬", "紫苏", "青黛", "玉竹", "连翘", "白芷", "杜若", "茯苓", "山奈", "苍术", "佩兰",
    "石楠", "木香", "菖蒲", "芦苇", "香蒲", "合欢", "银杏", "水杉", "青禾", "高粱", "麦冬", "荞麦",
)  # fmt: skip
STONES = (
    "石英", "云母", "朱砂", "青金", "琥珀", "白垩", "玄武", "片麻", "砂岩", "页岩", "燧石", "磁石",
    "方解", "长石", "辉石", "角闪", "黄玉", "萤石", "滑石", "重晶", "孔雀", "松绿", "玛瑙", "玉髓",
)  # fmt: skip
GIVEN = SOLAR_TERMS + PLANTS + STONES
SECOND = "安宁远知微若川禾舟岚溪朗"
AREAS = ("329901", "329902", "329903")  # no county has these
PLACES = ("望舒村", "青澜镇", "云栖里", "鹿鸣坡", "石桥头", "竹溪湾", "枫林口", "雁回塘")
FAR_AWAY = ("琅州", "溟海", "东屿", "赤水关", "临沧浪", "白鹭洲")
WORKPLACES = ("一家制衣厂", "一处工地", "一家饭馆", "一家快递站", "一家电子厂", "一个菜市场")
_SENTENCES = (
    "这周上课常常走神，叫到名字要过一会儿才答应。",
    "中午一个人坐在楼梯口，没有去食堂。",
    "问起家里，只说奶奶身体不好。",
    "作业三天没有交，说是忘在家里了。",
    "体育课不肯换衣服，站在一边看。",
    "同桌说最近晚上睡得很少。",
    "谈话的时候一直看着窗外，手里捏着一根线。",
    "说想爸爸妈妈，上次见面是过年的时候。",
    "和小组里的人吵过一次，后来不说话了。",
    "画画的时候比平时放松，肯多说几句。",
    "数学测验交了白卷，题目其实会做。",
    "答应以后有事先来找老师。",
    "家访时屋里只有老人，灶台是冷的。",
    "电话打了两次，第二次是外婆接的。",
    "早上到校的时间比上个月稳定。",
    "说班里有人给起外号，不想让老师去讲。",
    "愿意参加星期三的小组活动。",
    "约好下周同一时间再来坐一会儿。",
)


class Inventor:
    """Draws invented people and words; the same seed draws the same."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311  nothing secret is drawn
        self._numbers: dict[tuple[str, date], int] = {}
        self._phones = 0

    def chance(self, share: float) -> bool:
        """Say yes in this share of all cases."""
        return self.random.random() < share

    def surname(self) -> str:
        """Return a surname."""
        return self.random.choice(SURNAMES)

    def given(self) -> str:
        """Return a given name: a solar term, a plant or a stone, now and then with a third character."""
        return self.random.choice(GIVEN) if self.chance(0.6) else self.random.choice(GIVEN)[0] + self._second()

    def name(self, surname: str | None = None) -> str:
        """Return a whole name."""
        return f"{surname or self.surname()}{self.given()}"

    def phone(self) -> str:
        """Return a mobile number with a prefix no operator has, each once."""
        self._phones += 1
        return f"154{(self._phones * 7_919 + 10_000_019) % 100_000_000:08d}"

    def id_number(self, birth_day: date, *, is_male: bool) -> str:
        """Return an ID number of a county that doesn't exist, each once."""
        area = self.random.choice(AREAS)
        count = self._numbers.get((area, birth_day), 0)
        self._numbers[area, birth_day] = count + 1
        order = (count * 2 + (1 if is_male else 2)) % 1000
        body = f"{area}{birth_day:%Y%m%d}{order:03d}"
        return f"{body}{check_digit(body)}"

    def address(self) -> str:
        """Return where somebody lives."""
        return f"青澜县{self.random.choice(PLACES)}{self.random.randint(1, 30)} 组 {self.random.randint(1, 90)} 号"

    def far_away(self) -> str:
        """Return where somebody works who is away."""
        return self.random.choice(FAR_AWAY) + self.random.choice(WORKPLACES)

    def narrative(self, least: int = 80, most: int = 400) -> str:
        """Return an invented account of so many characters."""
        wanted, words = self.random.randint(least, most - 30), ""
        while len(words) < wanted:
            words += self.random.choice(_SENTENCES)
        return words[:most]

    def day_between(self, first: date, last: date) -> date:
        """Return a day, both ends included."""
        return date.fromordinal(self.random.randint(first.toordinal(), last.toordinal()))

    def _second(self) -> str:
        return self.random.choice(SECOND)
