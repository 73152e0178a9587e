// Texts by key in the chosen language. A key without a text shows itself, so that a gap is seen.

import { computed, signal } from "./html.js";

const catalog = signal({ language: "en", texts: {}, unreviewed: [] });
const formats = new Map();

export async function load(wanted) {
  try {
    const reply = await fetch(`/catalog/${wanted}.json`);
    if (!reply.ok) return false;
    catalog.value = await reply.json();
  } catch {
    return false;
  }
  document.documentElement.lang = wanted;
  localStorage.setItem("language", wanted);
  return true;
}

export const language = computed(() => catalog.value.language);
export const anyUnreviewed = computed(() => catalog.value.unreviewed.length > 0);
export const has = (key) => key in catalog.value.texts;

export function t(key, values = {}) {
  const text = catalog.value.texts[key];
  if (text === undefined) return key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

// A text of a cell's own files: of the catalogue, or as it stands there, or the words of its key.
export function own(key) {
  if (has(key)) return t(key);
  return /^[a-z0-9_]+(\.[a-z0-9_]+)+$/.test(key) ? key.slice(key.lastIndexOf(".") + 1).replaceAll("_", " ") : key;
}

// A text that a recipe brings along in this language, for its step ("") or for one of its answers.
export function brought(texts, key) {
  return (texts ?? []).find((one) => one.key === key && one.language === language.value)?.text;
}

// Digits are those of the machines' own plates in every language; a browser that does not know how a
// language writes its dates (Chromium and Myanmar) writes day, month, year.
const LATIN = { numberingSystem: "latn" };
const locales = () => [language.value, "en-GB"];

// A number as the language writes it; a dash for what is not known.
export function number(value, digits = 0) {
  if (value === null || value === undefined) return "–";
  const name = `${language.value} ${digits}`;
  if (!formats.has(name)) {
    formats.set(name, new Intl.NumberFormat(locales(), { ...LATIN, minimumFractionDigits: digits, maximumFractionDigits: digits }));
  }
  return formats.get(name).format(value);
}

// The day of an ISO instant, as the language writes it.
export function date(iso) {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? "–" : new Intl.DateTimeFormat(locales(), { ...LATIN, dateStyle: "medium" }).format(at);
}

// Day and time of an instant in seconds since 1970, as the language writes them.
export function instant(seconds) {
  return new Intl.DateTimeFormat(locales(), { ...LATIN, dateStyle: "medium", timeStyle: "short", hourCycle: "h23" }).format(new Date(1000 * seconds));
}

export const metres = (value) => `${number(value, 2)} m`;
export const speed = (value) => `${number(value, 2)} m/s`;
export const percent = (ratio) => `${number(ratio === null || ratio === undefined ? null : 100 * ratio)} %`;
