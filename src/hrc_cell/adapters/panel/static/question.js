// The question of the moment. What releases something is confirmed by two acts at two places:
// tap to arm, then hold. The server counts the time, and only its reply says what came of it. Where
// no reply came nobody knows it yet: then the state of the task says it.

import { computed, html, signal, useEffect, useState } from "./html.js";
import { proofFor, signIn } from "./access.js";
import { key, post, UNANSWERED } from "./api.js";
import { Hold } from "./hold.js";
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

  const holds = question.risk_class >= HOLD_CLASS && question.options.includes(AFFIRMATIVE);
  const act_ = about.value.panel.by_class[Math.min(question.risk_class, TWO_CLASS)];
  const wrong = mayNot("answer"); // taps
  const wrongHeld = BROUGHT.includes(mayNot(act_)) ? "" : mayNot(act_);
  const missing = holds ? wrongHeld : wrong;
  const waiting = dead || busy || wrong !== "";
  const blocked = dead || busy || !usable.value;
  const closed = blocked || !permitted.value || wrongHeld !== ""; // the gripper could not open now, or not for this person

  useEffect(() => { if (closed && !busy) setArmed(null); }, [closed]);

  useEffect(() => {
    if (!armed) return undefined;
    const timer = setTimeout(() => drop("refusal.challenge_expired"), 1000 * armed.lifetime_s);
    return () => clearTimeout(timer);
  }, [armed]);

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

  async function arm() {
    if (closed || armed) return;
    const proof = question.risk_class >= PIN_CLASS ? await proofFor(question.risk_class >= TWO_CLASS) : {};
    if (proof === null) return;
    act("/api/arm", meant, (reply) => (reply.challenge ? setArmed({ ...reply, proof }) : refuse(asked, reply)));
  }

  const answer = (path, more, good) => act(path, { ...meant, ...more, idempotency_key: key() }, (reply) => {
    if (reply.accepted) tell(asked, good);
    else if (UNANSWERED.includes(reply.reason)) tell(asked, "answer.unknown");
    else refuse(asked, reply);
  });

  function confirm() {
    const { challenge, proof } = armed;
    setArmed(null);
    answer("/api/confirm", { challenge, answer: AFFIRMATIVE, ...proof }, "answer.confirmed");
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
    return t(armed ? "answer.hold" : "answer.arm_first", { seconds: number(about.value.panel.hold_s, 1) });
  }

  const taps = question.options.filter((option) => !(holds && option === AFFIRMATIVE));
  const needs = t("access.needs", { role: t(`role.${about.value.panel.acts[holds ? act_ : "answer"].least}`), how: t(`risk.${"c" + Math.min(holds ? question.risk_class : 1, TWO_CLASS)}`) });
  const values = () => Object.fromEntries(Object.entries(question.args).map(([name, value]) => [name, own(value)]));
  const button = (option) => safe(() => brought(cell.task.value?.texts, option) ?? own(`option.${option}`));
  return html`<section class="card question asked">
    <h2 aria-live="polite"><${Icon} name="act" />${safe(() => t(question.text_key, values()))}</h2>
    <div class="answers">
      ${holds && html`<div class="deliberate">
        <button class="act arm" aria-pressed=${armed !== null} disabled=${closed} onClick=${arm}>
          <span class="ordinal">${armed ? html`<${Icon} name="check" />` : number(1)}</span>${safe(() => t("option.arm"))}</button>
        <${Hold} holdS=${about.value.panel.hold_s} usable=${armed !== null && !closed} onDone=${confirm} onCancel=${() => armed && drop("answer.canceled")}>
          <span class="ordinal">${number(2)}</span>${safe(() => t("option.hold"))}<//>
      </div>`}
      <div class=${`taps ${holds ? "apart" : ""}`}>${taps.map((option) => html`<button key=${option} class="act other"
        disabled=${NEGATIVE.includes(option) ? waiting : waiting || blocked} onClick=${() => tap(option)}>${button(option)}</button>`)}</div>
    </div>
    <p class="told" role="status">${safe(hint)}</p>
    ${missing && html`<button class="act other to-sign-in" onClick=${() => signIn()}>${t("access.sign_in")}</button>`}
    <p class="needs">${needs}</p>
  </section>`;
}
