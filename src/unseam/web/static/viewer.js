// The picture: the whole photo, a translucent layer of heat, outlines and numbers of regions; zoom and pan by mouse, fingers and keys.
// Pictures come upright from the service, and are laid out in pixels of the upright photo.

const STEP = 1.4; // one press of a zoom key
const MOST = 16; // screen pixels per photo pixel
const SHARP = 3; // from here on a photo's pixels are drawn as squares
const PAN = 60; // screen pixels per press of an arrow key
const NUMBERED = 9; // as on every overlay: more would cover the picture
const STRENGTH = 50; // percent; as on every overlay: the photo stays readable
const SVG = "http://www.w3.org/2000/svg";
const $ = (id) => document.getElementById(id);

export class Viewer {
  constructor() {
    this.stage = $("stage");
    this.sheet = $("sheet");
    this.size = { width: 1, height: 1 };
    this.zoom = 1; // times the size at which the whole photo fits
    this.left = 0;
    this.top = 0;
    this.fingers = new Map();
    this.listen();
    this.opacity(STRENGTH);
    new ResizeObserver(() => this.place()).observe(this.stage);
  }

  // Takes the pictures of an answer.
  open(pictures) {
    this.size = { width: pictures.width, height: pictures.height };
    this.stage.style.setProperty("--aspect", `${pictures.width} / ${pictures.height}`);
    $("photo").src = pictures.photo;
    $("outlines").setAttribute("viewBox", `0 0 ${pictures.width} ${pictures.height}`);
    this.fit();
  }

  // Shows the heat and outlines of one method; nothing but the photo for null.
  show(name, picture) {
    const heat = $("heat");
    heat.hidden = !picture;
    heat.alt = picture ? `Heat of ${name}, what it marks is outlined` : "";
    if (picture) heat.src = picture.heat;
    else heat.removeAttribute("src");
    this.outlines = picture ? picture.outlines : [];
    this.links = picture ? picture.links : [];
    this.draw();
  }

  draw() {
    const groups = this.outlines.map((outline) => group(outline, "light"));
    const links = this.links.map((link) => group(link, "source"));
    $("outlines").replaceChildren(...links, ...groups.reverse());
    const badges = this.outlines.filter((outline) => outline.number <= NUMBERED).map((outline) => {
      const [x, y] = outline.badge;
      const badge = document.createElement("span");
      badge.textContent = badge.dataset.number = outline.number;
      badge.style.left = `${(100 * (x + 0.5)) / this.size.width}%`;
      badge.style.top = `${(100 * (y + 0.5)) / this.size.height}%`;
      return badge;
    });
    $("badges").replaceChildren(...badges.reverse());
  }

  // Marks a region, and brings it into view; 0 for none.
  choose(number) {
    for (const element of this.sheet.querySelectorAll("[data-number]")) {
      element.classList.toggle("chosen", Number(element.dataset.number) === number);
    }
    const outline = this.outlines.find((each) => each.number === number);
    if (!outline) return this.fit();
    const [left, top, width, height] = outline.box;
    const fitted = this.fitted();
    const most = Math.min(this.stage.clientWidth / width, this.stage.clientHeight / height) / 2.2;
    this.zoom = this.held(most / fitted);
    this.left = this.stage.clientWidth / 2 - (left + width / 2) * fitted * this.zoom;
    this.top = this.stage.clientHeight / 2 - (top + height / 2) * fitted * this.zoom;
    this.place();
  }

  opacity(percent) {
    const strength = Math.min(Math.max(Number(percent), 0), 100);
    $("opacity").value = strength;
    $("opacity-now").textContent = `${strength} %`;
    $("figure").style.setProperty("--strength", strength / 100);
  }

  outlined(shown) {
    $("outlined").checked = shown;
    $("outlines").toggleAttribute("hidden", !shown);
    $("badges").hidden = !shown;
  }

  fitted() {
    return Math.min(this.stage.clientWidth / this.size.width, this.stage.clientHeight / this.size.height) || 1;
  }

  held(zoom) {
    return Math.min(Math.max(zoom, 1), Math.max(MOST / this.fitted(), 1));
  }

  fit() {
    this.zoom = 1;
    this.place();
  }

  // Zooms so that the point (x, y) of the stage stays where it is; its middle by default.
  zoomBy(factor, x = this.stage.clientWidth / 2, y = this.stage.clientHeight / 2) {
    const before = this.zoom;
    this.zoom = this.held(this.zoom * factor);
    const grown = this.zoom / before;
    this.left = x - (x - this.left) * grown;
    this.top = y - (y - this.top) * grown;
    this.place();
  }

  pan(x, y) {
    this.left += x;
    this.top += y;
    this.place();
  }

