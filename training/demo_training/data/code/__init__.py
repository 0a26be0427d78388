"""Questions that are answered by writing code for `python` and reading what it prints."""

from demo_training.data.code.rounds import MAKERS, answer_to, draw_task, python_round, with_mistake
from demo_training.data.code.task import Maker, Task, run_cell, shortened

__all__ = [
    "MAKERS", "Maker", "Task", "answer_to", "draw_task", "python_round", "run_cell", "shortened", "with_mistake",
]  # fmt: skip
