// Why the robot may move as it may: the binding person and link, what is needed between them term by
// term, how old the data are, what ends it and what a person can do. Opened by a tap.

import { html, useState } from "./html.js";
import { Icon } from "./icons.js";
import { cell } from "./state.js";
import { has, metres, number, speed, t } from "./texts.js";

const TERMS = ["s_h", "s_r", "s_s", "c", "z_d", "z_r"]; // as they add up

const known = (value) => value !== null && value !== undefined;

function part(name) {
  return has(`part.${name}`) ? t(`part.${name}`) : name.replaceAll("_", " ");
}

export function who(permit) {
  if (!permit.human) return t("who.nobody");
  return permit.part
    ? t("who.part", { human: permit.human, part: part(permit.part) })
    : t("who.person", { human: permit.human });
}

function source(permit) {
  const [kind, name] = (permit.source || "").split(":");
  return t(has(`source.${kind}`) ? `source.${kind}` : "source.other", { name: name ?? kind });
}

function age(permit) {
  if (!known(permit.age)) return t("why.age_unknown");
  const seconds = number(permit.age, 2);
  return permit.source ? t("why.age_of", { source: source(permit), age: seconds }) : t("why.age", { age: seconds });
}

// The terms as pieces of one bar; the line across it is the distance that there is.
function Terms({ permit }) {
  const terms = permit.terms ?? {};
  const total = Math.max(permit.required ?? 0, permit.distance ?? 0) || 1;
  const width = (value) => (100 * (value ?? 0)) / total;
  let end = 0;
  const pieces = TERMS.map((name) => {
    const start = end;
    end += width(terms[name]);
    return html`<rect key=${name} class=${`term ${name}`} x=${start} width=${end - start} height="10" />`;
  });
  return html`<p>${t("why.required", { required: metres(permit.required) })}</p>
    <svg class="terms" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
      <rect class="rail" width="100" height="10" />${pieces}
      ${known(permit.distance) && html`<rect class="mark-line" x=${Math.min(99.2, width(permit.distance))} width="0.8" height="10" />`}
    </svg>
    <ul class="term-list">${TERMS.map((name) => html`<li key=${name}>
      <svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><rect class=${`term ${name}`} width="10" height="10" /></svg>
      <b>${metres(terms[name])}</b> ${t(`term.${name}`)}</li>`)}</ul>`;
}

function lines(permit) {
  const { cause, culprit, clears, limit, region, zone_set: set, muted } = permit;
  const advice = `advice.${cause || "none"}`;
  return [
    cause && clears && has(`clears.${clears}`) && t(`clears.${clears}`),
    cause && has(advice) && t(advice, { culprit }),
    age(permit),
    limit > 0 && t("why.limit", { limit: speed(limit) }),
    region && t("why.contact", { region: part(region) }),
    set && t("why.zone_set", { set }),
    muted?.length > 0 && t("why.muted", { zones: muted.join(", ") }),
  ].filter(Boolean);
}

export function Why() {
  const [open, setOpen] = useState(false);
  const permit = cell.permit.value;
  if (!permit) return null;
  const pair = permit.human > 0 && known(permit.required);
  return html`<section class=${`card why-box ${open ? "open" : ""}`}>
    <button class="drawer" aria-expanded=${open} onClick=${() => setOpen(!open)}><span class="chevron"></span>${t("why.title")}</button>
    ${open && html`<div class="why-inside">
      ${pair && html`<p class="pair"><${Icon} name="person" /><${Icon} name="robot" />
        ${t("why.pair", { who: who(permit), link: permit.link, distance: metres(permit.distance) })}</p>
        <${Terms} permit=${permit} />`}
      ${lines(permit).map((line) => html`<p key=${line}>${line}</p>`)}
    </div>`}
  </section>`;
}
