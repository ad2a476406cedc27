"""The scales this installation knows: those that come along, and those in the school's own folder."""

from pathlib import Path

from db import engine
from services.errors import DomainError
from services.screening.scale_files import all_scales
from services.screening.scales import Scale, ScaleFileWrong

FOLDER = "scales"


class ScalesUnusable(DomainError):
    """A scale file of the school's own can't be used; `sentence` says which and why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def scale_folder() -> Path:
    """Return where the school's own scale files lie, beside its data."""
    return engine.runtime().location.data_dir / FOLDER


def known_scales() -> dict[str, Scale]:
    """Return every scale by its code.

    Raises:
        ScalesUnusable: one of the school's own files can't be used.
    """
    try:
        return dict(all_scales(scale_folder()))
    except ScaleFileWrong as error:
        raise ScalesUnusable(str(error)) from None


def name_of(code: str) -> str:
    """Return a scale's short name; its code where its file is gone."""
    try:
        scale = known_scales().get(code)
    except ScalesUnusable:
        return code
    return scale.short if scale else code
