// Texts by key in the chosen language. A key without a text shows itself, so that a gap is seen.

let catalog = { language: "en", texts: {}, unreviewed: [] };
let unreviewed = new Set();

export async function load(language) {
  const reply = await fetch(`/catalog/${language}.json`);
  if (!reply.ok) return false;
  catalog = await reply.json();
  unreviewed = new Set(catalog.unreviewed);
  document.documentElement.lang = language;
  localStorage.setItem("language", language);
  return true;
}

export const language = () => catalog.language;
export const anyUnreviewed = () => unreviewed.size > 0;

export function t(key, values = {}) {
  const text = catalog.texts[key];
  if (text === undefined) return key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

export const has = (key) => key in catalog.texts;
export const metres = (value) => (value === null || value === undefined ? "–" : `${value.toFixed(2)} m`);
