// Calls for a person to come. Four large controls call, whoever stands here; open calls are shown to
// everybody until they are resolved; what a day had of them is counted by kind, never by person.

import { html, signal, useState } from "./html.js";
import { signIn } from "./access.js";
import { post, UNANSWERED } from "./api.js";
import { Icon } from "./icons.js";
import { cell, mayNot } from "./state.js";
import { date, has, number, t } from "./texts.js";

const KINDS = ["material", "quality", "machine", "help"];
const URGENCY = { yellow: 1, red: 2 };
const SLOW_MS = 3000; // a call is on disk before the reply
const TOLD_MS = 6000;

const told = signal(""); // a key
let asked = 0;

async function act(path, body) {
  const mine = ++asked;
  told.value = "andon.sent";
  const reply = await post(path, body, SLOW_MS);
  if (mine !== asked) return;
  const why = `refusal.${reply.reason}`;
  told.value = reply.accepted ? "" : UNANSWERED.includes(reply.reason) || !has(why) ? "andon.unsure" : why;
  if (told.value) setTimeout(() => { if (mine === asked) told.value = ""; }, TOLD_MS);
}

const call = (kind, urgency) => act("/api/andon/call", { kind, urgency: URGENCY[urgency] });
const calls = () => cell.andon.value?.calls ?? [];
const colour = ({ urgency }) => (urgency === URGENCY.red ? "red" : "yellow");
// What a control says of its call: urgency is told by a word, too, not by colour alone.
function state(open) {
  if (!open) return "andon.tap";
  return open.phase === "called" && colour(open) === "red" ? "andon.urgent" : `andon.${open.phase}`;
}

const clock = (seconds) => (seconds === null ? "–" : `${number(Math.floor(seconds / 60))}:${String(seconds % 60).padStart(2, "0")}`);

// The same wherever it is shown: on the page, and over it where the cell itself is silent.
export function Call() {
  return html`<section class="card call" aria-label=${t("andon.title")}>
    <div class="call-buttons">${KINDS.map((kind) => {
      const open = calls().find((one) => one.kind === kind);
      return html`<button key=${kind} class=${`call-button ${open ? colour(open) : ""}`} aria-pressed=${open !== undefined} onClick=${() => call(kind, "yellow")}>
        <${Icon} name=${kind} />${t(`andon.${kind}`)}<span>${open?.escalation > 0 && html`<${Icon} name="caution" />`}${t(state(open))}</span></button>`;
    })}</div>
    <p class="told" role="status">${told.value && t(told.value)}</p>
  </section>`;
}

function OpenCall({ one }) {
  const { id, kind, phase, escalation, taken_by: by, waited_s: waited } = one;
  const change = (what) => (mayNot(`andon_${what}`) ? signIn(`refusal.${mayNot(`andon_${what}`)}`) : act(`/api/andon/${what}`, { id }));
  return html`<div class=${`open-call ${colour(one)}`}>
    <h3 role="status"><${Icon} name=${kind} />${t(`andon.${kind}`)}${colour(one) === "red" && html`<b class="urgent">${t("andon.red")}</b>`}</h3>
    <p>${phase === "taken" ? t("andon.taken_by", { who: by }) : t("andon.nobody_yet")} <span class="waited">${t("andon.since", { time: clock(waited) })}</span></p>
    ${escalation > 0 && html`<p class="escalated" role="alert"><${Icon} name="caution" />${t(`andon.escalated_${escalation}`)}</p>`}
    <div class="call-acts">
      ${phase === "called" ? html`<button onClick=${() => change("take")}>${t("andon.take")}</button>` : html`<button onClick=${() => change("resolve")}>${t("andon.resolve")}</button>`}
      ${colour(one) === "yellow" && html`<button class="to-urgent" onClick=${() => call(kind, "red")}>${t("andon.make_red")}</button>`}
    </div>
  </div>`;
}

export function Calls() {
  const open = calls();
  const damaged = cell.andon.value?.damaged ?? 0;
  if (open.length === 0 && damaged === 0) return null;
  return html`<section class="card calls">
    ${open.map((one) => html`<${OpenCall} key=${one.id} one=${one} />`)}
    ${damaged > 0 && html`<p class="note"><${Icon} name="caution" />${t("andon.damaged", { count: number(damaged) })}</p>`}
  </section>`;
}

function Day({ one }) {
  return html`<h4>${date(`${one.day}T00:00`)}</h4>
    ${one.kinds.length === 0 && html`<p>${t("andon.none")}</p>`}
    ${one.kinds.length > 0 && html`<table><thead><tr>${["kind", "count", "to_taken", "to_resolved"].map((name) => html`<th key=${name} scope="col">${t(`andon.${name}`)}</th>`)}</tr></thead>
      <tbody>${one.kinds.map(({ kind, count, taken_s: taken, resolved_s: resolved }) => html`<tr key=${kind}>
        <th scope="row"><${Icon} name=${kind} />${t(`andon.${kind}`)}</th><td>${number(count)}</td><td>${clock(taken)}</td><td>${clock(resolved)}</td></tr>`)}</tbody></table>`}`;
}

export function Days() {
  const [open, setOpen] = useState(false);
  const days = cell.andon_days.value ?? [];
  return html`<section class=${`card days ${open ? "open" : ""}`}>
    <button class="drawer" aria-expanded=${open} onClick=${() => setOpen(!open)}><span class="chevron"></span>${t("andon.days")}</button>
    ${open && html`<div class="days-inside">${days.map((one) => html`<${Day} key=${one.day} one=${one} />`)}
      <p class="note">${t("andon.not_by_person")}</p></div>`}
  </section>`;
}
