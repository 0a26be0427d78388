"""The attacks, as data. Numbers are stable: tests and documents refer to them."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from glm_sandbox.errors import SandboxFileError
from glm_sandbox.sandbox import Sandbox

KEPT = ("ok/kept",)
KEPT_ERROR = ("ok/kept", "error/kept")
ROLLED_BACK = ("crashed/rolled_back",)
STOPPED = ("timeout/kept", "timeout/rolled_back")
KILLED = ("timeout/rolled_back",)
NO_MEMORY = ("oom/rolled_back", "error/kept", "crashed/rolled_back")

PRELUDE = """
import ctypes, os, signal, socket, stat, struct, sys, time
from glm_sandbox.guest import seccomp
_libc = ctypes.CDLL(None, use_errno=True)
_column = 0 if os.uname().machine == 'x86_64' else 1
def number_of(name): return {**seccomp._DENIED, **seccomp._CHECKED}[name][_column]
def call(name, *arguments):
    number = name if isinstance(name, int) else number_of(name)
    if number is None: raise OSError('no such call here')
    result = _libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
def refused(name, action):
    try: got = action()
    except (OSError, ImportError, AttributeError, ValueError): return
    print('ESCAPED', name, repr(got)[:200])
def fill(path, chunk=1_000_000):
    size = 0
    try:
        with open(path, 'wb') as file:
            while size < 10**9: size += file.write(bytes(chunk))
    except OSError: pass
    return size
def sockets():
    found = []
    for fd in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode): found.append(fd)
        except OSError: pass
    return found
