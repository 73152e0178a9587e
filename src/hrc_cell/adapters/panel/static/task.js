// The task: what is to be done now, in words and in a picture; how far it is; how to steer it; and,
// for those who lead, what is wrong with a recipe that was asked for.

import { html, signal, useEffect, useRef, useState } from "./html.js";
import { Icon } from "./icons.js";
import { offered, RunActs } from "./run.js";
import { cell, old } from "./state.js";
import { Steps } from "./steps.js";
import { has, language, own, safe, t } from "./texts.js";

const ACTORS = { robot: ["robot"], person: ["person"], both: ["robot", "person"] };
const large = signal(""); // address of the picture that is shown large

// The words and the picture of the step: in this language, else in one that the recipe has.
function instruction(task) {
  const all = (task?.texts ?? []).filter((one) => one.key === "");
  const mine = all.find((one) => one.language === language.value);
  const pictured = mine?.picture ? mine : all.find((one) => one.picture);
  const src = pictured && `/picture/${encodeURIComponent(pictured.picture)}?run=${encodeURIComponent(task.run_id)}`;
  return { text: mine?.text, other: mine ? undefined : all[0], src };
}

function Picture({ src, alt }) {
  const [failed, setFailed] = useState(false);
  if (failed) return html`<p class="stale-note"><${Icon} name="caution" />${t("instruction.no_picture")}</p>`;
  return html`<button class="picture" aria-label=${`${t("instruction.larger")}: ${alt}`} onClick=${() => { large.value = src; }}>
    <img src=${src} alt=${alt} onError=${() => setFailed(true)} /></button>`;
}

// What a person is to do now, where the recipe has words or a picture of its own for it.
export function Instruction() {
  const task = cell.task.value;
  const { text, other, src } = instruction(task);
  if (!text && !other && !src) return null;
  const said = text ?? own(task.text_key);
  return html`<section class=${`card instruction ${old.task.value ? "old" : ""}`} aria-label=${t("instruction.title")}>
    <div><p class="step">${text ?? safe(() => own(task.text_key))}</p>
      ${other && html`<p class="step" lang=${other.language}>${other.text}</p>`}</div>
    ${src && html`<${Picture} key=${src} src=${src} alt=${said} />`}
  </section>`;
}

// Over the plan, never over state, question and stop request.
export function LargePicture() {
  const { text, src } = instruction(cell.task.value);
  const box = useRef(null);
  const open = large.value !== "" && large.value === src;
  useEffect(() => {
    if (!open) { large.value = ""; return undefined; }
    const before = document.activeElement;
    box.current.focus();
    const keyed = (event) => { if (event.key === "Escape") large.value = ""; };
    document.addEventListener("keydown", keyed);
    return () => { document.removeEventListener("keydown", keyed); before?.focus?.(); };
  }, [open]);
  if (!open) return null;
  return html`<section class="doors large-picture" role="dialog" aria-label=${t("instruction.title")} tabindex="-1" ref=${box}>
    <div class="top"><h2>${text}</h2><button class="close" onClick=${() => { large.value = ""; }}>${t("access.close")}</button></div>
    <img src=${src} alt=${text ?? ""} /></section>`;
}

// Its inside is loaded when it is opened.
function Start() {
  const [inside, setInside] = useState(null);
  if (!offered("start_run")) return null;
  const open = inside !== null;
  const load = () => import("./start.js").then(({ Recipes }) => setInside(() => Recipes), () => {});
  return html`<div class=${`start ${open ? "open" : ""}`}>
    <button class="drawer" aria-expanded=${open} onClick=${() => (open ? setInside(null) : load())}><span class="chevron"></span>${t("start.title")}</button>
    ${open && html`<${inside} />`}</div>`;
}

export function Task() {
  const task = cell.task.value;
  if (!task) return html`<section class="card task"><h3>${t("task.none")}</h3><${Start} /></section>`;
  const { text, other } = instruction(task);
  const [code] = (task.reason || "").split(":");
  const facts = () => [
    t(task.pausing ? "phase.pausing" : `phase.${task.phase}`), task.handoff && task.handoff !== "none" && t(`handoff.${task.handoff}`),
    task.steps > 0 && t("task.progress", { step: task.step + 1, steps: task.steps }), task.cycle > 0 && t("task.cycle", { cycle: task.cycle }),
  ].filter(Boolean).join(" · ");
  return html`<section class=${`card task ${old.task.value ? "old" : ""}`}>
    <h3>${task.recipe ? own(task.title_key) : t("task.none")}
      <span class="actors">${(ACTORS[task.actor] ?? []).map((actor) => html`<${Icon} key=${actor} name=${actor} />`)}</span></h3>
    ${task.text_key && !text && !other && html`<p class="step">${safe(() => own(task.text_key))}</p>`}
    ${code && html`<p class="why"><${Icon} name="caution" />${safe(() => (has(`reason.${code}`) ? t(`reason.${code}`) : task.reason))}</p>`}
    <p class="facts">${safe(facts)}</p>
    ${old.task.value && html`<p class="stale-note"><${Icon} name="caution" />${t("data.section_old")}</p>`}
    <${RunActs} /><${Steps} /><${Start} />
  </section>`;
}

// All that is wrong with a recipe that was asked for; the server tells it only to those who lead.
export function RecipeProblems() {
  const wrong = cell.recipes.value;
  if (!wrong) return null;
  return html`<section class="card problems"><h3><${Icon} name="caution" />${t("recipes.refused", { recipe: wrong.refused })}</h3>
    <p>${t("recipes.kept")}</p>
    <ul lang="en">${wrong.problems.map((one) => html`<li key=${one}>${one}</li>`)}</ul></section>`;
}
