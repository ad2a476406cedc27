"""The small figures at the side of home."""

from services import clock
from services.home import MyFigures, Numbers
from ui import formats
from ui.layout import facts, note, side_box
from ui.referral_words import CHANNELS

TOO_FEW = "少于 5"


def draw_figures(figures: MyFigures) -> None:
    """Draw what lies with this person."""
    with side_box("在我手上"):
        facts(
            {
                "受理": f"{figures.open_referrals} 件",
                "还没答复": f"{figures.unanswered} 件",
                "个案": f"{figures.cases} 个",
            },
            alt="在我手上的受理、没答复的受理和个案各有多少",
        )


def draw_numbers(numbers: Numbers) -> None:
    """Draw this term's figures for who may see figures only; groups under five are not told."""
    with side_box("这学期的受理"):
        rows = {"合计": _figure(numbers.total)}
        rows |= {CHANNELS[channel]: _figure(numbers.by_channel.get(channel.value)) for channel in CHANNELS}
        rows |= {"在帮扶的个案": _figure(numbers.open_cases)}
        facts(rows, alt="这学期按来源的受理件数和在帮扶的个案数")
        if numbers.since:
            note(f"从{formats.day(numbers.since, today=clock.today())}算起。少于 5 的不显示，免得认出是谁。")


def _figure(count: int | None) -> str:
    return TOO_FEW if count is None else str(count)
