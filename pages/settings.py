"""Settings: the school, its terms, its calendar, its classes."""

from services.access import Permission
from ui.layout import Action, page_header
from ui.school_forms import add_classes, add_term, must_add_classes, show_classes, show_days, show_school, show_terms
from ui.session import require_user
from ui.views import choose_view, chosen_view

actor = require_user(Permission.SCHOOL_WRITE)

VIEWS = {"school": "学校", "terms": "学期", "days": "校历", "classes": "班级"}
ACTIONS = {
    "terms": Action("加一个学期", "settings_add_term", icon="add", is_primary=True),
    "classes": Action("加班级", "settings_add_classes", icon="add"),
}

view = chosen_view(VIEWS, key="settings_view")
clicked = page_header(
    "设置", "学校、学期、校历和班级。到期的日子都从这里算出来。", actions=[ACTIONS[view]] if view in ACTIONS else []
)
choose_view(VIEWS, key="settings_view")
match view:
    case "terms":
        show_terms(actor)
    case "days":
        show_days(actor)
    case "classes":
        show_classes(actor)
    case _:
        show_school(actor)

if clicked == "settings_add_term":
    add_term()
elif clicked == "settings_add_classes" or must_add_classes():
    add_classes()
