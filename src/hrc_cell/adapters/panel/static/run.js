// Steering the run: to pause, resume and repeat is a tap; to skip a step, give the run up or set a
// level of automation is armed, then held. The server knows who may, the cell says whether it can
// be done now; what they say is told in words. What is held is about what was seen at the tap.

import { computed, html, signal, useEffect, useRef, useState } from "./html.js";
import { proofFor } from "./access.js";
import { key, post, UNANSWERED } from "./api.js";
import { Deliberate, seconds, useLifetime, way } from "./hold.js";
import { Icon } from "./icons.js";
import { about, cell, level, mayNot, old } from "./state.js";
import { has, number, own, t } from "./texts.js";

const DEAD_MS = 500;
const TOLD_MS = 8000;
const SLOW_MS = 6000; // where a PIN is looked at, or a disk is slow
const ACTIVE = ["running", "waiting", "held", "paused"];
const QUIET = ["pause_run", "cancel_run", "level_down"]; // let nothing go on: old data will do
const HOLD_CLASS = 2;
const ORDER = ["manual", "confirm", "auto"];

export const LEVELS = ORDER;
export const active = computed(() => ACTIVE.includes(cell.task.value?.phase));
const fresh = computed(() => level.value === "live" && !old.task.value);
const risk = (act) => about.value.panel.acts[act].risk;
export const usable = (act) => fresh.value || QUIET.includes(act);
export const offered = (act) => !["not_signed_in", "role_too_low"].includes(mayNot(act));

// What came of the last act: {where, key, values}. An act that is armed: {wish, act, title, where, challenge ...}.
const told = signal(null);
const armed = signal(null);

function tell(where, key_, values = {}) {
  const said = { where, key: key_, values };
  told.value = said;
  setTimeout(() => { if (told.value === said) told.value = null; }, TOLD_MS);
}

function refuse(where, reason) {
  tell(where, "run.refused", { reason: has(`refusal.${reason}`) ? t(`refusal.${reason}`) : reason });
}

function about_(task, act, more = {}) {
  return { act, recipe: task.recipe, run_id: task.run_id, cycle: task.cycle, step: task.step_id, automation: "", ...more };
}

async function send({ wish, act, where }, more = {}) {
  tell(where, "answer.checking");
  const reply = await post("/api/run/act", { ...wish, ...more, idempotency_key: key() }, SLOW_MS);
  if (reply.accepted) tell(where, `steered.${act}`);
  else if (UNANSWERED.includes(reply.reason)) tell(where, "run.unknown");
  else refuse(where, reply.reason);
}

async function arm(meant) {
  const pin = risk(meant.act) > HOLD_CLASS ? await proofFor(false) : {};
  if (pin === null) return;
  const by = way.value;
  const reply = await post("/api/run/arm", { ...meant.wish, way: by }, SLOW_MS);
  told.value = null;
  if (reply.challenge) armed.value = { ...meant, ...reply, way: by, pin: pin.pin ?? "" };
  else refuse(meant.where, reply.reason);
}

function drop(why) {
  const { challenge, where } = armed.value;
  post("/api/run/disarm", { challenge });
  armed.value = null;
  tell(where, why);
}

function steer(act) {
  const wish = about_(cell.task.value, act);
  if (risk(act) >= HOLD_CLASS) arm({ wish, act, where: "run", title: t(`run.${act}`) });
  else send({ wish, act, where: "run" });
}

// Sets a level for a step of the plan, or for all of them; `meant` are those that it is for.
export function setLevel(step, automation, meant, title) {
  const rank = (name) => ORDER.indexOf(name);
  const rises = meant.some((one) => Math.min(rank(automation), rank(one.limit)) > rank(one.level));
  if (rises && active.value) return refuse("levels", "run_active");
  const act = rises ? "level_up" : "level_down";
  return arm({ wish: about_(cell.task.value, "set_automation", { step, automation }), act, where: "levels", title });
}

// An act that is armed, to be held or left; gone once it is about something that is no more.
export function Armed({ where }) {
  const now = armed.value;
  const here = now?.where === where;
  const task = cell.task.value;
  const box = useRef(null);
  const gone = here && (task?.run_id !== now.wish.run_id || (now.act === "skip_step" && task.step_id !== now.wish.step));
  useEffect(() => { if (gone) drop("refusal.stale_version"); }, [gone]);
  useLifetime(here && now, () => drop("refusal.challenge_expired"));
  useEffect(() => { if (here) box.current.scrollIntoView({ block: "nearest" }); }, [here]);
  useEffect(() => () => { if (armed.value?.where === where) drop("run.left"); }, []); // nobody sees it any more
  if (!here) return html`<p class="told" role="status">${told.value?.where === where && t(told.value.key, told.value.values)}</p>`;
  function done(by) {
    const { challenge, pin } = now;
    armed.value = null;
    send(now, { challenge, pin, way: by });
  }
  return html`<div class="armed" ref=${box}><p class="told" role="status"><${Icon} name="act" />${t(seconds(now) ? "run.tap" : "run.hold", { what: now.title, seconds: number(now.hold_s, 1) })}</p>
    <div class="armed-acts"><${Deliberate} key=${now.challenge} armed=${now} usable=${usable(now.act) && !gone} onDone=${done} onCancel=${() => armed.value && drop("run.let_go")} labels=${[t("access.hold"), t("access.tap")]} />
      <button class="act other leave" onClick=${() => drop("run.left")}>${t("run.leave")}</button></div></div>`;
}

function Buttons({ acts }) {
  const [dead, setDead] = useState(true); // one may just have come in the place of another
  useEffect(() => {
    const timer = setTimeout(() => setDead(false), DEAD_MS);
    return () => clearTimeout(timer);
  }, []);
  const button = (act) => html`<button key=${act} class=${`act other run-act ${act}`} aria-pressed=${armed.value?.act === act}
    disabled=${dead || mayNot(act) === "session_locked" || !usable(act)} onClick=${() => steer(act)}><${Icon} name=${act} />${t(`run.${act}`)}</button>`;
  return html`<div class="run-acts" role="group" aria-label=${t("run.title")}>${acts.map(button)}</div>`;
}

// What whoever is signed in here may do with the run.
export function RunActs() {
  const { phase, run_id: run, pausing } = cell.task.value;
  const rests = phase === "paused" || pausing;
  const acts = [rests ? "resume_run" : "pause_run", "repeat_step", "skip_step", "cancel_run"].filter(offered);
  if (!active.value || acts.length === 0) return html`<${Armed} where="run" />`;
  return html`<${Buttons} key=${`${run} ${rests}`} acts=${acts} />
    ${acts.some((act) => mayNot(act) === "session_locked") && html`<p class="needs">${t("refusal.session_locked")}</p>`}
    <${Armed} where="run" />`;
}

export const stepName = (task, step) => (step === "all" ? t("level.all") : own(task.plan.find((one) => one.id === step)?.text_key ?? step));
