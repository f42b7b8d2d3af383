#!/usr/bin/env bash
# Finding: an epoll set in another wakes nobody when it is asked for again, though it is readable.
#
# Version:  Linux (seen on 6.18), through Python's select module.
# Expected: EPOLL_CTL_MOD to EPOLLIN of a descriptor that is readable makes the set readable, and an
#           edge-triggered waiter for that set hears of it, as it does the first time.
# Seen:     that holds only where the descriptor is not still in the set's list of ready ones. An event
#           that came before MOD to 0 leaves it there if nobody looked since; what comes meanwhile is told
#           to nobody, and neither is it at MOD to EPOLLIN. The bytes lie there until more come.
#
# Needs Python on Linux. Exits with 1 if the behaviour has changed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

cat >play.py <<'PY'
import select
import socket


def play(look):
    """Asks for a socket again after it was not asked for, and tells how many wakes that brought."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    lower, upper, waiter = select.epoll(), select.epoll(), select.epoll()
    lower.register(ours, select.EPOLLIN | select.EPOLLET)
    upper.register(lower, select.EPOLLIN | select.EPOLLET)
    waiter.register(upper, select.EPOLLIN | select.EPOLLET)

    theirs.send(b"1")
    assert len(waiter.poll(0)) == 1
    assert len(lower.poll(0)) == 1 and ours.recv(10) == b"1"  # all that came is read
    if look:
        upper.poll(0)
    upper.modify(lower, select.EPOLLET)
    theirs.send(b"2")
    assert waiter.poll(0) == []  # as asked
    upper.modify(lower, select.EPOLLIN | select.EPOLLET)
    return len(waiter.poll(0.2))


print("somebody looked in between:", play(True), "wakes")
print("nobody looked in between:", play(False), "wakes")
PY
cat >want <<'TEXT'
somebody looked in between: 1 wakes
nobody looked in between: 0 wakes
TEXT
python3 play.py | tee got
diff -u want got && echo "as described: Linux $(uname -r | cut -d. -f1,2)"
