#!/usr/bin/env python3
"""Runs the Python client of docs/protocol.md against a real NNG endpoint (nngcat as REP) that answers with a golden
vector, and compares what it sends with a golden vector.

    python_example.py docs/protocol.md tests/protocol/vectors

Exit 77 (skipped) without the msgpack module or nngcat."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from ports import free_port  # noqa: E402 pylint: disable=wrong-import-position

SKIPPED = 77
RESERVE = [32, "cart-77", 1795253000000, "web", "anna", 900000, 0, [["TSHIRT-M", "berlin", 2]]]


def vector(folder, name):
    lines = (pathlib.Path(folder) / f"{name}.hex").read_text(encoding="utf-8").splitlines()
    return bytes.fromhex(" ".join(line for line in lines if not line.startswith("#")))


def connect(example, port):
    deadline = time.monotonic() + 10
    while True:
        try:
            return example["Atp"]("127.0.0.1", port, "shop")
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


class Recorder:
    """A socket that keeps what is sent through it."""

    def __init__(self, inner):
        self.inner = inner
        self.sent = []

    def sendall(self, data):
        self.sent.append(data)
        self.inner.sendall(data)

    def recv(self, size):
        return self.inner.recv(size)


def check(example, vectors, port):
    atp = connect(example, port)
    atp.socket = Recorder(atp.socket)
    result = atp.ask(1, [RESERVE])
    assert result == [[0, 1002, 2, 1795253900000]], result
    # 8 bytes of length, 4 of the request's number; the one list header that the engine writes long is short here
    golden = vector(vectors, "reserve").replace(b"\xdd\x00\x00\x00\x01", b"\x91")
    assert atp.socket.sent[-1][12:] == golden, atp.socket.sent[-1].hex(" ")
    atp.ask(1, [RESERVE])  # and the connection serves a second time


def main():
    try:
        import msgpack  # noqa: F401  (the example needs it)
    except ImportError:
        print("skipped: no python3-msgpack")
        return SKIPPED
    if shutil.which("nngcat") is None:
        print("skipped: no nngcat")
        return SKIPPED
    document, vectors = sys.argv[1:3]
    code = re.findall(r"```python\n(.*?)```", pathlib.Path(document).read_text(encoding="utf-8"), re.S)
    assert len(code) == 2, "a client, and its use"
    example = {}
    exec(code[0], example)
    port = free_port()
    with tempfile.NamedTemporaryFile() as answer:
        answer.write(vector(vectors, "results_one"))
        answer.flush()
        peer = subprocess.Popen(
            ["nngcat", "--rep", f"--listen=tcp://127.0.0.1:{port}", f"--file={answer.name}", "--quoted"],
            stdout=subprocess.DEVNULL)
        try:
            check(example, vectors, port)
        finally:
            peer.terminate()
            peer.wait()
    print("the example speaks to NNG")
    return 0


if __name__ == "__main__":
    sys.exit(main())
