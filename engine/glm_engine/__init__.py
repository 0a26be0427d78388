"""The generate loop: token ids in, token ids out. The only package that imports torch.

Import from its modules: `glm_engine.generate.Engine` loads a checkpoint and opens sessions. This root imports next to
nothing, so that a program that only asks for a version or a help text does not wait for torch.
"""

import os

# torch's own threads wait for their next work spinning, for milliseconds, on cores that the kernels' threads need by
# then: a step of 4 rows takes a quarter longer (benchmarks/speed.py). It is read when torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
