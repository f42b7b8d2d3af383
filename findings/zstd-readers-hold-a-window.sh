#!/usr/bin/env bash
# Finding: the zstd readers of ruzstd and aircompressor keep what a gateway says until a window more has come.
#
# Version:  ruzstd 0.8.3 (Rust) and io.airlift:aircompressor 2.0.2 (Java); the stream is made by zstandard 0.25.0
#           (Python), with a window of 256 KiB and a flush after each event, as Discord's zstd-stream is.
# Expected: a read returns an event once the block that ends it is there, as libzstd's readers do; with a large buffer
#           it might wait for one event more.
# Seen:     neither returns a byte before more than 256 KiB have been decoded, and both stay that far behind from then
#           on, also with small buffers: only what has left the window is handed out until the frame ends. A gateway's
#           never does, so that a client would see no HELLO.
#
# Needs Python with venv, cargo, Java 17 with Maven, and their package indexes. Exits with 1 if the behaviour has changed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check zstandard==0.25.0

# Each event is written as its length, the length of its part of the stream, and that part.
cat >events.py <<'PY'
import json
import random
import struct
import sys

import zstandard

random.seed(1)
parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=18)
stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
for s in range(2000):
    digits = 1 + s % 500
    content = f"{random.getrandbits(4 * digits):0{digits}x}"
    event = json.dumps({"op": 0, "s": s, "t": "MESSAGE_CREATE", "d": {"content": content}}).encode()
    part = stream.compress(event) + stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    sys.stdout.buffer.write(struct.pack(">II", len(event), len(part)) + part)
PY
venv/bin/python events.py >events.bin

# The reader is asked for more only after it has taken all that there is, so that what it holds back it could hand out.
mkdir -p ruzstd/src
cat >ruzstd/Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"

[dependencies]
ruzstd = "=0.8.3"
TOML
cat >ruzstd/src/main.rs <<'RUST'
use std::{cell::RefCell, collections::VecDeque, io, io::Read, rc::Rc};

/// What has come so far; a read beyond that is refused, as by a socket that does not block.
#[derive(Clone, Default)]
struct Arrived(Rc<RefCell<VecDeque<u8>>>);

impl Read for Arrived {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.0.borrow_mut().read(buf)? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            n => Ok(n),
        }
    }
}

fn main() {
    let file = std::fs::read("../events.bin").unwrap();
    let number = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let arrived = Arrived::default();
    let (mut at, mut sent, mut got, mut first, mut reader) = (0, 0, 0, None, None);
    while at < file.len() {
        sent += number(at);
        let end = at + 8 + number(at + 4);
        arrived.0.borrow_mut().extend(&file[at + 8..end]);
        at = end;
        let reader = reader.get_or_insert_with(|| ruzstd::decoding::StreamingDecoder::new(arrived.clone()).unwrap());
        let mut buf = [0; 100];
        while let Ok(n @ 1..) = reader.read(&mut buf) {
            got += n;
            first.get_or_insert(sent);
        }
    }
    println!("ruzstd: first byte after more than 256 KiB: {}", first.unwrap() > 256 << 10);
    println!("ruzstd: behind by more than 250 KiB at the end: {}", sent - got > 250 << 10);
}
RUST

mkdir java
cat >java/pom.xml <<'XML'
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId>
  <artifactId>finding</artifactId>
  <version>0</version>
  <dependencies>
    <dependency><groupId>io.airlift</groupId><artifactId>aircompressor</artifactId><version>2.0.2</version></dependency>
  </dependencies>
</project>
XML
cat >java/Finding.java <<'JAVA'
import io.airlift.compress.zstd.ZstdInputStream;
import java.io.*;
import java.util.concurrent.SynchronousQueue;

public class Finding {
    /** What has come so far; whoever reads beyond that says so, and waits. */
    static class Arrived extends InputStream {
        final SynchronousQueue<byte[]> parts = new SynchronousQueue<>();
        byte[] part = {};
        int at;

        @Override public int read(byte[] b, int off, int len) throws IOException {
            try {
                if (at == part.length) { part = parts.take(); at = 0; }
            } catch (InterruptedException e) { throw new InterruptedIOException(); }
            int n = Math.min(len, part.length - at);
            System.arraycopy(part, at, b, off, n);
            at += n;
            return n;
        }

        @Override public int read() throws IOException {
            byte[] b = new byte[1];
            read(b, 0, 1);
            return b[0] & 0xff;
        }
    }

    static volatile long got;

    public static void main(String[] args) throws Exception {
        Arrived arrived = new Arrived();
        Thread reader = new Thread(() -> {
            try (InputStream in = new ZstdInputStream(arrived)) {
                byte[] b = new byte[100];
                for (int n; (n = in.read(b)) > 0; ) got += n;
            } catch (IOException e) { throw new UncheckedIOException(e); }
        });
        reader.setDaemon(true);
        reader.start();
        long sent = 0, first = 0;
        try (DataInputStream file = new DataInputStream(new BufferedInputStream(new FileInputStream("../events.bin")))) {
            while (file.available() > 0) {
                int length = file.readInt();
                byte[] part = new byte[file.readInt()];
                file.readFully(part);
                arrived.parts.put(part); // returns when the reader has asked for more, that is, has handed out all before
                if (first == 0 && got > 0) first = sent;
                sent += length;
            }
        }
        System.out.println("aircompressor: first byte after more than 256 KiB: " + (first > 256 << 10));
        System.out.println("aircompressor: behind by more than 250 KiB at the end: " + (sent - got > 250 << 10));
    }
}
JAVA
cat >want <<'TEXT'
ruzstd: first byte after more than 256 KiB: true
ruzstd: behind by more than 250 KiB at the end: true
aircompressor: first byte after more than 256 KiB: true
aircompressor: behind by more than 250 KiB at the end: true
TEXT
{
	(cd ruzstd && cargo run -q --release)
	(cd java && mvn -q dependency:copy-dependencies -DoutputDirectory=lib >&2 && timeout 60 java -cp 'lib/*' Finding.java)
} | tee got
diff -u want got && echo "as described: ruzstd 0.8.3, aircompressor 2.0.2"
