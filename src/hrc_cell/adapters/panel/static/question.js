// The question of the moment. What releases something, skips a step or gives the run up takes two
// acts at two places: tap to arm, then hold, or where the tablet is set so tap a second control. A
// pedal does as a finger does, its first press arms. The server counts the time, and only its reply says what came of it. Where
// no reply came nobody knows it yet: then the state of the task says it.

import { computed, html, signal, useEffect, useState } from "./html.js";
import { proofFor, signIn } from "./access.js";
import { key, post, UNANSWERED } from "./api.js";
import { Deliberate, seconds, useLifetime, usePedal, Ways, way } from "./hold.js";
import { Icon } from "./icons.js";
import { about, cell, level, mayNot, old } from "./state.js";
import { brought, has, number, own, safe, t } from "./texts.js";

const DEAD_MS = 500;
const TOLD_MS = 5000;
const HOLD_CLASS = 2;
const PIN_CLASS = 3;
const TWO_CLASS = 4;
const SLOW_MS = 6000; // where PINs are looked at
const BROUGHT = ["", "needs_pin"]; // allowed, maybe with a PIN that is asked for at the tap
const AFFIRMATIVE = "confirm";
const NEGATIVE = ["refuse", "abort"]; // release nothing and start nothing: old data will do
const ASKED = ["offered", "awaited", "kept"]; // handoffs that a person is to confirm
const CONFIRMED = ["confirmed", "released", "taken", "given", "closed", "received", "done"]; // and has
const NOTHING = { id: "", args: {}, options: [], risk_class: 0, state_version: 0 };

const named = (question) => `${question.id} ${question.state_version}`;

// What came of the last answer, and to which question: {about, key, values}, where `values` makes them.
const told = signal(null);
const tell = (about_, key_, values = () => ({})) => { told.value = { about: about_, key: key_, values }; };

function refuse(about_, reply) {
  const reason = `refusal.${reply.reason}`;
  tell(about_, "answer.refused", () => ({ reason: has(reason) ? t(reason) : reply.reason }));
}

const usable = computed(() => level.value === "live" && !old.task.value);
const permitted = computed(() => cell.permit.value?.gripper === true);

// An unknown outcome is known as soon as the handoff has gone on.
function known(said, handoff) {
  if (said !== "answer.unknown" || ASKED.includes(handoff)) return said;
  return CONFIRMED.includes(handoff) ? "answer.confirmed" : null;
}

export function Question() {
  const question = cell.task.value?.question ?? NOTHING;
  if (!question.id) return html`<${Outcome} />`;
  return html`<${Asked} key=${named(question)} question=${question} />`; // a new one begins anew
}

