// What the cell does and why, in words and numbers.

import { html } from "./vendor/preact-htm.js";
import { t, has, metres } from "./texts.js";

const ICONS = { latched: "■", ready: "◆", standstill: "❚❚", reduced: "▽", free: "▶" };

export function reason(permit) {
  const key = `cause.${permit.cause || "none"}`;
  return t(has(key) ? key : "cause.other", {
    cause: permit.cause,
    culprit: permit.culprit,
    zone: permit.culprit,
    link: permit.link,
    distance: metres(permit.distance),
    required: metres(permit.required),
  });
}

export function Status({ permit }) {
  if (!permit) {
    return html`<section class="card status none" role="status"><h2>${t("state.none")}</h2></section>`;
  }
  const percent = Math.round((permit.ratio ?? 0) * 100);
  return html`<section class=${`card status ${permit.state}`} role="status">
    <h2><span class="icon" aria-hidden="true">${ICONS[permit.state]}</span>${t(`state.${permit.state}`)}</h2>
    <p class="why">${reason(permit)}</p>
    ${permit.state === "latched" && html`<p class="next">${t(permit.reset_possible ? "next.reset" : "next.cause")}</p>`}
    ${permit.state === "ready" && html`<p class="next">${t("next.start")}</p>`}
    <p class="numbers">${t("status.speed", { percent })}</p>
  </section>`;
}

export function Task({ task }) {
  if (!task) return null;
  const step = task.text_key ? t(task.text_key) : "";
  const handoff = task.handoff && task.handoff !== "none" ? t(`handoff.${task.handoff}`) : "";
  const [code] = (task.reason || "").split(":");
  return html`<section class="card task">
    <h3>${task.recipe ? t(`recipe.${task.recipe}`) : t("task.none")}</h3>
    ${task.steps > 0 && html`<ol class="steps" aria-label=${t("task.progress", { step: task.step + 1, steps: task.steps })}>
      ${Array.from({ length: task.steps }, (_, i) => html`<li key=${i}
        class=${i < task.step ? "done" : i === task.step ? "now" : ""}></li>`)}
    </ol>`}
    <p class="step">${step}</p>
    <p class="numbers">${t(`phase.${task.phase}`)}
      ${task.steps > 0 ? ` · ${t("task.progress", { step: task.step + 1, steps: task.steps })} · ${t("task.cycle", { cycle: task.cycle })}` : ""}
      ${handoff ? ` · ${handoff}` : ""}</p>
    ${code && html`<p class="why">${t(`reason.${code}`)}</p>`}
  </section>`;
}
