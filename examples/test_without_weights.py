"""Proves: an agent and its tools are tested without a model, by a script that stands in for one."""

from glm_agent import Agent, tool
from glm_agent.testing import ScriptedModel, call, say


@tool
def transfer(to: str, cents: int) -> str:
    """Move money to another account.

    Args:
        to: the receiver.
        cents: amount in minor units.
    """
    return f"moved {cents} cents to {to}"


def main() -> None:
    model = ScriptedModel(
        [
            call("transfer", to="Mei", cents="twelve"),  # wrong: the schema says integer
            call("transfer", to="Mei", cents=1200),
            say("Mei has 12 euro more."),
        ]
    )
    with Agent(model, tools=[transfer]) as agent:
        result = agent.run("Pay Mei twelve euro.")
    statuses = [step.result.status for step in result.steps if step.result is not None]
    print(statuses, "->", result.answer)
    assert statuses == ["invalid", "ok"]
    assert model.is_done


if __name__ == "__main__":
    main()
