import re

import httpx

from support.web_service import value_of
from unseam.web.metrics import SECONDS, Histogram, Metrics
from unseam.web.middleware import HEADERS

LINE = re.compile(
    r'^(?:# (?:HELP|TYPE) unseam_\w+ .+|unseam_\w+(?:\{\w+="[^"\\\n]*"(?:,\w+="[^"\\\n]*")*\})? -?[\d.]+(?:e[+-]\d+)?)$'
)


def test_every_line_is_as_prometheus_reads_it(client: httpx.Client) -> None:
    client.get("/healthz")
    answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    assert [line for line in lines if not LINE.match(line)] == []
    names = re.findall(r"^# TYPE (\w+) (\w+)$", answer.text, re.MULTILINE)
    assert len({name for name, _ in names}) == len(names)
    assert dict(names)["unseam_request_seconds"] == "histogram"


def test_requests_are_counted_by_address_method_and_status(client: httpx.Client) -> None:
    name = 'unseam_requests_total{path="/healthz",method="GET",status="200"}'
    client.get("/healthz")
    before = value_of(client.get("/metrics").text, name)
    client.get("/healthz")
    assert value_of(client.get("/metrics").text, name) == before + 1


def test_a_stranger_cannot_make_up_names(client: httpx.Client) -> None:
    for number in range(3):
        client.get(f"/made-up-{number}")
    client.request("BREW", "/healthz")
    text = client.get("/metrics").text
    assert "made-up" not in text
    assert "BREW" not in text
    assert 'path="other",method="GET",status="404"' in text


def test_a_histogram_is_cumulated() -> None:
    histogram = Histogram()
    for seconds in (0.001, 0.3, 0.5, 10_000):
        histogram.add(seconds)
    lines = list(histogram.lines("x", 'path="/",'))
    counts = [int(line.rpartition(" ")[2]) for line in lines if "_bucket" in line]
    assert counts == [1, 1, 1, 3] + [3] * (len(SECONDS) - 4) + [4]
    assert lines[-2:] == ['x_sum{path="/"} 10000.801000', 'x_count{path="/"} 4']


def test_nothing_counted_is_written_as_nothing() -> None:
    text = Metrics().text({"workers": 2})
    assert "unseam_photo_seconds_count 0" in text
    assert "unseam_workers 2" in text


def test_every_answer_keeps_browsers_strict(client: httpx.Client) -> None:
    for path in ("/", "/static/page.js", "/static/page.css", "/v1/methods", "/nothing", "/metrics", "/openapi.json"):
        answer = client.get(path)
        for name in set(HEADERS) - {"cache-control"}:
            assert answer.headers[name] == HEADERS[name]
        assert "server" not in answer.headers
        assert answer.headers["cache-control"] in ("no-store", "no-cache")
    policy = dict(rule.split(" ", 1) for rule in HEADERS["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == "'self' data: blob:"
