"""Images go over the wire as cv_bridge would read them, and bad ones are refused."""

from __future__ import annotations

import array
from typing import Any

import numpy as np
import pytest
from cv_bridge import CvBridge
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from thermoscout_core.errors import FrameError
from thermoscout_nodes.images import array_to_image, image_to_array, image_to_counts

SHAPES = {
    "mono16": (np.uint16, ()),
    "32FC1": (np.float32, ()),
    "mono8": (np.uint8, ()),
    "bgr8": (np.uint8, (3,)),
}


def pixels(encoding: str, height: int = 7, width: int = 5) -> np.ndarray:
    dtype, channels = SHAPES[encoding]
    rng = np.random.default_rng(3)
    return rng.integers(0, 60000, (height, width, *channels)).astype(dtype)


@pytest.mark.parametrize("encoding", SHAPES)
def test_an_array_survives_the_message(encoding: str) -> None:
    sent = pixels(encoding)
    message = array_to_image(sent, encoding, Header(frame_id="camera"))
    assert message.header.frame_id == "camera"
    np.testing.assert_array_equal(image_to_array(message), sent)


@pytest.mark.parametrize("encoding", SHAPES)
def test_cv_bridge_reads_the_same(encoding: str) -> None:
    message = array_to_image(pixels(encoding), encoding, Header())
    read = CvBridge().imgmsg_to_cv2(message, desired_encoding="passthrough")
    np.testing.assert_array_equal(read, image_to_array(message))
    assert read.dtype == image_to_array(message).dtype


@pytest.mark.parametrize("encoding", ["mono16", "32FC1"])
def test_the_other_byte_order_is_swapped(encoding: str) -> None:
    sent = pixels(encoding)
    message = array_to_image(sent, encoding, Header())
    message.data = array.array("B", sent.byteswap().tobytes())
    message.is_bigendian = 1 - message.is_bigendian
    np.testing.assert_array_equal(image_to_array(message), sent)


@pytest.mark.parametrize("encoding", SHAPES)
def test_row_padding_is_left_out(encoding: str) -> None:
    sent = pixels(encoding)
    message = array_to_image(sent, encoding, Header())
    rows = np.frombuffer(sent.tobytes(), np.uint8).reshape(message.height, message.step)
    padded = np.pad(rows, ((0, 0), (0, 6)), constant_values=99)
    message.step += 6
    message.data = array.array("B", padded.tobytes())
    np.testing.assert_array_equal(image_to_array(message), sent)


def test_an_unpadded_image_is_not_copied() -> None:
    message = array_to_image(pixels("mono16"), "mono16", Header())
    message.data[0] ^= 255
    assert image_to_array(message)[0, 0] != pixels("mono16")[0, 0]


def test_nobody_writes_into_a_message_that_others_may_hold() -> None:
    counts = image_to_counts(array_to_image(pixels("mono16"), "mono16", Header()))
    with pytest.raises(ValueError, match="read-only"):
        counts[0, 0] = 0


def broken(**changes: Any) -> Image:
    message = array_to_image(pixels("mono16"), "mono16", Header())
    for name, value in changes.items():
        setattr(message, name, value)
    return message


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (broken(encoding="yuv422"), "yuv422"),
        (broken(encoding="bgr8"), "must be mono16"),
        (broken(width=6), "a row needs 12"),
        (broken(height=8), "needs 80 bytes, got 70"),
        (broken(data=array.array("B", b"")), "got 0"),
        (broken(width=0), "empty"),
    ],
)
def test_a_bad_raw_image_is_refused(message: Image, said: str) -> None:
    with pytest.raises(FrameError, match=said):
        image_to_counts(message)


def test_pixels_that_do_not_fit_the_encoding_are_refused() -> None:
    with pytest.raises(FrameError, match="no mono16 image"):
        array_to_image(pixels("mono8"), "mono16", Header())