"""


@dataclass(frozen=True, slots=True)
class Attack:
    """One attempt.

    Attributes:
        name: number and title.
        code: what is run, after `PRELUDE`.
        outcomes: ways in which it may end, as `status/variables`.
        timeout_s: for the cell.
        says: what the output or the message must hold.
        from_host: what to look at from the host afterwards; returns what is wrong.
    """

    name: str
    code: str
    outcomes: tuple[str, ...] = KEPT
    timeout_s: float = 5.0
    says: str = ""
    from_host: Callable[[Sandbox], str] | None = None


def _nothing_is_read(*paths: str) -> Callable[[Sandbox], str]:
    """No path of these gives the host any bytes."""

    def look(sandbox: Sandbox) -> str:
        for path in paths:
            try:
                data = sandbox.get_file(path)
            except SandboxFileError:
                continue
            return f"the host read {len(data):,} bytes of {path!r}"
        sandbox.execute(
            "import shutil\nfor n in os.listdir('.'):\n  if n != 'canary': (shutil.rmtree if os.path.isdir(n) and not os.path.islink(n) else os.unlink)(n)"
        )
        return ""

    return look


def _bytes_stay_bytes(sandbox: Sandbox) -> str:
    """The host hands on what is in a file; it loads nothing from it."""
    data = sandbox.get_file("bomb.pkl")
    sandbox.execute("os.unlink('bomb.pkl')")
    if "GLM_SANDBOX_UNPICKLED" in os.environ:
        return "the host has unpickled a file of the sandbox"
    return "" if data.startswith(b"\x80") else f"the host read {data[:40]!r}"


def _listing_is_bounded(sandbox: Sandbox) -> str:
    result = sandbox.execute("n = 1")
    longest = max((len(file.path) for file in result.files), default=0)
    sandbox.execute("import shutil; shutil.rmtree('many', ignore_errors=True)")
    return f"a path of {longest} characters was listed" if longest > 4096 else ""


ATTACKS: tuple[Attack, ...] = (
    # Resources
    Attack("A01 fork bomb", "while True:\n  try: os.fork()\n  except OSError: pass", STOPPED, 2.0),
    Attack(
        "A02 thread bomb",
        "import threading\nwhile True: threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()",
        ("crashed/rolled_back", "timeout/rolled_back", "timeout/kept"),
        2.0,
    ),
    Attack("A03 memory bomb in lists", "hoard = []\nwhile True: hoard.append(bytearray(10**7))", NO_MEMORY),
    Attack("A04 memory bomb in an array", "import numpy\nn = numpy.ones((200_000, 10_000)).sum()", NO_MEMORY, 20.0),
    Attack(
        "A05 memory bomb in a child",
        "import subprocess\ncode = subprocess.run([sys.executable, '-c', 'l = []\\nwhile True: l.append(bytearray(10**7))'],"
        " stderr=subprocess.DEVNULL).returncode\nprint('child ended', code != 0)",
        says="child ended True",
    ),
    Attack("A06 fill the data folder", "n = fill('big'); os.unlink('big'); print(n < 70_000_000)", says="True"),
    Attack(
        "A07 use up the inodes",
        "os.mkdir('many')\ntry:\n  for i in range(10**6): open(f'many/{i}', 'w').close()\nexcept OSError: print('no room at', i)\n"
        "import shutil; shutil.rmtree('many')",
        says="no room at",
    ),
    Attack(
        "A08 fill shared memory and memfd",
        "n = fill('/dev/shm/x'); os.path.exists('/dev/shm/x') and os.unlink('/dev/shm/x')\n"
        "fd = os.memfd_create('x')\nrefused('memfd', lambda: os.ftruncate(fd, 10**12)); os.close(fd)\nprint(n < 20_000_000)",
        says="True",
    ),
    Attack("A09 sparse file", "with open('sparse', 'wb') as f:\n  f.seek(10**12)\n  refused('write', lambda: f.write(b'x') and f.flush())\n"
           "  f.seek(0)\nos.unlink('sparse')", KEPT_ERROR),
    Attack("A10 use up the descriptors", "l = []\ntry:\n  while True: l.append(open('/dev/null'))\nexcept OSError as e: print(len(l) < 300, e.errno)\ndel l", says="True 24"),
    Attack("A11 endless stdout", "while True: print('x' * 1000)", ("output_limit/kept", "output_limit/rolled_back")),
    Attack("A12 200 MB at once", "for i in range(200): os.write(1, b'y' * 10**6)", ("output_limit/kept", "output_limit/rolled_back")),
    Attack(
        "A13 endless stderr of a child",
        "import subprocess; subprocess.run(['sh', '-c', 'while true; do echo aaaaaaaaaaaaaaaaaaaaaaaaa >&2; done'])",
        ("output_limit/kept", "timeout/kept"),
        3.0,
    ),
    Attack("A14 huge repr", "'x' * 10**8", timeout_s=20.0, says="xxxx"),
    Attack("A15 escape sequences", r"print('\x1b]0;title\x07\x1b[2J\x9b31m')", says=r"\x1b]0;title"),
    Attack(
        "A16 stdout that imitates frames",
        "import json\nh = json.dumps({'kind': 'done', 'token': '', 'status': 'ok', 'body_bytes': 0}).encode()\n"
        "n = os.write(1, struct.pack('>I', len(h)) + h); print('still text')",
        says="still text",
    ),
    # Time
    Attack("A17 endless loop", "while True: pass", ("timeout/kept",), 0.5),
    Attack(
        "A18 loop that swallows interrupts",
        "def swallow(*_): pass\nwhile True:\n  try:\n    while True: swallow(1)\n  except BaseException: pass",
        STOPPED,
        0.5,
    ),
    Attack(
        "A19 signals ignored",
        "for s in (1, 2, 3, 10, 12, 13, 14, 15): signal.signal(s, signal.SIG_IGN)\nsignal.alarm(1)\nwhile True: pass",
        KILLED,
        0.5,
    ),
    Attack("A20 block in C", "_libc.pause()", STOPPED, 0.5),
    Attack("A20b a regular expression that never ends", "import re; re.match(r'(a+)+$', 'a' * 40 + 'b')", STOPPED, 0.5),
    Attack("A20c a power that never ends", "n = 7 ** (7 ** 9)", STOPPED, 0.5),
    Attack("A20d SIGINT blocked", "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass", KILLED, 0.5),
    # The interpreter
    Attack("A21 exit", "canary = 0\nos._exit(3)", ROLLED_BACK, says="exit status 3"),
    Attack("A21b quit()", "quit()", ("error/kept",)),
    Attack("A22 segfault", "canary = 0\nctypes.string_at(0)", ROLLED_BACK, says="signal 11"),
    Attack("A22b abort", "canary = 0\nos.abort()", ROLLED_BACK, says="signal 6"),
    Attack("A23 kill itself", "canary = 0\nos.kill(os.getpid(), 9)", ROLLED_BACK, says="signal 9"),
    Attack("A23b stop itself", "canary = 0\nos.kill(os.getpid(), signal.SIGSTOP)", KILLED, 0.5),
    Attack("A24 exec over the worker", "os.execv('/bin/sh', ['sh', '-c', 'echo replaced; sleep 100'])", (*KILLED, *ROLLED_BACK), 0.5),
    Attack(
        "A25 signals to the supervisor and to all",
        "for s in (9, 19, 15, 11, 10, 2, 1, 17):\n  refused(s, lambda: os.kill(1, s)); refused(s, lambda: os.kill(-1, s))\n"
        "refused('tgkill', lambda: call('tgkill', 1, 1, 9))\nrefused('tkill', lambda: call('tkill', 1, 9))\n"
        "refused('pidfd', lambda: os.pidfd_open(1))\nrefused('queue', lambda: call('rt_sigqueueinfo', 1, 9, bytes(128)))",
    ),
    Attack(
        "A26 limits of the supervisor",
        "import resource\nrefused('prlimit', lambda: resource.prlimit(1, resource.RLIMIT_NOFILE, (3, 3)))\n"
        "refused('cpu', lambda: resource.prlimit(1, resource.RLIMIT_CPU, (1, 1)))\n"
        "refused('affinity', lambda: os.sched_setaffinity(1, {0}))\nrefused('renice', lambda: os.setpriority(os.PRIO_PROCESS, 1, 19))\n"
        "refused('idle', lambda: os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0)))\n"
        "refused('raise', lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (10**5, 10**5)))",
    ),
    Attack(
        "A27 look into the supervisor",
        "for name in ('mem', 'environ', 'maps', 'fd', 'root', 'cwd', 'exe'):\n"
        "  path = f'/proc/1/{name}'\n"
        "  refused(name, lambda: os.listdir(path) if os.path.isdir(path) else open(path, 'rb').read(1) if name not in ('cwd', 'exe') else os.readlink(path))\n"
        "refused('ptrace', lambda: call('ptrace', 16, 1, 0, 0))\nrefused('readv', lambda: call('process_vm_readv', 1, 0, 0, 0, 0, 0))",
    ),
    Attack(
        "A28 kill the snapshot, then exit",
        "for p in os.listdir('/proc'):\n  if p.isdigit() and int(p) not in (1, os.getpid()): os.kill(int(p), 9)\ntime.sleep(.1)\nos._exit(1)",
        ("crashed/lost",),
        says="Variables are lost",
    ),
    Attack("A29 close every descriptor", "os.closerange(0, 256)", (*ROLLED_BACK, *KILLED), 2.0),
    Attack("A30 an oversized frame", "canary = 0\nfor fd in sockets(): os.write(fd, struct.pack('>I', 0x7fffffff) + b'x' * 100)\ntime.sleep(1)", ROLLED_BACK),
    Attack("A30b frames of garbage", "for fd in sockets(): os.write(fd, struct.pack('>I', 5) + b'\\xff\\xfe{{{')\ntime.sleep(1)", ROLLED_BACK),
    Attack(
        "A30c a negative body",
        "h = b'{\"kind\": \"value\", \"body_bytes\": -5}'\nfor fd in sockets(): os.write(fd, struct.pack('>I', len(h)) + h)\ntime.sleep(1)",
        ROLLED_BACK,
    ),
    Attack(
        "A30d deeply nested JSON",
        "h = b'[' * 60000\nfor fd in sockets(): os.write(fd, struct.pack('>I', len(h)) + h)\ntime.sleep(1)",
        ROLLED_BACK,
    ),
    Attack(
        "A31 the end of later cells, forged",
        "import json\nfor fd in sockets():\n  for i in range(200):\n"
        "    h = json.dumps({'kind': 'done', 'token': f'{i:032x}', 'ok': True, 'body_bytes': 0}).encode()\n"
        "    os.write(fd, struct.pack('>I', len(h)) + h)\nprint('still here')",
        says="still here",
    ),
    Attack(
        "A32 daemons",
        "for i in range(20):\n  if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0: time.sleep(100)\n    os._exit(0)\nfor i in range(20): os.wait()",
        says="20 processes left running were ended",
    ),
    Attack(
        "A33 a thread that goes on printing",
        "import threading\ndef spam():\n  while True: print('spam'); time.sleep(.01)\nthreading.Thread(target=spam, daemon=True).start()",
        says="1 thread still running",
    ),
    Attack("A33b too many threads", "import threading\nfor i in range(40): threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()", ROLLED_BACK, says="threads left running"),
    Attack("A34 fork, and both come back", "child = os.fork()\nprint('one' if child else 'two', flush=True)", says="one"),
    Attack(
        "A35 builtins and streams sabotaged",
        "import builtins, json\nsys.stdout = sys.stderr = sys.excepthook = None\n"
        "for n in ('print', 'repr', 'type', 'len', 'open', 'isinstance'): setattr(builtins, n, None)\njson.dumps = None\nos.write = None",
        (*KEPT_ERROR, *ROLLED_BACK),
    ),
    Attack("A36 a repr that raises", "class A:\n  def __repr__(self): raise SystemExit(3)\nA()", ("error/kept",)),
    Attack("A36b a repr that never ends", "class A:\n  def __repr__(self):\n    while True: pass\nA()", ("timeout/kept",), 0.5),
    Attack("A36c an error that cannot be shown", "class E(Exception):\n  def __str__(self): raise RuntimeError('no')\nraise E()", ("error/kept",)),
    Attack("A36d finalizers and exit hooks", "import atexit\natexit.register(lambda: time.sleep(100))\nclass D:\n  def __del__(self): raise ValueError\nd = D(); del d"),
    Attack("A37 recursion", "def f(): f()\nf()", ("error/kept",), says="RecursionError"),
    Attack("A37b nested brackets", "eval('(' * 100000 + ')' * 100000)", ("error/kept", *ROLLED_BACK)),
    Attack("A37c a compile bomb", "exec('x=' + '-' * 200000 + '1')", ("error/kept", *ROLLED_BACK)),
    Attack("A37d NUL and surrogates", "print('a\\0b', '\\ud800')\nopen('a\\0b')", ("error/kept",)),
    Attack("A38 a figure of miles", "import matplotlib.pyplot as plt; plt.figure(figsize=(30000, 3)); plt.plot([1]);", ("error/kept",), 60.0, says="too large"),
    Attack("A38b 300 figures", "import matplotlib.pyplot as plt\nfor i in range(30): plt.figure(figsize=(1, 1))", timeout_s=60.0),
    Attack("A39 read stdin", "n = sys.stdin.read()\nn = os.read(0, 10)\ninput()", ("error/kept",), says="nobody"),
    # The host
    Attack(
        "A40 sockets and folders of the host",
        "for p in ('/var/run/docker.sock', '/run/docker.sock', '/run/containerd/containerd.sock', '/host', '/home', '/var/lib/docker'):\n"
        "  refused(p, lambda: os.stat(p))",
    ),
    Attack(
        "A41 the network",
        "def connect(family, address):\n  s = socket.socket(family, socket.SOCK_STREAM); s.settimeout(1); s.connect(address); return 'connected'\n"
        "for address in (('169.254.169.254', 80), ('192.0.2.1', 80), ('10.0.0.1', 22), ('172.17.0.1', 2375), ('127.0.0.1', 2375)):\n"
        "  refused(address, lambda: connect(socket.AF_INET, address))\n"
        "refused('v6', lambda: connect(socket.AF_INET6, ('2001:db8::1', 80)))\n"
        "refused('dns', lambda: socket.getaddrinfo('secret.example.com', 80))\n"
        "refused('udp', lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.53', 53)))\n"
        "print(os.listdir('/sys/class/net') if os.path.isdir('/sys/class/net') else ['lo'])",
        says="['lo']",
    ),
    Attack(
        "A42 odd sockets",
        "for family, kind, protocol in ((socket.AF_INET, socket.SOCK_RAW, 1), (17, socket.SOCK_RAW, 3), (40, 1, 0), (16, 3, 0), (38, 5, 0), (31, 3, 1), (29, 3, 1), (44, 3, 0), (30, 1, 0)):\n"
        "  refused((family, kind), lambda: socket.socket(family, kind, protocol))",
    ),
    Attack("A43 abstract sockets of the host", "names = [l for l in open('/proc/net/unix') if '@' in l]\nprint(len(names))", says="0"),
    Attack(
        "A44 namespaces and mounts",
        "refused('unshare user', lambda: call('unshare', 0x10000000)); refused('unshare net', lambda: call('unshare', 0x40000000))\n"
        "refused('mount', lambda: call('mount', b'none', b'/mnt/data', b'tmpfs', 0, 0))\nrefused('umount', lambda: call('umount2', b'/mnt/data', 2))\n"
        "refused('setns', lambda: call('setns', os.open('/proc/self/ns/net', os.O_RDONLY), 0))\nrefused('chroot', lambda: os.chroot('/tmp'))\n"
        "refused('clone3', lambda: call('clone3', 0, 0))\nrefused('pivot', lambda: call('pivot_root', b'/tmp', b'/tmp'))\n"
        "refused('clone', lambda: call('clone', 0x10000000 | 17, 0, 0, 0, 0))\nrefused('fsopen', lambda: call('fsopen', b'tmpfs', 0))\n"
        "refused('open_tree', lambda: call('open_tree', -100, b'/', 1))",
    ),
    Attack(
        "A45 dangerous calls",
        "for name in ('bpf', 'perf_event_open', 'userfaultfd', 'keyctl', 'add_key', 'request_key', 'io_uring_setup', 'kexec_load', 'init_module',"
        " 'finit_module', 'open_by_handle_at', 'name_to_handle_at', 'reboot', 'swapon', 'settimeofday', 'clock_settime', 'syslog', 'acct',"
        " 'quotactl', 'personality', 'fanotify_init', 'process_madvise', 'kcmp', 'seccomp', 'sethostname', 'iopl'):\n"
        "  refused(name, lambda: call(name, 0, 0, 0, 0, 0, 0))\n"
        "if _column == 0: refused('x32', lambda: call(0x40000000 + 39))",
    ),
    Attack(
        "A46 writes to /proc and /sys",
        "for p in ('/proc/sys/kernel/core_pattern', '/proc/sysrq-trigger', '/proc/sys/vm/drop_caches', '/proc/sys/kernel/hostname', '/sys/kernel/uevent_helper',"
        " '/sys/fs/cgroup/memory/memory.limit_in_bytes', '/sys/fs/cgroup/memory/release_agent', '/sys/fs/cgroup/memory.max', '/run/cgroup/memory.limit_in_bytes',"
        " '/run/cgroup/cgroup.procs', '/run/cgroup/memory.max'):\n  refused(p, lambda: open(p, 'w').write('1'))\n"
        "refused('kcore', lambda: open('/proc/kcore', 'rb').read(1))\nrefused('mkdir', lambda: os.mkdir('/run/cgroup/x'))",
    ),
    Attack(
        "A47 devices",
        "refused('mknod', lambda: os.mknod('/tmp/sda', 0o60600, os.makedev(254, 0)))\n"
        "for p in ('/dev/mem', '/dev/kmem', '/dev/kvm', '/dev/vda', '/dev/sda', '/dev/fuse', '/dev/net/tun', '/dev/loop-control', '/dev/kmsg'):\n  refused(p, lambda: open(p, 'rb'))",
    ),
    Attack(
        "A48 privileges",
        "refused('setuid', lambda: os.setuid(0)); refused('setgid', lambda: os.setgid(0)); refused('groups', lambda: os.setgroups([0]))\n"
        "found = [os.path.join(d, f) for d, _, fs in os.walk('/usr') for f in fs if os.lstat(os.path.join(d, f)).st_mode & 0o6000]\n"
        "if found: print('ESCAPED', found)\n"
        "for line in open('/proc/self/status'):\n  if line.startswith('Cap') and int(line.split()[1], 16): print('ESCAPED', line)",
    ),
    Attack(
        "A49 write the root, the supervisor, the packages",
        "import glm_sandbox.protocol as p\nfor path in ('/etc/passwd', '/usr/bin/python3', '/opt/glm-agent/start.py', p.__file__, os.__file__, '/dev/x', '/run/x', '/proc/x', '/x'):\n"
        "  refused(path, lambda: open(path, 'a'))\n  refused(path, lambda: os.chmod(path, 0o777))",
    ),
    Attack(
        "A50 secrets in environments",
        "print(sorted(os.environ))\nallowed = {'HOME', 'LANG', 'MPLBACKEND', 'MPLCONFIGDIR', 'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'PATH', 'PYTHONDONTWRITEBYTECODE', 'PYTHONPATH', 'PYTHONUNBUFFERED', 'PYTHONUTF8', 'LC_CTYPE'}\n"
        "if set(os.environ) - allowed: print('ESCAPED', set(os.environ) - allowed)\nrefused('pid 1', lambda: open('/proc/1/environ').read())",
    ),
    # Files that the host reads
    Attack(
        "A51 links, FIFOs, sockets and odd names in the data folder",
        "os.symlink('/etc/passwd', 'l1'); os.symlink('/proc/1/environ', 'l2'); os.symlink('/etc', 'dir'); os.mkfifo('fifo'); os.link('l1', 'hard')\n"
        "s = socket.socket(socket.AF_UNIX); s.bind('sock'); s.close()\n"
        "open('\\n\\x1b[31m..\\\\evil', 'w').write('x'); open('a' * 255, 'w'); open('\\udcff', 'w')",
        says="2 files not listed",
        from_host=_nothing_is_read("l1", "l2", "dir/passwd", "fifo", "hard", "sock", "../etc/passwd", "/etc/passwd", "\n\x1b[31m..\\evil"),
    ),
    Attack(
        "A52 a file swapped for a link while it is read",
        "import threading\ndef swap():\n  while True:\n    try:\n      open('x', 'w').write('mine'); os.unlink('x'); os.symlink('/etc/passwd', 'x'); os.unlink('x')\n    except OSError: pass\n"
        "threading.Thread(target=swap, daemon=True).start()",
        from_host=lambda sandbox: _only_own_content(sandbox),
    ),
    Attack(
        "A53 a file that grows, and many long names",
        "os.mkdir('many')\ntry:\n  for i in range(400): open(f'many/{i:04d}' + 'n' * 240, 'w').close()\nexcept OSError: pass",
        from_host=_listing_is_bounded,
    ),
    Attack(
        "A53b folders without end",
        "try:\n  for i in range(300): os.mkdir('d'); os.chdir('d')\nexcept OSError: pass\nos.chdir('/mnt/data')\nimport subprocess; n = subprocess.run(['rm', '-rf', 'd'])",
    ),
    Attack(
        "A54 modules shadowed",
        "for name in ('json', 'random', 'numpy', 'io', 're', 'traceback', 'glm_sandbox', 'sitecustomize', 'matplotlib'): open(name + '.py', 'w').write(\"print('ESCAPED shadow')\\nraise SystemExit\")\n"
        "import importlib\nfor name in ('json', 'random', 're'): importlib.reload(sys.modules.get(name) or __import__(name))\nos._exit(1)",
        ROLLED_BACK,
        from_host=_nothing_is_read(),
    ),
    Attack(
        "A55 start-up files planted",
        "for path, text in (('sitecustomize.py', \"print('ESCAPED')\"), ('x.pth', \"import os; print('ESCAPED')\"), ('/tmp/.pythonrc.py', \"print('ESCAPED')\")): open(path, 'w').write(text)\n"
        "import subprocess; print(subprocess.run([sys.executable, '-c', 'print(1)'], capture_output=True, text=True, cwd='/').stdout)",
        from_host=_nothing_is_read(),
    ),
    Attack(
        "A55b settings of Matplotlib planted",
        "open('matplotlibrc', 'w').write('backend: module://evil\\n'); open('evil.py', 'w').write(\"print('ESCAPED')\")\n"
        "import subprocess\nprint('backend', subprocess.run([sys.executable, '-c', 'import matplotlib; print(matplotlib.get_backend())'], capture_output=True, text=True).stdout)",
        says="glm_sandbox.guest.matplotlib_backend",
        timeout_s=60.0,
        from_host=_nothing_is_read(),
    ),
    Attack(
        "A56 pickles that do something when they are read",
        "import pickle\nclass Bomb:\n  def __reduce__(self): return (exec, (\"import os; os.environ['GLM_SANDBOX_UNPICKLED'] = '1'\",))\n"
        "open('bomb.pkl', 'wb').write(pickle.dumps(Bomb())); bomb = Bomb()\nprint(pickle.dumps(bomb))\nbomb",
        says="GLM_SANDBOX_UNPICKLED",
        from_host=_bytes_stay_bytes,
    ),
    Attack("A57 a zip bomb", "import zlib\nd = zlib.compress(bytes(10**8), 9)\nhoard = []\nwhile True: hoard.append(zlib.decompress(d))", NO_MEMORY, timeout_s=30.0),
    Attack(
        "A58 pictures that lie",
        "class Lie:\n  def _repr_png_(self): return b'\\x89PNG\\r\\n\\x1a\\n\\0\\0\\0\\rIHDR' + struct.pack('>II', 10**9, 10**9) + bytes(10)\n"
        "class Script:\n  def _repr_html_(self): return '<script>alert(1)</script>'\ndisplay(Lie(), Script())\nclass Big:\n  def _repr_png_(self): return bytes(10**7)\ndisplay(Big())",
        ("error/kept",),
        says="too large",
    ),
    Attack("A61 shared places of other sessions", "print(sorted(os.listdir('/tmp')), [p for p in os.listdir('/proc') if p.isdigit() and int(p) > 1].__len__() < 8)", says="True"),
    Attack(
        "A62 the clock turned back",
        "def never(*a): return 0.0\nfor n in ('time', 'monotonic', 'perf_counter', 'process_time', 'sleep'): setattr(time, n, never)\n"
        "signal.alarm = signal.setitimer = signal.sigtimedwait = never\nwhile True: pass",
        ("timeout/kept",),
        0.5,
    ),
    Attack("A65 odd code", "x\t=\t1\r\nif x:\r\n\ty\t=\t2\x0c\nprint(x, y)", says="1 2"),
    Attack("A66 a terminal's input", "import fcntl\nrefused('TIOCSTI', lambda: fcntl.ioctl(0, 0x5412, b'x'))\nrefused('tty', lambda: open('/dev/tty', 'rb'))"),
    Attack("A67 the interpreter frozen with its snapshot", "for p in os.listdir('/proc'):\n  if p.isdigit() and int(p) not in (1, os.getpid()): os.kill(int(p), signal.SIGSTOP)\nos._exit(1)", ROLLED_BACK),
    Attack("A68 memory locked", "n = _libc.mlockall(3)\nhoard = bytearray(10**7)\nprint(n != 0 or True)"),
    Attack("A69 import hooks", "class Finder:\n  def find_spec(self, *a): raise SystemExit('no imports')\nsys.meta_path.insert(0, Finder())\nimport glm_not_there", ("error/kept",)),
    Attack("A70 trace functions", "import threading\ndef trace(*a): raise KeyboardInterrupt\nthreading.settrace(trace); sys.settrace(trace)\n(lambda: 1)()", ("error/kept", *ROLLED_BACK, *STOPPED)),
    Attack("A71 fork hooks", "os.register_at_fork(before=lambda: os._exit(9))", (*KEPT, *ROLLED_BACK)),
    Attack("A72 audit hooks", "def hook(event, args):\n  if event in ('os.fork', 'open', 'exec'): raise RuntimeError('no')\nsys.addaudithook(hook)", (*KEPT_ERROR, *ROLLED_BACK)),
    Attack(
        "A73 memory that outlives its process",
        "import resource\nfor name in ('shmget', 'semget', 'msgget'): refused(name, lambda: call(name, 0, 1 << 20, 0o1600))\n"
        "refused('mq_open', lambda: call('mq_open', b'queue', os.O_RDWR | os.O_CREAT, 0o600, None))\n"
        "print(resource.getrlimit(resource.RLIMIT_SIGPENDING)[1] <= 1024)",
        says="True",
    ),
    Attack("A74 output turned elsewhere for good", "nothing = os.open('/dev/zero', os.O_RDWR)\nfor n in (1, 2): os.dup2(nothing, n)"),
)  # fmt: skip


def _only_own_content(sandbox: Sandbox) -> str:
    """Whatever the host reads of the swapped file is the session's own."""
    for _ in range(50):
        try:
            data = sandbox.get_file("x")
        except SandboxFileError:
            continue
        if data not in (b"mine", b""):
            return f"the host read {data[:40]!r}"
    return ""
