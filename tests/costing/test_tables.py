"""Tables to take along: CSV keeps every digit, LaTeX is whole and escaped."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from twin2multicloud.costing.tables import EFFECTS, Table, TableRow, as_csv, as_latex, escaped

ROWS = [
    TableRow(
        "aws", "aws.lambda.requests", "eu-central-1", "requests", 9e6, 1e7, None, Decimal("1.6"), Decimal("1.8"),
        Decimal("2.160000001"), {"formula": Decimal("0.2"), "price": Decimal("0.360000001")},
    ),
    TableRow(
        "azure", "Support & 100 % (tax)", "", "", None, None, None, Decimal(0), None, Decimal("-29"),
        {"not-modelled": Decimal("-29")},
    ),
]  # fmt: skip
TABLE = Table("green_house #1", "2026-11", "2026.11 of 2026-11-23", ROWS, ["MAPE 25 % over 1 meters."])


def test_csv_has_every_digit() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(TABLE))))
    assert rows[0]["billed_usd"] == "2.160000001"
    assert (rows[0]["predicted"], rows[0]["billed"], rows[0]["difference_usd"]) == ("9000000.0", "", "0.560000001")
    assert (rows[1]["not_modelled_usd"], rows[1]["metered_usd"], rows[1]["unit"]) == ("-29", "", "")
    for row in rows:
        effects = sum(Decimal(row[f"{cause.replace('-', '_')}_usd"]) for cause in EFFECTS)
        assert effects == Decimal(row["difference_usd"]) == Decimal(row["billed_usd"]) - Decimal(row["predicted_usd"])


def test_latex_is_whole() -> None:
    text = as_latex(TABLE)
    bare = re.sub(r"\\[{}\\]", "", text)
    assert bare.count("{") == bare.count("}")
    assert [text.count(rf"\{word}rule") for word in ("top", "mid", "bottom")] == [1, 2, 1]
    spec = re.search(r"\\begin\{tabular\}\{([lr ]+)\}", text)
    assert spec is not None
    columns = len(spec[1].split())
    assert columns == 9 + 3
    body = text[text.index(r"\midrule") : text.index(r"\bottomrule")].splitlines()
    rows = [line for line in body if line.endswith(r"\\")]
    assert len(rows) == len(ROWS) + 1
    assert all(len(re.findall(r"(?<!\\)&", row)) == columns - 1 for row in rows)
    assert r"Support \& 100 \% (tax)" in text
    assert r"green\_house \#1" in text
    assert "$-$29.00" in text
    assert r"2.16" in rows[0]
    for environment in ("document", "table", "tabular"):
        assert text.count(rf"\begin{{{environment}}}") == text.count(rf"\end{{{environment}}}") == 1


def test_nothing_of_latex_gets_through() -> None:
    assert escaped(r"a\b{c}~^$") == r"a\textbackslash{}b\{c\}\textasciitilde{}\textasciicircum{}\$"
    assert escaped("a\nb\x00c") == "a b c"
    assert escaped("[x] *") == "{[}x] {*}", "a row that began so would be taken for what its rule is told"
    assert escaped("a--b,,c''") == "a-{}-b,{},c'{}'"
    assert escaped("Zürich, Łódź: 温 5 µm") == "Zürich, Łódź: U+6E29  5 µm"


COMMANDS = {
    "textbackslash", "textasciitilde", "textasciicircum", "textasciigrave", "textless", "textgreater", "textendash",
    "rightarrow", "cdot", "times", "geq", "leq",
}  # fmt: skip
NASTY = st.text(st.one_of(st.sampled_from("\\{}[]*&%$#_~^`'\"<>-,?!→–·×≥≤\n\t  ab"), st.characters()), max_size=30)


def read(latex: str) -> str:
    """A text as a strict reader of LaTeX sees it: every command is one of ours, every brace and every $ is closed."""
    found = re.sub(r"\\[&%$#_{}]", "x", latex)
    commands = re.findall(r"\\([a-zA-Z]*)", found)
    assert set(commands) <= COMMANDS, latex
    found = re.sub(r"\\[a-z]+(\{\})?", "x", found)
    found = re.sub(r"\$x\$", "x", found)
    found = re.sub(r"\{[\[*]?\}", "", found)
    assert not re.search(r"[\\{}$&%#_^~\n\r]", found), latex
    return found


@given(NASTY, NASTY, NASTY)
def test_any_text_is_set_and_none_is_obeyed(meter: str, unit: str, twin: str) -> None:
    row = TableRow("aws", meter, unit, unit, 1.0, None, None, Decimal(1), None, Decimal("-2"), {"price": Decimal("-3")})
    text = as_latex(Table(twin, "2026-11", "x", [row, row], [twin]))
    assert text.splitlines() == text.split("\n")[:-1], "no character of a text ends a line"
    begin, end = text.index(r"\midrule"), text.index(r"\bottomrule")
    lines = [line.strip() for line in text[begin:end].splitlines() if line.endswith(r"\\")]
    assert len(lines) == 3
    for line in lines:
        assert line[0] not in "[*", "taken for an argument of what is before it"
        cells = re.split(r"(?<!\\)&", line.removesuffix(r"\\"))
        assert len(cells) == 9 + 1
        for cell in cells[:3]:
            read(cell)
    caption = re.search(r"\\caption\{(.*)\}$", text, re.MULTILINE)
    assert caption is not None
    read(caption[1])
    known = set("ĄąĆćĘęŁłŃńŚśŹźŻżČčĎďĚěŇňŘřŠšŤťŮůŽžĞğİıŐőŰűŒœŸ€‘’“”„…")
    assert all(ord(character) <= 0xFF or character in known for character in text)