  place() {
    const scale = this.fitted() * this.zoom;
    const width = this.size.width * scale;
    const height = this.size.height * scale;
    this.left = within(this.left, width, this.stage.clientWidth);
    this.top = within(this.top, height, this.stage.clientHeight);
    const style = this.sheet.style;
    style.left = `${this.left}px`;
    style.top = `${this.top}px`;
    style.width = `${width}px`;
    style.height = `${height}px`;
    this.stage.classList.toggle("zoomed", this.zoom > 1);
    this.stage.classList.toggle("pixels", scale >= SHARP);
    $("zoom-now").textContent = `${Math.round(100 * scale)} %`;
    $("out").disabled = this.zoom <= 1;
    $("in").disabled = this.zoom >= this.held(Infinity);
  }

  listen() {
    $("opacity").addEventListener("input", (event) => this.opacity(event.target.value));
    $("outlined").addEventListener("change", (event) => this.outlined(event.target.checked));
    $("in").addEventListener("click", () => this.zoomBy(STEP));
    $("out").addEventListener("click", () => this.zoomBy(1 / STEP));
    $("fit").addEventListener("click", () => this.fit());
    this.stage.addEventListener("dblclick", (event) => this.zoomBy(STEP * STEP, ...this.at(event)));
    this.stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    for (const kind of ["pointerdown", "pointermove", "pointerup", "pointercancel"]) {
      this.stage.addEventListener(kind, (event) => this[kind](event));
    }
    this.stage.addEventListener("keydown", (event) => this.keydown(event));
    this.stage.addEventListener("keyup", (event) => event.key === " " && this.alone(false));
    this.stage.addEventListener("blur", () => this.alone(false));
  }

  at(event) {
    const box = this.stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  // A wheel alone scrolls the page, as everywhere; with Ctrl, which is also how a pinch on a touchpad arrives, it zooms.
  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) {
      $("nudge").classList.add("shown");
      clearTimeout(this.nudging);
      this.nudging = setTimeout(() => $("nudge").classList.remove("shown"), 900);
      return;
    }
    event.preventDefault();
    this.zoomBy(Math.exp(-event.deltaY / 300), ...this.at(event));
  }

  pointerdown(event) {
    if (event.button > 0) return;
    this.fingers.set(event.pointerId, this.at(event));
    this.stage.setPointerCapture(event.pointerId);
    this.stage.classList.add("held");
  }

  pointermove(event) {
    if (!this.fingers.has(event.pointerId)) return;
    const before = this.grip();
    this.fingers.set(event.pointerId, this.at(event));
    const now = this.grip();
    if (before.apart && now.apart) this.zoomBy(now.apart / before.apart, now.x, now.y);
    this.pan(now.x - before.x, now.y - before.y);
  }

  pointerup(event) {
    this.fingers.delete(event.pointerId);
    this.stage.classList.toggle("held", this.fingers.size > 0);
  }

  pointercancel(event) {
    this.pointerup(event);
  }

  // The middle of all fingers, and how far two of them are apart.
  grip() {
    const points = [...this.fingers.values()];
    const [x, y] = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis], 0) / points.length);
    return { x, y, apart: points.length > 1 ? Math.hypot(points[0][0] - points[1][0], points[0][1] - points[1][1]) : 0 };
  }

  keydown(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const strength = Number($("opacity").value);
    const actions = {
      "+": () => this.zoomBy(STEP), "=": () => this.zoomBy(STEP), "-": () => this.zoomBy(1 / STEP), "0": () => this.fit(),
      ArrowLeft: () => this.pan(PAN, 0), ArrowRight: () => this.pan(-PAN, 0), ArrowUp: () => this.pan(0, PAN), ArrowDown: () => this.pan(0, -PAN),
      "[": () => this.opacity(strength - 10), "]": () => this.opacity(strength + 10),
      o: () => this.outlined(!$("outlined").checked), " ": () => this.alone(true),
    };
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!(key in actions) || (key.startsWith("Arrow") && this.zoom <= 1)) return;
    event.preventDefault();
    actions[key]();
  }

  alone(photo) {
    this.stage.classList.toggle("alone", photo);
  }
}

// Draws the path of an outline or a link twice, in its colour on black.
function group({ number, path }, colour) {
  const made = document.createElementNS(SVG, "g");
  made.dataset.number = number;
  for (const line of ["dark", colour]) {
    const drawn = document.createElementNS(SVG, "path");
    drawn.setAttribute("d", path);
    drawn.setAttribute("class", line);
    made.append(drawn);
  }
  return made;
}

// Keeps a side in view: in the middle where it is shorter than the stage, else without a gap at either end.
function within(start, length, room) {
  return length <= room ? (room - length) / 2 : Math.min(Math.max(start, room - length), 0);
}
