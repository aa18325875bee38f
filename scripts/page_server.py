"""chat --serve on a free port, for the checks of the page."""
import os
import socket
import subprocess
import threading
import time
import urllib.request

from python_environment import BUILD, ROOT


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """A server with the sample catalog, the mini base and the adapter that ships. `options` are chat's."""

    def __init__(self, folder, *options):
        self.folder, self.options, self.process = folder, options, None
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"

    def start(self):
        movies = os.path.join(self.folder, "movies.bin")
        if not os.path.exists(movies):
            tables = os.path.join(ROOT, "testdata", "sample")
            subprocess.run([os.path.join(BUILD, "embed"), "--map", "-o", movies, tables], check=True,
                           stderr=subprocess.DEVNULL)
        self.log = open(os.path.join(self.folder, "server.log"), "a", encoding="utf-8")
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "chat"), "--base", os.path.join(ROOT, "testdata", "mini"), "--adapter",
             os.path.join(ROOT, "testdata", "adapter"), "--movies", movies, "--serve", f"127.0.0.1:{self.port}",
             *self.options], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        for _ in range(300):
            try:
                urllib.request.urlopen(self.url + "health", timeout=1).read()
                return self
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        raise SystemExit(f"check-page: chat --serve does not answer; see {self.log.name}")

    def kill(self):
        """At once, as after a crash."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=20)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


class Relay:
    """Passes connections on to a server. kill_after(n) kills that server after n bytes of the next answer."""

    def __init__(self, server):
        self.server, self.left = server, None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        threading.Thread(target=self._accept, daemon=True).start()

    def kill_after(self, count):
        self.left = count

    def _accept(self):
        while True:
            client, _ = self.listener.accept()
            try:
                upstream = socket.create_connection(("127.0.0.1", self.server.port))
            except OSError:
                client.close()
                continue
            for source, target in ((client, upstream), (upstream, client)):
                threading.Thread(target=self._pass, args=(source, target, source is upstream), daemon=True).start()

    def _pass(self, source, target, is_answer):
        try:
            while data := source.recv(64):
                target.sendall(data)
                if is_answer and self.left is not None:
                    self.left -= len(data)
                    if self.left <= 0:
                        self.left = None
                        time.sleep(0.3)  # The page shall have seen what was passed.
                        self.server.kill()
                        break
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
