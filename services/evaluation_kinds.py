"""Who speaks of the effect, of what, and what each score means: the regulation's four dimensions (Q-06, Q-07)."""

from collections.abc import Mapping

from db.base import Labelled


class Voice(Labelled):
    """By whom the effect is told, as the regulation names them."""

    CHILD = "child", "孩子自己"
    TEACHER = "teacher", "老师"
    PARENT = "parent", "家长"
    QUESTIONNAIRE = "questionnaire", "问卷、量表"


class Dimension(Labelled):
    """Of what."""

    PROBLEM = "problem", "问题解决"
    MIND = "mind", "心理状态"
    STUDY = "study", "学习成绩"
    LIVING = "living", "生活状况"


LEAST, MOST = 1, 5
MEANINGS: Mapping[Dimension, tuple[str, ...]] = {
    Dimension.PROBLEM: ("和来的时候一样，或更重", "还很明显", "时有时无", "偶尔还有", "解决了"),
    Dimension.MIND: ("很不好", "不太好", "一般", "比较好", "很好"),
    Dimension.STUDY: ("跟不上，不肯学", "吃力", "一般", "跟得上", "有明显进步"),
    Dimension.LIVING: ("没人照应", "常常缺什么", "一般", "有人照应", "安稳"),
}
"""What one to five mean; five is best everywhere, so that a rising line is a child doing better."""
