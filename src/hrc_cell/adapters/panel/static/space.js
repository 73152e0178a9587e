// The view in space: the drawing, its words, and controls for all that a drag does. Loaded when it is
// opened, as is three.js; closed, it gives its memory back. Words stand beside it, as it is a picture.

import { html, signal, useEffect, useRef, useState } from "./html.js";
import { Icon } from "./icons.js";
import { ask } from "./api.js";
import { CellScene } from "./scene.js";
import { about, cell, level, old } from "./state.js";
import { language, metres, number, t } from "./texts.js";

const KEYS = {
  ArrowLeft: "left", ArrowRight: "right", ArrowUp: "up", ArrowDown: "down", "+": "nearer", "=": "nearer", "-": "farther", Home: "reset",
};
const TURNS = ["left", "right", "up", "down", "nearer", "farther", "reset"];
const AXES = { x: [0.58, 0, 0], y: [0, 0.58, 0], z: [0, 0, 0.58] };

let scene = null;
const drawn = signal(null); // what stands in the drawing now, null before the first

// What is drawn, and where [m, cell frame]: poses of links column by column, boxes of zones; null while nothing is.
export function inSpace() {
  if (scene === null) return null;
  const zones = scene.zones.map(({ name, face: { geometry } }) => [name, (geometry.computeBoundingBox(), [geometry.boundingBox.min.toArray(), geometry.boundingBox.max.toArray()])]);
  const links = [...scene.robot.links].map(([name, one]) => [name, one.matrixWorld.toArray()]);
  return { ...drawn.value, links: Object.fromEntries(links), zones: Object.fromEntries(zones) };
}

function words(of) {
  const at = (text, place, kind) => ({ text, kind, at: of.onCanvas(place) });
  const people = of.people.children.filter((one) => one.visible).map(({ userData }) => userData);
  const [first, seen] = [[], new Set()];
  for (const one of people) if (!seen.has(one.id)) { seen.add(one.id); first.push(one); }
  const { pair } = of;
  const { distance, required } = cell.permit.value ?? {};
  return [
    ...Object.entries(AXES).map(([name, place]) => at(name, place, "axis")),
    ...first.map(({ id, sure, top }) => at(`${number(id)}${sure ? "" : " ?"}`, top, "person-at")),
    ...(pair ? [at(metres(distance), pair.from.map((value, i) => (value + pair.to[i]) / 2), "apart"), at(t("space.needed", { required: metres(required) }), pair.needed, "needed")] : []),
  ].filter((one) => one.at);
}

function show(of) {
  drawn.value = {
    words: words(of), tool: of.known ? of.robot.tool.getWorldPosition(of.camera.position.clone()).toArray() : null, unknown: of.unknown ?? [],
    people: of.people.children.filter((one) => one.visible).map((one) => ({ ...one.userData })),
  };
}

// Old is what this page would mark anywhere else; of a silent cell everything is.
const isOld = () => ({ arm: old.motors.value || level.value !== "live", people: old.humans.value || level.value !== "live" });

function Drawing({ fail, close }) {
  const [canvas, frame] = [useRef(null), useRef(null)];
  const [made, setMade] = useState(null);

  useEffect(() => {
    const leave = ask("scene");
    return () => { leave(); cell.scene.value = null; }; // by the next time it is old
  }, []);

  useEffect(() => {
    let [mine, gone] = [null, false];
    const sized = new ResizeObserver(() => frame.current && mine?.size(frame.current.clientWidth, frame.current.clientHeight));
    const lost = (event) => { event.preventDefault(); if (!gone) fail("space.no_webgl"); };
    canvas.current.addEventListener("webglcontextlost", lost);
    fetch("/api/model").then((reply) => reply.json()).then((model) => {
      if (gone) return;
      try {
        mine = scene = new CellScene(canvas.current, about.value, model, show);
      } catch {
        fail("space.no_webgl");
        return;
      }
      sized.observe(frame.current);
      setMade(mine);
    }).catch(() => { if (!gone) fail("space.no_model"); });
    return () => {
      gone = true;
      sized.disconnect();
      mine?.dispose();
      if (scene === mine) scene = drawn.value = null;
    };
  }, []);

  const [told, people, permit, aged] = [cell.scene.value, cell.humans.value, cell.permit.value, isOld()];
  useEffect(() => { made?.take({ scene: told, humans: people, permit, old: aged }); }, [made, told, people, permit, aged.arm, aged.people, language.value]);

  function keyed(event) {
    const turn = KEYS[event.key];
    if (!turn) return;
    event.preventDefault();
    made?.turn(turn);
  }

  const { words: labels, tool, unknown } = drawn.value ?? { words: [], tool: null, unknown: [] };
  const permitted = made?.pair && permit;
  return html`<div class=${`space-frame ${aged.arm || aged.people ? "old" : ""}`} ref=${frame}>
      <canvas ref=${canvas} tabindex="0" role="img" aria-label=${t("space.help")} onKeyDown=${keyed}></canvas>
      ${labels.map(({ text, kind, at: [x, y] }, i) => html`<span key=${i} class=${kind} style=${{ left: `${x}px`, top: `${y}px` }} aria-hidden="true">${text}</span>`)}
    </div>
    <div class="turns" role="group" aria-label=${t("space.turns")}><${Close} close=${close} />
      ${TURNS.map((name) => html`<button key=${name} class=${name} onClick=${() => made?.turn(name)}>${t(`space.${name}`)}</button>`)}</div>
    <div class="space-words">
      ${aged.people && html`<p class="stale-note" role="status"><${Icon} name="caution" />${t("plan.humans_old")}</p>`}
      ${aged.arm && html`<p class="stale-note" role="status"><${Icon} name="caution" />${t("plan.arm_old")}</p>`}
      ${made && !made.known && drawn.value && html`<p class="stale-note"><${Icon} name="caution" />${t("space.no_arm")}</p>`}
      ${unknown.map((id) => html`<p key=${id} class="stale-note"><${Icon} name="caution" />${t("space.nowhere", { human: number(id) })}</p>`)}
      ${permitted && html`<p>${t("space.pair", { human: number(permit.human), link: permit.link, distance: metres(permit.distance), required: metres(permit.required) })}</p>`}
      ${tool && !aged.arm && html`<p class="tool">${t("space.tool", { x: number(tool[0], 2), y: number(tool[1], 2), z: number(tool[2], 2) })}</p>`}
      <p class="note">${t("space.note")}</p>
    </div>`;
}

const Close = ({ close }) => html`<button class="close" onClick=${close}>${t("access.close")}</button>`;

export function Space({ close }) {
  const [failed, fail] = useState("");
  const box = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    box.current.focus();
    return () => before?.focus?.();
  }, []);
  const keyed = (event) => { if (event.key === "Escape") close(); };
  return html`<section class="doors space" role="dialog" aria-label=${t("space.title")} tabindex="-1" ref=${box} onKeyDown=${keyed}>
    ${failed ? html`<p class="stale-note" role="alert"><${Icon} name="caution" />${t(failed)}</p><${Close} close=${close} />`
      : html`<${Drawing} key=${JSON.stringify(about.value)} fail=${fail} close=${close} />`}
  </section>`;
}
