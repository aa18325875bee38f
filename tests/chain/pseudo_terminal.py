"""A person at a terminal, for tests: runs a program on a pseudo terminal and types when it has printed something."""
import fcntl
import os
import pty
import select
import struct
import termios
import time


class PseudoTerminal:
    def __init__(self, command, columns=80, rows=24, environment=None, seconds=60):
        self.seconds, self.output, self.seen = seconds, b"", 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.environ.update({"TERM": "xterm", "NO_COLOR": "1", **(environment or {})})
            os.execvp(command[0], command)

    def wait_for(self, text):
        """Returns what was printed since the last call up to `text`, which must come; None stands for the end."""
        end = time.monotonic() + self.seconds
        while True:
            at = -1 if text is None else self.output.find(text.encode(), self.seen)
            if at >= 0:
                begin, self.seen = self.seen, at + len(text.encode())
                return self.output[begin:self.seen].decode().replace("\r\n", "\n")
            ready, _, _ = select.select([self.fd], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"waited for {text!r}, found {self.output[self.seen:].decode(errors='replace')!r}"
            try:
                piece = os.read(self.fd, 65536)
            except OSError:  # Linux's way of saying that the program has closed the terminal
                piece = b""
            if not piece:
                assert text is None, f"ended before {text!r}: {self.output[self.seen:].decode(errors='replace')!r}"
                begin, self.seen = self.seen, len(self.output)
                return self.output[begin:].decode().replace("\r\n", "\n")
            self.output += piece

    def type(self, text, editing=True):
        """Types `text`: where `editing`, as soon as the program edits lines, just after it has printed its prompt."""
        end = time.monotonic() + self.seconds
        while editing and termios.tcgetattr(self.fd)[3] & termios.ICANON:
            assert time.monotonic() < end, "the program does not edit lines"
            time.sleep(0.001)
        os.write(self.fd, text.encode())

    def exchange(self, text, until, editing=True):
        """Types `text` and returns what is printed up to `until`."""
        self.type(text, editing)
        return self.wait_for(until)

    def status(self):
        """Waits for the end; returns the exit status."""
        self.wait_for(None)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
