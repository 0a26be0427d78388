"""The decorator that makes a Python function callable by the model.

`schema` imports pydantic and is loaded by the first function that is decorated, `isolation` by the first that asks for
it: importing the decorator costs a command's start nothing.
"""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from types import MethodType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self, TypeVar, cast, overload

from glm_tools.errors import ToolDefinitionError
from glm_tools.tool import DEFAULT_TIMEOUT_S, Ctx, JSONValue, Tool, ToolSpec

if TYPE_CHECKING:
    from glm_tools.schema import FunctionSignature

P = ParamSpec("P")
R = TypeVar("R")

COOPERATIVE_GRACE_S = 1.0  # for a function that can be told to stop
ISOLATED_GRACE_S = (
    10.0  # ending a process tree takes milliseconds, unless the machine is out of breath
)


class FunctionTool(Tool, Generic[P, R]):
    """A tool that is a Python function; it can still be called as one.

    Args:
        function: sync or async.
        spec: what the model sees.
        signature: how checked arguments become Python values; None passes them as they are.
        ctx_name: the parameter that gets the `Ctx`.
        timeout_s: see `Tool`.
        idempotent: see `Tool`.
        risky: see `Tool`.
        untrusted: see `Tool`.
        isolate: every call runs in a child process, which is ended with all it started when its time is over. The
            function stands at the top level of a module, or in a class there, which the child imports again: about
            0.4 s a call. A method works on a copy of its object.
        notes: see `Tool`.

    Raises:
        ToolDefinitionError: it cannot be isolated.
    """

    def __init__(
        self,
        function: Callable[P, R],
        spec: ToolSpec,
        *,
        signature: "FunctionSignature | None" = None,
        ctx_name: str | None = None,
        timeout_s: float | None = DEFAULT_TIMEOUT_S,
        idempotent: bool = False,
        risky: bool = False,
        untrusted: bool = False,
        isolate: bool = False,
        notes: Sequence[str] = (),
    ) -> None:
        functools.update_wrapper(self, function)
        if isolate:
            grace_s = ISOLATED_GRACE_S
        elif ctx_name is not None or inspect.iscoroutinefunction(function):
            grace_s = COOPERATIVE_GRACE_S
        else:
            grace_s = 0.0
        super().__init__(
            spec,
            timeout_s=timeout_s,
            grace_s=grace_s,
            idempotent=idempotent,
            risky=risky,
            untrusted=untrusted,
            notes=notes,
        )
        self.isolate = isolate
        if isolate:
            from glm_tools.isolation import source_of

            source_of(function, spec.name)
            if ctx_name is not None:
                raise ToolDefinitionError(
                    f"Tool {spec.name!r} cannot be isolated: its Ctx does not reach another process."
                )
        self.function = function
        self.is_unbound_method = signature is not None and signature.is_method
        self._signature = signature
        self._ctx_name = ctx_name

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> "FunctionTool[..., R]": ...
    def __get__(self, instance: object, owner: type) -> "FunctionTool[..., R]":
        if instance is None or not self.is_unbound_method:
            return self
        bound = cast("FunctionTool[..., R]", copy(self))
        bound.function = MethodType(self.function, instance)
        bound.is_unbound_method = False
        return bound

    def check_arguments(self, arguments: Mapping[str, JSONValue]) -> Mapping[str, Any]:
        checked = super().check_arguments(arguments)
        return checked if self._signature is None else self._signature.convert(checked)

    def run(self, arguments: Mapping[str, Any], ctx: Ctx[Any]) -> object:
        if self.isolate:
            from glm_tools.isolation import run_isolated

            return run_isolated(self.function, self.spec, ctx, is_typed=self._signature is not None)
        keywords = dict(arguments)
        if self._ctx_name is not None:
            keywords[self._ctx_name] = ctx
        order = () if self._signature is None else self._signature.positional_only
        positional = [keywords.pop(name) for name in order]
        function: Callable[..., object] = self.function
        return function(*positional, **keywords)


@overload
def tool(function: Callable[P, R], /) -> FunctionTool[P, R]: ...
@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    timeout_s: float | None = DEFAULT_TIMEOUT_S,
    idempotent: bool = False,
    risky: bool = False,
    untrusted: bool = False,
    isolate: bool = False,
) -> Callable[[Callable[P, R]], FunctionTool[P, R]]: ...
def tool(
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    timeout_s: float | None = DEFAULT_TIMEOUT_S,
    idempotent: bool = False,
    risky: bool = False,
    untrusted: bool = False,
    isolate: bool = False,
) -> FunctionTool[P, R] | Callable[[Callable[P, R]], FunctionTool[P, R]]:
    """Make a typed function callable by the model.

    The type hints become the JSON Schema, the docstring (Google, NumPy or Sphinx) the descriptions: write it for the
    model. The function can still be called as before.

    Args:
        function: every parameter has a type hint; one annotated `Ctx` gets the context.
        name: the function's own when None.
        description: the docstring's when None.
        timeout_s: see `Tool`.
        idempotent: see `Tool`.
        risky: see `Tool`.
        untrusted: see `Tool`.
        isolate: see `FunctionTool`.

    Raises:
        ToolDefinitionError: a parameter has no type hint, or one without a JSON form.
    """

    def decorate(function: Callable[P, R]) -> FunctionTool[P, R]:
        from glm_tools.schema import FunctionSignature

        signature = FunctionSignature.of(function)
        spec = ToolSpec(
            signature.name if name is None else name,
            signature.description if description is None else description,
            signature.parameters,
        )
        return FunctionTool(
            function,
            spec,
            signature=signature,
            ctx_name=signature.ctx_name,
            timeout_s=timeout_s,
            idempotent=idempotent,
            risky=risky,
            untrusted=untrusted,
            isolate=isolate,
            notes=signature.notes,
        )

    return decorate if function is None else decorate(function)
