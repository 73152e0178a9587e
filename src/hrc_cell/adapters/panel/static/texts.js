// Texts by key in the chosen language. A key without a text shows itself, so that a gap is seen.
// What somebody's safety may hang on has the English beside it until a native speaker has checked it.

import { computed, html, signal } from "./html.js";

const KEPT = "language"; // what this tablet speaks while nobody is signed in
const catalog = signal({ language: "", texts: {}, unreviewed: 0, english: {} });
const formats = new Map();
let latest = null; // the load that was asked for last; only what it brings is shown
let beside = null; // {met} while the English is made: whether a text was there that nobody has checked

async function loaded(wanted) {
  try {
    const reply = await fetch(`/catalog/${wanted}.json`);
    return reply.ok ? await reply.json() : null;
  } catch {
    return null;
  }
}

// Returns whether it is shown now, or what was asked for since.
export async function load(wanted) {
  const mine = loaded(wanted);
  latest = mine;
  let found = await mine;
  for (let last = mine; last !== latest; found = await last) last = latest;
  if (found === null) return false;
  catalog.value = found;
  document.documentElement.lang = found.language;
  return true;
}

export const keep = (wanted) => localStorage.setItem(KEPT, wanted);
export const kept = () => localStorage.getItem(KEPT) ?? "";
export const language = computed(() => catalog.value.language);
export const anyUnreviewed = computed(() => catalog.value.unreviewed > 0);
export const has = (key) => key in catalog.value.texts;
const spoken = () => (beside ? "en" : language.value || "en"); // before any is known: numbers alone
// Western digits and calendar, 24 hours, in every language; a browser that does not know how a language
// writes its dates (Chromium and Burmese) writes day, month, year.
const locale = () => [`${spoken()}-u-ca-gregory-nu-latn`, "en-GB"];

function written(key) {
  const { texts, english } = catalog.value;
  if (!beside || !(key in english)) return texts[key];
  beside.met = true;
  return english[key];
}

export function t(key, values = {}) {
  const text = written(key);
  if (text === undefined) return key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

// What `say` returns, with the same in English beside it where nobody has checked a text of it.
export function safe(say) {
  const said = say();
  beside = { met: false };
  try {
    const english = say();
    return beside.met ? html`<span class="twice">${said}<small lang="en">${english}</small></span>` : said;
  } finally {
    beside = null;
  }
}

// A text of a cell's own files: of the catalogue, or as it stands there, or the words of its key.
export function own(key) {
  if (has(key)) return t(key);
  return /^[a-z0-9_]+(\.[a-z0-9_]+)+$/.test(key) ? key.slice(key.lastIndexOf(".") + 1).replaceAll("_", " ") : key;
}

// A text that a recipe brings along in this language, for its step ("") or for one of its answers.
export function brought(texts, key) {
  return (texts ?? []).find((one) => one.key === key && one.language === spoken())?.text;
}

// A number as the language writes it; a dash for what is not known.
export function number(value, digits = 0) {
  if (value === null || value === undefined) return "–";
  const name = `${spoken()} ${digits}`;
  if (!formats.has(name)) {
    formats.set(name, new Intl.NumberFormat(locale(), { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  }
  return formats.get(name).format(value);
}

// The day of an ISO instant, as the language writes it.
export function date(iso) {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? "–" : new Intl.DateTimeFormat(locale(), { dateStyle: "medium" }).format(at);
}

// Day and time of an instant in seconds since 1970, as the language writes them.
export function instant(seconds) {
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" }).format(new Date(1000 * seconds));
}

export const metres = (value) => `${number(value, 2)} m`;
export const speed = (value) => `${number(value, 2)} m/s`;
export const percent = (ratio) => `${number(ratio === null || ratio === undefined ? null : 100 * ratio)} %`;
