// The page from a dropped photo to its result: three sections, of which one is shown.

import { Result, element, opened } from "./result.js";
import { send } from "./send.js";
import { Viewer } from "./viewer.js";

const $ = (id) => document.getElementById(id);
const SENDING = 0.1; // share of the progress bar for the upload; the rest is for the methods
const TITLES = {
  UploadTooLarge: "This file is too large", PhotoTooLarge: "This photo has too many pixels", OutOfMemory: "This photo takes too much memory",
  NotAnImage: "This is not a picture", UnsupportedPhoto: "This kind of picture cannot be read", EmptyPhoto: "This file is empty",
  TruncatedPhoto: "This file ends too early", DamagedPhoto: "This file is damaged", TimeLimit: "This took too long", UploadTooSlow: "Sending took too long",
  Unreachable: "The service cannot be reached", ShuttingDown: "The service is stopping", WorkerDied: "Something went wrong", NoPhoto: "That is not a photo",
};
const WORDS = { HEIF: "HEIC", WEBP: "WebP" };
const COPY = "A pasted picture is a copy: the clipboard keeps neither the file's compression nor its facts, and several methods need both. Choose the file itself where you have it.";

const viewer = new Viewer();
const result = new Result(viewer);
let limits = { upload_bytes: Infinity };
let work = null; // the AbortController of the photo under way

function show(name) {
  for (const section of ["start", "busy", "result"]) $(section).hidden = section !== name;
  window.scrollTo(0, 0);
}

function say(text) {
  $("live").textContent = text;
}

async function analyze(photo, pasted = false) {
  if (!photo) return fail({ error: "NoPhoto", message: "Drop, paste or choose an image file; a link or text is not one." });
  if (photo.size > limits.upload_bytes) {
    return fail({ error: "UploadTooLarge", message: `${photo.name} has ${(photo.size / 1e6).toFixed(1)} MB; this service takes up to ${limits.upload_bytes / 1e6} MB.` });
  }
  work?.abort();
  const mine = (work = new AbortController());
  begin(photo);
  try {
    const answer = await send(photo, chosen(), (step) => mine === work && follow(step), mine.signal);
    if (mine === work) finish(answer, pasted ? COPY : "");
  } catch (problem) {
    if (mine === work && problem.error !== "Cancelled") fail(problem);
    if (!("error" in problem)) throw problem;
  } finally {
    if (mine === work) end();
  }
}

let clock = 0;
let address = "";

function begin(photo) {
  $("problem").hidden = true;
  $("busy-name").textContent = photo.name;
  $("preview").hidden = true;
  $("first-says").hidden = true;
  address = URL.createObjectURL(photo);
  $("preview").src = address;
  const started = Date.now();
  clearInterval(clock);
  clock = setInterval(() => { $("seconds").textContent = Math.round((Date.now() - started) / 1000); }, 500);
  $("seconds").textContent = "0";
  document.title = `… ${photo.name} – unseam`;
  show("busy");
  follow({ event: "sending", share: 0 });
  $("busy-title").focus();
}

function end() {
  clearInterval(clock);
  URL.revokeObjectURL(address);
  work = null;
}

function follow(step) {
  if (step.event === "provenance") {
    $("first-says").textContent = `What the file says about itself: ${step.summary}`;
    $("first-says").hidden = false;
    say($("first-says").textContent);
    return;
  }
  const [text, share] = words(step);
  $("progress").value = share;
  if ($("step").textContent === text) return;
  $("step").textContent = text;
  if (!text.startsWith("Sending it:")) say(text);
}

function words({ event, share, seconds, before, method, number, of }) {
  switch (event) {
    case "sending": return share > 0 && share < 1 ? [`Sending it: ${Math.round(100 * share)} %`, SENDING * share] : ["Sending it", SENDING * share];
    case "busy": return [`The service is busy. Trying again in ${seconds} s`, 0];
    case "waiting": return [before ? `Waiting: ${before} photo${before > 1 ? "s" : ""} ahead of this one` : "Waiting for its turn", SENDING];
    case "loading": return ["Reading it", SENDING];
    case "judging": return [`Method ${number} of ${of}: ${method}`, SENDING + ((0.95 - SENDING) * (number - 0.6)) / of];
    default: return ["Drawing what was found", 0.97];
  }
}

function finish(answer, note) {
  show("result");
  result.open(answer, note);
  document.title = `${opened(answer.sentence)[0]}: ${answer.file} – unseam`;
  say(`${answer.sentence} ${answer.why.join(" ")}`);
  $("verdict").focus({ preventScroll: true });
}

function fail({ error, message }) {
  show("start");
  document.title = "unseam";
  say("");
  const [title, text] = $("problem").children;
  title.textContent = TITLES[error] || "This photo could not be judged";
  text.textContent = message.charAt(0).toUpperCase() === message.charAt(0) || /^\S+\.\S+/.test(message) ? message : message.charAt(0).toUpperCase() + message.slice(1);
  $("problem").hidden = false;
  $("problem").focus();
}

function restart() {
  show("start");
  document.title = "unseam";
  say("");
  $("problem").hidden = true;
  $("file").focus();
}

// Methods

function chosen() {
  return [...document.querySelectorAll("#methods input:checked")].map((box) => box.value);
}

function count() {
  const number = chosen().length;
  $("chosen").textContent = number ? `${number} of ${$("methods").querySelectorAll("input").length}` : "the usual ones";
}

function preset(names) {
  for (const box of document.querySelectorAll("#methods input")) box.checked = !names || names.includes(box.value);
  count();
}

function offer({ default: usual, methods }) {
  const rest = methods.filter((method) => !usual.includes(method.name));
  const listed = [...usual.map((name) => methods.find((method) => method.name === name)), ...rest]; // the first leads
  for (const method of listed) {
    const label = element("label", { class: "method" });
    label.append(element("input", { type: "checkbox", value: method.name }), element("b", {}, method.name), element("span", {}, method.detects));
    $("methods").append(label);
  }
  $("methods").addEventListener("change", count);
  $("usual").addEventListener("click", () => preset(usual));
  $("all").addEventListener("click", () => preset(null));
  preset(usual);
}

async function introduce() {
  const response = await fetch("v1/methods");
  const about = await response.json();
  limits = about.limits;
  $("takes").textContent = `${about.formats.map((name) => WORDS[name] || name).join(", ")} · up to ${+(limits.upload_bytes / 1e6).toFixed(1)} MB and ${+(limits.pixels / 1e6).toFixed(1)} megapixels`;
  $("version").textContent = about.version;
  offer(about);
}

// Ways in

$("file").addEventListener("change", (event) => {
  const [photo] = event.target.files;
  event.target.value = ""; // so that the same file can be chosen again
  if (photo) analyze(photo);
});
$("cancel").addEventListener("click", () => { work?.abort(); end(); restart(); });
$("again").addEventListener("click", restart);
$("preview").addEventListener("load", () => { $("preview").hidden = false; });

document.addEventListener("paste", (event) => {
  const [photo] = event.clipboardData.files;
  if (!photo) return;
  event.preventDefault();
  analyze(photo, photo.name === "image.png");
});
let inside = 0; // how deep the pointer is in nested elements while it drags
const over = (change) => {
  inside = Math.max(inside + change, 0);
  document.body.classList.toggle("over", inside > 0);
};
document.addEventListener("dragenter", () => over(1));
document.addEventListener("dragleave", () => over(-1));
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  over(-inside);
  analyze(event.dataTransfer.files[0]);
});

introduce().catch(() => fail({ error: "Unreachable", message: "The service cannot be reached. Is it still running?" }));
