"""The embedded demo model: a small base model that pip fetches once, and an adapter that lies in this package.

It speaks GLM-4's dialect through the same code as the real models; see MODEL_CARD.md.
"""

from glm_engine.demo.checkpoint import (
    demo_checkpoint,
    demo_weight_format,
    installed_demo_checkpoint,
    is_demo_checkpoint,
)
from glm_engine.demo.fetch import Progress, demo_base

__all__ = [
    "Progress",
    "demo_base",
    "demo_checkpoint",
    "demo_weight_format",
    "installed_demo_checkpoint",
    "is_demo_checkpoint",
]
