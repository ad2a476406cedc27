"""Word documents the program gives out: filled from a template the school can replace, already noted when given."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from db.engine import runtime
from services.errors import DomainError
from services.exchange.documents import TemplateBroken, TemplateValue, fill_template, find_template

OWN_TEMPLATES = "templates"
"""Where a school lays its own templates, in the data folder."""


class OwnTemplateBroken(DomainError):
    """The school's own template can't be filled; `name` is its file."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class WordFile:
    """A document that may leave the program, already noted; `content` is slow: outside the transaction."""

    file_name: str
    values: Mapping[str, TemplateValue]
    template: Path
    author: str

    def content(self) -> bytes:
        """Return the document.

        Raises:
            OwnTemplateBroken: the template can't be filled.
        """
        try:
            return fill_template(self.template, self.values, author=self.author)
        except TemplateBroken as error:
            raise OwnTemplateBroken(error.path.name) from error


def template_for(name: str) -> Path:
    """Return the school's own template of this name if it has one, else ours."""
    return find_template(name, runtime().location.data_dir / OWN_TEMPLATES)
