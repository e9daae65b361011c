"use strict";
// Lays each map over the photo, with a slider between both. Without it, and on paper, the map stands alone.
const original = document.querySelector("img.photo");
for (const figure of document.querySelectorAll(".compare")) {
  const pair = figure.querySelector(".pair");
  const slide = figure.querySelector(".slide");
  const slider = slide.querySelector("input");
  const copy = original.cloneNode();
  copy.alt = "";
  pair.prepend(copy);
  const show = () => figure.style.setProperty("--cut", slider.value + "%");
  const follow = (event) => {
    if (!(event.buttons & 1)) return;
    const box = pair.getBoundingClientRect();
    slider.value = 100 * (event.clientX - box.left) / box.width;
    show();
  };
  slider.addEventListener("input", show);
  pair.addEventListener("pointerdown", follow);
  pair.addEventListener("pointermove", follow);
  pair.addEventListener("dragstart", (event) => event.preventDefault());
  figure.classList.add("live");
  slide.hidden = false;
  show();
}
