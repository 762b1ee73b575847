"""An RTSP camera as a process: rtsp_server.py PORT CODEC WIDTH HEIGHT FPS TITLE.

FFmpeg encodes and packetises (its RTP muxer, by PyAV); this file answers RTSP and passes the RTP
packets on, over TCP (interleaved) or UDP, or loses them when the test says so, or sets the
camera's clock ahead or back.
Each picture is flat and tells its number, but for a hot block: luma_of() in control.py.
"""

from __future__ import annotations

import random
import socket
import struct
import sys
import threading
import time
from fractions import Fraction

import av
import digest
import numpy as np
from control import luma_scene, serve_commands

CODECS = {
    "h264": ("libx264", "yuv420p", 96, "H264/90000", "packetization-mode=1"),
    "mpeg4": ("mpeg4", "yuv420p", 96, "MP4V-ES/90000", "profile-level-id=1"),
    "mjpeg": ("mjpeg", "yuvj420p", 26, "JPEG/90000", ""),
}
OPTIONS = {
    "h264": {"preset": "ultrafast", "tune": "zerolatency", "qp": "4"},
    "mpeg4": {"qmin": "1", "qmax": "1"},
    "mjpeg": {"qmin": "1", "qmax": "1", "huffman": "default", "force_duplicated_matrix": "1"},
}
state = {"fault": "", "password": "", "title": "", "size": (0, 0), "loss": 0.0, "ahead": 0.0}
RTP_CLOCK_HZ = 90000
resized = threading.Event()
sessions: set[Session] = set()


