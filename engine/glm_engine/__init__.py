"""The generate loop: token ids in, token ids out. The only package that imports torch.

Import from its modules: `glm_engine.generate.Engine` loads a checkpoint and opens sessions. This root imports nothing,
so that a program that only asks for a version or a help text does not wait for torch.
"""
