#!/usr/bin/env bash
# Finding: stunnel ends an idle connection as if it had been cut: no close_notify to the
# client, and a reset to the server behind it.
#
# Version:  stunnel 5.68 as in Debian 12 (package stunnel4), with the OpenSSL it brings.
# Expected: TIMEOUTidle is an orderly end. RFC 8446, section 6.1, wants a close_notify
#           alert before either side closes, and a server behind the tunnel would see an end of
#           stream.
# Seen:     the client gets the end of TCP without close_notify, which TLS libraries report
#           as truncation, and the server's read fails with a connection reset. Neither side
#           can tell an idle timeout from a broken network.
#
# Needs Debian's package sources, python3 and openssl. Exits with 1 if the behaviour has
# changed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

apt-get download stunnel4 libwrap0 >/dev/null 2>&1
for package in ./*.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH=$(dirname "$(find "$dir/root" -name 'libwrap.so.0' | head -n 1)")
{ root/usr/bin/stunnel4 -version 2>&1 || true; } | grep -om1 'stunnel [0-9.]*'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem \
	-subj /CN=localhost -days 1 2>/dev/null

cat >idle.py <<'PY'
import queue
import socket
import ssl
import subprocess
import threading
import time

behind = socket.create_server(("127.0.0.1", 0))
ended = queue.Queue()


def serve():
    """Echo what comes, and say how the connection ends."""
    conn, _ = behind.accept()
    try:
        while data := conn.recv(100):
            conn.sendall(data)
        ended.put("end of stream")
    except OSError as e:
        ended.put(type(e).__name__)


threading.Thread(target=serve, daemon=True).start()
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
with open("stunnel.conf", "w") as f:
    f.write(f"""foreground = yes
pid =
debug = 3
[tunnel]
accept = 127.0.0.1:{port}
connect = 127.0.0.1:{behind.getsockname()[1]}
cert = cert.pem
key = key.pem
TIMEOUTidle = 2
""")
tunnel = subprocess.Popen(["root/usr/bin/stunnel4", "stunnel.conf"], stderr=subprocess.DEVNULL)
try:
    for _ in range(100):
        try:
            raw = socket.create_connection(("127.0.0.1", port))
            break
        except OSError:
            time.sleep(0.05)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # a certificate of this minute
    conn = context.wrap_socket(raw, suppress_ragged_eofs=False)
    conn.sendall(b"hello")
    print("echo:", conn.recv(100).decode())
    try:
        print("client: close_notify" if conn.recv(100) == b"" else "client: data")
    except OSError as e:
        print("client:", type(e).__name__)
    print("server:", ended.get(timeout=10))
finally:
    tunnel.terminate()
PY
cat >want <<'TEXT'
echo: hello
client: SSLEOFError
server: ConnectionResetError
TEXT
python3 idle.py | tee got
diff -u want got && echo "as described: stunnel 5.68"
