"use strict";
// Moves through the run: the cursor of every chart, the figures beside its lines, the network.
const { last, charts } = JSON.parse(document.getElementById("curves").textContent);
const SECONDS = 12;
const bar = document.getElementById("scrubber");
const slider = document.getElementById("step");
const shown = document.getElementById("shown");
const play = document.getElementById("play");
const drawn = [...document.querySelectorAll(".chart")].map((chart, number) => ({
  cursor: chart.querySelector(".cursor"),
  values: [...chart.querySelectorAll(".value")],
  lines: charts[number],
}));
const frames = [...document.querySelectorAll(".frame")];
let playing = 0;

function grouped(step) {
  return String(step).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

function figure(value) {
  if (value === null) return "–";
  const size = Math.abs(value);
  if (size && (size < 1e-3 || size >= 1e9)) return value.toExponential(3).replace("+", "");
  return size >= 1000 ? value.toFixed(0) : value.toPrecision(4);
}

// The newest value at or before a step; steps rise.
function valueAt({ steps, values }, step) {
  let low = 0, high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] <= step) low = middle + 1; else high = middle;
  }
  return low ? values[low - 1] : null;
}

function show(step) {
  slider.value = step;
  shown.textContent = `step ${grouped(step)} of ${grouped(last)}`;
  for (const { cursor, values, lines } of drawn) {
    const x = Number(cursor.dataset.left) + step / last * Number(cursor.dataset.width);
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    cursor.setAttribute("visibility", "visible");
    values.forEach((value, line) => { value.textContent = figure(valueAt(lines[line], step)); });
  }
  const after = frames.filter((frame) => Number(frame.dataset.step) <= step);
  const now = after.length ? after[after.length - 1] : frames[0];
  for (const frame of frames) {
    frame.setAttribute("visibility", frame === now ? "visible" : "hidden");
  }
}

function stop() {
  cancelAnimationFrame(playing);
  playing = 0;
  play.textContent = "▶ play";
}

function start() {
  // Most is learned early: time goes as the square root of the steps.
  const from = Number(slider.value) >= last ? 0 : Math.sqrt(slider.value / last);
  const since = performance.now();
  play.textContent = "❚❚ pause";
  const tick = (now) => {
    const share = Math.min(from + (now - since) / 1000 / SECONDS, 1);
    show(Math.round(share * share * last));
    if (share < 1) playing = requestAnimationFrame(tick); else stop();
  };
  playing = requestAnimationFrame(tick);
}

play.addEventListener("click", () => { if (playing) stop(); else start(); });
slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
for (const button of document.querySelectorAll("[data-mark]")) {
  button.addEventListener("click", () => { stop(); show(Number(button.dataset.mark)); });
}
slider.max = last;
slider.value = last;
shown.textContent = `step ${grouped(last)} of ${grouped(last)}`;
bar.hidden = false;
