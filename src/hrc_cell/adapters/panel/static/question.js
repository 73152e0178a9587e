// The question of the moment. A confirmation that releases something is deliberate:
// arm (tap), then hold another control; the server counts the time, and only its reply counts.

import { html, useEffect, useRef, useState } from "./vendor/preact-htm.js";
import { device, key, post } from "./api.js";
import { t, has } from "./texts.js";

const DEAD_MS = 500;
const HOLD_CLASS = 2;
const AFFIRMATIVE = "confirm";

export function Question({ question, holdS, usable }) {
  const [told, setTold] = useState(null);
  const [armed, setArmed] = useState(null);
  const [busy, setBusy] = useState(false);
  const [dead, setDead] = useState(true);

  useEffect(() => {
    setArmed(null);
    setBusy(false);
    setDead(true);
    const timer = setTimeout(() => setDead(false), DEAD_MS);
    return () => clearTimeout(timer);
  }, [question.id]);

  useEffect(() => {
    if (!usable) setArmed(null);
  }, [usable]);

  if (!question.id) {
    return told && html`<section class="card question" role="status"><p class="told">${told}</p></section>`;
  }

  const about = { question_id: question.id, state_version: question.state_version, device };
  const blocked = dead || busy || !usable;

  async function arm() {
    setBusy(true);
    setTold(null);
    const reply = await post("/api/arm", about);
    setBusy(false);
    if (reply.challenge) setArmed(reply.challenge);
    else setTold(refusal(reply));
  }

  async function confirm() {
    const challenge = armed;
    setArmed(null);
    setBusy(true);
    setTold(t("answer.checking"));
    const reply = await post("/api/confirm", {
      ...about, challenge, answer: AFFIRMATIVE, operator: "", idempotency_key: key(),
    });
    setBusy(false);
    setTold(reply.accepted ? t("answer.confirmed") : refusal(reply));
  }

  async function answer(option) {
    setArmed(null);
    setBusy(true);
    const reply = await post("/api/answer", { ...about, answer: option, operator: "", idempotency_key: key() });
    setBusy(false);
    setTold(reply.accepted ? t("answer.told") : refusal(reply));
  }

  const holds = question.risk_class >= HOLD_CLASS && question.options.includes(AFFIRMATIVE);
  const taps = question.options.filter((option) => !(holds && option === AFFIRMATIVE));
  const values = Object.fromEntries(Object.entries(question.args).map(([name, value]) => [name, has(value) ? t(value) : value]));
  return html`<section class="card question asked" aria-live="polite">
    <h2>${t(question.text_key, values)}</h2>
    ${holds && html`<p class="next">${t(armed ? "answer.hold" : "answer.arm_first", { seconds: holdS.toFixed(1) })}</p>`}
    <div class="answers">
      ${holds && (armed
        ? html`<${Hold} key=${armed} holdS=${holdS} blocked=${blocked} onDone=${confirm} onCancel=${() => { setArmed(null); setTold(t("answer.canceled")); }} />`
        : html`<button class="act arm" disabled=${blocked} onClick=${arm}>${t("option.arm")}</button>`)}
      <span class="apart"></span>
      ${taps.map((option) => html`<button key=${option} class="act other" disabled=${blocked}
        onClick=${() => answer(option)}>${t(`option.${option}`)}</button>`)}
    </div>
    ${told && html`<p class="told" role="status">${told}</p>`}
  </section>`;
}

function refusal(reply) {
  const reason = `refusal.${reply.reason}`;
  return t("answer.refused", { reason: has(reason) ? t(reason) : reply.reason });
}

// Held without a break for the whole time; lifting, sliding off, a second finger, a lost focus or a
// hidden page give it up.
function Hold({ holdS, blocked, onDone, onCancel }) {
  const [progress, setProgress] = useState(0);
  const [ready, setReady] = useState(false);
  const held = useRef(null);

  function cancel() {
    if (held.current === null) return;
    cancelAnimationFrame(held.current.frame);
    held.current = null;
    setProgress(0);
    onCancel();
  }

  useEffect(() => {
    const timer = setTimeout(() => setReady(true), DEAD_MS);
    const hidden = () => document.hidden && cancel();
    document.addEventListener("visibilitychange", hidden);
    window.addEventListener("blur", cancel);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", hidden);
      window.removeEventListener("blur", cancel);
      if (held.current) cancelAnimationFrame(held.current.frame);
      held.current = null;
    };
  }, []);

  useEffect(() => {
    if (blocked) cancel();
  }, [blocked]);

  function begin(pointer) {
    if (!ready || blocked) return;
    if (held.current !== null) {
      if (held.current.pointer !== pointer) cancel();
      return;
    }
    const start = performance.now();
    const step = () => {
      if (held.current === null) return;
      const part = (performance.now() - start) / (holdS * 1000);
      if (part >= 1) {
        held.current = null;
        setProgress(1);
        onDone();
        return;
      }
      setProgress(part);
      held.current.frame = requestAnimationFrame(step);
    };
    held.current = { pointer, frame: requestAnimationFrame(step) };
  }

  const turn = 2 * Math.PI * 52;
  return html`<button class="act hold" disabled=${blocked || !ready}
    onPointerDown=${(event) => begin(event.pointerId)}
    onPointerUp=${cancel} onPointerLeave=${cancel} onPointerCancel=${cancel}
    onContextMenu=${(event) => event.preventDefault()}
    onKeyDown=${(event) => { if (event.key === " ") { event.preventDefault(); if (!event.repeat) begin("key"); } }}
    onKeyUp=${(event) => event.key === " " && cancel()} onBlur=${cancel}>
    <svg viewBox="0 0 120 120" aria-hidden="true"><circle class="rest" cx="60" cy="60" r="52" />
      <circle class="done" cx="60" cy="60" r="52" stroke-dasharray=${turn} stroke-dashoffset=${turn * (1 - progress)} /></svg>
    <span>${t("option.hold")}</span>
  </button>`;
}
