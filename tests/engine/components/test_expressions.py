"""Expressions are arithmetic on x, and can be nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.components.expressions import CONSTANTS, FUNCTIONS, Expression

X = np.linspace(0.1, 2.1, 50)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("x", X),
        ("x * exp(x)", X * np.exp(X)),
        ("x**2", X**2),
        ("-x ** 2", -(X**2)),
        ("2 ** 3 ** 2", np.full(50, 512.0)),
        ("1 / 3 + 0.5e-1", np.full(50, 1 / 3 + 0.05)),
        ("x ** -0.5", X**-0.5),
        ("x ** (1 / 3)", X ** (1 / 3)),
        ("sin(tau * x) + cos(pi) - e", np.sin(2 * np.pi * X) - 1 - np.e),
        ("+x - -x", 2 * X),
        (" abs( x - 1 ) ", np.abs(X - 1)),
        ("(\nx)", X),
    ],
)
def test_is_what_numpy_computes(text: str, values: np.ndarray) -> None:
    np.testing.assert_allclose(Expression(text)(X), values, rtol=1e-15)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_numpy_s(name: str) -> None:
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(Expression(f"{name}(x)")(X), getattr(np, name)(X))


def test_a_constant_has_a_value_at_every_x() -> None:
    assert Expression("pi")(X).shape == X.shape
    assert Expression("3")(np.float64(1.0)).shape == ()


def test_where_it_is_not_defined_it_is_not_finite() -> None:
    x = np.array([-1.0, 0.0, 1.0])
    assert np.isnan(Expression("log(x)")(x)[0])
    assert np.isinf(Expression("1 / x")(x)[1])
    assert np.isnan(Expression("x ** 0.5")(x)[0])
    assert np.isinf(Expression("exp(exp(exp(9 * x)))")(x)[2])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no expression of x (got '')"),
        ("x +", "is no expression of x (got 'x +')"),
        ("x; x", "is no expression of x (got 'x; x')"),
        ("x = 1", "is no expression of x (got 'x = 1')"),
        ("\0", "is no expression of x (got '\\x00')"),
        ("y", "'y' is not known"),
        ("coss(x)", "function 'coss' is not known (did you mean 'cos'?)"),
        ("x ^ 2", "'^' is no power here; write '**'"),
        ("x // 2", "only arithmetic on x is allowed (found 'x // 2')"),
        ("x % 2", "only arithmetic on x is allowed (found 'x % 2')"),
        ("x if x else 1", "only arithmetic on x is allowed (found 'x if x else 1')"),
        ("x < 1", "only arithmetic on x is allowed (found 'x < 1')"),
        ("True", "only arithmetic on x is allowed (found 'True')"),
        ("'a'", "only arithmetic on x is allowed (found \"'a'\")"),
        ("1j", "only arithmetic on x is allowed (found '1j')"),
        ("x ** x", "an exponent must be a number; write exp(… * log(…)) instead"),
        ("x ** 65", "exponents go up to 64 (got 65)"),
        ("x ** -65", "exponents go up to 64 (got -65)"),
        ("9 ** 9 ** 9 ** 9", "exponents go up to 64 (got 3.8742e+08)"),
        ("x ** log(0 - 1)", "exponents go up to 64 (got nan)"),
        ("exp(x, x)", "only arithmetic on x is allowed (found 'exp(x, x)')"),
        ("exp()", "only arithmetic on x is allowed (found 'exp()')"),
        ("exp", "'exp' is not known (did you mean 'exp'?)"),
        ("1e999", "has a number too large to compute with"),
        ("x + " * 50 + "x", "must have at most 200 characters (got 201)"),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (the whole message is compared)
        Expression(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "().__class__.__bases__[0].__subclasses__()",
        "x.__class__",
        "exp.__globals__",
        "(lambda: 1)()",
        "[x for x in (1,)][0]",
        "exec('1')",
        "open('/etc/passwd')",
        "exp(*[x])",
        "exp(x=x)",
        "(y := x)",
        "f'{x}'",
        "x[0]",
        "globals()",
        "exp(__import__('os'))",
        "{x: x}",
        "...",
        "await x",
        "yield x",
    ],
)
def test_code_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"only arithmetic|is not known|is no expression"):
        Expression(text)


_ATOMS = st.sampled_from(["x", "2", "0.5", "1e300", *CONSTANTS])
_EXPRESSIONS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "**"]), inner),
        st.builds("{}({})".format, st.sampled_from([*FUNCTIONS]), inner),
        st.builds("-{}".format, inner),
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(_EXPRESSIONS)
def test_what_is_accepted_can_be_computed_anywhere(text: str) -> None:
    x = np.array([-1e300, -2.0, -0.0, 0.0, 1e-300, 3.5, 1e300, np.inf, np.nan])
    try:
        expression = Expression(text)
    except ValueError:
        return
    assert expression(x).shape == x.shape
    assert expression(x).dtype == np.float64


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.characters(codec="utf-8"), max_size=60) | st.text("x012e+-*/(). ,'[]", max_size=60)
)
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    try:
        expression = Expression(text)
    except ValueError:
        return
    assert expression(X).shape == X.shape


@pytest.mark.parametrize("text", ["-" * 199 + "x", "(" * 99 + "x" + ")" * 99, "x" + "+x" * 99])
def test_the_deepest_of_200_characters_can_be_computed(text: str) -> None:
    assert Expression(text)(X).shape == X.shape
