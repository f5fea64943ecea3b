"""Tables in Markdown, and texts whose marked blocks are filled from results."""

from __future__ import annotations

import re
from collections.abc import Mapping

from classifier.report.printed_tables import PrintedTable

_BLOCK = re.compile(r"<!-- results:(?P<name>[a-z_]+) -->\n(?P<text>.*?)<!-- /results -->", flags=re.DOTALL)


def markdown_table(table: PrintedTable) -> str:
    """The table in Markdown, with a line break at its end.

    Numeric columns are aligned right.

    >>> print(markdown_table(PrintedTable(["topping", "eaten"], [["basil", "3"]], [False, True])), end="")
    | topping | eaten |
    |---|--:|
    | basil | 3 |
    """
    rules = ["--:" if numeric else "---" for numeric in table.numeric]
    rows = [[cell.replace("|", "\\|") for cell in row] for row in table.rows]
    lines = [
        f"| {' | '.join(table.headings)} |",
        f"|{'|'.join(rules)}|",
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    return "".join(f"{line}\n" for line in lines)


def block_names(text: str) -> list[str]:
    """The names of the marked blocks in ``text``, in order.

    >>> block_names("<!-- results:toppings -->\\n<!-- /results -->")
    ['toppings']
    """
    return [match["name"] for match in _BLOCK.finditer(text)]


def fill_blocks(text: str, blocks: Mapping[str, str]) -> str:
    """``text`` with the content of each marked block replaced by ``blocks[NAME]``.

    A block starts with ``<!-- results:NAME -->`` and ends with ``<!-- /results -->``. Raises ``ValueError``
    for a name that is not in ``blocks`` and for a start without its end.

    >>> fill_blocks("eaten:\\n<!-- results:n -->\\n2\\n<!-- /results -->\\n", {"n": "3\\n"})
    'eaten:\\n<!-- results:n -->\\n3\\n<!-- /results -->\\n'
    """
    names = block_names(text)
    if unknown := sorted(set(names) - set(blocks)):
        raise ValueError(f"no block is named {unknown[0]!r}, expected one of {', '.join(blocks)}")
    if len(names) != text.count("<!-- results:") or len(names) != text.count("<!-- /results -->"):
        raise ValueError(
            "every <!-- results:NAME --> must stand on a line of its own and have its <!-- /results --> "
            "before the next"
        )
    return _BLOCK.sub(
        lambda match: f"<!-- results:{match['name']} -->\n{blocks[match['name']]}<!-- /results -->", text
    )
