"""Home: what is late, what is today, what waits for me."""

from services.access import Permission
from ui.layout import empty_state, page_header
from ui.session import require_user

actor = require_user(Permission.HOME_READ)
page_header("工作台", "逾期的、今天的、等我的，都在这里。")
empty_state("check_circle", "现在没有要做的事", "有了新的受理或到期的事，会出现在这里。")
