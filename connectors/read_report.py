"""The read report: what a source holds and was not landed, and what of its reading a person should know.

Every reader fills one while it reads; it goes into the batch's manifest, into what ``collect`` prints, into
Dagster's metadata and, as a number of rows, into the account. Only kinds, counts and places belong here (a
sheet's number, a line, a page), never text of the source.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

PLACES = 20  # of one kind; what comes after them is only counted

# What a reader can leave out (遗漏): code → (words in English, Chinese).
LEFT_OUT = {
    "row": ("row", "行"),
    "record": ("record", "记录"),
    "deleted_record": ("record that the source marks as deleted", "已标记删除的记录"),
    "header_line": ("line above the heading", "表头以上的行"),
    "trailing_data": ("bytes after the declared end", "声明末尾之后的数据"),
    "sheet": ("sheet", "工作表"),
    "link": ("link in the drop folder, not followed", "交换目录中的链接(不跟随)"),
    "special_file": ("pipe, socket or device in the drop folder, not opened", "管道、套接字或设备文件(不打开)"),
    "file_case": ("file whose name fits `path` but for upper and lower case", "文件名仅大小写与 path 不符"),
    "closed_folder": ("folder that may not be listed", "无权列出的文件夹"),
    "file_name": ("file or folder whose name is no UTF-8", "名称不是 UTF-8 的文件或文件夹"),
    "member": ("member of the archive", "压缩包成员"),
    "column": ("undeclared column", "未申报的列"),
    "unknown": ("what this reader cannot count", "无法计数的内容"),
}
# What was read, and is worth a look (提示).
REMARKS = {
    "hidden_row": ("hidden row, read as any other", "隐藏行"),
    "hidden_column": ("hidden column, read as any other", "隐藏列"),
    "hidden_sheet": ("hidden sheet", "隐藏工作表"),
    "formula_without_value": ("formula without a computed value", "未计算的公式"),
    "error_cell": ("cell with an error value", "错误值单元格"),
    "digits_lost": ("number cell beyond fifteen digits", "超过十五位的数字单元格"),
    "number_format": ("value taken as its number format shows it", "按数字格式取值"),
    "number_format_unread": ("number format that could not be applied", "无法应用的数字格式"),
    "repeated_name": ("object with a name twice", "重名字段"),
    "character": ("character that could not be read", "无法读取的字符"),
    "entity": ("entity that could not be resolved", "无法解析的实体"),
    "record_count": ("record count other than declared", "与声明不符的记录数"),
    "other_encoding": ("line in another encoding than its file", "编码与文件不同的行"),
    "encoding_in_doubt": ("line whose encoding is in doubt", "编码存疑的行"),
    "hidden_rows_in_cell": ("cell that held whole rows, read as rows", "包含整行的单元格"),
    "heading": ("heading whose invisible characters were taken off", "含不可见字符的表头"),
    "file_missing": ("file fewer than in the whole before", "比上一次整体少的文件"),
    "heading_again": ("row that says the heading again, set aside", "重复的表头行"),
    "empty_answer": ("answer without a byte, taken as an empty page", "空应答，按空页处理"),
    "empty_page": ("empty page with records behind it", "其后仍有记录的空页"),
    "window_404": ("window of time with nothing there (404)", "时间窗口无数据（404）"),
    "key_on_two_pages": ("record whose key came on another page, too", "主键在不同页重复的记录"),
    "nothing_withdrawn": (
        "reading that withdraws nothing: records are in doubt or left out",
        "记录、主键存疑或有遗漏，本次不撤销",
    ),
    "watermark_form": ("value that is no watermark and did not move it", "形式不符、未计入水位的值"),
    "watermark_future": ("watermark in the future, which did not move it", "未来时间、未计入水位的值"),
    "connection_in_clear": ("reading over a connection without encryption", "未加密的连接"),
    "certificate_unverified": ("reading whose server was not verified (`verify = false`)", "未验证服务器证书"),
    "mixed_content": ("element with text beside its children", "文本与子元素混排的元素"),
    "full_width_delimiter": ("heading or file with a full-width delimiter", "全角分隔符"),
    "watermark_missed": ("row that the watermark missed, found by the comparison", "水位遗漏、由全量比对补回的行"),
    "transactions_hidden": (
        "source that may not show open transactions (right PROCESS): the overlap and the comparison find late rows",
        "无权查看未提交事务的数据源",
    ),
    "sep_line": ("line that only names the delimiter", "分隔符声明行"),
}


@dataclass(frozen=True)
class Finding:
    """One kind of thing: its code, how many, how many rows these are (null: not known), the first places."""

    what: str
    count: int
    rows: int | None = 0
    where: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        return {**LEFT_OUT, **REMARKS}.get(self.what, (self.what, ""))[0]

    def sentence(self) -> str:
        """``3 sheets left out (sheet 2, sheet 3, sheet 4)`` without the verb."""
        places = ", ".join(self.where[:3]) + (" …" if len(self.where) > 3 else "")
        return f"{self.count:,} × {self.words}" + (f" ({places})" if places else "")


class ReadReport:
    """What one reading left out and remarked; complete when the reader's batches are exhausted.

    >>> report = ReadReport()
    >>> report.leave_out("sheet", rows=3, where="sheet 2")
    >>> report.left_out
    (Finding(what='sheet', count=1, rows=3, where=('sheet 2',)),)
    """

    def __init__(self) -> None:
        self._left_out: dict[str, Finding] = {}
        self._remarks: dict[str, Finding] = {}

    def leave_out(self, what: str, count: int = 1, *, rows: int | None = 0, where: str | None = None) -> None:
        """The source holds this and it does not land. ``rows``: how many rows are lost by it, null if unknown."""
        assert what in LEFT_OUT, what
        _add(self._left_out, Finding(what, count, rows, (where,) if where else ()))

    def remark(self, what: str, count: int = 1, *, where: str | None = None) -> None:
        """This landed (or its row is set aside with a problem), and its owner should know."""
        assert what in REMARKS, what
        _add(self._remarks, Finding(what, count, 0, (where,) if where else ()))

    def remark_line(self, what: str, line: int) -> None:
        self.remark(what, where=f"line {line}")

    def unknown(self, why: str) -> None:
        """This reader cannot know what it left out; ``why`` in a few words."""
        _add(self._left_out, Finding("unknown", 1, None, (why,)))

    def add(self, other: ReadReport) -> None:
        for finding in other._left_out.values():
            _add(self._left_out, finding)
        for finding in other._remarks.values():
            _add(self._remarks, finding)

    @property
    def left_out(self) -> tuple[Finding, ...]:
        return tuple(self._left_out.values())

    @property
    def remarks(self) -> tuple[Finding, ...]:
        return tuple(self._remarks.values())

    def as_dict(self) -> dict[str, Any]:
        """For JSON, as between a reader's process and ours."""
        return {
            "left_out": [asdict(finding) for finding in self.left_out],
            "remarks": [asdict(finding) for finding in self.remarks],
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> ReadReport:
        return cls.of(map(finding_of, document["left_out"]), map(finding_of, document["remarks"]))

    @classmethod
    def of(cls, left_out: Iterable[Finding], remarks: Iterable[Finding] = ()) -> ReadReport:
        report = cls()
        for finding in left_out:
            _add(report._left_out, finding)
        for finding in remarks:
            _add(report._remarks, finding)
        return report


def finding_of(document: Mapping[str, Any]) -> Finding:
    return Finding(document["what"], document["count"], document["rows"], tuple(document["where"]))


def rows_left_out(findings: Iterable[Finding]) -> int:
    """How many rows are known to have been left out."""
    return sum(finding.rows or 0 for finding in findings)


def sentence(findings: Iterable[Finding]) -> str:
    return "; ".join(finding.sentence() for finding in findings)


def _add(findings: dict[str, Finding], new: Finding) -> None:
    old = findings.get(new.what)
    if old is None:
        findings[new.what] = Finding(new.what, new.count, new.rows, new.where[:PLACES])
        return
    rows = None if old.rows is None or new.rows is None else old.rows + new.rows
    findings[new.what] = Finding(new.what, old.count + new.count, rows, (*old.where, *new.where)[:PLACES])
