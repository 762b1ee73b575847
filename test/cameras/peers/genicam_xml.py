"""The GenICam description of a FLIR-like radiometric camera, for Aravis' fake camera.

The registers below 0x1000 are the fake's own (arvfakecamera.h), those from 0x1000 on are ours.
"""

from __future__ import annotations

IR_FORMATS = {"Radiometric": 0, "TemperatureLinear100mK": 1, "TemperatureLinear10mK": 2}
PLANCK = {"R": 16556.0, "B": 1428.0, "F": 1.0, "J0": 89.796, "J1": 67.5}
FLOATS = {
    "ObjectEmissivity": (1.0, 0.01, 1.0),
    "ReflectedTemperature": (293.15, 200.0, 800.0),
    "AtmosphericTemperature": (293.15, 200.0, 800.0),
    "RelativeHumidity": (0.5, 0.0, 1.0),
    "ObjectDistance": (0.0, 0.0, 10000.0),
    **{name: (value, -1e9, 1e9) for name, value in PLANCK.items()},
}
IR_FORMAT_ADDRESS, NUC_ADDRESS, FIRST_FLOAT_ADDRESS = 0x1000, 0x1004, 0x1100
FLOAT_ADDRESS = {name: FIRST_FLOAT_ADDRESS + 8 * i for i, name in enumerate(FLOATS)}
MONO16 = 0x01100007


def _integer(name: str, address: int, access: str = "RW") -> str:
    return f"""
<IntReg Name="{name}Reg"><Address>{address}</Address><Length>4</Length>
<AccessMode>{access}</AccessMode><pPort>Device</pPort><Cachable>NoCache</Cachable>
<Sign>Unsigned</Sign><Endianess>BigEndian</Endianess></IntReg>"""


def _value(name: str, address: int) -> str:
    return _integer(name, address) + f'<Integer Name="{name}"><pValue>{name}Reg</pValue></Integer>'


def _enumeration(name: str, address: int, entries: dict[str, int]) -> str:
    listed = "".join(
        f'<EnumEntry Name="{entry}"><Value>{value}</Value></EnumEntry>'
        for entry, value in entries.items()
    )
    register = _integer(name, address)
    return f'{register}<Enumeration Name="{name}">{listed}<pValue>{name}Reg</pValue></Enumeration>'


def _command(name: str, address: int, value: int) -> str:
    body = f"<pValue>{name}Reg</pValue><CommandValue>{value}</CommandValue>"
    return _integer(name, address) + f'<Command Name="{name}">{body}</Command>'


def _float(name: str, low: float, high: float) -> str:
    return f"""
<FloatReg Name="{name}Reg"><Address>{FLOAT_ADDRESS[name]}</Address><Length>8</Length>
<AccessMode>RW</AccessMode><pPort>Device</pPort><Cachable>NoCache</Cachable>
<Endianess>BigEndian</Endianess></FloatReg>
<Float Name="{name}"><pValue>{name}Reg</pValue><Min>{low}</Min><Max>{high}</Max></Float>"""


def _string(name: str, address: int, length: int) -> str:
    return f"""
<StringReg Name="{name}"><Address>{address}</Address><Length>{length}</Length>
<AccessMode>RO</AccessMode><pPort>Device</pPort></StringReg>"""


def genicam_xml() -> str:
    """Bootstrap strings of the standard, the fake's image registers, and a FLIR's own features."""
    features = [
        _string("DeviceVendorName", 0x48, 32),
        _string("DeviceModelName", 0x68, 32),
        _string("DeviceSerialNumber", 0xD8, 16),
        _value("Width", 0x100),
        _value("Height", 0x104),
        _enumeration("PixelFormat", 0x128, {"Mono16": MONO16}),
        _enumeration("AcquisitionMode", 0x12C, {"Continuous": 1, "SingleFrame": 2}),
        _command("AcquisitionStart", 0x124, 1),
        _command("AcquisitionStop", 0x124, 0),
        _command("NUCAction", NUC_ADDRESS, 1),
        _enumeration("IRFormat", IR_FORMAT_ADDRESS, IR_FORMATS),
        _value("GevSCPSPacketSize", 0xD04),
        """<IntSwissKnife Name="PayloadSize"><pVariable Name="W">Width</pVariable>
<pVariable Name="H">Height</pVariable><Formula>W*H*2</Formula></IntSwissKnife>""",
        *(_float(name, low, high) for name, (_, low, high) in FLOATS.items()),
    ]
    names = ["Width", "Height", "PixelFormat", "AcquisitionMode", "AcquisitionStart"]
    names += ["AcquisitionStop", "NUCAction", "IRFormat", "PayloadSize", *FLOATS]
    listed = "".join(f"<pFeature>{name}</pFeature>" for name in names)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<RegisterDescription ModelName="Fake" VendorName="Thermoscout" ToolTip="" StandardNameSpace="GEV"
SchemaMajorVersion="1" SchemaMinorVersion="1" SchemaSubMinorVersion="0" MajorVersion="1"
MinorVersion="0" SubMinorVersion="0" ProductGuid="1" VersionGuid="1"
xmlns="http://www.genicam.org/GenApi/Version_1_1">
<Category Name="Root" NameSpace="Standard">{listed}</Category>
<Port Name="Device" NameSpace="Standard"></Port>{"".join(features)}
</RegisterDescription>
"""
