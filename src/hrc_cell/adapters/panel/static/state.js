// What the page knows of the cell, section by section, and how old it is by this browser's own
// steady clock. A part of the page that reads a section is made anew when that section changes.

import { batch, computed, signal } from "./html.js";

const CLOCK_MS = 200;

export const about = signal(null);
export const cell = Object.fromEntries(
  ["ages", "permit", "humans", "arm", "separation", "scene", "inputs", "motion", "motors", "task", "recipes", "session", "andon", "andon_days", "handover", "opened", "kaizen"].map((name) => [name, signal(null)]),
);

// Who this page belongs to. Until the server has said it: nobody.
const NOBODY = { device: "", alias: "", role: "viewer", training: false, locked: false, language: "", trouble: "", acts: {} };
export const session = computed(() => cell.session.value ?? NOBODY);
export const mayNot = (act) => session.value.acts[act] ?? "not_signed_in"; // "" where it is allowed

const arrived = signal(performance.now());
const now = signal(performance.now());
setInterval(() => { now.value = performance.now(); }, CLOCK_MS);

export function take(update) {
  batch(() => {
    for (const [name, value] of Object.entries(update)) if (name in cell) cell[name].value = value;
    arrived.value = now.value = performance.now();
  });
}

// After sleep the clock may have stood still: what is shown counts as stale until news arrive.
export function doubt() {
  if (about.value) arrived.value = Math.min(arrived.value, performance.now() - 1000 * about.value.panel.stale_s - 1);
  now.value = performance.now();
}

// Seconds since the server was heard.
export const silence = computed(() => Math.max(0, now.value - arrived.value) / 1000);

// Age in seconds of a section; Infinity for what was never heard.
function age(name, allowed_s = 0) {
  const ages = cell.ages.value;
  if (!ages) return silence.value;
  const there = ages[name];
  return there === null ? Infinity : Math.max(0, there - allowed_s) + silence.value;
}

const limit = (name) => (about.value ? about.value.panel[name] : Infinity);
const tooOld = (name, allowed_s) => computed(() => age(name, allowed_s?.() ?? 0) > limit("stale_s"));

// Without the monitor's permit nothing on the page can be relied on; the rest is marked where it stands.
export const permitAge = computed(() => age("permit_s"));
export const level = computed(() =>
  permitAge.value > limit("lost_s") ? "lost" : permitAge.value > limit("stale_s") ? "stale" : "live");
export const ageInWords = computed(() => (Number.isFinite(permitAge.value) ? Math.floor(permitAge.value) : null));
export const unreachable = computed(() => silence.value > limit("stale_s"));
export const old = {
  humans: tooOld("humans_s"),
  motors: tooOld("motors_s"),
  inputs: tooOld("inputs_s"),
  task: tooOld("task_s", () => limit("task_period_s")),
};
