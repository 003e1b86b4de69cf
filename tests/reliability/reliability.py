"""What the harnesses share: an atpd of their own, the driver, and a folder that goes away."""
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from ports import free_port  # noqa: E402 pylint: disable=wrong-import-position

SKIP = 77  # exit status of a test that cannot run here
OPS_PER_CYCLE = 20000

SMALL = [
    "--publish", "off", "--metrics", "off", "--log-repeats-per-s", "0",
    "--journal-segment-bytes", "1MiB", "--journal-segments-ahead", "2", "--journal-reserve-bytes", "64KiB",
    "--capacity-skus", "100", "--capacity-nodes", "10", "--capacity-positions", "1000",
    "--capacity-reservations", "20000", "--capacity-lines", "60000", "--capacity-outcomes", "2000000",
    "--limits-ids-per-client", "2000000", "--capacity-string-bytes", "16MiB", "--snapshot-pause", "0",
    "--snapshot-map-bytes", "256MiB",
]  # fmt: skip


class Failed(Exception):
    """What the harness is there to find, or a harness that cannot go on."""


class Atpd:
    """One run of the daemon, ready when made."""

    def __init__(self, binary, folder, *, options=(), environment=None, wrap=(), must_start=True):
        self.url = f"tcp://127.0.0.1:{free_port()}"
        self.log = tempfile.TemporaryFile("w+")  # pylint: disable=consider-using-with
        arguments = [*wrap, str(binary), "--data", str(folder), "--listen", self.url,
                     "--subscribe", f"listen:tcp://127.0.0.1:{free_port()}", *SMALL, *options]
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            arguments, stderr=self.log, stdout=subprocess.DEVNULL, env={**os.environ, **(environment or {})},
            start_new_session=True)
        if must_start and not self.wait_ready():
            raise Failed(f"atpd did not start:\n{self.text()}")

    def text(self):
        self.log.seek(0)
        return self.log.read()

    def wait_ready(self, seconds=120):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if "event=ready" in self.text() or " ready " in self.text():
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.003)
        return False

    def wait_for(self, what, seconds=120, times=1):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.text().count(what) >= times:
                return
            time.sleep(0.01)
        raise Failed(f"the log did not say {what} {times} times:\n{self.text()}")

    def send(self, number):
        os.kill(self.process.pid, number)

    def kill(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)  # what it is wrapped in, and itself
        self.process.wait()
        self.log.close()

    def end(self, seconds=120):
        """Waits until it has ended; its exit status."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"atpd did not end in {seconds} s:\n{self.text()}") from None

    def stop(self):
        """An orderly end; its exit status."""
        self.send(signal.SIGTERM)
        status = self.end()
        self.log.close()
        return status


class Driver:
    """The load generator: tests/reliability/driver.c."""

    def __init__(self, binary, answers):
        self.binary = str(binary)
        self.answers = str(answers)
        self.running = None

    def run(self, *arguments, may_fail=False):
        done = subprocess.run([self.binary, *map(str, arguments)], capture_output=True, text=True, check=False)
        if done.returncode != 0 and not may_fail:
            raise Failed(f"driver {arguments[0]}: {done.stderr.strip()}")
        return done.stdout.strip()

    def begin(self, url):
        self.run("begin", url)

    def verify(self, url, first_cycle=0):
        return int(self.run("verify", url, self.answers, first_cycle))

    def grant(self, url, name):
        return self.run("grant", url, name, may_fail=True)

    def read(self, url):
        return self.run("read", url, may_fail=True)

    def start_load(self, url, cycle, ops=OPS_PER_CYCLE):
        self.running = subprocess.Popen(  # pylint: disable=consider-using-with
            [self.binary, "load", url, self.answers, str(cycle), str(ops)], stdout=subprocess.PIPE, text=True)

    def wait_first_answer(self, cycle, seconds=60):
        """Until the load of this cycle has an answer on record, or has ended by itself."""
        end = time.monotonic() + seconds
        first = f"a {cycle} "
        while time.monotonic() < end and self.running.poll() is None:
            if any(line.startswith(first) for line in self._tail()):
                return
            time.sleep(0.002)
        raise Failed(f"the load of cycle {cycle} got no answer")

    def _tail(self):
        try:
            with open(self.answers, "rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - 4096))
                return file.read().decode().splitlines()
        except FileNotFoundError:
            return []

    def wait_load(self):
        return int(self.running.communicate(timeout=240)[0] or 0)

    def stop_load(self):
        """Ends the load; how many answers came."""
        self.running.terminate()
        return self.wait_load()


def check(atpd, folder):
    """`atpd --check`: status, what it printed, what it complained of."""
    done = subprocess.run([str(atpd), "--check", str(folder)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def must_check(atpd, folder):
    status, out, err = check(atpd, folder)
    if status != 0:
        raise Failed(f"atpd --check: status {status}: {err}{out}")
    return out


def must_audit(atpd, folder):
    done = subprocess.run([str(atpd), "--audit", str(folder)], capture_output=True, text=True, check=False)
    if done.returncode != 0 or "oversold        0" not in done.stdout:
        raise Failed(f"atpd --audit: status {done.returncode}: {done.stderr}{done.stdout}")


class Workshop:
    """A temporary folder, and seeded chance whose seed is told on failure."""

    def __init__(self, seed, name):
        self.seed = seed if seed is not None else int.from_bytes(os.urandom(4), "little")
        self.name = name
        self.chance = random.Random(self.seed)
        self.folder = None

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix=f"atp-{self.name}-"))
        return self

    def __exit__(self, kind, error, trace):
        if error is not None:
            print(f"{self.name}: seed {self.seed}", file=sys.stderr)
        shutil.rmtree(self.folder, ignore_errors=True)


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIP)


def main(run, arguments):
    """Runs a harness; a failure is told and becomes the exit status."""
    begun = time.monotonic()
    try:
        said = run(arguments)
    except Failed as failed:
        print(f"FAILED: {failed}", file=sys.stderr)
        sys.exit(1)
    print(f"{said}, {time.monotonic() - begun:.1f} s")
