"""Which calls run at once, which ask first and which never run.

Covers: every call that could run passes here, with the arguments that will be used; an approval is of that call and no
other. Once text of others (web pages, files) is in the context, a risky tool asks even where a rule says `auto`. Rules
of a project's file can only be stricter than the user's own.

Does not cover: what a tool does once it runs (that is the sandbox's work), and tools that their author did not mark
as risky.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, get_args

from glm_agent.errors import ConfigurationError
from glm_tools.errors import ToolArgumentError
from glm_tools.tool import Tool, ToolCall

Permission = Literal[
    "auto",  # runs at once
    "ask",  # somebody says yes first
    "never",  # does not run
]
STRICTNESS: Mapping[Permission, int] = {"auto": 0, "ask": 1, "never": 2}


@dataclass(frozen=True, slots=True)
class Rule:
    """A permission for the calls it matches.

    Attributes:
        permission: of those calls.
        tool: name, or a pattern with `*` and `?`.
        arguments: argument -> pattern; all must match. A value that is no text is matched as JSON writes it.
        source: where the rule stands, for messages.

    Raises:
        ConfigurationError: there is no such permission.
    """

    permission: Permission
    tool: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        _permission(self.permission, f"the rule of {self.tool!r}")

    def matches(self, call: ToolCall) -> bool:
        """Whether the rule is about this call."""
        given = call.arguments or {}
        return fnmatchcase(call.name, self.tool) and all(
            name in given and fnmatchcase(_text(given[name]), pattern)
            for name, pattern in self.arguments.items()
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policy says of a call, and why."""

    permission: Permission
    reason: str


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules; the first that matches decides.

    Attributes:
        rules: in order.
        default: for tools that no rule matches; None: `ask` for risky tools, `auto` for the others.
        project: a second policy, of the project that is worked on: the stricter of the two decides.

    Raises:
        ConfigurationError: the default is no permission.
    """

    rules: tuple[Rule, ...] = ()
    default: Permission | None = None
    project: "Policy | None" = None

    def __post_init__(self) -> None:
        if self.default is not None:
            _permission(self.default, "the policy's default")

    def decide(self, call: ToolCall, tool: Tool, *, is_untrusted: bool) -> Verdict:
        """What is to be done with a call.

        Args:
            call: with the arguments that will be used.
            tool: that it names.
            is_untrusted: text of others has entered the context.
        """
        call = _with_defaults(call, tool)
        verdict = self._own(call, tool)
        if verdict.permission == "auto" and tool.risky and is_untrusted:
            verdict = Verdict(
                "ask", "the tool is risky, and text from the web or from files has been read"
            )
        if self.project is not None:
            stricter = self.project._stated(call)
            if (
                stricter is not None
                and STRICTNESS[stricter.permission] > STRICTNESS[verdict.permission]
            ):
                return stricter
        return verdict

    def _own(self, call: ToolCall, tool: Tool) -> Verdict:
        unstated = Verdict("ask", "the tool is risky") if tool.risky else Verdict("auto", "")
        return self._stated(call) or unstated

    def _stated(self, call: ToolCall) -> Verdict | None:
        """What a rule or the default says; None when neither does."""
        for rule in self.rules:
            if rule.matches(call):
                return Verdict(rule.permission, f"rule {rule.permission} {rule.tool} {rule.source}")
        if self.default is not None:
            return Verdict(self.default, "the policy's default")
        return None

    def with_rules(self, allow: Sequence[str], deny: Sequence[str]) -> "Policy":
        """This policy after rules from the command line; what is denied goes before what is allowed.

        Args:
            allow: `TOOL`, or `TOOL:ARGUMENT=PATTERN`.
            deny: in the same form.

        Raises:
            ConfigurationError: one is not of that form.
        """
        rules = [
            *(_rule_from_flag("never", text, "--deny") for text in deny),
            *(_rule_from_flag("auto", text, "--allow") for text in allow),
        ]
        return Policy((*rules, *self.rules), self.default, self.project)


def _with_defaults(call: ToolCall, tool: Tool) -> ToolCall:
    """The call with what the tool takes for arguments that were left out: a rule about them is about that, too."""
    try:
        # `Tool`'s own: JSON, whatever the tool makes of it.
        given = Tool.check_arguments(tool, call.arguments or {})
    except ToolArgumentError:
        return call  # it will not run
    properties = tool.spec.parameters.get("properties", {})
    defaults = {
        name: schema["default"]
        for name, schema in properties.items()
        if isinstance(schema, Mapping) and "default" in schema
    }
    return replace(call, arguments={**defaults, **given})


def load_policy(path: Path) -> Policy:
    """The policy of a TOML file.

    ```toml
    default = "ask"

    [[rule]]
    tool = "transfer"
    arguments = { currency = "EUR" }
    permission = "auto"
    ```

    Raises:
        ConfigurationError: it cannot be read, or something in it is not understood.
    """
    return policy_from(_read_toml(path), source=str(path))


def policy_from_project(path: Path) -> Policy:
    """The `[approvals]` of a project's file, in the form of a policy.

    Raises:
        ConfigurationError: it cannot be read, or something in that table is not understood.
    """
    values = _read_toml(path).get("approvals", {})
    if not isinstance(values, dict):
        raise ConfigurationError(f"{path}: `approvals` is a table.")
    return policy_from(values, source=str(path))


def policy_from(values: Mapping[str, Any], *, source: str) -> Policy:
    """The policy that these values describe; `source` is named in messages.

    Raises:
        ConfigurationError: something in them is not understood; nothing is skipped, since a rule that is skipped is
            a door that is open.
    """
    unknown = set(values) - {"default", "rule"}
    if unknown:
        raise ConfigurationError(f"{source}: unknown key {sorted(unknown)[0]!r} in the policy.")
    default = values.get("default")
    if default is not None:
        default = _permission(default, source)
    rules = values.get("rule", [])
    if not isinstance(rules, list):
        raise ConfigurationError(f"{source}: write rules as [[rule]].")
    return Policy(
        tuple(_rule(rule, f"{source}, rule {n}") for n, rule in enumerate(rules, 1)), default
    )


def _rule(values: Any, source: str) -> Rule:
    if not isinstance(values, dict) or not isinstance(values.get("tool"), str):
        raise ConfigurationError(f"{source}: a rule needs a `tool`.")
    unknown = set(values) - {"tool", "arguments", "permission"}
    if unknown:
        raise ConfigurationError(f"{source}: unknown key {sorted(unknown)[0]!r}.")
    arguments = values.get("arguments", {})
    if not isinstance(arguments, dict) or not all(isinstance(v, str) for v in arguments.values()):
        raise ConfigurationError(f"{source}: `arguments` is a table of patterns, each a string.")
    return Rule(
        _permission(values.get("permission"), source), values["tool"], arguments, f"({source})"
    )


def _permission(value: object, source: str) -> Permission:
    for known in get_args(Permission):
        if value == known:
            permission: Permission = known
            return permission
    raise ConfigurationError(
        f"{source}: {value!r} is no permission; write 'auto', 'ask' or 'never'."
    )


def _rule_from_flag(permission: Permission, text: str, flag: str) -> Rule:
    tool, colon, condition = text.partition(":")
    name, equals, pattern = condition.partition("=")
    if not tool or (colon and not (name and equals)):
        raise ConfigurationError(f"{flag} {text!r}: write TOOL, or TOOL:ARGUMENT=PATTERN.")
    return Rule(permission, tool, {name: pattern} if colon else {}, f"({flag})")


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{str(path)!r} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{str(path)!r} is not TOML: {error}.") from error


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
