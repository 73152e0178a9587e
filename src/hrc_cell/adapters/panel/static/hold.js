// What is deliberate, after it was armed: a control that is held, without a break, for the whole
// time; or, where a tablet is set so, a second control that is tapped at another place. Lifting,
// sliding off, a second finger, a lost focus or a hidden page give a hold up. It is held by a finger,
// a mouse button or the space bar; for a question also by the key of a pedal. Enter does nothing.

import { computed, html, signal, useEffect, useRef, useState } from "./html.js";
import { post } from "./api.js";
import { about } from "./state.js";
import { t } from "./texts.js";

const RADIUS = 54;
const TURN = 2 * Math.PI * RADIUS;
const KEPT = "way"; // of this tablet
const APART_PX = 48;

const wanted = signal(localStorage.getItem(KEPT));
const offered = () => about.value.panel.ways;

// The way in which this tablet does what is deliberate: "hold" or "second".
export const way = computed(() => (offered().includes(wanted.value) ? wanted.value : "hold"));
export const seconds = (armed) => (armed?.way ?? way.value) === "second";

// Shown where a person is chosen, and at each question where it is not the usual way.
export function Ways() {
  if (offered().length < 2) return null;
  const choose = (one) => { wanted.value = one; localStorage.setItem(KEPT, one); };
  return html`<div class="ways" role="group" aria-label=${t("way.title")}><p>${t("way.title")}</p>
    ${offered().map((one) => html`<button key=${one} aria-pressed=${one === way.value} onClick=${() => choose(one)}>${t(`way.${one}`)}</button>`)}</div>`;
}

// Arms an act in the way of this tablet. Returns the server's reply; with a `challenge` it is armed.
export async function armAct(wish, wait_ms) {
  const by = way.value;
  return { ...await post("/api/arm_act", { ...wish, way: by }, wait_ms), wish, way: by };
}

export const doAct = ({ wish, challenge, pin = "" }, by, wait_ms) => post("/api/act", { ...wish, challenge, pin, way: by }, wait_ms);
export const leaveAct = ({ challenge }) => post("/api/disarm_act", { challenge });

// Calls `onOver` when what is armed has had its time.
export function useLifetime(armed, onOver) {
  useEffect(() => {
    if (!armed) return undefined;
    const timer = setTimeout(onOver, 1000 * armed.lifetime_s);
    return () => clearTimeout(timer);
  }, [armed]);
}

// Whether a key event is that of the pedal, and not of somebody who types.
const ofPedal = (event) => about.value.panel.pedal_key !== "" && event.code === about.value.panel.pedal_key
  && !event.target.matches?.("input, textarea, select");

// Hears the pedal while `on`. One that was down before is none, and one let go elsewhere is forgotten.
export function usePedal(on, onDown, onUp) {
  useEffect(() => {
    if (!on) return undefined;
    let heard = false;
    const down = (event) => {
      if (!ofPedal(event)) return;
      event.preventDefault();
      if (event.repeat) return;
      heard = true;
      onDown();
    };
    const up = (event) => {
      if (!ofPedal(event) || !heard) return;
      heard = false;
      onUp();
    };
    const away = () => { heard = false; };
    document.addEventListener("keydown", down);
    document.addEventListener("keyup", up);
    window.addEventListener("blur", away);
    return () => {
      document.removeEventListener("keydown", down);
      document.removeEventListener("keyup", up);
      window.removeEventListener("blur", away);
    };
  }, [on]);
}

let pressed = { x: -Infinity, y: -Infinity }; // where a finger came down last
document.addEventListener("pointerdown", (event) => { pressed = { x: event.clientX, y: event.clientY }; }, true);

// `armed`: the reply to the arming and its way, null before; `onDone` gets the way that was used.
export function Deliberate({ armed, usable, pedal, labels, onDone, onCancel }) {
  const [held, tapped] = labels;
  if (seconds(armed)) return html`<${Second} key=${armed?.challenge ?? ""} afterS=${armed?.hold_s ?? 0} usable=${usable} onDone=${onDone}>${tapped}<//>`;
  return html`<${Hold} holdS=${armed?.hold_s ?? about.value.panel.hold_s} usable=${usable} pedal=${pedal} onDone=${onDone} onCancel=${onCancel}>${held}<//>`;
}

