"""The renderer against the published physics: radiometry, partly filled pixels, optics."""

import numpy as np
import pytest

from thermoscout_core.simulation.canvas import Canvas, Material
from thermoscout_core.simulation.render import (
    EMISSIVITY,
    PLANCK,
    CameraModel,
    fixed_pattern,
    parameters_of,
    signal_of_canvas,
    through_optics,
    to_counts,
)
from thermoscout_core.simulation.weather import Weather
from thermoscout_core.thermometry.atmosphere import (
    celsius_of_signal,
    object_c,
    signal_of_celsius,
)

WEATHER = Weather(20.0, 0.5, 0.0, 0.0, reflected_c=5.0, ground_c=18.0)
WHOLE = np.array([[-1.0, -1.0], [3.0, -1.0], [3.0, 2.0], [-1.0, 2.0]])


def flat_canvas(surface_c: float, material: Material) -> Canvas:
    canvas = Canvas(64, 48)
    canvas.fill(WHOLE, surface_c, material)
    return canvas


@pytest.mark.parametrize("material", sorted(EMISSIVITY))
@pytest.mark.parametrize(("surface_c", "distance_m"), [(-10.0, 3.0), (40.0, 10.0), (130.0, 20.0)])
def test_a_uniform_surface_comes_back_through_the_inverse(material, surface_c, distance_m):
    signal = signal_of_canvas(flat_canvas(surface_c, material), WEATHER, distance_m)
    apparent = celsius_of_signal(through_optics(signal, 2, 0.7), PLANCK)
    parameters = parameters_of(WEATHER, EMISSIVITY[material], distance_m)
    assert object_c(apparent, parameters) == pytest.approx(surface_c, abs=0.01)


def test_noise_and_counts_keep_the_surface_within_the_noise():
    camera = CameraModel()
    signal = signal_of_canvas(flat_canvas(60.0, Material.FITTING), WEATHER, 8.0)
    apparent = celsius_of_signal(through_optics(signal, 2, camera.blur_px), PLANCK)
    rng = np.random.default_rng(1)
    noise = camera.noise_c * rng.standard_normal(apparent.shape, dtype=np.float32)
    noise += fixed_pattern(rng, 64, 48, camera)
    counts = to_counts(apparent, noise, camera.scale)
    seen = object_c(camera.scale.to_celsius(counts), parameters_of(WEATHER, 0.90, 8.0))
    assert np.mean(seen) == pytest.approx(60.0, abs=0.1)
    assert 0.03 < np.std(seen) < 0.15


def test_the_sky_is_seen_as_its_apparent_temperature():
    signal = signal_of_canvas(flat_canvas(-25.0, Material.SKY), WEATHER, 15.0)
    assert celsius_of_signal(signal, PLANCK) == pytest.approx(-25.0, abs=0.01)


@pytest.mark.parametrize(("percent", "reads_c"), [(90, 93.8), (75, 84.0), (50, 66.1), (25, 45.4)])
def test_a_partly_filled_pixel_reads_low_like_the_table(percent, reads_c):
    """facts/radiometry.md: a 100 °C spot on 20 °C that fills a part of one pixel."""
    subpixels = np.full((10, 10), signal_of_celsius(20.0, PLANCK), np.float32)
    subpixels.ravel()[:percent] = signal_of_celsius(100.0, PLANCK)
    pixel = through_optics(subpixels, 10, 0.0)
    assert celsius_of_signal(pixel, PLANCK)[0, 0] == pytest.approx(reads_c, abs=0.06)


def test_the_blur_makes_a_small_hot_spot_read_low_and_keeps_a_large_one():
    signal = np.full((80, 80), signal_of_celsius(20.0, PLANCK), np.float32)
    small, large = signal.copy(), signal.copy()
    small[39:41, 39:41] = signal_of_celsius(100.0, PLANCK)
    large[20:60, 20:60] = signal_of_celsius(100.0, PLANCK)
    seen = [celsius_of_signal(through_optics(s, 2, 0.7), PLANCK).max() for s in (small, large)]
    assert seen[0] < 60.0
    assert seen[1] == pytest.approx(100.0, abs=0.05)
