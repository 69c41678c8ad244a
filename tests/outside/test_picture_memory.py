"""What a picture costs in memory: under 50 MB for what is refused, and for an avatar from a baseline JPEG."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from marketplace.config import PROJECT_ROOT
from marketplace.outside.pictures import MAX_SCANS
from tests.outside.test_pictures import bomb, scans

# In a process of its own, after a first small picture: the highest mark that Linux keeps of its memory is set back.
MEASURE = """
import io, re, sys
from pathlib import Path
from PIL import Image
from marketplace.outside.errors import PictureTooLarge
from marketplace.outside.pictures import PillowPictures

def kilobytes(name):
    return int(re.search(name + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1])

first = io.BytesIO()
Image.new("RGB", (40, 30)).save(first, "JPEG")
PillowPictures().encode(first, 512)
content = io.BytesIO(Path(sys.argv[1]).read_bytes())
Path("/proc/self/clear_refs").write_text("5")
before = kilobytes("VmRSS")
try:
    PillowPictures().encode(content, 512)
    said = "taken"
except PictureTooLarge:
    said = "refused"
print(said, (kilobytes("VmHWM") - before) // 1024)
"""


def photograph() -> bytes:
    target = io.BytesIO()
    Image.effect_noise((5000, 5000), 60).convert("RGB").save(target, "JPEG")
    return target.getvalue()


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: bomb(100_000, 100_000), "refused"),
        (lambda: bomb(5001, 5000), "refused"),
        (lambda: scans(MAX_SCANS), "refused"),
        (photograph, "taken"),
    ],
    ids=["a bomb", "a column too many", "a bomb of scans", "a photograph of 25 megapixels"],
)
def test_less_than_50_megabytes(make: Callable[[], bytes], expected: str, tmp_path: Path) -> None:
    picture = tmp_path / "picture"
    picture.write_bytes(make())
    result = subprocess.run(
        [sys.executable, "-c", MEASURE, str(picture)],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    said, megabytes = result.stdout.split()
    assert said == expected
    assert int(megabytes) < 50
