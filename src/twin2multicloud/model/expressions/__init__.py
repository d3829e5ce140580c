"""The language of rules: small, safe expressions over a message's fields, its device and its device type.

`parse` reads a text, `check` finds what is wrong with it for a device type's fields, `compile_expression` makes a
quick function of it. The standard library only, since the functions in the clouds carry this package. What every
operator means is in docs/rules.md.
"""

from twin2multicloud.model.expressions.check import check
from twin2multicloud.model.expressions.compiler import Compiled, compile_expression
from twin2multicloud.model.expressions.errors import ExpressionError, Problem
from twin2multicloud.model.expressions.parser import parse
from twin2multicloud.model.expressions.syntax import RESERVED, Expression, format_expression

__all__ = [
    "RESERVED",
    "Compiled",
    "Expression",
    "ExpressionError",
    "Problem",
    "check",
    "compile_expression",
    "format_expression",
    "parse",
]
