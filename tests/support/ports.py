"""TCP ports for servers that a test starts.

A port that the kernel picks (bind to 0) may be taken again before the server binds it: by another test, or as the
near end of any connection. So ports come from below the kernel's own range, and each is claimed by a name that
lives as long as this process.
"""
import random
import socket

FIRST, LAST = 15000, 30000  # the kernel's own range begins at 32768
_claims = []


def _claim(port):
    """True if no other test has it: an abstract unix socket is held in its name."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0atp-test-port-{port}")
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True


def _is_free(port):
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port():
    chance = random.SystemRandom()  # not the seeded one of a test: two tests of one seed would meet
    for _ in range(1000):
        port = chance.randint(FIRST, LAST)
        if _claim(port) and _is_free(port):
            return port
    raise RuntimeError(f"no free port between {FIRST} and {LAST}")
