import pytest

from thermoscout_core.cameras.registry import CAMERAS, open_camera
from thermoscout_core.device_urls import DeviceUrl
from thermoscout_core.errors import ConfigurationError
from thermoscout_core.rangefinders.registry import open_rangefinder


def test_an_unknown_camera_scheme_names_the_known_ones():
    with pytest.raises(ConfigurationError, match=r"usb4://.*known are sim://, file://"):
        open_camera("usb4://10.0.0.1")


def test_an_unknown_rangefinder_scheme_names_the_known_ones():
    with pytest.raises(ConfigurationError, match=r"usb://.*known are sim://, serial://"):
        open_rangefinder("usb:///dev/ttyUSB0")


@pytest.mark.parametrize("opener", [open_camera, open_rangefinder])
def test_an_unknown_option_names_the_known_ones(opener):
    with pytest.raises(ConfigurationError, match=r"'sed'.*seed"):
        opener("sim://patrol?sed=7")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("rate=fast", "rate must be a number"),
        ("rate=0", "rate must be a number from 0.1"),
        ("rate=nan", "rate must be a number"),
        ("width=640.5", "width must be a whole number"),
        ("faults=yes", "faults must be one of 0, 1"),
        ("seed=1&seed=2", "given twice"),
    ],
)
def test_a_wrong_value_is_named(query, told):
    with pytest.raises(ConfigurationError, match=told):
        open_camera(f"sim://patrol?{query}")


@pytest.mark.parametrize("url", ["patrol", "/folder", "", "://x"])
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ConfigurationError, match="no device address"):
        open_camera(url)


def test_only_the_patrol_is_simulated():
    with pytest.raises(ConfigurationError, match="only sim://patrol"):
        open_camera("sim://moon")


def test_keyword_options_are_stronger_than_the_query():
    camera = open_camera("sim://patrol?rate=25", rate=9)
    assert camera.rate_hz == 9.0


def test_places_are_unquoted():
    assert DeviceUrl("file:///a%20b/c").place == "/a b/c"


@pytest.mark.parametrize("scheme", sorted(CAMERAS))
def test_every_camera_of_the_registry_has_the_protocol(scheme):
    camera = open_camera(f"{scheme}://patrol")
    assert camera.hardware_id
    assert camera.rate_hz > 0
    assert all(callable(getattr(camera, name)) for name in ("open", "read", "close"))
