"""Becomes a server that does not outlive the process that started it: leash.py COMMAND ARG...

Stdin is a pipe whose other end only the starter holds. When the starter is gone, however it died, a small
watcher stops the server: SIGTERM, and SIGKILL after 15 s. Our pid becomes the server's (exec).
"""

import os
import select
import signal
import sys
import time

GRACE_SECONDS = 15


def alive(server):
    """The server is the watcher's parent: once it has ended we have another one."""
    return os.getppid() == server


def watch(server):
    while alive(server):
        # Wakes each second to see the server's own end; input is never sent, so readable means closed.
        if select.select([0], [], [], 1.0)[0]:
            break
    deadline = time.monotonic() + GRACE_SECONDS
    if alive(server):
        os.kill(server, signal.SIGTERM)
    while alive(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    if alive(server):
        os.kill(server, signal.SIGKILL)


server = os.getpid()
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    watch(server)
    os._exit(0)
null = os.open(os.devnull, os.O_RDONLY)
os.dup2(null, 0)
os.close(null)
os.execvp(sys.argv[1], sys.argv[1:])
