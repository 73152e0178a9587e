// What the cell does and why, in words and numbers; and the task it is about.

import { html } from "./html.js";
import { Icon } from "./icons.js";
import { about, cell, old } from "./state.js";
import { brought, date, has, metres, own, percent, t } from "./texts.js";
import { who } from "./why.js";

// A person may stop or slow the robot from farther away than the distance needed at the speed it has
// left: the words then must not say that more is needed.
function causeKey({ cause, distance, required, state }) {
  if (cause === "separation" && distance > required) return state === "reduced" ? "cause.separation_slow" : "cause.separation_room";
  return `cause.${cause || "none"}`;
}

export function reason(permit) {
  const key = causeKey(permit);
  return t(has(key) ? key : "cause.other", {
    cause: permit.cause,
    culprit: permit.culprit,
    who: who(permit),
    link: permit.link,
    distance: metres(permit.distance),
    required: metres(permit.required),
  });
}

function whatNext(permit) {
  if (permit.state === "latched") return t(permit.reset_possible ? "next.reset" : "next.cause");
  return permit.state === "ready" ? t("next.start") : "";
}

function Gauge({ label, value, ratio, mark, alarm }) {
  const width = 100 * Math.max(0, Math.min(1, ratio));
  return html`<div class=${`gauge ${alarm ? "alarm" : ""}`}>
    <span class="label">${label}</span>
    <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect class="rail" width="100" height="8" /><rect class="fill" width=${width} height="8" />
      ${mark !== undefined && html`<rect class="mark-line" x=${100 * mark - 0.5} width="1" height="8" />`}
    </svg>
    <span class="value">${value}</span>
  </div>`;
}

export function Status() {
  const permit = cell.permit.value;
  if (!permit) {
    return html`<section class="card status none" role="status"><h2><${Icon} name="none" />${t("state.none")}</h2></section>`;
  }
  const next = whatNext(permit);
  const near = permit.distance !== null && permit.required !== null;
  return html`<section class=${`card status ${permit.state}`}>
    <div role="status">
      <h2><${Icon} name=${permit.state} />${t(`state.${permit.state}`)}</h2>
      <p class="why">${reason(permit)}</p>
      ${next && html`<p class="next"><${Icon} name="act" />${next}</p>`}
    </div>
    <div class="gauges">
      <${Gauge} label=${t("status.speed")} value=${percent(permit.ratio)} ratio=${permit.ratio ?? 0} />
      ${near && html`<${Gauge} label=${t("status.distance")} ratio=${permit.distance / (2 * permit.required)} mark=${0.5}
        alarm=${permit.distance <= permit.required}
        value=${t("status.of_required", { distance: metres(permit.distance), required: metres(permit.required) })} />`}
    </div>
  </section>`;
}

const ACTORS = { robot: ["robot"], person: ["person"], both: ["robot", "person"] };

export function Task() {
  const task = cell.task.value;
  if (!task) return html`<section class="card task"><h3>${t("task.none")}</h3></section>`;
  const handoff = task.handoff && task.handoff !== "none" ? t(`handoff.${task.handoff}`) : "";
  const [code] = (task.reason || "").split(":");
  const progress = t("task.progress", { step: task.step + 1, steps: task.steps });
  const facts = [
    t(`phase.${task.phase}`), handoff, task.steps > 0 ? progress : "", task.cycle > 0 ? t("task.cycle", { cycle: task.cycle }) : "",
  ].filter(Boolean);
  return html`<section class=${`card task ${old.task.value ? "old" : ""}`}>
    <h3>${task.recipe ? own(task.title_key) : t("task.none")}
      <span class="actors">${(ACTORS[task.actor] ?? []).map((actor) => html`<${Icon} key=${actor} name=${actor} />`)}</span></h3>
    ${task.steps > 0 && html`<ol class="steps" role="img" aria-label=${progress}>
      ${Array.from({ length: task.steps }, (_, i) => html`<li key=${i} class=${i < task.step ? "done" : i === task.step ? "now" : ""}></li>`)}
    </ol>`}
    ${task.text_key && html`<p class="step">${brought(task.texts, "") ?? own(task.text_key)}</p>`}
    ${code && html`<p class="why"><${Icon} name="caution" />${has(`reason.${code}`) ? t(`reason.${code}`) : task.reason}</p>`}
    <p class="facts">${facts.join(" · ")}</p>
    ${old.task.value && html`<p class="stale-note"><${Icon} name="caution" />${t("data.section_old")}</p>`}
  </section>`;
}

// Which safety settings the cell runs with, and who answers for them.
export function Signature() {
  const { sha256, simulated, signature } = about.value;
  const key = simulated && signature.state !== "signed" ? `${signature.state}_simulated` : signature.state;
  return html`<p class="signature" title=${sha256}>${t(`signature.${key}`, {
    hash: sha256.slice(0, 12), by: signature.by, when: date(signature.when),
  })}</p>`;
}
