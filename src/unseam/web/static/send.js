// Sends one photo and follows what becomes of it. The answer comes as JSON, one object a line (application/x-ndjson).

const GONE = { error: "Unreachable", message: "The service cannot be reached. Is it still running? Check your connection, and try again.", status: 0 };
const BUSY = 429;

// Calls tell({ event, ... }) with each step, and gives the answer; throws { error, message, status } where there is none.
// While the service has no place free it asks again, as often as it takes. Aborted by signal, it throws { error: "Cancelled" }.
export async function send(photo, methods, tell, signal) {
  for (;;) {
    try {
      return await once(photo, methods, tell, signal);
    } catch (problem) {
      if (problem.status !== BUSY) throw problem;
      for (let left = problem.retryAfter; left > 0; left -= 1) {
        tell({ event: "busy", seconds: left });
        await pause(1000, signal);
      }
    }
  }
}

function once(photo, methods, tell, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch cannot tell how much of a body has been sent
    const cancel = () => request.abort();
    let read = 0;
    let last = null;
    const readLines = () => {
      if (!streamed(request)) return;
      const text = request.responseText;
      for (let end = text.indexOf("\n", read); end >= 0; end = text.indexOf("\n", read)) {
        last = JSON.parse(text.slice(read, end));
        read = end + 1;
        if (last.event !== "answer" && last.event !== "error") tell(last);
      }
    };
    request.open("POST", "v1/analyze?" + query(methods));
    request.setRequestHeader("Accept", "application/x-ndjson");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) tell({ event: "sending", share: event.loaded / event.total });
    });
    request.addEventListener("progress", readLines);
    request.addEventListener("error", () => reject(GONE));
    request.addEventListener("abort", () => reject({ error: "Cancelled" }));
    request.addEventListener("loadend", () => signal.removeEventListener("abort", cancel));
    request.addEventListener("load", () => {
      readLines();
      if (last?.event === "answer") resolve(last.answer);
      else reject(last?.event === "error" ? last : refusal(request));
    });
    signal.addEventListener("abort", cancel);
    const form = new FormData();
    form.append("photo", photo, photo.name || "photo");
    request.send(form);
  });
}

function query(methods) {
  const parameters = new URLSearchParams(methods.map((name) => ["method", name]));
  for (const part of ["pictures", "masks", "report"]) parameters.append("include", part);
  return parameters;
}

function streamed(request) {
  return request.status === 200 && (request.getResponseHeader("Content-Type") || "").startsWith("application/x-ndjson");
}

function refusal(request) {
  const retryAfter = Number(request.getResponseHeader("Retry-After")) || 5;
  try {
    return { ...JSON.parse(request.responseText), retryAfter };
  } catch {
    return request.status === 200 ? GONE : { error: "Unknown", message: `The service answered with status ${request.status}.`, status: request.status, retryAfter };
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => { clearTimeout(timer); reject({ error: "Cancelled" }); }, { once: true });
  });
}
