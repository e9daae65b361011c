"""What a report says in words: the verdict in one sentence, its reasons, each method's legend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from unseam.method import Finding, Heatmap, MethodInfo, Region, TraceKind, in_hundred
from unseam.provenance import Provenance
from unseam.provenance.source_types import Ai
from unseam.report.report import Report, Verdict

NEEDS: Mapping[str, str] = {
    "jpeg": "a JPEG file as the camera or program wrote it",
    "colour": "colour",
    "detail": "a photo that is not of one flat colour",
}
"""What a method can need (`unseam.method.Need`), in words."""

OPENINGS: Mapping[Finding, str] = {
    Finding.MANIPULATED: "Likely manipulated",
    Finding.SUSPICIOUS: "Possibly manipulated",
    Finding.NO_EVIDENCE: "No evidence of manipulation",
    Finding.CANNOT_TELL: "Cannot tell",
}
"""How the sentence of a verdict begins, and what stands above it."""

SUSPICION = (Finding.MANIPULATED, Finding.SUSPICIOUS, Finding.CANNOT_TELL, Finding.NO_EVIDENCE)
"""The order in which a list of photos is read: what a person should look at comes first."""

DIFFERENCES: Mapping[TraceKind, str] = {
    "copied": "shows the same as another place in the photo",
    "compression": "was compressed differently from the rest",
    "demosaicing": "lacks the sensor pattern that the rest has",
    "resampling": "was resized, unlike the rest",
    "noise": "has other noise than the rest",
    "sharpness": "has other sharpness than the rest",
    "colour": "has other colour noise than the rest",
}
"""What a trace means, as the predicate of a sentence about a region."""

TRACE_NAMES: Mapping[TraceKind, str] = {
    "copied": "Copied",
    "compression": "Compression",
    "demosaicing": "Sensor pattern",
    "resampling": "Resizing",
    "noise": "Noise",
    "sharpness": "Sharpness",
    "colour": "Colour noise",
}
"""The name of a trace in a table."""

NO_TRACE = "No single trace stands out in this region: the network weighed many weak ones together."


def verdict_of(report: Report) -> Verdict:
    """Word the verdict on a photo: the only place where that is done."""
    if not report.heatmaps:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in report.results.items())
        return _cannot_tell(f"no method applies to this photo ({reasons})")
    found, info = report.heatmap, report.methods[report.method].info
    if found.finding is None or found.score is None:
        return _cannot_tell(f"{report.method} gives a map, but no verdict of its own", _why(report))
    if found.doubt is not None:
        return _cannot_tell(found.doubt, _why(report))
    rate = rate_sentence(info, found.score) if found.regions else ""
    return Verdict(found.finding, f"{OPENINGS[found.finding]}: {_stands_out(found)}. {rate}".strip(), _why(report))


def opening_and_rest(verdict: Verdict) -> tuple[str, str]:
    """Cut a verdict's sentence behind its opening, for where that stands above the rest."""
    opening, _, rest = verdict.sentence.partition(": ")
    return opening, rest[:1].upper() + rest[1:]


_FROM_PIXELS: Mapping[Finding, str] = {
    Finding.MANIPULATED: "Likely manipulated, and",
    Finding.SUSPICIOUS: "Possibly manipulated, and",
    Finding.NO_EVIDENCE: "No evidence of manipulation in the pixels, but",
    Finding.CANNOT_TELL: "Cannot tell from the pixels, but",
}
"""How the sentence begins where the file says that AI made the picture: the first sentence says both."""


def with_provenance(verdict: Verdict, provenance: Provenance | None) -> Verdict:
    """Add to a verdict on the pixels what the file says about itself: as a reason, and that AI made it first of all."""
    if provenance is None:
        return verdict
    contradictions = [lead.text for lead in provenance.leads if lead.contradiction]
    why = (*verdict.why, provenance.summary, *contradictions)
    if not provenance.ai_made:
        return replace(verdict, why=why)
    share = "AI-made" if provenance.ai is Ai.ALL else "AI-made in part"
    _, _, rest = verdict.sentence.partition(": ")
    return replace(verdict, sentence=f"{_FROM_PIXELS[verdict.finding]} {share} according to the file: {rest}", why=why)


