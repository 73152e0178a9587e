// The steps of the recipe: done, present, passed over, to come; whose each is and how far the robot
// acts by itself in it. Supervisors set that here: down at once, up between runs.

import { html, useState } from "./html.js";
import { Icon } from "./icons.js";
import { cell } from "./state.js";
import { own, t } from "./texts.js";
import { active, Armed, LEVELS, offered, setLevel, stepName, usable } from "./run.js";

const ALL = "all";
const MARKS = { done: "check", now: "free", passed: "passed", next: "next" };

function stateOf(task, index) {
  const step = task.plan[index];
  if (step.done) return "done";
  if (task.phase === "done" || index < task.step) return "passed";
  return active.value && index === task.step ? "now" : "next";
}

function Chooser({ task, step, meant }) {
  const rank = (name) => LEVELS.indexOf(name);
  const above = (name) => meant.every((one) => rank(name) > rank(one.limit));
  const now = (name) => meant.every((one) => one.level === name || (rank(one.limit) < rank(name) && one.level === one.limit));
  const choose = (name) => setLevel(step, name, meant, t("level.to", { level: t(`level.${name}`), step: stepName(task, step) }));
  return html`<div class="levels" role="group" aria-label=${t("level.title")}>
    ${LEVELS.map((name) => html`<button key=${name} class="level" aria-pressed=${now(name)} disabled=${above(name) || now(name) || !usable("level_down")} onClick=${() => choose(name)}>
      <b>${t(`level.${name}`)}</b><span>${t(above(name) ? "level.above" : `meaning.${name}`)}</span></button>`)}
    <${Armed} where="levels" /></div>`;
}

function Row({ task, index, open, onOpen }) {
  const step = task.plan[index];
  const state = stateOf(task, index);
  const lowered = step.level !== step.limit && t("level.lowered", { level: t(`level.${step.limit}`) });
  const robots = step.actor !== "person";
  const facts = [t(`progress.${state}`), t(`actor.${step.actor}`), robots && t(`level.${step.level}`), robots && lowered].filter(Boolean);
  return html`<li class=${`is-${state}`} aria-current=${state === "now" ? "step" : undefined}>
    <${Icon} name=${MARKS[state]} />
    <p><b>${own(step.text_key)}</b><span>${facts.join(" · ")}</span></p>
    ${robots && onOpen && html`<button class="to-level" aria-expanded=${open} aria-label=${`${t("level.title")}: ${own(step.text_key)}`} onClick=${onOpen}>${t(`level.${step.level}`)}</button>`}
    ${open && html`<${Chooser} task=${task} step=${step.id} meant=${[step]} />`}</li>`;
}

export function Steps() {
  const [open, setOpen] = useState("");
  const task = cell.task.value;
  if (!task?.plan?.length) return null;
  const may = offered("level_down");
  const toggle = (step) => () => setOpen(open === step ? "" : step);
  return html`<ol class="plan-steps" aria-label=${t("progress.title")}>
    ${task.plan.map((step, index) => html`<${Row} key=${step.id} task=${task} index=${index} open=${may && open === step.id} onOpen=${may && toggle(step.id)} />`)}</ol>
    ${may && html`<div class="all-levels"><button class="to-level" aria-expanded=${open === ALL} onClick=${toggle(ALL)}>${t("level.all")}</button>
      ${open === ALL && html`<${Chooser} task=${task} step=${ALL} meant=${task.plan.filter((one) => one.actor !== "person")} />`}</div>`}`;
}
