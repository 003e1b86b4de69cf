"""What stands between a client and its server, and lets pass so much of what the client says."""
import socket
import threading
from urllib.parse import urlsplit


HANDSHAKE = 8  # bytes that both ends of a connection say first, unasked
PIECE = 4096  # the most that passes at once; a message that is smaller comes as one


class Gate:
    """Before the server at `url`, tcp://HOST:PORT; clients go to Gate.url. Nothing passes at first; answers always do. One connection
    speaks at a time, until it is answered."""

    def __init__(self, url):
        server = urlsplit(url)
        self.server = (server.hostname, server.port)
        self.changed = threading.Condition()
        self.left = 0  # pieces that may pass
        self.waiting = 0  # connections with bytes that may not pass
        self.speaking = None  # the connection that has no answer yet
        self.is_open = True
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.server)
            except OSError:
                return
            self.sockets += [client, server]
            threading.Thread(target=self.carry, args=(client, server, self.take), daemon=True).start()
            threading.Thread(target=self.carry, args=(server, client, self.answer), daemon=True).start()

    def carry(self, source, target, note):
        size = HANDSHAKE
        client = source if note == self.take else target
        try:
            while data := source.recv(size if size > 0 else PIECE):
                if size == 0:
                    note(client)
                size = max(0, size - len(data))
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it has ended

    def take(self, client):
        """Waits until a piece may pass; when it is closed none may."""
        with self.changed:
            self.waiting += 1
            self.changed.notify_all()
            self.changed.wait_for(lambda: not self.is_open or (self.left > 0 and self.speaking in (None, client)))
            self.waiting -= 1
            if not self.is_open:
                raise OSError("closed")
            self.left -= 1
            self.speaking = client

    def answer(self, client):
        with self.changed:
            if self.speaking == client:
                self.speaking = None
                self.changed.notify_all()

    def let_pass(self, pieces):
        with self.changed:
            self.left += pieces
            self.changed.notify_all()

    def is_waited_for(self, timeout=0.2):
        """Whether something is held back by then."""
        with self.changed:
            return self.changed.wait_for(lambda: self.waiting > 0 and self.left == 0, timeout)

    def close(self):
        with self.changed:
            self.is_open = False
            self.changed.notify_all()
        self.listener.close()
        for end in self.sockets:
            end.close()
