"""What every method of METHODS promises, whatever is behind it."""

import io
import pickle
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from unseam.errors import NotApplicable
from unseam.jpeg.segments import cut_into_segments
from unseam.method import MIN_REGION_AREA, Heatmap, Method
from unseam.methods import DEFAULT_METHODS, METHODS
from unseam.models.load import load_model
from unseam.photo.photo import Photo, load_photo


@pytest.fixture(params=[*METHODS, "a model file"])
def method(request: pytest.FixtureRequest, brightness_model: Path) -> Method:
    return METHODS[request.param] if request.param in METHODS else load_model(brightness_model)


def noise(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(height + width).integers(0, 256, (height, width, 3), dtype=np.uint8)


def as_jpeg(pixels: NDArray[np.uint8], mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, "JPEG", quality=85, **options)
    return buffer.getvalue()


def as_16_bit_png(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(buffer, "PNG")
    return buffer.getvalue()


def scene(height: int, width: int) -> NDArray[np.uint8]:
    """Large smooth shapes with a little noise: nearer to a photograph than noise alone."""
    rng = np.random.default_rng(height * width)
    coarse = rng.uniform(20, 235, (8, 8, 3)).astype(np.float32)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth + rng.normal(0, 2, smooth.shape), 0, 255).astype(np.uint8)


def half_saturated() -> NDArray[np.uint8]:
    pixels = scene(256, 320)
    pixels[:, 160:] = 255
    return pixels


def nearly_uniform() -> NDArray[np.uint8]:
    pixels = np.full((200, 240, 3), 128, dtype=np.uint8)
    pixels[100, 100] = (130, 127, 128)
    return pixels


PHOTOS: dict[str, Callable[[], Photo]] = {
    "noise": lambda: load_photo(noise(128, 192)),
    "odd sizes": lambda: load_photo(noise(131, 97)),
    "one pixel": lambda: load_photo(noise(1, 1)),
    "one row": lambda: load_photo(noise(1, 300)),
    "one column": lambda: load_photo(noise(300, 1)),
    "uniform black": lambda: load_photo(np.zeros((100, 100, 3), dtype=np.uint8)),
    "uniform white": lambda: load_photo(np.full((100, 100, 3), 255, dtype=np.uint8)),
    "JPEG": lambda: load_photo(as_jpeg(noise(120, 136))),
    "grey JPEG": lambda: load_photo(as_jpeg(noise(120, 136), "L")),
    "7 x 9": lambda: load_photo(noise(7, 9)),
    "7 x 9 JPEG": lambda: load_photo(as_jpeg(noise(7, 9))),
    "one pixel JPEG": lambda: load_photo(as_jpeg(noise(1, 1))),
    "scene": lambda: load_photo(scene(256, 320)),
    "scene, JPEG of odd size": lambda: load_photo(as_jpeg(scene(263, 301))),
    "scene, CMYK JPEG": lambda: load_photo(as_jpeg(scene(256, 320), "CMYK")),
    "scene, progressive JPEG": lambda: load_photo(as_jpeg(scene(256, 320), progressive=True)),
    "scene, 4:4:4 JPEG": lambda: load_photo(as_jpeg(scene(256, 320), subsampling=0)),
    "scene, 16-bit PNG": lambda: load_photo(as_16_bit_png(scene(256, 320))),
    "uniform JPEG": lambda: load_photo(as_jpeg(np.full((256, 320, 3), 90, dtype=np.uint8))),
    "nearly uniform": lambda: load_photo(nearly_uniform()),
    "half saturated JPEG": lambda: load_photo(as_jpeg(half_saturated())),
}


@pytest.mark.parametrize("kind", PHOTOS)
def test_a_method_gives_a_map_of_the_photos_size_in_range_or_says_why_not(method: Method, kind: str) -> None:
    photo = PHOTOS[kind]()
    answer = _ask(method, photo)
    if isinstance(answer, NotApplicable):
        assert not _needs_hold(method, photo), f"{method.info.name} must apply here, but says: {answer}"
        assert str(answer)
    else:
        _check(answer, photo)


def _ask(method: Method, photo: Photo) -> Heatmap | NotApplicable:
    try:
        return method(photo)
    except NotApplicable as reason:
        return reason


def _needs_hold(method: Method, photo: Photo) -> bool:
    large_enough = photo.height >= method.info.min_size[0] and photo.width >= method.info.min_size[1]
    colourful = bool((photo.pixels != photo.pixels[..., :1]).any())
    detailed = bool((photo.pixels != photo.pixels[0, 0]).any())
    has = {"jpeg": photo.jpeg is not None, "colour": colourful, "detail": detailed}
    return large_enough and all(has[need] for need in method.info.needs)


def _check(heatmap: Heatmap, photo: Photo) -> None:
    size = (photo.height, photo.width)
    assert heatmap.heat.shape == size
    assert heatmap.heat.dtype == np.float32
    assert heatmap.heat.min() >= 0  # fails for NaN, too
    assert heatmap.heat.max() <= 1
    assert heatmap.mask.shape == size
    assert heatmap.mask.dtype == np.bool_
    _check_regions(heatmap)
    assert heatmap.score is None or 0 <= heatmap.score <= 1
    if heatmap.confidence is not None:
        assert heatmap.confidence.shape == size
        assert heatmap.confidence.min() >= 0
        assert heatmap.confidence.max() <= 1
    if heatmap.patches is not None:
        assert heatmap.patches.boxes.shape == (len(heatmap.patches.probability), 4)
        assert heatmap.patches.boxes.dtype == np.int32
        assert heatmap.patches.boxes.min() >= 0
        assert (heatmap.patches.boxes[:, 2:] <= size).all()
        assert (heatmap.patches.boxes[:, :2] < heatmap.patches.boxes[:, 2:]).all()


def _check_regions(heatmap: Heatmap) -> None:
    """The regions are exactly the components of the mask, and none is smaller than the one minimum."""
    components, labels = cv2.connectedComponents(heatmap.mask.astype(np.uint8), connectivity=8)
    assert len(heatmap.regions) == components - 1
    for region in heatmap.regions:
        assert region.area >= MIN_REGION_AREA
        box = labels[region.top : region.bottom, region.left : region.right]
        assert (box > 0).sum() >= region.area


def test_a_method_is_pure(method: Method) -> None:
    photo = PHOTOS["scene, JPEG of odd size"]()
    before = photo.pixels.copy()
    first, second = _ask(method, photo), _ask(method, photo)
    assert isinstance(first, Heatmap), f"{method.info.name} needs another photo for this test: {first}"
    assert isinstance(second, Heatmap)
    np.testing.assert_array_equal(photo.pixels, before)
    assert first.heat.tobytes() == second.heat.tobytes()
    assert first.score == second.score
    np.testing.assert_array_equal(first.mask, second.mask)
    assert first.regions == second.regions


def test_a_method_can_be_sent_to_another_process(method: Method) -> None:
    assert pickle.loads(pickle.dumps(method)).info == method.info


def test_a_method_says_what_a_person_needs_to_know(method: Method) -> None:
    assert isinstance(method, Method)
    info = method.info
    texts = (info.name, info.paper, info.detects, info.blind_spots)
    assert all(isinstance(text, str) and text for text in texts)
    assert info.needs <= {"jpeg", "colour", "detail"}
    assert min(info.min_size) >= 1
    assert info.options <= {"stride", "threads", "fast"}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_has_the_name_of_its_key(name: str) -> None:
    assert METHODS[name].info.name == name


def test_the_defaults_are_methods_and_each_is_named_once() -> None:
    assert set(DEFAULT_METHODS) <= set(METHODS)
    assert len(set(DEFAULT_METHODS)) == len(DEFAULT_METHODS) > 0


def with_huge_steps(data: bytes) -> bytes:
    """Give a JPEG 16-bit tables whose every step is 65535, and the frame of an extended one, which may have them."""
    frame = next(segment for segment in cut_into_segments(data).segments if segment.marker == 0xC0)
    tables = b"".join(bytes([0x10 | number]) + b"\xff\xff" * 64 for number in (0, 1))
    head = data[: frame.start] + b"\xff\xdb" + (len(tables) + 2).to_bytes(2, "big") + tables
    return head + b"\xff\xc1" + data[frame.start + 2 :]


def test_steps_of_16_bits_take_little_memory(method: Method) -> None:
    photo = load_photo(with_huge_steps(as_jpeg(scene(128, 160))))
    assert photo.jpeg is not None
    assert photo.jpeg.components[0].table.min() == 65535
    tracemalloc.start()
    with suppress(NotApplicable):
        assert np.isfinite(method(photo).heat).all()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 150_000_000