class Session(threading.Thread):
    """One client: its requests, and where its packets go."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(daemon=True)
        self.connection = connection
        self.playing = False
        self.udp: tuple[socket.socket, tuple[str, int]] | None = None
        self.lock = threading.Lock()

    def run(self) -> None:
        try:
            with self.connection.makefile("rb") as lines:
                while request := self._request(lines):
                    self._answer(*request)
        except OSError:
            pass
        finally:
            sessions.discard(self)
            self.connection.close()

    def _request(self, lines) -> tuple[str, str, dict[str, str]] | None:
        first = lines.readline()
        while first[:1] == b"$":  # the client's RTCP
            length = struct.unpack(">H", (first + lines.read(4))[2:4])[0]
            lines.read(max(0, length - len(first) + 4))
            first = lines.readline()
        if not first.strip():
            return None
        headers = {}
        while line := lines.readline().strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        method, url, _ = first.decode("latin-1").split()
        return method, url, headers

    def _answer(self, method: str, url: str, headers: dict[str, str]) -> None:
        password = state["password"]
        if password and not digest.is_right(headers.get("authorization", ""), method, password):
            challenge = f"WWW-Authenticate: {digest.challenge(with_qop=False)}"
            return self._reply(headers, "401 Unauthorized", challenge)
        extra, body = ["Session: 1;timeout=60"], ""
        if method == "OPTIONS":
            extra.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER")
        elif method == "DESCRIBE":
            body = description()
            extra += [f"Content-Base: {url}/", "Content-Type: application/sdp"]
        elif method == "SETUP":
            extra.append(self._set_up(headers["transport"]))
        self._reply(headers, "200 OK", *extra, body=body)
        if method == "PLAY":
            self.playing = True
            sessions.add(self)
        elif method == "TEARDOWN":
            self.playing = False

    def _set_up(self, transport: str) -> str:
        if "TCP" in transport:
            return "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
        ports = transport.partition("client_port=")[2].partition(";")[0]
        out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        out.bind(("127.0.0.1", 0))
        self.udp = out, ("127.0.0.1", int(ports.partition("-")[0]))
        mine = out.getsockname()[1]
        return f"Transport: RTP/AVP;unicast;client_port={ports};server_port={mine}-{mine + 1}"

    def _reply(self, headers: dict[str, str], status: str, *extra: str, body: str = "") -> None:
        lines = [f"RTSP/1.0 {status}", f"CSeq: {headers.get('cseq', '0')}", *extra]
        lines.append(f"Content-Length: {len(body)}")
        with self.lock:
            self.connection.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())

    def send(self, packet: bytes) -> None:
        try:
            if self.udp is not None:
                self.udp[0].sendto(packet, self.udp[1])
                return
            framed = b"$\x00" + struct.pack(">H", len(packet)) + packet
            with self.lock:
                if state["fault"] == "reset":
                    self.connection.sendall(framed[: len(framed) // 2])
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    sessions.discard(self)
                    self.connection.shutdown(socket.SHUT_RD)
                    self.connection.close()
                else:
                    self.connection.sendall(framed)
        except OSError:
            sessions.discard(self)


def description() -> str:
    _, _, payload, name, parameters = CODECS[codec_name]
    lines = [
        "v=0", "o=- 1 1 IN IP4 127.0.0.1", f"s={state['title']}", "c=IN IP4 0.0.0.0", "t=0 0",
        "a=control:*", f"m=video 0 RTP/AVP {payload}", f"a=rtpmap:{payload} {name}",
        *([f"a=fmtp:{payload} {parameters}"] if parameters else []), "a=control:track1",
    ]  # fmt: skip
    return "\r\n".join(lines) + "\r\n"


def encode(port: int) -> None:
    """Send a picture each 1/fps seconds to the UDP port, as RTP; a new size is a new encoder."""
    encoder, pixel_format, payload, _, _ = CODECS[codec_name]
    number, next_s = 0, time.monotonic()
    while True:
        resized.clear()
        size = state["size"]
        options = {"payload_type": str(payload), "seq": str(number % 60000)}
        url = f"rtp://127.0.0.1:{port}?pkt_size=1200"
        with av.open(url, "w", format="rtp", options=options) as out:
            stream = out.add_stream(encoder, rate=fps, options=OPTIONS[codec_name])
            stream.width, stream.height = size
            stream.pix_fmt = pixel_format
            stream.codec_context.gop_size = 10
            stream.codec_context.thread_count = 1  # slices of JPEG would need restart markers
            while not resized.is_set():
                picture = av.VideoFrame.from_ndarray(luma_scene(number, *size), format="gray")
                picture = with_chroma(picture, pixel_format)
                picture.pts, picture.time_base = number, Fraction(1, fps)
                for packet in stream.encode(picture):
                    out.mux(packet)
                behind = int((time.monotonic() - next_s) * fps)
                lost = behind if behind > fps else 0  # as a camera that is too busy
                number += 1 + lost
                next_s += (1 + lost) / fps
                resized.wait(max(0.0, next_s - time.monotonic()))


def with_chroma(gray: av.VideoFrame, pixel_format: str) -> av.VideoFrame:
    """The same luma in a planar format, untouched by any conversion of ranges."""
    height, width = gray.height, gray.width
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    planes[:height] = gray.to_ndarray(format="gray")
    return av.VideoFrame.from_ndarray(planes, format=pixel_format)


def forward(packets: socket.socket) -> None:
    while True:
        packet = packets.recv(65536)
        if state["fault"] == "stall" or random.random() < state["loss"]:
            continue
        stamp = struct.unpack(">I", packet[4:8])[0] + round(state["ahead"] * RTP_CLOCK_HZ)
        packet = packet[:4] + struct.pack(">I", stamp % 2**32) + packet[8:]
        for session in [session for session in list(sessions) if session.playing]:
            session.send(packet)


def obey(words: list[str]) -> None:
    if words[0] == "size":
        state["size"] = int(words[1]), int(words[2])
        resized.set()
    elif words[0] in ("loss", "ahead"):
        state[words[0]] = float(words[1])
    else:
        state[words[0]] = " ".join(words[1:])


if __name__ == "__main__":
    random.seed(1)
    codec_name, fps, state["title"] = sys.argv[2], int(sys.argv[5]), sys.argv[6]
    state["size"] = int(sys.argv[3]), int(sys.argv[4])
    packets = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    packets.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**22)
    packets.bind(("127.0.0.1", 0))
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    for task in (lambda: encode(packets.getsockname()[1]), lambda: forward(packets)):
        threading.Thread(target=task, daemon=True).start()
    serve_commands(listener.getsockname()[1], obey)
    while True:
        Session(listener.accept()[0]).start()
