// The question of the moment. What releases something is confirmed by two acts at two places:
// tap to arm, then hold. The server counts the time, and only its reply says what came of it.

import { html, useEffect, useState } from "./html.js";
import { ALIAS, device, key, post } from "./api.js";
import { Hold } from "./hold.js";
import { Icon } from "./icons.js";
import { about, cell, level, old } from "./state.js";
import { has, number, t } from "./texts.js";

const DEAD_MS = 500;
const TOLD_MS = 5000;
const HOLD_CLASS = 2;
const AFFIRMATIVE = "confirm";
const NOTHING = { id: "", args: {}, options: [], risk_class: 0, state_version: 0 };

export function Question() {
  const question = cell.task.value?.question ?? NOTHING;
  const asked = `${question.id} ${question.state_version}`;
  const usable = level.value === "live" && !old.task.value;
  const [told, setTold] = useState(null);
  const [armed, setArmed] = useState(null);
  const [busy, setBusy] = useState(false);
  const [dead, setDead] = useState(true);

  useEffect(() => {
    if (question.id) setTold(null);
    setArmed(null);
    setDead(true);
    const timer = setTimeout(() => setDead(false), DEAD_MS);
    return () => clearTimeout(timer);
  }, [asked]);

  useEffect(() => { if (!usable) setArmed(null); }, [usable]);

  useEffect(() => {
    if (!armed) return undefined;
    const timer = setTimeout(() => give(t("refusal.challenge_expired")), 1000 * armed.lifetime_s);
    return () => clearTimeout(timer);
  }, [armed]);

  useEffect(() => {
    if (question.id || !told) return undefined;
    const timer = setTimeout(() => setTold(null), TOLD_MS);
    return () => clearTimeout(timer);
  }, [told, question.id]);

  if (!question.id) {
    return told && html`<section class="card question" role="status"><p class="told">${told}</p></section>`;
  }

  const meant = { question_id: question.id, state_version: question.state_version, device };
  const waiting = dead || busy;
  const blocked = waiting || !usable; // to refuse, old data will do

  function give(why) {
    setArmed(null);
    setTold(why);
  }

  async function act(path, body, done) {
    setBusy(true);
    setTold(path === "/api/arm" ? null : t("answer.checking"));
    const reply = await post(path, body);
    setBusy(false);
    done(reply);
  }

  const arm = () => !blocked && !armed && act("/api/arm", meant, (reply) => (reply.challenge ? setArmed(reply) : setTold(refusal(reply))));

  function confirm() {
    const { challenge } = armed;
    setArmed(null);
    act("/api/confirm", { ...meant, challenge, answer: AFFIRMATIVE, operator: ALIAS, idempotency_key: key() },
      (reply) => setTold(reply.accepted ? t("answer.confirmed") : refusal(reply)));
  }

  function answer(option) {
    setArmed(null);
    act("/api/answer", { ...meant, answer: option, operator: ALIAS, idempotency_key: key() },
      (reply) => setTold(reply.accepted ? t("answer.told") : refusal(reply)));
  }

  const holds = question.risk_class >= HOLD_CLASS && question.options.includes(AFFIRMATIVE);
  const taps = question.options.filter((option) => !(holds && option === AFFIRMATIVE));
  const values = Object.fromEntries(Object.entries(question.args).map(([name, value]) => [name, has(value) ? t(value) : value]));
  const holdS = about.value.panel.hold_s;
  return html`<section class="card question asked">
    <h2 aria-live="polite"><${Icon} name="act" />${t(question.text_key, values)}</h2>
    <div class="answers">
      ${holds && html`<div class="deliberate">
        <button class="act arm" aria-pressed=${armed !== null} disabled=${blocked} onClick=${arm}>
          <span class="ordinal">${armed ? html`<${Icon} name="check" />` : number(1)}</span>${t("option.arm")}</button>
        <${Hold} holdS=${holdS} usable=${armed !== null && !blocked} onDone=${confirm} onCancel=${() => give(t("answer.canceled"))}>
          <span class="ordinal">${number(2)}</span>${t("option.hold")}<//>
      </div>`}
      <div class=${`taps ${holds ? "apart" : ""}`}>${taps.map((option) => html`<button key=${option} class="act other"
        disabled=${option === AFFIRMATIVE ? blocked : waiting} onClick=${() => answer(option)}>${t(`option.${option}`)}</button>`)}</div>
    </div>
    <p class="told" role="status">${told ?? (!usable ? t("answer.not_now") : holds
      ? t(armed ? "answer.hold" : "answer.arm_first", { seconds: number(holdS, 1) }) : "")}</p>
  </section>`;
}

function refusal(reply) {
  const reason = `refusal.${reply.reason}`;
  return t("answer.refused", { reason: has(reason) ? t(reason) : reply.reason });
}
