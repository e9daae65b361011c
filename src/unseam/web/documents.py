"""The JSON of the API, for its OpenAPI document; a test compares real answers with it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Document(BaseModel):
    """Nothing beyond what is written here."""

    model_config = ConfigDict(extra="forbid")


class ErrorDocument(Document):
    """Why there is no answer: every error has this shape."""

    error: str = Field(description="Name of the error, stable for programs.", examples=["TruncatedPhoto"])
    message: str = Field(description="What was found, what was expected, and what to do, in plain words.")
    status: int = Field(description="The HTTP status, repeated: inside a stream there is no other.")


class FalseAlarmsDocument(Document):
    """What is known of how often a method is wrong about authentic photographs."""

    marked: float = Field(description="Share of authentic photographs in which it marks anything.")
    at_score: float | None = Field(description="Share of them that score at least as high as this photo, where known.")
    source: str = Field(description="Which photographs these were.")


class TraceDocument(Document):
    """One trace that differs inside a region from the rest of the photo."""

    kind: str
    inside: float
    outside: float
    unit: str
    strength: Literal["strong", "moderate", "weak"]
    text: str = Field(description="The difference in plain words.")
    source: tuple[int, int, int, int] | None = Field(description="Where a copy comes from: top, left, bottom, right.")


class PowerDocument(Document):
    """How often photos like this one are flagged, forged and authentic; measured on validation photos."""

    history: str
    forgeries: float
    authentic: float
    by_size: list[tuple[str, float]]
    photos: int
    sentence: str


class RegionDocument(Document):
    """One connected component of a mask, in stored pixels; bottom and right are exclusive."""

    top: int
    left: int
    bottom: int
    right: int
    area: int = Field(description="Pixels of the mask in it.")
    mean_heat: float
    traces: list[TraceDocument] = Field(description="What differs in it from the rest of the photo.")


class PatchesDocument(Document):
    """The patches that a network labelled."""

    threshold: float
    boxes: list[tuple[int, int, int, int]] = Field(description="Top, left, bottom, right in stored pixels.")
    probability: list[float]


class MethodFacts(Document):
    """What a person needs to know about a method."""

    name: str
    paper: str
    detects: str = Field(description="Which trace the method looks for.")
    blind_spots: str = Field(description="When it finds nothing.")
    needs: list[str] = Field(description="jpeg: the file's own JPEG coefficients; colour; detail.")
    min_size: tuple[int, int] = Field(description="Least height and width in pixels.")


class MethodDocument(MethodFacts):
    """What one method found."""

    digest: str | None = Field(description="SHA-256 of the model file of a network.")
    options: list[str] = Field(description="How a network was run, where not as usual: fast, stride 64.")
    seconds: float
    applies: bool
    reason: str | None = Field(None, description="Why it does not apply; only where it does not.")
    false_alarms: FalseAlarmsDocument | None
    score: float | None = Field(None, description="How likely it is that the photo was manipulated at all, 0 to 1.")
    finding: str | None = Field(None, description="The method's verdict; null where it has no calibrated score.")
    power: PowerDocument | None = None
    doubt: str | None = Field(None, description="Why this must not lead to a verdict.")
    marked_share: float | None = None
    regions: list[RegionDocument] | None = None
    patches: PatchesDocument | None = None


class OutlineDocument(Document):
    """The outline of one region, in pixels of the upright photo."""

    number: int = Field(description="Place in the list of regions, from 1.")
    path: str = Field(description="An SVG path.")
    box: tuple[int, int, int, int] = Field(description="Left, top, width, height.")
    badge: tuple[int, int] = Field(description="Column and row on the outline at which its number is drawn.")


class LinkDocument(Document):
    """The place that shows the same as a copied region, and the line between both."""

    number: int = Field(description="Of the region.")
    path: str = Field(description="An SVG path.")


class PictureDocument(Document):
    """What is drawn of one method."""

    heat: str = Field(description="A data: address of a PNG: the heat as a translucent layer, upright.")
    outlines: list[OutlineDocument]
    links: list[LinkDocument]


class PicturesDocument(Document):
    """What the page draws; with include=pictures."""

    width: int = Field(description="Of the upright photo.")
    height: int
    photo: str = Field(description="A data: address of a JPEG: the photo, upright.")
    scale: str = Field(description="A data: address of a PNG of 256 x 1 pixels: the layer of heat from 0 to 1.")
    methods: dict[str, PictureDocument]


class AnswerDocument(Document):
    """Everything found about a photo. Boxes are in stored pixels; see ``orientation``."""

    layout: int = Field(description="Number of this layout; a change that breaks readers raises it.")
    file: str
    sha256: str
    format: str
    height: int
    width: int
    orientation: int = Field(ge=1, le=8, description="How a viewer turns the photo, as in EXIF.")
    verdict: Literal["manipulated", "suspicious", "no evidence", "cannot tell"]
    sentence: str = Field(description="The verdict in one plain sentence.")
    why: list[str] = Field(description="The reasons, one sentence each.")
    method: str | None = Field(description="The first method that applies: verdict, score and regions are its.")
    score: float | None
    marked_share: float | None
    regions: list[RegionDocument]
    methods: list[MethodDocument]
    provenance: dict[str, Any] | None = Field(description="What the file says about itself; see docs/provenance.md.")
    versions: dict[str, str]
    written: str = Field(description="ISO 8601, UTC.")
    pictures: PicturesDocument | None = None
    masks: dict[str, str] | None = Field(
        None, description="With include=masks: method to PNG (stored size, 1 bit, white = manipulated), base64."
    )
    report: str | None = Field(None, description="With include=report: the report as one HTML file.")


class LimitsDocument(Document):
    """What the service allows."""

    upload_bytes: int
    pixels: int
    seconds: float
    in_flight: int


class MethodsDocument(Document):
    """What is offered here."""

    default: list[str] = Field(description="What is used when no method is named.")
    methods: list[MethodFacts]
    limits: LimitsDocument
    formats: list[str] = Field(description="Of photos that can be read.")
    version: str


class HealthDocument(Document):
    """Whether the service takes photos."""

    status: Literal["ok", "stopping"]
    version: str
