"""Records that have reached their term: what would be removed, what is kept and why, and the second yes."""

from db.transactions import reading
from services import retention
from services.access import Permission, allows
from ui import retention_panel
from ui.dialogs import open_dialog
from ui.layout import Action, empty_state, page_header
from ui.session import require_user

actor = require_user(Permission.RETENTION_PREPARE, Permission.RETENTION_AGREE)

with reading() as session:
    view = retention.find_retention(session, actor)

acts = []
if view.may_propose and allows(actor, Permission.RETENTION_PREPARE):
    acts.append(
        Action("请人点头，清掉这些", "retention_propose", "how_to_reg", True, open_dialog, (retention_panel.PROPOSE, 0))
    )
page_header(
    "到期清理",
    "孩子离校满年限，记录就该清掉。先看清楚，另一个人点头，才会清。",
    actions=acts,
)
retention_panel.draw_rules(view)
if view.lacks_yes:
    retention_panel.draw_lacking_yes(view)
if view.run is not None:
    retention_panel.draw_run(actor, view)
elif view.last is not None:
    retention_panel.draw_last(view.last)
if view.due_count or view.kept_count != 0:
    retention_panel.draw_due(view)
elif view.run is None:
    empty_state(
        "event_available",
        "没有到期要清的记录",
        f"孩子离校满 {min(view.years.register, view.years.care)} 年以后会出现在这里。年限在“设置”的“制度里的数”里改。",
    )
retention_panel.draw_dialogs(actor, view)
