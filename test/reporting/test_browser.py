"""The report as a browser shows it: everything there, nothing fetched, nothing cut off."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from thermoscout_core.reporting.choices import Language
from thermoscout_core.reporting.composition import ReportOptions
from thermoscout_core.reporting.report import make_report

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER = next((found for found in map(shutil.which, NAMES) if found), None)
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PROBE = """<script>
addEventListener("load", () => {
  const said = {
    pictures: [...document.images].filter(picture => picture.naturalWidth > 100).length,
    fetched: performance.getEntriesByType("resource")
      .filter(entry => !entry.name.startsWith("data:")).length,
    too_wide: document.documentElement.scrollWidth > innerWidth,
    dead_links: [...document.querySelectorAll('a[href^="#"]')]
      .filter(link => !document.getElementById(link.hash.slice(1))).length,
    severity: getComputedStyle(document.querySelector(".badge.critical")).backgroundColor,
  };
  document.body.dataset.said = Object.entries(said).map(pair => pair.join("=")).join(";");
});
</script>"""

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")


def seen(page, tmp_path, width_px) -> dict[str, str]:
    probed = tmp_path / "probed.html"
    text = page.read_text(encoding="utf-8").replace(' loading="lazy"', "")
    probed.write_text(text.replace("</body>", f"{PROBE}</body>"), encoding="utf-8")
    done = subprocess.run(
        [
            *(BROWSER, *QUIET, f"--user-data-dir={tmp_path / 'profile'}"),
            *(f"--window-size={width_px},900", "--dump-dom", probed.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    (said,) = re.findall(r'data-said="([^"]+)"', done.stdout)
    return dict(pair.split("=") for pair in said.split(";"))


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("width_px", [500, 1280])
def test_browser_shows_the_whole_report(tmp_path, inspected, language, width_px):
    written = make_report(inspected, options=ReportOptions(language=language))
    assert seen(written.page, tmp_path, width_px) == {
        "pictures": "3",
        "fetched": "0",
        "too_wide": "false",
        "dead_links": "0",
        "severity": "rgb(163, 18, 58)",
    }
