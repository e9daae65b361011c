// Shows an answer: the verdict, a tab for each method, regions, the file, downloads.

const SHOWN_REGIONS = 12;
const SHOWN_REASONS = 5; // above the picture, which must stay near
const LEGEND = "The stronger the magenta, the likelier a manipulation; up to 0.5 the photo stays clear. Outlined and numbered: what the method marks.";
const NEEDS = { jpeg: "a JPEG file as the camera or program wrote it", colour: "colour", detail: "a photo that is not of one flat colour" };
const $ = (id) => document.getElementById(id);

export class Result {
  constructor(viewer) {
    this.viewer = viewer;
    $("tabs").addEventListener("keydown", (event) => this.key(event));
    $("get-report").addEventListener("click", () => this.save("report.html", "text/html", this.answer.report));
    $("get-json").addEventListener("click", () => this.save("json", "application/json", JSON.stringify(document_(this.answer), null, 1)));
    $("get-mask").addEventListener("click", () => this.save(`${this.method.name}.mask.png`, "image/png", bytes(this.answer.masks[this.method.name])));
  }

  open(answer, note) {
    this.answer = answer;
    $("card").className = `verdict ${answer.verdict.replaceAll(" ", "-")}`;
    $("result-name").textContent = `${answer.file} · ${answer.format} · ${answer.width} × ${answer.height}`;
    const [opening, rest] = opened(answer.sentence);
    $("opening").textContent = opening;
    $("sentence").textContent = rest;
    const leading = answer.methods.find((method) => method.name === answer.method);
    $("power").textContent = leading?.power?.sentence || "";
    const reasons = answer.why.slice(0, SHOWN_REASONS);
    if (answer.why.length > SHOWN_REASONS) reasons.push("More stands below, with each region and method.");
    $("why").replaceChildren(...reasons.map((reason) => element("li", {}, reason)));
    $("note").textContent = note;
    $("note").hidden = !note;
    $("scale").src = answer.pictures.scale;
    this.viewer.open(answer.pictures);
    $("tabs").replaceChildren(...answer.methods.map((method) => this.tab(method)));
    this.select(first(answer), false);
    this.file();
  }

  tab(method) {
    const tab = element("button", { type: "button", role: "tab", id: `tab-${method.name}`, class: "tab" }, method.name);
    tab.setAttribute("aria-controls", "panel");
    if (!method.applies) {
      tab.classList.add("none");
      tab.append(element("span", { class: "score" }, "n/a"));
    } else {
      const marks = method.regions.length;
      tab.classList.toggle("marks", marks > 0 && !method.doubt);
      tab.append(element("span", { class: "score" }, method.doubt ? "?" : method.score === null ? "" : method.score.toFixed(2)));
      tab.append(element("span", { class: "unseen" }, marks ? `marks ${counted(marks)}` : "marks nothing"));
    }
    tab.addEventListener("click", () => this.select(method.name, false));
    return tab;
  }

  key(event) {
    const names = this.answer.methods.map((method) => method.name);
    const here = names.indexOf(this.method.name);
    const to = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.select(names[(to + names.length) % names.length], true);
  }

  select(name, focus) {
    this.method = this.answer.methods.find((method) => method.name === name);
    for (const tab of $("tabs").children) {
      const selected = tab.id === `tab-${name}`;
      tab.setAttribute("aria-selected", selected);
      tab.tabIndex = selected ? 0 : -1;
      if (selected && focus) tab.focus();
      if (selected) $("tabs").scrollLeft = tab.offsetLeft - $("tabs").offsetLeft - ($("tabs").clientWidth - tab.offsetWidth) / 2;
    }
    $("panel").setAttribute("aria-labelledby", `tab-${name}`);
    $("stage").setAttribute("aria-label", this.method.applies ? `The photo under the heat of ${name}` : "The photo");
    this.viewer.show(name, this.answer.pictures.methods[name]);
    $("get-mask").disabled = !this.method.applies;
    this.describe();
    this.regions();
  }

  describe() {
    const method = this.method;
    $("method-title").textContent = method.name;
    $("method-result").textContent = sentence(method, method.name === this.answer.method);
    $("scale").closest(".scale").hidden = !method.applies;
    $("scale-words").textContent = LEGEND;
    const facts = [["Detects", method.detects], ["Blind spots", method.blind_spots], ["Needs", method.needs.map((need) => NEEDS[need] || need).join(", ") || "nothing but pixels"]];
    facts.splice(0, 0, ...falseAlarms(method));
    facts.push(["Source", method.paper], ["Time", `${method.seconds.toFixed(1)} s`]);
    $("method-facts").replaceChildren(...list(facts));
  }

  regions() {
    const all = this.method.regions || [];
    $("regions-part").hidden = !all.length;
    $("regions").replaceChildren(...all.slice(0, SHOWN_REGIONS).map((region, index) => this.region(region, index + 1)));
    $("regions-more").textContent = all.length > SHOWN_REGIONS ? `and ${all.length - SHOWN_REGIONS} smaller ones` : "";
  }

  region(region, number) {
    const item = element("li", {});
    item.append(this.chooser(region, number), traces(region));
    return item;
  }

