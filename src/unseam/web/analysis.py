"""What a worker process does: one photo in, progress and one answer out; every error becomes an answer."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace

from unseam.analyze import Report, judge
from unseam.errors import NotApplicable, PhotoError, memory_ran_out
from unseam.method import Method
from unseam.photo.photo import Photo, load_photo
from unseam.provenance import read_provenance
from unseam.system.text import printable
from unseam.web.error_responses import ErrorResponse, MethodBroke, OutOfMemory, PhotoRefused
from unseam.web.messages import Answer, PhotoRequest, Progress


@dataclass(frozen=True)
class PhotoAnalysis:
    """Judge photos; can be pickled.

    Attributes
    ----------
    methods : mapping of str to Method
        All that are offered.
    max_pixels : int
        Refuse larger photos before decoding.
    trust_anchors : str, optional
        Certificates (PEM) whose Content Credentials are trusted, in place of the list that ships with the package.
    """

    methods: Mapping[str, Method]
    max_pixels: int
    trust_anchors: str | None = None

    def __call__(self, request: PhotoRequest | None) -> Iterator[Progress | Answer | ErrorResponse]:
        """Yield progress, and last the answer or why there is none; for None, load what judging needs."""
        if request is None:
            yield self._warm_up()
            return
        step: Progress | Answer = Progress("loading")
        try:
            for step in self._analyze(request):
                yield step
        except Exception as error:  # noqa: BLE001 - a photo costs only its own answer
            yield _error_response(error, request, step)

    def _warm_up(self) -> Progress:
        """Load what the first photo would otherwise wait for, and check that every model can be used."""
        import unseam.web.responses  # noqa: F401

        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # of a supervisor that signals all processes; the service decides

        for method in self.methods.values():
            _ = method.info
        return Progress("ready")

    def _analyze(self, request: PhotoRequest) -> Iterator[Progress | Answer]:
        from unseam.web.responses import make_answer

        yield Progress("loading")
        photo = self._load(request)
        if found := read_provenance(photo, self.trust_anchors):
            yield Progress("provenance", {"history": str(found.history), "summary": found.summary})
        report = yield from self._steps(photo, {name: self.methods[name] for name in request.methods})
        yield Progress("drawing")
        yield make_answer(report, request)

    def _load(self, request: PhotoRequest) -> Photo:
        return replace(load_photo(request.data, max_pixels=self.max_pixels), name=request.name)

    def _steps(self, photo: Photo, methods: Mapping[str, Method]) -> Generator[Progress, None, Report]:
        """Judge a photo, with a message before each method."""
        steps = judge(photo, methods, trust_anchors=self.trust_anchors)
        while True:
            try:
                step = next(steps)
            except StopIteration as finished:
                report: Report = finished.value
                return report
            yield Progress("judging", step._asdict())


def _error_response(error: Exception, request: PhotoRequest, step: Progress | Answer) -> ErrorResponse:
    if memory_ran_out(error):
        what = "Try fewer methods, or a smaller photo" if len(request.methods) > 1 else "Try a smaller photo"
        return OutOfMemory(f"judging {printable(request.name)} takes more memory than this service gives it. {what}.")
    if isinstance(error, PhotoError | NotApplicable):
        return PhotoRefused(type(error).__name__, _in_callers_words(error, request))
    if isinstance(error, ErrorResponse):
        return error
    traceback.print_exception(error, file=sys.stderr)  # for the operator; the caller gets a sentence
    where = step.facts.get("method") if isinstance(step, Progress) else None
    what = f"{where} failed on it" if where else "it could not be judged"
    return MethodBroke(f"{printable(request.name)}: {what} ({type(error).__name__}). This is a bug; please report it.")


def _in_callers_words(error: PhotoError | NotApplicable, request: PhotoRequest) -> str:
    """Name the file as the caller does, and leave out what only the operator can do."""
    message = str(error).replace(f"this image of {len(request.data)} bytes", printable(request.name))
    for own in ("; raise max_pixels", "; free some space"):
        found, cut, _ = message.partition(own)
        message = f"{found}." if cut else found
    return message
