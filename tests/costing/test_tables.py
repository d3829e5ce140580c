"""Tables to take along: CSV keeps every digit, LaTeX is whole and escaped."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal

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
    assert "$-29.00$" in text
    assert r"2.16" in rows[0]
    for environment in ("document", "table", "tabular"):
        assert text.count(rf"\begin{{{environment}}}") == text.count(rf"\end{{{environment}}}") == 1


def test_nothing_of_latex_gets_through() -> None:
    assert escaped(r"a\b{c}~^$") == r"a\textbackslash{}b\{c\}\textasciitilde{}\textasciicircum{}\$"
    assert escaped("a\nb\x00c") == "a b c"
