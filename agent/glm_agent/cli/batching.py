"""What `glm-agent batch` does: open as many agents as there are jobs, run the tasks, sum up."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from glm_agent.batch import check_output, read_tasks, run_batch
from glm_agent.chat_model import ChatModel
from glm_agent.cli.answer_type import named_output_type
from glm_agent.cli.exit_codes import ExitCode
from glm_agent.cli.interruption import interruption
from glm_agent.cli.opening import AgentOpening, AgentRequest, open_model
from glm_agent.cli.progress import ProgressBar
from glm_agent.cli.terminal import Terminal
from glm_agent.journal import Journal
from glm_agent.orchestrator import Agent
from glm_agent.shared_model import SharedModel
from glm_agent.storage import journal_path


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """The command line of one batch.

    Attributes:
        tasks: the input.
        output: gets a line for each task.
        agent: who does them.
        resume: keep what is in `output`.
        jobs: tasks at once.
        ordered: lines come in the order of the tasks.
        answer_type: of every answer, by name; None for text.
        quiet: failures only.
    """

    tasks: Path
    output: Path
    agent: AgentRequest
    resume: bool = False
    jobs: int = 1
    ordered: bool = True
    answer_type: str | None = None
    quiet: bool = False


def run_tasks(request: BatchRequest) -> ExitCode:
    """Do the tasks that are not done.

    Raises:
        ConfigurationError, ModelUnavailableError, SandboxUnavailableError, JournalError: as for `run_task`.
    """
    terminal = Terminal(quiet=request.quiet, stream_answer=False)
    tasks = read_tasks(request.tasks)
    check_output(request.output, resume=request.resume)  # before the model is loaded
    output_type = named_output_type(request.answer_type)
    openings = [AgentOpening(request.agent) for _ in range(min(request.jobs, max(1, len(tasks))))]
    with ExitStack() as stack, interruption() as interrupt:
        model: ChatModel = open_model(request.agent.model, terminal)
        if len(openings) > 1:
            model = SharedModel(model)
        agents = [_open(opening, stack, terminal, model) for opening in openings]
        interrupt.is_running = True
        with ProgressBar(quiet=request.quiet) as progress:
            tally = run_batch(
                agents,
                tasks,
                request.output,
                resume=request.resume,
                ordered=request.ordered,
                output_type=output_type,
                cancel=interrupt.flag,
                on_done=lambda done, total: progress("Tasks", done, total),
            )
        interrupt.is_running = False
    terminal.note(f"{tally.answered} answered, {tally.failed} not, {tally.kept} were there.")
    if tally.is_interrupted:
        terminal.warn(
            f"Interrupted. Go on: glm-agent batch {request.tasks} -o {request.output} --resume"
        )
        return ExitCode.TERMINATED if interrupt.is_termination else ExitCode.INTERRUPTED
    return ExitCode.LIMIT if tally.failed else ExitCode.ANSWERED


def _open(opening: AgentOpening, stack: ExitStack, terminal: Terminal, model: ChatModel) -> Agent:
    """One job's agent; its journal is a connection of its own, since a connection's transactions are of one thread."""
    journal = Journal(journal_path())
    stack.callback(journal.close)
    return opening.open(stack, journal, terminal, approve=None, model=model).agent