function Outcome() {
  const said = told.value;
  useEffect(() => {
    if (!said) return undefined;
    const timer = setTimeout(() => { if (told.value === said) told.value = null; }, TOLD_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const key_ = said && known(said.key, cell.task.value?.handoff);
  return key_ && html`<section class="card question" role="status"><p class="told">${safe(() => t(key_, said.values()))}</p></section>`;
}

function Asked({ question }) {
  const asked = named(question);
  const [armed, setArmed] = useState(null);
  const [busy, setBusy] = useState(false);
  const [dead, setDead] = useState(true); // nobody has read it yet

  useEffect(() => {
    const timer = setTimeout(() => setDead(false), DEAD_MS);
    return () => clearTimeout(timer);
  }, []);

  const { acts, by_answer: ofTheRun, by_class: byClass, pedal_key: pedal } = about.value.panel;
  const holds = question.risk_class >= HOLD_CLASS && question.options.includes(AFFIRMATIVE);
  const act_ = byClass[Math.min(question.risk_class, TWO_CLASS)];
  const actOf = (option) => (holds && option === AFFIRMATIVE ? act_ : ofTheRun[option] ?? "answer");
  const wrongOf = (option) => (BROUGHT.includes(mayNot(actOf(option))) ? "" : mayNot(actOf(option)));
  const missing = wrongOf(holds ? AFFIRMATIVE : "");
  const blocked = dead || busy || !usable.value;
  const shut = (option) => (NEGATIVE.includes(option) ? dead || busy : blocked) || wrongOf(option) !== "";
  const closed = shut(AFFIRMATIVE) || !permitted.value; // the gripper could not open now, or not for this person
  const lost = armed !== null && (armed.option === AFFIRMATIVE ? closed : shut(armed.option));

  useEffect(() => { if (lost && !busy) setArmed(null); }, [lost]);

  useLifetime(armed, () => drop("refusal.challenge_expired"));

  const meant = { question_id: question.id, state_version: question.state_version };

  function drop(why) {
    post("/api/disarm", { challenge: armed.challenge });
    setArmed(null);
    tell(asked, why);
  }

  async function act(path, body, done) {
    setBusy(true);
    if (path === "/api/arm") told.value = null;
    else tell(asked, "answer.checking");
    const reply = await (body.pin ? post(path, body, SLOW_MS) : post(path, body));
    setBusy(false);
    done(reply);
  }

  async function arm(option, by) {
    if (armed?.option === option) return;
    const risk = acts[actOf(option)].risk;
    const proof = risk >= PIN_CLASS ? await proofFor(risk >= TWO_CLASS) : {};
    if (proof === null) return;
    act("/api/arm", { ...meant, answer: option, way: by }, (reply) => (reply.challenge ? setArmed({ ...reply, option, way: by, proof }) : refuse(asked, reply)));
  }

  // The first press of a pedal arms, once it has ended; not where a PIN is asked for.
  const byPedal = holds && !closed && armed === null && acts[act_].risk < PIN_CLASS;
  usePedal(byPedal, () => {}, () => arm(AFFIRMATIVE, "pedal"));

  const answer = (path, more, good) => act(path, { ...meant, ...more, idempotency_key: key() }, (reply) => {
    if (reply.accepted) tell(asked, good);
    else if (UNANSWERED.includes(reply.reason)) tell(asked, "answer.unknown");
    else refuse(asked, reply);
  });

  function done(by) {
    const { challenge, option, proof } = armed;
    setArmed(null);
    answer("/api/confirm", { challenge, answer: option, way: by, ...proof }, option === AFFIRMATIVE ? "answer.confirmed" : "answer.told");
  }

  function tap(option) {
    setArmed(null);
    answer("/api/answer", { answer: option }, "answer.told");
  }

  function hint() {
    if (told.value?.about === asked) return t(told.value.key, told.value.values());
    if (missing) return t(`refusal.${missing}`);
    if (!usable.value) return t("answer.not_now");
    if (!holds) return "";
    if (!permitted.value) return t("answer.not_permitted");
    const step = armed ? (seconds(armed) ? "answer.tap" : "answer.hold") : seconds(null) ? "answer.arm_tap" : "answer.arm_first";
    return t(step, { seconds: number(about.value.panel.hold_s, 1) });
  }

  const taps = question.options.filter((option) => !(holds && option === AFFIRMATIVE));
  const needs = (act) => t("access.needs", { role: t(`role.${acts[act].least}`), how: t(`risk.${"c" + acts[act].risk}`) });
  const called = (option) => brought(cell.task.value?.texts, option) ?? own(`option.${option}`);
  const shown = (option) => safe(() => called(option));
  const labels = ["option.hold", "option.tap"].map((one) => html`<span class="ordinal">${number(2)}</span>${safe(() => t(one))}`);
  const apart = armed !== null && armed.option !== AFFIRMATIVE;
  const values = () => Object.fromEntries(Object.entries(question.args).map(([name, value]) => [name, own(value)]));
  return html`<section class="card question asked">
    <h2 aria-live="polite"><${Icon} name="act" />${safe(() => t(question.text_key, values()))}</h2>
    <div class="answers">
      ${holds && html`<div class="deliberate">
        <button class="act arm" aria-pressed=${armed?.option === AFFIRMATIVE} disabled=${closed} onClick=${() => arm(AFFIRMATIVE, way.value)}>
          <span class="ordinal">${armed?.option === AFFIRMATIVE ? html`<${Icon} name="check" />` : number(1)}</span>${safe(() => t("option.arm"))}</button>
        <${Deliberate} armed=${apart ? null : armed} usable=${armed?.option === AFFIRMATIVE && !closed} pedal=${true} onDone=${done} onCancel=${() => armed && drop("answer.canceled")} labels=${labels} />
      </div>`}
      <div class=${`taps ${holds ? "apart" : ""}`}>${taps.map((option) => html`<button key=${option} class="act other" aria-pressed=${option in ofTheRun ? armed?.option === option : undefined}
        disabled=${shut(option)} onClick=${() => (option in ofTheRun ? arm(option, way.value) : tap(option))}>${shown(option)}</button>`)}</div>
    </div>
    ${apart && html`<div class="armed"><p class="told" role="status"><${Icon} name="act" />${safe(() => t(seconds(armed) ? "run.tap" : "run.hold", { what: called(armed.option), seconds: number(armed.hold_s, 1) }))}</p>
      <div class="armed-acts"><${Deliberate} key=${armed.challenge} armed=${armed} usable=${!lost} onDone=${done} onCancel=${() => armed && drop("answer.canceled")} labels=${["access.hold", "access.tap"].map((one) => safe(() => t(one)))} />
        <button class="act other leave" onClick=${() => drop("run.left")}>${t("run.leave")}</button></div></div>`}
    <p class="told" role="status">${safe(hint)}</p>
    ${missing && html`<button class="act other to-sign-in" onClick=${() => signIn()}>${t("access.sign_in")}</button>`}
    <p class="needs">${needs(holds ? act_ : "answer")}</p>
    ${holds && pedal && acts[act_].risk < PIN_CLASS && html`<p class="needs">${t("answer.pedal", { seconds: number(about.value.panel.hold_s, 1) })}</p>`}
    ${taps.filter((option) => option in ofTheRun).map((option) => html`<p key=${option} class="needs">${called(option)}: ${needs(ofTheRun[option])}</p>`)}
    ${way.value !== "hold" && html`<${Ways} />`}
  </section>`;
}
