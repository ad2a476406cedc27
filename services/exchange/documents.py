"""Word documents out: a template with names in double braces, which a school may replace by its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

if TYPE_CHECKING:
    from docx.document import Document

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


def fill_template(
    path: Path, values: Mapping[str, TemplateValue], *further: Mapping[str, TemplateValue], author: str
) -> bytes:
    """Return the document with every name in braces replaced; unknown names become blank.

    What is filled in stays text, whatever it looks like; a template can read the values given and nothing else. With
    `further` values the template is filled once for each, all in one document, each beginning on a new page.

    Raises:
        TemplateBroken: as said.
    """
    from docx.opc.exceptions import PackageNotFoundError  # here, because every start of the server would wait for them
    from jinja2 import TemplateError

    try:
        if path.stat().st_size > LARGEST_TEMPLATE:
            raise TemplateBroken(path)
        document = _filled(path, values)
        for each in further:
            _append(document, _filled(path, each))
        document.core_properties.author = author
        document.core_properties.last_modified_by = author
        out = BytesIO()
        document.save(out)
    except (TemplateError, SyntaxError, PackageNotFoundError, BadZipFile, KeyError, ValueError, OSError) as error:
        raise TemplateBroken(path) from error
    return out.getvalue()


def _filled(path: Path, values: Mapping[str, TemplateValue]) -> Document:
    from docxtpl import DocxTemplate
    from jinja2.sandbox import SandboxedEnvironment

    template = DocxTemplate(path)
    template.render(dict(values), SandboxedEnvironment(autoescape=True), autoescape=True)
    filled: Document = template.docx
    return filled


def _append(document: Document, another: Document) -> None:
    """Put what stands in one document behind what stands in another; both are the same template's, styles and all."""
    from docx.text.paragraph import Paragraph

    body = document.element.body
    parts = [part for part in another.element.body if not part.tag.endswith("}sectPr")]  # the page's size stands once
    if parts and parts[0].tag.endswith("}p"):
        Paragraph(parts[0], document).paragraph_format.page_break_before = True
    else:
        document.add_page_break()  # type: ignore[no-untyped-call]
    for part in parts:
        body.insert(len(body) - 1, part)