def _cannot_tell(reason: str, why: tuple[str, ...] = ()) -> Verdict:
    return Verdict(Finding.CANNOT_TELL, f"{OPENINGS[Finding.CANNOT_TELL]}: {reason}.", why)


def suspicion(document: Mapping[str, Any]) -> tuple[int, float]:
    """Return the key that sorts documents of reports with the most suspicious first."""
    score = document["score"]
    return SUSPICION.index(Finding(document["verdict"])), -(0.0 if score is None else score)


def _stands_out(found: Heatmap) -> str:
    """Say which regions differ, and how the one with the clearest trace does."""
    if not found.regions:
        return "nothing in this photo stands out, which does not prove it authentic"
    total = found.mask.size
    number, region = min(enumerate(found.regions, start=1), key=lambda each: _rank(each[1]))
    difference = DIFFERENCES[region.traces[0].kind] if region.traces else "differs from the rest"
    if len(found.regions) == 1:
        return f"region 1 ({share_in_words(region.area / total)} of the photo) {difference}"
    share = share_in_words(sum(each.area for each in found.regions) / total)
    together = f"{len(found.regions)} regions, together {share} of the photo, stand out"
    return f"{together}; region {number} {difference}" if region.traces else together


def _rank(region: Region) -> int:
    """Order regions by the strength of their clearest trace; of equals, the first stays first."""
    strengths = ("strong", "moderate", "weak")
    return strengths.index(region.traces[0].strength) if region.traces else len(strengths)


def share_in_words(share: float) -> str:
    """Say a share of the photo as precisely as anybody can see it."""
    percent = 100 * share
    return f"{percent:.0f} %" if percent >= 2 else f"{percent:.1f} %" if percent >= 0.1 else "less than 0.1 %"


def _why(report: Report) -> tuple[str, ...]:
    """Return the reasons: what differs in each region, and what other methods mark."""
    traces = [
        f"Region {number}: {trace.text} ({trace.strength})."
        for number, region in enumerate(report.heatmap.regions, start=1)
        for trace in region.traces
    ]
    others = others_sentence(report)
    return (*traces, others) if others else tuple(traces)


def others_sentence(report: Report) -> str:
    """Say what the other methods mark; empty where there are none."""
    leading = next(iter(report.heatmaps), None)
    others = {name: found for name, found in report.heatmaps.items() if name != leading and found.doubt is None}
    if not others:
        return ""
    marking = [name for name, found in others.items() if found.regions]
    asked = f"the {len(others)} other methods that apply" if len(others) > 1 else "one other method that applies"
    if not marking:
        return f"Of {asked}, none marks anything."
    return (
        f"Of {asked}, {len(marking)} mark{'s' if len(marking) == 1 else ''} something: {', '.join(marking)}. Each is "
        "wrong now and then; what several mark in the same place weighs more."
    )


def rate_sentence(info: MethodInfo, score: float | None) -> str:
    """Say how often the method is wrong about authentic photographs: only what is known."""
    known = info.false_alarms
    if known is None:
        return "How often authentic photographs score this high is not known."
    rate = None if score is None else known.at(score)
    if rate is not None:
        words = _about(rate)
        return f"{words[0].upper()}{words[1:]} authentic photographs score this high."
    return f"In {_about(known.marked)} authentic photographs it marks something."


def _about(share: float) -> str:
    words = in_hundred(share)
    return f"about {words}" if words[0].isdigit() else words


def false_alarms_document(info: MethodInfo, score: float | None) -> dict[str, Any] | None:
    """Return what is known of a method's false alarms as plain types; None where nothing is."""
    known = info.false_alarms
    if known is None:
        return None
    at_score = None if score is None else known.at(score)
    return {"marked": known.marked, "at_score": at_score, "source": known.source}


def needs_in_words(info: MethodInfo) -> str:
    """Say what a method needs of a photo."""
    height, width = info.min_size
    size = [f"at least {width} x {height} pixels"] if max(height, width) > 1 else []
    return ", ".join([NEEDS.get(need, need) for need in sorted(info.needs)] + size) or "nothing but pixels"
