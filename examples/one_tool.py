"""Proves: a typed function becomes a tool, and a real model (the embedded demo) calls it with valid arguments."""

from glm_agent import Agent, load_model, tool


@tool
def get_weather(city: str) -> str:
    """Get the current weather of a city."""
    return f"18 degrees and sunny in {city}"


def main() -> None:
    with Agent(load_model("demo"), tools=[get_weather]) as agent:
        result = agent.run("What is the weather in Paris?")
    print(result.calls[0].arguments, "->", result.answer)
    assert [call.name for call in result.calls] == ["get_weather"]
    assert "18" in result.answer


if __name__ == "__main__":
    main()