// Dead at first, and never where the tap was that armed it: two taps of a trembling hand are one.
function Second({ afterS, usable, onDone, children }) {
  const [dead, setDead] = useState(true);
  const [same, setSame] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setDead(false), 1000 * afterS);
    return () => clearTimeout(timer);
  }, []);
  const [from] = useState(pressed);
  function tap(event) {
    const near = event.detail > 0 && Math.hypot(event.clientX - from.x, event.clientY - from.y) < APART_PX;
    if (near) setSame(true);
    else onDone("second");
  }
  return html`<button class="act second" disabled=${!usable || dead} onClick=${tap} onKeyDown=${(event) => event.key === "Enter" && event.preventDefault()}>
    ${children}${same && html`<b role="alert">${t("way.elsewhere")}</b>`}</button>`;
}

function Hold({ holdS, usable, pedal, onDone, onCancel, children }) {
  const ring = useRef(null);
  const button = useRef(null);
  const held = useRef(null);
  const calls = useRef({});
  calls.current = { onDone, onCancel };

  const show = (part) => ring.current?.setAttribute("stroke-dashoffset", TURN * (1 - part));

  function end(call) {
    if (held.current === null) return;
    cancelAnimationFrame(held.current.frame);
    const by = typeof held.current.by === "string" ? held.current.by : "hold";
    held.current = null;
    show(0);
    if (call) calls.current[call](by);
  }

  function begin(by) {
    if (!usable || held.current !== null) return;
    const start = performance.now();
    function grow() {
      if (held.current === null) return;
      const part = (performance.now() - start) / (1000 * holdS);
      if (part >= 1) return end("onDone");
      show(part);
      held.current.frame = requestAnimationFrame(grow);
    }
    held.current = { by, frame: requestAnimationFrame(grow) };
  }

  useEffect(() => {
    const cancel = () => end("onCancel");
    const hidden = () => document.hidden && cancel();
    const another = (event) => held.current !== null && event.pointerId !== held.current.by && cancel();
    const moved = (event) => {
      if (held.current === null || event.pointerId !== held.current.by) return;
      const box = button.current.getBoundingClientRect();
      const away = Math.hypot(event.clientX - box.left - box.width / 2, event.clientY - box.top - box.height / 2);
      if (away > box.width / 2) cancel();
    };
    document.addEventListener("visibilitychange", hidden);
    window.addEventListener("blur", cancel);
    document.addEventListener("pointerdown", another, true);
    document.addEventListener("pointermove", moved, true);
    return () => {
      document.removeEventListener("visibilitychange", hidden);
      window.removeEventListener("blur", cancel);
      document.removeEventListener("pointerdown", another, true);
      document.removeEventListener("pointermove", moved, true);
      end(null);
    };
  }, []);

  useEffect(() => { if (!usable) end("onCancel"); }, [usable]);

  usePedal(pedal && usable, () => begin("pedal"), () => held.current?.by === "pedal" && end("onCancel"));

  function key(event) {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault(); // Enter does nothing here
    if (event.key === " " && !event.repeat) begin("keyboard");
  }

  return html`<button class="act hold" ref=${button} disabled=${!usable}
    onPointerDown=${(event) => event.isPrimary && event.button === 0 && begin(event.pointerId)}
    onPointerUp=${() => end("onCancel")} onPointerCancel=${() => end("onCancel")} onContextMenu=${(event) => event.preventDefault()}
    onKeyDown=${key} onKeyUp=${(event) => event.key === " " && held.current?.by === "keyboard" && end("onCancel")} onBlur=${() => end("onCancel")}>
    <svg viewBox="0 0 120 120" aria-hidden="true"><circle class="rest" cx="60" cy="60" r=${RADIUS} />
      <circle class="done" ref=${ring} cx="60" cy="60" r=${RADIUS} stroke-dasharray=${TURN} stroke-dashoffset=${TURN} /></svg>
    <span>${children}</span>
  </button>`;
}
