import httpx

from unseam.web.middleware import HEADERS


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


def test_a_stranger_cannot_make_up_names(client: httpx.Client) -> None:
    for number in range(3):
        client.get(f"/made-up-{number}")
    client.request("BREW", "/healthz")
    text = client.get("/metrics").text
    assert "made-up" not in text
    assert "BREW" not in text
    assert 'method="GET",path="other",status="404"' in text
