"""Word documents out: a template with names in double braces, which a school may replace by its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile

TEMPLATES = Path(__file__).parent / "templates"
LARGEST_TEMPLATE = 5 * 1024 * 1024


class TemplateBroken(Exception):
    """A template can't be filled: it is no Word document, or a name in braces was cut apart."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.name)
        self.path = path


TemplateValue = str | Sequence[Mapping[str, str]]
"""What stands for a name: words, or rows a template goes through."""


def find_template(name: str, own_folder: Path) -> Path:
    """Return the school's own template of this name if it has one, else ours."""
    own = own_folder / name
    return own if own.is_file() else TEMPLATES / name


def fill_template(path: Path, values: Mapping[str, TemplateValue], *, author: str) -> bytes:
    """Return the document with every name in braces replaced; unknown names become blank.

    What is filled in stays text, whatever it looks like; a template can read the values given and nothing else.

    Raises:
        TemplateBroken: as said.
    """
    from docx.opc.exceptions import PackageNotFoundError  # here, because every start of the server would wait for them
    from docxtpl import DocxTemplate
    from jinja2 import TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    try:
        if path.stat().st_size > LARGEST_TEMPLATE:
            raise TemplateBroken(path)
        document = DocxTemplate(path)
        document.render(dict(values), SandboxedEnvironment(autoescape=True), autoescape=True)
        document.docx.core_properties.author = author
        document.docx.core_properties.last_modified_by = author
        out = BytesIO()
        document.save(out)
    except (TemplateError, SyntaxError, PackageNotFoundError, BadZipFile, KeyError, ValueError, OSError) as error:
        raise TemplateBroken(path) from error
    return out.getvalue()