  chooser(region, number) {
    const share = (100 * region.area) / (this.answer.width * this.answer.height);
    const digits = share >= 2 ? 0 : share >= 0.1 ? 1 : 2;
    const button = element("button", { type: "button", class: "region", "aria-pressed": "false" });
    button.append(element("i", {}, String(number)), element("span", {}, `${share.toFixed(digits)} % of the photo`));
    button.append(element("span", { class: "soft" }, `heat ${region.mean_heat.toFixed(2)}`));
    button.title = `Rows ${region.top} to ${region.bottom - 1}, columns ${region.left} to ${region.right - 1} of the file as stored`;
    button.addEventListener("click", () => {
      const chosen = button.getAttribute("aria-pressed") === "true" ? 0 : number;
      for (const other of $("regions").querySelectorAll("button")) other.setAttribute("aria-pressed", "false");
      button.setAttribute("aria-pressed", String(chosen > 0));
      this.viewer.choose(chosen);
    });
    return button;
  }

  file() {
    const { answer } = this;
    const { summary = "", leads = [] } = answer.provenance || {};
    const contradictions = leads.filter((lead) => lead.contradiction).length;
    $("file-says").hidden = !summary;
    $("history").textContent = summary;
    $("leads-part").hidden = !leads.length;
    $("leads-part").open = contradictions > 0;
    $("leads-count").textContent = `${count(leads.length, "lead")}${contradictions ? `, ${count(contradictions, "contradiction")}` : ""}`;
    $("leads").replaceChildren(...leads.map((lead) => element("li", {}, `${lead.contradiction ? "Contradiction. " : ""}${lead.text} (${lead.source}; ${lead.forgery})`)));
    $("file-facts").replaceChildren(...list(fileFacts(answer).filter(([, value]) => value)));
  }

  save(ending, type, content) {
    const address = URL.createObjectURL(new Blob([content], { type }));
    const link = element("a", { href: address, download: `${stem(this.answer.file)}.${ending}` });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }
}

// The method to show first: the one behind the verdict, unless it marks nothing and another one does.
function first(answer) {
  const marking = (method) => method.applies && !method.doubt && method.regions.length > 0;
  const leading = answer.methods.find((method) => method.name === answer.method);
  if (leading && marking(leading)) return leading.name;
  return (answer.methods.find(marking) || leading || answer.methods[0]).name;
}

function sentence(method, leads) {
  if (!method.applies) return `Does not apply to this photo: ${method.reason}.`;
  if (method.doubt) return `Cannot tell: ${method.doubt}.`;
  const found = method.regions.length
    ? `Marks ${counted(method.regions.length)}, ${(100 * method.marked_share).toFixed(1)} % of the photo.`
    : "Marks nothing.";
  const score = method.score === null ? "" : ` Score ${method.score.toFixed(2)}, from 0 (authentic) to 1 (manipulated).`;
  return `${found}${score}${leads ? " The verdict is this method's." : ""}`;
}

function falseAlarms(method) {
  const known = method.false_alarms;
  if (!method.applies || !known) return method.applies ? [["False alarms", "how often it is wrong about authentic photographs is not recorded"]] : [];
  const percent = (share) => (share > 0 && share < 0.01 ? "less than 1 %" : `${Math.round(100 * share)} %`);
  const said = known.at_score === null ? `it marks something on about ${percent(known.marked)} of authentic photographs` : `${percent(known.at_score)} of authentic photographs score as high`;
  return [["False alarms", `${said} (${known.source})`]];
}

function count(number, what) {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

// The name in the certificate of the newest record, and who issued it.
function signer(facts) {
  const { signer: name, issuer } = facts.content_credentials?.manifests?.[0] || {};
  return name && `${name}${issuer ? `, by a certificate of ${issuer}` : ""}`;
}

function fileFacts(answer) {
  const facts = answer.provenance || {};
  const exif = facts.exif || {};
  const encoding = facts.encoding || {};
  return [
    ["Name", answer.file], ["SHA-256", answer.sha256],
    ["Format", `${answer.format}, ${answer.width} × ${answer.height} pixels, EXIF orientation ${answer.orientation}`],
    ["Content Credentials", facts.c2pa_state], ["Signed by", signer(facts)], ["Digital source type", facts.digital_source_type?.words], ["Edited in", facts.editor],
    ["Size", facts.size && `${facts.size.toLocaleString("en")} bytes`],
    ["Encoded by", encoding.detail], ["JPEG quality", encoding.quality && `about ${encoding.quality} of 100`],
    ["Camera", [exif.make, exif.model].filter(Boolean).join(" ")], ["Lens", exif.lens], ["Software", exif.software],
    ["Taken", exif.taken], ["Changed", exif.changed],
    ["Position", exif.has_position && "the file holds coordinates; they are not repeated here"],
  ];
}

// Cuts a verdict's sentence behind its opening, which stands above it.
export function opened(sentence) {
  const end = sentence.indexOf(": ");
  return [sentence.slice(0, end), sentence.charAt(end + 2).toUpperCase() + sentence.slice(end + 3)];
}

// What differs inside a region: each trace with its strength.
function traces(region) {
  const made = element("ul", { class: "traces" });
  for (const trace of region.traces) {
    const strength = element("span", { class: `strength ${trace.strength}` }, ` ${trace.strength}`);
    strength.prepend(element("i", {}), element("i", {}), element("i", {}));
    const item = element("li", {});
    item.append(element("span", {}, trace.text), strength);
    made.append(item);
  }
  return made;
}

function document_(answer) {
  const { pictures, masks, report, ...rest } = answer;
  return rest;
}

function bytes(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

function stem(name) {
  return name.replace(/\.[^.]*$/, "").replace(/[^\p{L}\p{N}._-]+/gu, "_").slice(0, 80) || "photo";
}

function counted(regions) {
  return regions === 1 ? "1 region" : `${regions} regions`;
}

function list(facts) {
  return facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
}

export function element(tag, attributes, text = "") {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}
