"""A Hikvision thermal camera as a process: isapi_server.py PORT WIDTH HEIGHT SERIAL."""

from __future__ import annotations

import json
import socket
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import digest
import numpy as np
from control import scene_c, serve_commands

DELIMITER = "boundary"
state = {"fault": "", "password": "right horse", "number": 0, "serial": "", "size": (0, 0)}
resume = threading.Event()


def part(content_type: str, body: bytes, length: int | None = None) -> bytes:
    head = f"--{DELIMITER}\r\nContent-Type: {content_type}\r\n"
    head += f"Content-Length: {len(body) if length is None else length}\r\n\r\n"
    return head.encode() + body + b"\r\n"


def picture() -> bytes:
    width, height = state["size"]
    state["number"] += 1
    celsius = scene_c(state["number"], width, height)
    fault = state["fault"]
    data = celsius.astype("<f4").tobytes()
    description = {
        "channel": 2, "jpegPicLen": 4, "jpegPicWidth": width, "jpegPicHeight": height,
        "p2pDataLen": len(data), "isFreezedata": fault == "frozen", "temperatureDataLength": 4,
        "scale": 1, "offset": 0, "visiblePicLen": 0,
    }  # fmt: skip
    if fault == "int16":
        data = np.rint(celsius * 10).astype("<i2").tobytes()
        description.update(temperatureDataLength=2, scale=10, offset=0)
    text = json.dumps({"JpegPictureWithAppendData": description}).encode()
    parts = part("application/json", text)
    if fault == "plain jpeg":
        parts += part("image/jpeg", b"\xff\xd8\xff\xd9")
    elif fault != "no jpeg":  # it holds the delimiter, as binary data may
        parts += part("image/jpeg", b"\xff\xd8\r\n--boundary\r\n\xff\xd9")
    if fault == "torn":
        data = data[: len(data) // 2]
    if fault != "no temperatures":
        parts += part("application/octet-stream", data)
    return parts + f"--{DELIMITER}--\r\n".encode()


class Camera(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if state["fault"] == "stall":
            resume.wait()
        if not digest.is_right(self.headers.get("Authorization", ""), "GET", state["password"]):
            self.send_response(401)
            self.send_header("WWW-Authenticate", digest.challenge())
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == "/ISAPI/System/deviceInfo":
            info = (
                '<DeviceInfo xmlns="http://www.hikvision.com/ver20/XMLSchema"><model>DS-2TD</model>'
                f"<serialNumber>{state['serial']}</serialNumber></DeviceInfo>"
            )
            self._send("application/xml", info.encode())
        else:
            self._send(f"multipart/form-data; boundary={DELIMITER}", picture())

    def _send(self, content_type: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if state["fault"] == "reset" and content_type.startswith("multipart"):
            self.wfile.write(body[: len(body) // 2])
            self.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            self.close_connection = True
            self.connection.close()
            return
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


def obey(words: list[str]) -> None:
    if words[0] == "fault":
        state["fault"] = " ".join(words[1:])
        if state["fault"] != "stall":
            resume.set()
        else:
            resume.clear()
    elif words[0] == "size":
        state["size"] = int(words[1]), int(words[2])
    else:
        state[words[0]] = " ".join(words[1:])


if __name__ == "__main__":
    port, width, height, state["serial"] = int(sys.argv[1]), *map(int, sys.argv[2:4]), sys.argv[4]
    state["size"] = width, height
    server = ThreadingHTTPServer(("127.0.0.1", port), Camera)
    serve_commands(server.server_port, obey)
    server.serve_forever()
