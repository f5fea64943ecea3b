"""How a table of results stands in a text: written in Markdown, between two marks, so that it can be made again from the numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping

from classifier.report.tables import PrintedTable

_BLOCK = re.compile(r"<!-- results:(?P<name>[a-z_]+) -->\n(?P<text>.*?)<!-- /results -->", flags=re.DOTALL)


def in_markdown(table: PrintedTable) -> str:
    """The table as Markdown, numbers to the right, with a line break at its end.

    >>> print(in_markdown(PrintedTable(["topping", "eaten"], [["basil", "3"]], [False, True])), end="")
    | topping | eaten |
    |---|--:|
    | basil | 3 |
    """
    lines = [
        table.headings,
        ["--:" if numeric else "---" for numeric in table.numeric],
        *([cell.replace("|", "\\|") for cell in row] for row in table.rows),
    ]
    return "".join(
        f"|{'|'.join(line)}|\n" if number == 1 else f"| {' | '.join(line)} |\n"
        for number, line in enumerate(lines)
    )


def marked_blocks(text: str) -> list[str]:
    """The names of the marked blocks in ``text``, in order.

    >>> marked_blocks("<!-- results:toppings -->\\n<!-- /results -->")
    ['toppings']
    """
    return [match["name"] for match in _BLOCK.finditer(text)]


def filled(text: str, blocks: Mapping[str, str]) -> str:
    """``text`` with what stands between ``<!-- results:NAME -->`` and ``<!-- /results -->`` replaced by ``blocks[NAME]``.

    Raises ``ValueError`` for a name that is not in ``blocks`` and for a mark without its end.

    >>> filled("eaten:\\n<!-- results:n -->\\n2\\n<!-- /results -->\\n", {"n": "3\\n"})
    'eaten:\\n<!-- results:n -->\\n3\\n<!-- /results -->\\n'
    """
    names = marked_blocks(text)
    if unknown := sorted(set(names) - set(blocks)):
        raise ValueError(f"no block is named {unknown[0]!r}, expected one of {', '.join(blocks)}")
    if len(names) != text.count("<!-- results:") or len(names) != text.count("<!-- /results -->"):
        raise ValueError(
            "every <!-- results:NAME --> must stand on a line of its own and have its <!-- /results --> before the next"
        )
    return _BLOCK.sub(
        lambda match: f"<!-- results:{match['name']} -->\n{blocks[match['name']]}<!-- /results -->", text
    )
