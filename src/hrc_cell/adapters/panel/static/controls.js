// What a person can always do: ask for a stop, choose the language; and in a simulated cell press
// the simulated box.

import { computed, html, signal } from "./html.js";
import { post } from "./api.js";
import { Icon } from "./icons.js";
import { about, cell, old, session, unreachable } from "./state.js";
import { anyUnreviewed, keep, language, load, safe, t } from "./texts.js";

const TOLD_MS = 8000;
const MODES = ["manual", "collaborative", "automatic"];
const POSITIONS = [["released", "release"], ["middle", "hold"], ["pressed", "through"]]; // as read, and how to get there
const SAID = ["not_signed_in", "role_too_low"];
const NOT_ENABLED = ["enabling_switch", "overspeed"];

const stopTold = signal(""); // a key; the same wherever the control is shown
let asked = 0;

async function askForStop() {
  const mine = ++asked;
  stopTold.value = "stop.sent";
  const reply = await post("/api/stop_request");
  if (mine !== asked) return;
  stopTold.value = reply.accepted ? "stop.received" : "stop.not_received";
  if (reply.accepted) setTimeout(() => { if (mine === asked) stopTold.value = ""; }, TOLD_MS);
}

export function StopRequest() {
  const told = stopTold.value || (unreachable.value ? "stop.unsure" : "");
  return html`<div class="stop-row">
    <button class="stop-request" onClick=${askForStop}>${safe(() => t("stop.request"))}</button>
    <div><p class="caption">${safe(() => t("stop.caption"))}</p>
      <p class=${`told ${told === "stop.not_received" ? "failed" : ""}`} role="status">${told && safe(() => t(told))}</p></div>
  </div>`;
}

// A choice follows who is signed in to every tablet; of anybody else this tablet keeps it.
function choose(one) {
  const { alias, training } = session.value;
  load(one);
  if (alias && !training) post("/api/language", { language: one });
  else keep(one);
}

// `told`: whether it stands here that the texts were not checked.
export function Languages({ told = true }) {
  return html`<nav>${about.value.panel.languages.map((one) => html`<button key=${one} lang=${one} aria-pressed=${one === language.value}
      onClick=${() => choose(one)}>${t(`language.${one}`)}</button>`)}
    ${told && anyUnreviewed.value && html`<p class="unreviewed">${t("language.unreviewed")}</p>`}</nav>`;
}

const boxTold = signal("");
const chosen = signal(null); // whether the drawer is open, once a person has said so
const wanted = computed(() => {
  const permit = cell.permit.value;
  if (!permit) return "";
  if (permit.state !== "ready") return permit.state === "latched" && permit.reset_possible ? "reset" : "";
  const free = NOT_ENABLED.includes(permit.cause) && cell.inputs.value?.enabling_switch === "released";
  return free ? "middle" : "start";
});

async function press(control, value) {
  const reply = await post("/api/press", { control, value });
  boxTold.value = reply.accepted ? "" : SAID.includes(reply.reason) ? `refusal.${reply.reason}` : "box.not_pressed";
}

export function SimulatedBox() {
  const inputs = cell.inputs.value;
  if (!about.value.simulated || !inputs?.simulated) return null;
  const open = chosen.value ?? wanted.value !== "";
  const button = (control) => html`<button class=${`box-button ${wanted.value === control ? "hint" : ""}`}
    onClick=${() => press(control, "press")}>${t(`box.${control}`)}</button>`;
  const toggle = (control, on, told, [whenOn, whenOff]) => html`<button class="box-button" aria-pressed=${on}
    onClick=${() => press(control, on ? whenOn : whenOff)}>${t(`box.${control}`)}<b>${told}</b></button>`;
  const position = ([read, act]) => html`<button key=${read} class=${`box-button ${wanted.value === read ? "hint" : ""}`}
    aria-pressed=${inputs.enabling_switch === read} onClick=${() => press("enabling_switch", act)}>${t(`switch.${read}`)}</button>`;
  const stopped = inputs.emergency_stop_input;
  return html`<section class=${`card simbox ${open ? "open" : ""} ${old.inputs.value ? "old" : ""}`}>
    <button class="drawer" aria-expanded=${open} onClick=${() => { chosen.value = !open; }}>
      <span class="chevron" aria-hidden="true"></span>${t("box.title")}</button>
    ${open && html`<p class="note">${t("box.note")}</p>
    <div class="box-buttons">
      ${button("reset")}${button("start")}
      ${toggle("emergency_stop_input", stopped, t(stopped ? "box.on" : "box.off"), ["release", "hold"])}
      ${toggle("guards", inputs.guards === "closed", t(`guard.${inputs.guards}`), ["open", "close"])}
    </div>
    <p class="box-label">${t("box.enabling_switch")}: <b>${t(`switch.${inputs.enabling_switch}`)}</b></p>
    <div class="box-buttons" role="group">${POSITIONS.map(position)}</div>
    <label class="box-mode">${t("box.mode")} <select value=${inputs.mode} onChange=${(event) => press("mode", event.target.value)}>
      ${MODES.map((mode) => html`<option key=${mode} value=${mode}>${t(`mode.${mode}`)}</option>`)}</select></label>`}
    ${old.inputs.value && html`<p class="stale-note"><${Icon} name="caution" />${t("data.section_old")}</p>`}
    <p class="told" role="status">${boxTold.value && t(boxTold.value)}</p>
  </section>`;
}
