// A control that is held, without a break, for the whole time. Lifting, sliding off, a second
// finger, a lost focus or a hidden page give it up. Held by a finger, a mouse button or the space bar.

import { html, useEffect, useRef } from "./html.js";

const RADIUS = 54;
const TURN = 2 * Math.PI * RADIUS;

export function Hold({ holdS, usable, onDone, onCancel, children }) {
  const ring = useRef(null);
  const button = useRef(null);
  const held = useRef(null);
  const calls = useRef({});
  calls.current = { onDone, onCancel };

  const show = (part) => ring.current?.setAttribute("stroke-dashoffset", TURN * (1 - part));

  function end(call) {
    if (held.current === null) return;
    cancelAnimationFrame(held.current.frame);
    held.current = null;
    show(0);
    if (call) calls.current[call]();
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

  function key(event) {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault(); // Enter does nothing here
    if (event.key === " " && !event.repeat) begin("space");
  }

  return html`<button class="act hold" ref=${button} disabled=${!usable}
    onPointerDown=${(event) => event.isPrimary && event.button === 0 && begin(event.pointerId)}
    onPointerUp=${() => end("onCancel")} onPointerCancel=${() => end("onCancel")} onContextMenu=${(event) => event.preventDefault()}
    onKeyDown=${key} onKeyUp=${(event) => event.key === " " && end("onCancel")} onBlur=${() => end("onCancel")}>
    <svg viewBox="0 0 120 120" aria-hidden="true"><circle class="rest" cx="60" cy="60" r=${RADIUS} />
      <circle class="done" ref=${ring} cx="60" cy="60" r=${RADIUS} stroke-dasharray=${TURN} stroke-dashoffset=${TURN} /></svg>
    <span>${children}</span>
  </button>`;
}
