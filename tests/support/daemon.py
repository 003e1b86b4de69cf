"""An atpd for a test: on a folder and ports of its own, ended by its pid."""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from ports import free_port  # noqa: E402 pylint: disable=wrong-import-position


class Daemon:
    """`sizes`: capacities by name, as {"skus": 1000}; `flags`: any others."""

    def __init__(self, atp, atpd, folder, sizes, flags=()):
        self.atp = atp
        self.folder = folder
        self.url = f"tcp://127.0.0.1:{free_port()}"
        self.events_url = f"tcp://127.0.0.1:{free_port()}"
        self.log = open(folder / "atpd.log", "wb")  # pylint: disable=consider-using-with
        capacities = [word for name, size in sizes.items() for word in (f"--capacity-{name}", str(size))]
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [atpd, "--data", str(folder / "data"), "--listen", self.url, "--publish", self.events_url, "--subscribe",
             "off", "--metrics", "off", *capacities, *flags], stdout=self.log, stderr=self.log)

    def environment(self, client, **more):
        """What atp needs to speak to this one, and nothing else of atp's."""
        result = {name: value for name, value in os.environ.items() if not name.startswith("ATP_")}
        result.update(ATP_URL=self.url, ATP_EVENTS_URL=self.events_url, ATP_CLIENT=client, **more)
        return result

    def wait_ready(self):
        deadline = time.monotonic() + 60
        while subprocess.run([self.atp, "stat", "--timeout", "1s"], env=self.environment("probe"),
                             capture_output=True, check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("atpd did not start: " + (self.folder / "atpd.log").read_text())

    def wait_logged(self, text):
        deadline = time.monotonic() + 60
        while text not in (self.folder / "atpd.log").read_text():
            if time.monotonic() > deadline:
                raise RuntimeError(f"not in the log: {text}\n" + (self.folder / "atpd.log").read_text())
            time.sleep(0.02)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=60)
        self.log.close()
