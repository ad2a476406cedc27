"""Refusals of whole files: each class says what kind of file came and carries the facts, no sentences."""

from __future__ import annotations

from dataclasses import dataclass


class UnreadableFile(Exception):
    """The file as a whole cannot be taken; no row of it was read."""


class EmptyFile(UnreadableFile):
    """The file has no bytes or only blank space."""


@dataclass
class FileTooLarge(UnreadableFile):
    """The file has more bytes than we take."""

    size: int
    limit: int


@dataclass
class ArchiveTooLarge(UnreadableFile):
    """Unpacked, the workbook would be far larger than any school's list: a packing bomb."""

    limit: int


class PasswordProtected(UnreadableFile):
    """The file is encrypted and opens only with a password."""


@dataclass
class NotASpreadsheet(UnreadableFile):
    """The content is something else; `kind` names it when known (pdf, image, docx, doc, exe, zip, xlsb …)."""

    kind: str


@dataclass
class DamagedFile(UnreadableFile):
    """The content claims to be a spreadsheet of this kind but is broken or cut off."""

    kind: str


class UnknownEncoding(UnreadableFile):
    """The text is written in an encoding we cannot tell, or mixes two."""


@dataclass
class TooManyRows(UnreadableFile):
    """A sheet reaches further down than we read; its name is empty when only its size was looked at."""

    sheet: str
    limit: int


@dataclass
class TooManyColumns(UnreadableFile):
    """A sheet reaches further to the right than we read; its name may be empty."""

    sheet: str
    limit: int


@dataclass(frozen=True)
class HeaderCandidate:
    """A row that may be the header: offered to the person who then says which column is which."""

    sheet: str
    row_number: int
    headers: tuple[str, ...]


@dataclass
class NoTableFound(UnreadableFile):
    """No sheet has the columns asked for; the candidates are the rows that look most like headers."""

    candidates: tuple[HeaderCandidate, ...] = ()


@dataclass
class NoScaleFound(NoTableFound):
    """The table names children, but none of its columns is a scale's total or subscales."""
