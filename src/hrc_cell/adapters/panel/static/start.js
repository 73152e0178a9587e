// Starting a run: which recipes there are, what each is, and how long a cycle usually takes. It is
// armed, then done as everything deliberate; what the page shows of it is what the task then says.

import { html, useEffect, useState } from "./html.js";
import { UNANSWERED } from "./api.js";
import { armAct, Deliberate, doAct, leaveAct, useLifetime } from "./hold.js";
import { Icon } from "./icons.js";
import { about, cell, level, mayNot } from "./state.js";
import { has, language, number, own, t } from "./texts.js";

const SLOW_MS = 6000;
const ACT = "start_run";
const HOW = ["once", "repeat"];
const STARTED = ["standstill", "reduced", "free"];

async function listed() {
  try {
    return (await (await fetch("/api/recipes")).json()).recipes ?? [];
  } catch {
    return null;
  }
}

const why = (reply) => {
  if (UNANSWERED.includes(reply.reason)) return t("run.unknown");
  return t("run.refused", { reason: has(`refusal.${reply.reason}`) ? t(`refusal.${reply.reason}`) : reply.reason });
};

function time(recipe) {
  if (recipe.cycle_s === null) return t(recipe.wait_s > 0 ? "start.waits" : "start.no_time", { seconds: number(recipe.wait_s) });
  return t("start.time", { seconds: number(recipe.cycle_s) });
}

function Chosen({ recipe, onLeave }) {
  const [how, setHow] = useState(HOW[0]);
  const [armed, setArmed] = useState(null);
  const [told, setTold] = useState("");
  const wish = { act: ACT, about: `${recipe.name} ${recipe.digest} ${how}` };
  const usable = level.value === "live";
  const closed = mayNot(ACT) !== "" || !usable;
  useLifetime(armed, () => drop("refusal.challenge_expired"));

  function drop(said) {
    leaveAct(armed);
    setArmed(null);
    setTold(t(said));
  }

  async function arm() {
    const reply = await armAct(wish, SLOW_MS);
    setArmed(reply.challenge ? reply : null);
    setTold(reply.challenge ? "" : why(reply));
  }

  async function done(by) {
    setArmed(null);
    setTold(t("answer.checking"));
    const reply = await doAct(armed, by, SLOW_MS);
    setTold(reply.accepted ? t("start.begun") : why(reply));
  }

  function choose(one) {
    if (armed) drop("run.left");
    setHow(one);
  }

  const src = `/recipe/${recipe.name}.svg?language=${language.value}&seen=${recipe.digest}`;
  const labels = ["access.hold", "access.tap"].map((one) => html`<span class="ordinal">${number(2)}</span>${t(one)}`);
  const { least, risk } = about.value.panel.acts[ACT];
  return html`<div class="recipe">
    <h3>${own(recipe.title_key)}</h3>
    <p class="facts">${t("start.steps", { count: number(recipe.steps.length) })} · ${time(recipe)}</p>
    <ol>${recipe.steps.map((step) => html`<li key=${step.id}><b>${own(step.text_key)}</b> <span class="facts">${t(`actor.${step.actor}`)}${step.actor !== "person" && html` · ${t(`level.${step.level}`)}`}</span></li>`)}</ol>
    <img class="drawing" src=${src} alt=${t("start.drawing")} />
    <div class="ways" role="group">${HOW.map((one) => html`<button key=${one} aria-pressed=${how === one} onClick=${() => choose(one)}>${t(`start.${one}`)}</button>`)}</div>
    <p class="facts"><${Icon} name="caution" /> ${t(STARTED.includes(cell.permit.value?.state) ? "start.moves" : "start.not_started")}</p>
    <div class="deliberate"><button class="act arm" disabled=${closed} aria-pressed=${armed !== null} onClick=${arm}><span class="ordinal">${armed ? html`<${Icon} name="check" />` : number(1)}</span>${t("start.arm")}</button>
      <${Deliberate} armed=${armed} usable=${armed !== null && usable} onDone=${done} onCancel=${() => armed && drop("answer.canceled")} labels=${labels} /></div>
    <p class="told" role="status">${told || (mayNot(ACT) && t(`refusal.${mayNot(ACT)}`))}</p>
    <p class="needs">${t("access.needs", { role: t(`role.${least}`), how: t(`risk.${"c" + risk}`) })}</p>
    <button class="act other" onClick=${onLeave}>${t("start.others")}</button>
  </div>`;
}

export function Recipes() {
  const [recipes, setRecipes] = useState([]);
  const [chosen, setChosen] = useState(null);
  const read = () => listed().then((rows) => setRecipes(rows));
  useEffect(() => { read(); }, []);
  if (recipes === null) return html`<p class="told" role="status">${t("refusal.no_reply")}</p>`;
  const one = recipes.find((recipe) => recipe.name === chosen);
  if (one) return html`<${Chosen} key=${`${one.name} ${one.digest}`} recipe=${one} onLeave=${() => { setChosen(null); read(); }} />`;
  return html`<div class="recipes">${recipes.map((recipe) => html`<button key=${recipe.name} onClick=${() => setChosen(recipe.name)}><b>${own(recipe.title_key)}</b>
    <span>${t("start.steps", { count: number(recipe.steps.length) })} · ${time(recipe)}</span></button>`)}</div>`;
}
