"""What the scripts of perf/ share: processes that end with the script, tables in Markdown, figures for perf/page.py."""
import atexit
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "support"))
from ports import free_port  # noqa: E402 pylint: disable=wrong-import-position

ROOT = pathlib.Path(__file__).resolve().parent.parent
started = []


def end_all():
    """Stops what was started, the last one first."""
    for process in reversed(started):
        if process.poll() is None:
            process.terminate()
    for process in reversed(started):
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    started.clear()


def exit_on_signal(number, _frame):
    sys.exit(128 + number)


atexit.register(end_all)
signal.signal(signal.SIGTERM, exit_on_signal)
signal.signal(signal.SIGHUP, exit_on_signal)


def start(command, log, **options):
    """Starts a server: it is stopped at the end of this script, and dies with it should it be killed."""
    with open(log, "ab") as out:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *map(str, command)],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out, **options)
    started.append(process)
    return process


def run(command, **options):
    """Runs a command to its end and returns what it printed; a failure ends the script and shows why."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def wait_until(is_true, what, process=None, seconds=60):
    end = time.monotonic() + seconds
    while not is_true():
        if process is not None and process.poll() is not None:
            sys.exit(f"{what}: ended with {process.returncode}")
        if time.monotonic() > end:
            sys.exit(f"{what}: not ready after {seconds} s")
        time.sleep(0.02)


def work_folder(parent, mode=0o755):
    """A folder for this run, removed at its end."""
    os.makedirs(parent, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="atp-perf-", dir=parent)).resolve()  # an ipc URL has a whole path
    folder.chmod(mode)
    atexit.unregister(end_all)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(end_all)  # last registered, first called
    return folder


class Table:
    """A Markdown table, printed row by row."""

    def __init__(self, *heads):
        print("\n| " + " | ".join(heads) + " |")
        print("|---|" + "--:|" * (len(heads) - 1), flush=True)

    @staticmethod
    def row(*cells):
        print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def count(number):
    return f"{number:,.0f}"


def figure(name, value):
    """Hands a figure on to perf/page.py."""
    path = os.environ.get("ATP_PERF_FIGURES")
    if path:
        with open(path, "a", encoding="ascii") as file:
            file.write(f"{name} {value:.6g}\n")
