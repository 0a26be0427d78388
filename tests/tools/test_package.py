import subprocess
import sys

import glm_tools


def test_public_names_are_sorted_and_exist() -> None:
    assert list(glm_tools.__all__) == sorted(glm_tools.__all__)
    for name in glm_tools.__all__:
        assert getattr(glm_tools, name) is not None


def test_the_decorator_and_the_module_of_one_name_do_not_hide_each_other() -> None:
    """`glm_tools.tool` is a module too; `from glm_tools import tool` must give the decorator all the same."""
    code = "import glm_tools.tool; from glm_tools import tool; from glm_tools.tool import Tool; tool(print.__class__ and (lambda: 0))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_the_package_loads_nothing_heavy() -> None:
    """A command's start pays for what it imports; pydantic and jsonschema wait for the first tool."""
    code = (
        "import sys, glm_tools; from glm_tools import Tool, ToolCall, tool\n"
        "heavy = {'pydantic', 'jsonschema', 'docstring_parser', 'docker', 'torch', 'asyncio'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
