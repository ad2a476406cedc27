"""What somebody does with a field: types into it, chooses one, chooses several, ticks it. Asked of the widget drawn.

Streamlit keeps it where no public call reaches; a test pins each kind, so that an upgrade that moves it is noticed.
"""

from enum import StrEnum

from streamlit.runtime.scriptrunner import get_script_run_ctx


class FieldKind(StrEnum):
    """What somebody does with a field; typing is what is meant where it isn't known."""

    TYPED = "typed"
    CHOSEN = "chosen"
    CHOSEN_SEVERAL = "chosen_several"
    TICKED = "ticked"


_KINDS = {
    "SelectboxSerde": FieldKind.CHOSEN,
    "RadioSerde": FieldKind.CHOSEN,
    "_SingleSelectButtonGroupSerde": FieldKind.CHOSEN,
    "_MultiSelectButtonGroupSerde": FieldKind.CHOSEN_SEVERAL,
    "MultiSelectSerde": FieldKind.CHOSEN_SEVERAL,
    "CheckboxSerde": FieldKind.TICKED,
}


def kind_of(key: str) -> FieldKind:
    """Return the kind of the widget last drawn under a key."""
    context = get_script_run_ctx()
    if context is None:
        return FieldKind.TYPED
    state = context.session_state._state
    widget = state.get_widget_id_from_key(key)
    metadata = state.get_widget_metadata(widget) if widget else None
    reader = getattr(metadata.deserializer, "__self__", None) if metadata else None
    return _KINDS.get(type(reader).__name__, FieldKind.TYPED)
