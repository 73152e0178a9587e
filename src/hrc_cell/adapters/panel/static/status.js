// What the cell does and why, in words and numbers.

import { html } from "./html.js";
import { Icon } from "./icons.js";
import { about, cell } from "./state.js";
import { date, has, metres, percent, safe, t } from "./texts.js";
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
  const width = 100 * Math.max(0, Math.min(1, ratio || 0)); // 0 of 0 metres is nothing
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
    return html`<section class="card status none" role="status"><h2><${Icon} name="none" />${safe(() => t("state.none"))}</h2></section>`;
  }
  const next = safe(() => whatNext(permit));
  const near = permit.distance !== null && permit.required !== null;
  return html`<section class=${`card status ${permit.state}`}>
    <div role="status">
      <h2><${Icon} name=${permit.state} />${safe(() => t(`state.${permit.state}`))}</h2>
      <p class="why">${safe(() => reason(permit))}</p>
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

// Which safety settings the cell runs with, and who answers for them.
export function Signature() {
  const { sha256, simulated, signature } = about.value;
  const key = simulated && signature.state !== "signed" ? `${signature.state}_simulated` : signature.state;
  return html`<p class="signature" title=${sha256}>${t(`signature.${key}`, {
    hash: sha256.slice(0, 12), by: signature.by, when: date(signature.when),
  })}</p>`;
}
