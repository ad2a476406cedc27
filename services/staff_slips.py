"""First passwords as a spreadsheet to print and cut; made in memory, handed over once, kept nowhere."""

from collections.abc import Sequence

from services.exchange.writing import write_xlsx
from services.passwords import Slip

COLUMNS = ("姓名", "工号", "账号", "第一次密码")
NOTES = ("一人一行，剪开当面交给本人。用它登录一次，会马上请本人换成自己的密码。", "印好发完，请删掉这个文件。")


def write_slips(slips: Sequence[Slip]) -> bytes:
    """Write one line for each person."""
    rows = [[slip.name, slip.staff_no, slip.password.username, slip.password.password] for slip in slips]
    return write_xlsx(rows, COLUMNS, sheet_name="第一次密码", notes=NOTES)
