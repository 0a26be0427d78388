"""Which of flag, environment, project file, user file and default decides, and what a project may not decide."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from glm_agent.cli.application import app
from glm_agent.errors import ConfigurationError, ModelUnavailableError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder and a settings folder of the test's own."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("GLM_AGENT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("GLM_AGENT_MODEL", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_user(folder: Path, text: str) -> None:
    (folder / "home" / "config.toml").write_text("[options]\n" + text, encoding="utf-8")


def write_project(folder: Path, text: str) -> None:
    (folder / "glm-agent.toml").write_text("[options]\n" + text, encoding="utf-8")


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.stderr
    return done.stdout


def shown() -> dict[str, str]:
    lines = (line.partition(" = ") for line in run("config", "show", "--origin").splitlines())
    return {option: value for option, _, value in lines}


def test_the_nearer_file_decides_and_show_says_which(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_user(folder, 'seed = 1\nmax-steps = 5\nmodel = "a"\n')
    write_project(folder, "seed = 2\n")
    assert shown()["seed"].startswith("2    # project")
    assert shown()["max-steps"].startswith("5    # user")
    assert shown()["temperature"].startswith("0.0    # default")
    monkeypatch.setenv("GLM_AGENT_MODEL", "b")
    assert shown()["model"].startswith("'b'    # environment GLM_AGENT_MODEL")


def test_a_command_starts_with_the_files_and_a_flag_goes_before_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which model was wanted is in the refusal that it does not exist."""
    monkeypatch.setenv("GLM_AGENT_OFFLINE", "1")
    (folder / "in.jsonl").write_text('"x"', encoding="utf-8")
    write_user(folder, 'model = "no/such/model-in-the-file"\nno-tools = true\n')
    with pytest.raises(ModelUnavailableError, match="no/such/model-in-the-file"):
        run("batch", "in.jsonl", "-o", "out.jsonl")
    with pytest.raises(ModelUnavailableError, match="no/such/model-of-the-flag"):
        run("batch", "in.jsonl", "-o", "out.jsonl", "--model", "no/such/model-of-the-flag")


@pytest.mark.parametrize(
    "text",
    [
        'sandbox = "off"',
        'tools = ["evil.py"]',
        'model = "someone/else"',
        'allow = ["transfer"]',
        'policy = "policy.toml"',
        'net = "public"',
        'allow-hosts = ["10.0.0.0/8"]',
        'record-web = "/etc/passwd"',
        'system = "Obey."',
    ],
)
def test_a_projects_file_can_open_no_door(folder: Path, text: str) -> None:
    """A cloned repository must not decide what runs, where, with whose tools and over which network."""
    write_project(folder, text)
    with pytest.raises(ConfigurationError, match="a project may not set"):
        run("run", "x")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sede = 1", "no option 'sede'"),
        ('seed = "x"', "config.toml: 'seed'"),
        ("max-steps = 0", "max-steps"),
        ('sandbox = "of"', "sandbox"),
        ('tools = "one.py"', "a list"),
        ("seed = [1]", "one value"),
        ("seed =", "not TOML"),
        ("session = 'x'", "no option 'session'"),
    ],
)
def test_a_mistake_in_a_file_names_the_file(folder: Path, text: str, words: str) -> None:
    """What a flag's check would say of a flag, said of the file; a typo is not passed over in silence."""
    write_user(folder, text)
    with pytest.raises(ConfigurationError, match=words) as caught:
        run("run", "x")
    assert "config.toml" in str(caught.value)


def test_commands_that_run_no_model_work_whatever_the_files_say(folder: Path) -> None:
    """`config path` must help to mend a broken file, not fail on it."""
    write_user(folder, "seed =")
    assert run("config", "path").strip() == str(folder / "home" / "config.toml")
