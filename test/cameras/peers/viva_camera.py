"""viva-genicam's fake GigE camera as a process: viva_camera.py 3956 WIDTH HEIGHT FPS RESEND DROP.

Its own test pattern in Mono16. RESEND: 0 or 1. DROP: block:packet,… that are never sent at first.
Any command takes the control of it from whoever has it.
"""

from __future__ import annotations

import sys
import threading

from control import serve_commands
from viva_genicam.testing import FakeGigeCamera

if __name__ == "__main__":
    port, width, height, fps, resend = map(int, sys.argv[1:6])
    lost = [tuple(map(int, item.split(":"))) for item in sys.argv[6].split(",") if item]
    camera = FakeGigeCamera(
        width, height, fps, port=port, pixel_format="Mono16",
        packet_resend=bool(resend), drop_packets=lost,
    )  # fmt: skip
    camera.start()
    serve_commands(port, lambda words: camera.revoke_control())
    threading.Event().wait()
