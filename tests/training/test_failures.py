"""Training data about calls that fail: what fails for good is told as it was said, and nothing is learnt that cannot be made."""

import json
from random import Random

from demo_training.data.dependent_scenes import draw_scene
from demo_training.data.failures import with_failure, with_guess
from demo_training.data.functions import offer, use
from demo_training.data.mixture import training_sources
from demo_training.data.values import TRAINING
from glm_tools.validation import ArgumentValidator


def test_a_failure_is_repeated_told_or_put_right() -> None:
    """A reset connection was told as if it were the result, and a code without its prefix was sent twice."""
    random = Random(1)
    kinds = set()
    for _ in range(600):
        drawn = offer(random.choice(training_sources().everyday), random, TRAINING)
        asked = use(drawn, random, TRAINING).as_round(random)
        made = with_failure(asked, [drawn.spec], random)
        kinds.add(made.kind)
        for call in made.calls:
            ArgumentValidator(drawn.spec.name, drawn.spec.parameters).check(
                json.loads(call.payload)
            )
        if made.kind == "error, told":
            assert made.facts[0].rstrip(".") in made.answer
            assert made.facts[0] in made.calls[-1].observations[0].text.replace('\\"', '"')
        else:
            assert made.calls[1].observations == asked.calls[0].observations
            assert (made.calls[0].payload == made.calls[1].payload) == (
                made.kind == "error, then again"
            )
    assert kinds == {"error, then again", "error, told", "error, put right"}


def test_a_guessed_argument_is_looked_up_after_all() -> None:
    random = Random(6)
    guessed = 0
    while guessed < 20:
        scene = draw_scene(random, TRAINING)
        for asked in scene.rounds:
            made = with_guess(asked, random)
            if made is None:
                continue
            guessed += 1
            first, *rest = made.calls
            assert tuple(rest) == asked.calls  # and only these are learnt
            assert not first.is_learnt
            assert first.tool == asked.calls[-1].tool
            wrong, right = json.loads(first.payload), json.loads(asked.calls[-1].payload)
            (key,) = (key for key in right if wrong[key] != right[key])
            assert wrong[key] in asked.user
            assert right[key] not in asked.user
            assert made.answer == asked.answer
