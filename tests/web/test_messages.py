import json

import httpx

from support.web_service import Files
from unseam.web.documents import AnswerDocument, ErrorDocument


def test_progress_comes_line_by_line_and_the_answer_last(client: httpx.Client, photo: Files) -> None:
    headers = {"accept": "application/x-ndjson"}
    query = {"method": ["blank", "bright"]}
    answer = client.post("/v1/analyze", params=query, files=photo, headers=headers)
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    lines = [json.loads(line) for line in answer.text.splitlines()]
    events = [line["event"] for line in lines]
    assert list(dict.fromkeys(events)) == ["waiting", "loading", "provenance", "judging", "drawing", "answer"]
    (said,) = [line for line in lines if line["event"] == "provenance"]
    assert said == {
        "event": "provenance",
        "history": lines[-1]["answer"]["provenance"]["history"],
        "summary": lines[-1]["answer"]["provenance"]["summary"],
    }
    judging = [line for line in lines if line["event"] == "judging"]
    assert {"event": "judging", "method": "bright", "number": 2, "of": 2} in judging
    AnswerDocument.model_validate(lines[-1]["answer"])


def test_an_error_in_the_middle_of_progress_is_the_last_line(client: httpx.Client) -> None:
    headers = {"accept": "application/x-ndjson"}
    answer = client.post("/v1/analyze", files={"photo": ("a.txt", b"a text")}, headers=headers)
    last = json.loads(answer.text.splitlines()[-1])
    assert last.pop("event") == "error"
    assert ErrorDocument.model_validate(last).error == "NotAnImage"
