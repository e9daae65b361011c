"""The settings of the forgery factory: one frozen dataclass, with presets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace

from unseam.errors import DataError

SPLIT_SEED = 20261122
"""Seed of the split by photograph. Separate from the forging seed, so that two runs never exchange photographs."""

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ForgeConfig:
    """The distribution that forgeries are drawn from. Ranges are (low, high), both included; shares are in [0, 1].

    Attributes
    ----------
    splice, copy_move, removal, authentic : float
        How often each kind is made, relative to their sum. Authentic frames have the same processing histories.
    sides : (float, float)
        Height and width of the saved frame in pixels, drawn separately; smaller photographs give what they have.
    megapixels : (float, float), optional
        Size of the frame in megapixels, with the photograph's aspect ratio; overrides ``sides``. Photographs that are
        smaller are donors only.
    native_share : float
        How often the host is cropped at its own resolution rather than after a reduction by up to ``max_reduction``.
    max_reduction : float
        Strongest reduction of a photograph before it is cropped (a camera photo made ready for the web).
    aligned_share : float
        How often a native crop starts on the 16-pixel grid of its file, so that both have the same JPEG grid.
    object_share : float
        How often a splice is an object cut along its mask (and half as often, that of a copied or removed region);
        the rest are smooth blobs and polygons. 0: no masks needed.
    area : (float, float)
        Share of the frame that the edit covers, drawn log-uniformly; what hangs over a border is cut off, but never
        below the lower end.
    inpaint_area : (float, float)
        The same for OpenCV's inpainting, whose time grows steeply with the region.
    resample_share : float
        How often what is pasted is scaled or turned rather than kept pixel by pixel.
    scale : (float, float)
        Scaling of what is pasted.
    angle : (float, float)
        Rotation in degrees of what is pasted, either way.
    flip_share, tone_share : float
        How often it is mirrored, and how often a splice is matched to its new surroundings in mean and contrast.
    hard, feather, matte, smooth, poisson : float
        How often each seam is made, relative to their sum. A removal has no object to be matted: it is feathered.
    seam_width : (float, float)
        Width of a feathered, matted or smoothed seam, in pixels.
    host_history_share, donor_history_share : float
        How often a host or a donor is compressed as JPEG before the forgery, in addition to what its file went through.
    history_quality : (int, int)
        IJG quality of that compression.
    history_camera_share : float
        How often that compression has a camera's quantization tables rather than those of an IJG quality.
    rendering_share : float
        How often a host or a donor is rendered as phones do: local tone mapping, noise reduction, sharpening.
    tile_share : float
        How often the host's tiles have different compression histories, as in the exports of some phones.
    two_camera_share : float
        How often a frame is never compressed: host and donor are reduced until no JPEG trace is left, each gets the
        demosaicing and noise of its own camera, and a splice covers ``two_camera_area`` of the frame.
    two_camera_area : (float, float)
    donor_adjustment_share : float
        How often a donor has some mild blur, sharpening, noise or gamma.
    adjustment_share : float
        How often the finished frame, authentic or not, has some mild blur, noise, gamma or resampling.
    decoration_share : float
        How often the finished frame has a border, a caption, or another photograph next to it.
    png_share : float
        How often the output is saved as PNG rather than JPEG.
    quality : (int, int)
        IJG quality of the saved JPEG.
    camera_share : float
        How often the saved JPEG has a camera's quantization tables rather than those of an IJG quality.
    editor_share : float
        How often the saved JPEG has an editor's quantization tables.
    host_tables_share : float
        How often the frame of a host that is a JPEG file is saved with that file's own quantization tables.
    laundered_share : float
        How often the saved file is laundered: resized and compressed again by one or two profiles of `laundering`.
    split_seed : int
        Seed of the split of photographs into training, validation and test.
    """

    splice: float = 0.40
    copy_move: float = 0.20
    removal: float = 0.15
    authentic: float = 0.25
    sides: Range = (384, 768)
    megapixels: Range | None = None
    native_share: float = 0.5
    max_reduction: float = 4.0
    aligned_share: float = 0.25
    object_share: float = 0.7
    area: Range = (0.005, 0.40)
    inpaint_area: Range = (0.005, 0.05)
    resample_share: float = 0.6
    scale: Range = (0.5, 1.5)
    angle: Range = (0.0, 45.0)
    flip_share: float = 0.3
    tone_share: float = 0.4
    hard: float = 0.25
    feather: float = 0.25
    matte: float = 0.20
    smooth: float = 0.15
    poisson: float = 0.15
    seam_width: Range = (0.0, 4.0)
    host_history_share: float = 0.6
    donor_history_share: float = 0.6
    history_quality: tuple[int, int] = (50, 98)
    history_camera_share: float = 0.5
    rendering_share: float = 0.12
    tile_share: float = 0.06
    two_camera_share: float = 0.06
    two_camera_area: Range = (0.25, 0.50)
    donor_adjustment_share: float = 0.3
    adjustment_share: float = 0.3
    decoration_share: float = 0.08
    png_share: float = 0.3
    quality: tuple[int, int] = (60, 98)
    camera_share: float = 0.25
    editor_share: float = 0.15
    host_tables_share: float = 0.1
    laundered_share: float = 0.0
    split_seed: int = SPLIT_SEED

    def __post_init__(self) -> None:
        """Refuse settings that contradict themselves."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple) and not 0 <= value[0] <= value[1]:
                raise DataError(
                    f"ForgeConfig.{field.name} is {value}; expected a range (low, high) with 0 <= low <= high"
                )
            if field.name.endswith("_share") and not 0 <= value <= 1:
                raise DataError(f"ForgeConfig.{field.name} is {value}; expected a share between 0 and 1")
        if min(self.kinds.values()) < 0 or sum(self.kinds.values()) <= 0:
            raise DataError(f"ForgeConfig: kinds are {self.kinds}; expected none negative and at least one positive")
        if min(self.seams.values()) < 0 or sum(self.seams.values()) <= 0:
            raise DataError(f"ForgeConfig: seams are {self.seams}; expected none negative and at least one positive")

    @property
    def kinds(self) -> dict[str, float]:
        """Weight of each kind."""
        return {
            "splice": self.splice,
            "copy-move": self.copy_move,
            "removal": self.removal,
            "authentic": self.authentic,
        }

    def with_authentic(self, share: float) -> ForgeConfig:
        """Return the settings with this share of authentic files; the other kinds keep their proportions."""
        forgeries = self.splice + self.copy_move + self.removal
        rest = (1 - share) / forgeries
        return replace(
            self,
            splice=self.splice * rest,
            copy_move=self.copy_move * rest,
            removal=self.removal * rest,
            authentic=share,
        )

    @property
    def seams(self) -> dict[str, float]:
        """Weight of each seam."""
        names = ("hard", "feather", "matte", "smooth", "poisson")
        return {name: float(getattr(self, name)) for name in names}

    @classmethod
    def easy(cls) -> ForgeConfig:
        """Return hard seams, nothing done afterwards, PNG or quality 90 and more: the start of a curriculum."""
        return cls(
            hard=1.0,
            feather=0.0,
            matte=0.0,
            smooth=0.0,
            poisson=0.0,
            tone_share=0.0,
            rendering_share=0.0,
            tile_share=0.0,
            two_camera_share=0.0,
            adjustment_share=0.0,
            decoration_share=0.0,
            png_share=0.5,
            quality=(90, 98),
            camera_share=0.0,
            editor_share=0.0,
            host_tables_share=0.0,
        )

    @classmethod
    def large(cls) -> ForgeConfig:
        """Return edits of 0.1 to 10 % in frames of 2 to 12 megapixels that keep the JPEG history of their file."""
        return cls(
            authentic=0.35,
            megapixels=(2.0, 12.0),
            native_share=0.9,
            max_reduction=2.0,
            aligned_share=0.7,
            area=(0.001, 0.10),
            inpaint_area=(0.001, 0.01),
            host_history_share=0.1,
            tile_share=0.15,
            two_camera_share=0.0,
            adjustment_share=0.15,
            decoration_share=0.05,
            png_share=0.05,
            quality=(70, 98),
            host_tables_share=0.35,
            laundered_share=0.25,
        )


PRESETS: Mapping[str, Callable[[], ForgeConfig]] = {
    "default": ForgeConfig,
    "easy": ForgeConfig.easy,
    "large": ForgeConfig.large,
}
"""Settings by the name that the command line takes."""
