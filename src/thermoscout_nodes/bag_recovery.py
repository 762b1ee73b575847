"""Mends a bag whose recorder was killed or ran out of disk: what was written is kept.

An MCAP file is a row of records (a byte that tells the kind, eight that tell the length, the
content; https://mcap.dev/spec). What is missing at the end is the summary, and the last record
may be cut short: the whole records before it are copied into a new bag.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.interfaces import Connection
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.rosbag2.errors import WriterError

from thermoscout_core.errors import ConfigurationError
from thermoscout_nodes.bag_writer import METADATA_VERSION

MAGIC = b"\x89MCAP0\r\n"
HEADER, FOOTER, DATA_END = 0x01, 0x02, 0x0F
_HEAD = struct.Struct("<BQ")
_END = _HEAD.pack(DATA_END, 4) + bytes(4) + _HEAD.pack(FOOTER, 20) + bytes(20) + MAGIC


def recover(bag: Path, output: Path) -> int:
    """Copy every whole message of a bag's MCAP files into a new bag; how many there were.

    Raises ConfigurationError when there is no MCAP file, nothing whole in it, or output exists.
    """
    files = sorted(bag.glob("*.mcap")) if bag.is_dir() else [bag]
    if not files or not all(file.is_file() for file in files):
        raise ConfigurationError(f"{bag} holds no .mcap file; nothing to recover")
    try:
        with tempfile.TemporaryDirectory(dir=output.resolve().parent) as folder:
            mended = [_mended(file, Path(folder)) for file in files]
            return _rewrite(mended, output)
    except (WriterError, AnyReaderError, OSError) as error:
        raise ConfigurationError(f"{bag} can't be recovered into {output}: {error}") from error


def _mended(file: Path, folder: Path) -> Path:
    """The whole records of a file, with an end."""
    mended = folder / file.name
    with file.open("rb") as source, mended.open("wb") as target:
        if source.read(len(MAGIC)) != MAGIC:
            raise ConfigurationError(f"{file} is no MCAP file")
        target.write(MAGIC)
        for record in _whole_records(source):
            target.write(record)
        target.write(_END)
    return mended


def _whole_records(source: BinaryIO) -> Iterator[bytes]:
    while len(head := source.read(_HEAD.size)) == _HEAD.size:
        kind, length = _HEAD.unpack(head)
        content = source.read(length)
        if len(content) < length or kind in (DATA_END, FOOTER):
            return
        yield head + content


def _rewrite(files: list[Path], output: Path) -> int:
    written = 0
    writer = Writer(output, version=METADATA_VERSION, storage_plugin=StoragePlugin.MCAP)
    writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
    with AnyReader(files) as reader, writer:
        topics = {c.id: _copied(c, reader, writer) for c in reader.connections}
        for connection, stamp_ns, data in reader.messages():
            writer.write(topics[connection.id], stamp_ns, data)
            written += 1
    return written


def _copied(connection: Connection, reader: AnyReader, writer: Writer) -> Connection:
    return writer.add_connection(
        connection.topic,
        connection.msgtype,
        typestore=reader.typestore,
        offered_qos_profiles=getattr(connection.ext, "offered_qos_profiles", ()),
    )
