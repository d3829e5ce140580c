"""Reading expressions: precedence, spelling, errors with place and remedy, and bounds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.expressions.strategies import trees
from twin2multicloud.model.expressions import Expression, ExpressionError, format_expression, parse
from twin2multicloud.model.expressions.syntax import MAX_DEPTH, MAX_LENGTH, Node


@pytest.mark.parametrize(
    ("text", "reads_as"),
    [
        ("a or b and not c", "a or b and not c"),
        ("(a or b) and c", "(a or b) and c"),
        ("not a == b", "not a == b"),
        ("(not a) == b", "(not a) == b"),
        ("a - b - c", "a - b - c"),
        ("a - (b - c)", "a - (b - c)"),
        ("a + b * c / d % e", "a + b * c / d % e"),
        ("(a + b) * c", "(a + b) * c"),
        ("-a * b", "-a * b"),
        ("-(a * b)", "-(a * b)"),
        ("- -a", "--a"),
        ("((a))", "a"),
        ("x not in [1, 2]", "not x in [1, 2]"),
        ("x not between 1 and 2 and y", "not x between 1 and 2 and y"),
        ("x between a + 1 and b and c", "x between a + 1 and b and c"),
        ("'it''s'", None),
        ("'say \"hi\"'", r'"say \"hi\""'),
        (r"'\u00e4\n'", '"ä\\n"'),
        ("1.50", "1.5"),
        (".5", "0.5"),
        ("1e3", "1000.0"),
        ("1E-3", "0.001"),
        ("30", "30"),
        ("a.b.c[3].d", "a.b.c[3].d"),
        ("max( a , 1,2 )", "max(a, 1, 2)"),
        ("a\n  and\tb", "a and b"),
        ("true and FALSE", "true and FALSE"),
    ],
)
def test_precedence_and_spelling(text: str, reads_as: str | None) -> None:
    if reads_as is None:
        with pytest.raises(ExpressionError):
            parse(text)
    else:
        assert str(parse(text)) == reads_as


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", 1, "is empty; write a condition"),
        ("   ", 1, "is empty"),
        ("a = 1", 3, "write =="),
        ("a && b", 3, "write and"),
        ("a || b", 3, "write or"),
        ("!a", 1, "write not"),
        ("a <> 1", 3, "write !="),
        ("a >", 4, "a value is missing before the end"),
        ("a > > b", 5, "a value is missing before '>'"),
        ("(a", 3, "')' is missing before the end"),
        ("a)", 2, "there is one too many"),
        ("a b", 3, "join conditions with and / or"),
        ("1 < 2 < 3", 7, "write a < b and b < c"),
        ("a == 1 in [2]", 8, "comparisons do not chain"),
        ("[1, 2]", 1, "a list stands only after 'in'"),
        ("x in []", 6, "the list is empty"),
        ("x in [1, 2", 11, "close the list"),
        ("x between 1", 12, "write x between 1 and 5"),
        ("x not > 3", 7, "'not' before '>'"),
        ("abss(1)", 1, "did you mean 'abs'?"),
        ("abs()", 1, "abs takes 1 argument, not 0; write abs(x)"),
        ("round(1, 2, 3)", 1, "1 to 2 arguments"),
        ("a.", 3, "a name is expected after '.'"),
        ("a[x]", 3, "an index is a whole number"),
        ("a[1.5]", 3, "an index is a whole number"),
        ("a[10000]", 3, "an index is a whole number"),
        ('a == "x', 6, 'close it with "'),
        ("5apples > 1", 1, "'5apples' is no number"),
        ("größe > 1", 3, "cannot be in a name"),
        ("a > 1 ; b", 7, "';' means nothing here"),
        ("a > \x1b", 5, "means nothing here"),
        (r"'\q'", 2, "is no escape"),
        (r"'\ud800'", 2, "is no character"),
        ("1e999", 1, "larger than any number"),
        ("9" * 50, 1, "write an exponent"),
        ("+5", 1, "remove it"),
        ("and", 1, "a value is missing before 'and'"),
    ],
)
def test_errors_have_column_and_remedy(text: str, column: int, says: str) -> None:
    with pytest.raises(ExpressionError) as error:
        parse(text)
    assert says in error.value.message
    assert error.value.column == column
    assert error.value.message.isprintable()


def test_what_nobody_writes_is_refused_early() -> None:
    for text in (
        "a" * (MAX_LENGTH + 1),
        "(" * 900 + "a" + ")" * 900,
        "not " * 400 + "a",
        "-" * 900 + "a",
        " + ".join(["a"] * (MAX_DEPTH + 5)),
        "a in [" + ",".join(["1"] * 900) + "]",
        "abs(" * 300 + "a",
        "a" + ".b" * 900,
    ):
        with pytest.raises(ExpressionError):
            parse(text)
    assert parse(" or ".join(["a"] * 300))


def outcome(text: str) -> Expression | ExpressionError:
    try:
        return parse(text)
    except ExpressionError as error:
        return error


@given(tree=trees)
@settings(max_examples=300, deadline=None)
def test_a_tree_reads_back_from_its_text(tree: Node) -> None:
    text = format_expression(tree)
    read = outcome(text)
    if isinstance(read, ExpressionError):
        # The bounds count the text's characters and depth, which the generator does not.
        assert "split the rule" in read.message, text
        return
    assert repr(_plain(read.root)) == repr(_plain(tree))
    assert parse(str(read)) == read


def _plain(node: object) -> object:
    """A tree without columns: values with their types, since 1, 1.0 and true are equal in Python."""
    if isinstance(node, tuple):
        return [_plain(item) for item in node]
    fields = getattr(node, "__dataclass_fields__", None)
    if fields is None:
        return node
    return [type(node).__name__, *(_plain(getattr(node, name)) for name in fields if name != "column")]


@given(text=st.text(max_size=80))
@settings(max_examples=300, deadline=None)
def test_any_text_is_an_expression_or_an_error(text: str) -> None:
    read = outcome(text)
    assert isinstance(read, Expression) or read.column >= 1


_WORDS = [
    "a",
    "b.x",
    "1",
    "1.5",
    "'t'",
    "(",
    ")",
    "[",
    "]",
    ",",
    "and",
    "or",
    "not",
    "in",
    "between",
    "==",
    "<",
    "-",
    "*",
    "/",
]


@given(words=st.lists(st.sampled_from([*_WORDS, "max(", "missing(", "null", "true", "."]), max_size=15))
@settings(max_examples=300, deadline=None)
def test_any_words_are_an_expression_or_an_error(words: list[str]) -> None:
    text = " ".join(words)
    read = outcome(text)
    if isinstance(read, ExpressionError):
        assert 1 <= read.column <= len(text) + 1
    else:
        assert parse(str(read)) == read
