"""What a report says in words: the verdict in one sentence, its reasons, each method's legend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from unseam.method import Finding, Heatmap, MethodInfo
from unseam.provenance import Provenance
from unseam.provenance.source_types import Ai
from unseam.report.report import Report, Verdict

NEEDS: Mapping[str, str] = {
    "jpeg": "a JPEG file as the camera or program wrote it",
    "colour": "colour",
    "detail": "a photo that is not of one flat colour",
}
"""What a method can need (`unseam.method.Need`), in words."""

COLOURS = "Dark is authentic, yellow is manipulated, the middle of the scale says nothing. Outlined: what is marked."

OPENINGS: Mapping[Finding, str] = {
    Finding.MANIPULATED: "Likely manipulated",
    Finding.SUSPICIOUS: "Possibly manipulated",
    Finding.NO_EVIDENCE: "No evidence of manipulation",
    Finding.CANNOT_TELL: "Cannot tell",
}
"""How the sentence of a verdict begins."""


def verdict_of(report: Report) -> Verdict:
    """Word the verdict on a photo: the only place where that is done."""
    if not report.heatmaps:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in report.results.items())
        return _cannot_tell(f"no method applies ({reasons})")
    found, info = report.heatmap, report.methods[report.method].info
    if found.finding is None or found.score is None:
        return _cannot_tell(f"{info.name} has no calibrated score; it gives a map and no verdict", _why(report))
    if found.doubt is not None:
        return _cannot_tell(found.doubt)
    sentence = f"{OPENINGS[found.finding]}: {_marks(found)}. {_capital(rate_clause(info, found.score))}."
    return Verdict(found.finding, sentence, _why(report))


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


def _marks(found: Heatmap) -> str:
    if not found.regions:
        return "no region differs from the rest of the photo"
    count, share = len(found.regions), 100 * float(found.mask.mean())
    regions = "1 region differs" if count == 1 else f"{count} regions differ"
    return f"{regions} from the rest of the photo, {share:.1f} % of it"


def _why(report: Report) -> tuple[str, ...]:
    """Return the reasons: traces of each region, the power of the method, what other methods mark."""
    found = report.heatmap
    traces = [f"Region {n}: {trace.text}" for n, region in enumerate(found.regions, 1) for trace in region.traces]
    power = [found.power.sentence] if found.power is not None else []
    others = others_sentence(report)
    return (*traces, *power, *([others] if others else []))


def _capital(clause: str) -> str:
    return clause[:1].upper() + clause[1:]


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


def rate_clause(info: MethodInfo, score: float | None) -> str:
    """Say how often the method is wrong about authentic photographs: only what is known."""
    known = info.false_alarms
    if known is None:
        return "how often it is wrong about authentic photographs is not recorded with this method"
    rate = None if score is None else known.at(score)
    if rate is not None:
        return f"{_percent(rate)} of authentic photographs score as high ({known.source})"
    return f"it marks something on about {_percent(known.marked)} of authentic photographs ({known.source})"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 or share == 0 else "less than 1 %"


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
