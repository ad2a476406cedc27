"""Why a whole file can't be taken, as one sentence each; the page and the command line say the same."""

from __future__ import annotations

from . import errors

_KINDS = {
    "pdf": "PDF 文件",
    "image": "图片",
    "media": "音频或视频",
    "docx": "Word 文档",
    "doc": "Word 文档",
    "rtf": "Word 文档",
    "pptx": "PPT 文件",
    "odt": "Word 文档",
    "text": "一段文字",
    "exe": "程序文件",
    "archive": "压缩包",
    "zip": "压缩包",
    "database": "数据库文件",
    "xlsb": "xlsb 格式的表格",
}

_SENTENCES: dict[type[errors.UnreadableFile], str] = {
    errors.EmptyFile: "这个文件是空的。请选填好的表格再导入。",
    errors.FileTooLarge: "这个文件太大了（{size_mb} MB，最多 {limit_mb} MB）。请只留要导入的那一张表，另存后再导入。",
    errors.ArchiveTooLarge: "这个文件展开后太大。请把要导入的内容复制到一份新表格里，再导入。",
    errors.PasswordProtected: "这个文件上了密码。请在表格软件里去掉密码，另存后再导入。",
    errors.NotASpreadsheet: "这不是表格，是{kind_name}。请选 xlsx、xls、ods 或 csv 格式的表格。",
    errors.DamagedFile: "这个文件坏了，或者没有下载完整。请在表格软件里打开看看，另存后再导入。",
    errors.UnknownEncoding: "这个文件里的文字认不出来。请在表格软件里另存为 xlsx，再导入。",
    errors.TooManyRows: "{sheet_name}行数太多了（最多 {limit} 行）。请删掉表格下面多余的行，或分成几份导入。",
    errors.TooManyColumns: "{sheet_name}列数太多了（最多 {limit} 列）。请删掉表格右边多余的列，再导入。",
    errors.NoTableFound: "没有找到要导入的表：哪一张里都没有“姓名”这一列。请在表头里写上姓名、班级等，再导入。",
    errors.NoScaleFound: "看不出是哪种量表：没有“PHQ-9总分”这样的列，分量表也不齐。请在表头里写明，或指出总分那一列。",
    errors.UnreadableFile: "这个文件读不了。请在表格软件里另存为 xlsx，再导入。",
}


def refusal_sentence(error: errors.UnreadableFile) -> str:
    """Say in one Chinese sentence why the file can't be taken and what to do."""
    facts = {
        "size_mb": _megabytes(getattr(error, "size", 0)),
        "limit_mb": _megabytes(getattr(error, "limit", 0)),
        "limit": getattr(error, "limit", 0),
        "sheet_name": f"“{sheet}”里" if (sheet := getattr(error, "sheet", "")) else "表格",
        "kind_name": _KINDS.get(getattr(error, "kind", ""), "别的文件"),
    }
    template = next(_SENTENCES[known] for known in type(error).__mro__ if known in _SENTENCES)
    return template.format_map(facts)


def _megabytes(size: int) -> int:
    return -(-size // (1024 * 1024))
