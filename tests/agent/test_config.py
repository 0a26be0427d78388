"""Which of flag, environment, project file, user file and default decides, and what a project may not decide."""

import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from glm_agent.cli.application import app
from glm_agent.errors import ConfigurationError, ModelUnavailableError, UsageError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder and a settings folder of the test's own."""
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("GLM_AGENT_HOME", str(tmp_path / "home"))
    for name in ("GLM_AGENT_MODEL", "GLM_AGENT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
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


def test_a_profile_stands_between_environment_and_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flag > environment > profile > project > user > default, each seen in a command that starts."""
    monkeypatch.setenv("GLM_AGENT_OFFLINE", "1")
    (folder / "in.jsonl").write_text('"x"', encoding="utf-8")
    write_user(
        folder, 'model = "no/of-the-user"\nseed = 1\n[profiles.big]\nmodel = "no/of-the-profile"'
    )
    batch = ("batch", "in.jsonl", "-o", "out.jsonl", "--no-tools")
    with pytest.raises(ModelUnavailableError, match="no/of-the-user"):
        run(*batch)
    with pytest.raises(ModelUnavailableError, match="no/of-the-profile"):
        run(*batch, "--profile", "big")
    with pytest.raises(ModelUnavailableError, match="no/of-the-flag"):
        run(*batch, "--model", "no/of-the-flag", "--profile", "big")
    monkeypatch.setenv("GLM_AGENT_PROFILE", "big")
    with pytest.raises(ModelUnavailableError, match="no/of-the-profile"):
        run(*batch)
    assert shown()["model"] == "'no/of-the-profile'    # profile big"
    assert shown()["seed"].startswith("1    # user")
    monkeypatch.setenv("GLM_AGENT_MODEL", "no/of-the-environment")
    with pytest.raises(ModelUnavailableError, match="no/of-the-environment"):
        run(*batch)


def test_a_profile_beats_the_projects_file(folder: Path) -> None:
    write_project(folder, "seed = 2")
    write_user(folder, "[profiles.mine]\nseed = 3")
    assert run("config", "get", "seed").strip() == "2"
    assert run("config", "get", "seed", "--profile", "mine").strip() == "3"


def test_a_profile_that_is_not_there_is_named_with_those_that_are(folder: Path) -> None:
    write_user(folder, "[profiles.mine]\nseed = 3")
    with pytest.raises(UsageError, match="no profile 'mien'; there are: mine"):
        run("run", "x", "--profile", "mien")


def test_a_project_brings_no_profiles(folder: Path) -> None:
    """A profile may say everything, so it is the user's alone."""
    write_project(folder, "[profiles.handy]\nsandbox = 'off'")
    with pytest.raises(ConfigurationError, match="no table 'profiles'"):
        run("run", "x", "--profile", "handy")


@pytest.mark.parametrize("text", ["[option]\nseed = 1", "[profile.x]\nseed = 1"])
def test_a_table_that_nobody_reads_is_not_passed_over(folder: Path, text: str) -> None:
    (folder / "home" / "config.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="no table"):
        run("run", "x")


def test_set_writes_what_the_command_line_would_take_and_keeps_the_rest(folder: Path) -> None:
    """Comments, order and the file's mode stay; values have TOML's types."""
    file = folder / "home" / "config.toml"
    write_user(folder, "seed = 1  # a good one\n")
    file.chmod(0o600)
    run("config", "set", "tools", "python", "files")
    run("config", "set", "no-tools", "false")
    run("config", "set", "temperature", "0.5")
    run("config", "set", "--profile", "safe", "sandbox", "docker")
    text = file.read_text(encoding="utf-8")
    assert "seed = 1  # a good one" in text
    assert file.stat().st_mode & 0o777 == 0o600
    assert tomllib.loads(text) == {
        "options": {"seed": 1, "tools": ["python", "files"], "no-tools": False, "temperature": 0.5},
        "profiles": {"safe": {"sandbox": "docker"}},
    }
    assert run("config", "get", "tools").split() == ["python", "files"]
    assert run("config", "get", "sandbox", "--profile", "safe").strip() == "docker"
    run("config", "unset", "tools")
    assert run("config", "get", "tools") == ""


def test_set_writes_through_a_link(folder: Path) -> None:
    """Who keeps settings in a folder of dotfiles had a file in the link's place, and the other one unchanged."""
    file, kept = folder / "home" / "config.toml", folder / "dotfiles.toml"
    kept.write_text("", encoding="utf-8")
    file.parent.mkdir(exist_ok=True)
    file.symlink_to(kept)
    run("config", "set", "seed", "1")
    assert file.is_symlink()
    assert tomllib.loads(kept.read_text(encoding="utf-8")) == {"options": {"seed": 1}}


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("sede", "1"), UsageError, "Did you mean 'seed'"),
        (("seed", "x"), ConfigurationError, "'seed'"),
        (("seed", "1", "2"), UsageError, "one value"),
        (("sandbox", "of"), ConfigurationError, "sandbox"),
    ],
)
def test_set_refuses_what_the_command_line_would_and_writes_nothing(
    folder: Path, arguments: tuple[str, ...], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        run("config", "set", *arguments)
    assert not (folder / "home" / "config.toml").exists()


def test_set_does_not_touch_a_file_that_is_broken(folder: Path) -> None:
    write_user(folder, "seed =")
    with pytest.raises(ConfigurationError, match="not TOML"):
        run("config", "set", "seed", "3")
    text = (folder / "home" / "config.toml").read_text(encoding="utf-8")
    assert text == "[options]\nseed ="
