// The floor from above: zones, scanners, people, the arm, and the separation that binds.
// Each layer is made anew only when what it shows has changed.

import { computed, html, signal } from "./html.js";
import { Icon } from "./icons.js";
import { about, cell, old } from "./state.js";
import { metres, number, percent, speed, t } from "./texts.js";

const MARGIN_M = 0.15;
const ARROW_S = 1; // an arrow shows the way of the next second

// Where somebody marks a place for a note: {on, place: [x, y]}, null while nobody does.
export const pick = signal(null);
const STEP_M = 0.1;
const KEYS = { ArrowLeft: [-STEP_M, 0], ArrowRight: [STEP_M, 0], ArrowUp: [0, STEP_M], ArrowDown: [0, -STEP_M] };

function inside([x, y]) {
  const axis = (value, i) => {
    const ends = about.value.outline.map((corner) => corner[i]);
    return Math.min(Math.max(value, Math.min(...ends)), Math.max(...ends));
  };
  return [axis(x, 0), axis(y, 1)];
}

function tapped(event) {
  if (!pick.value?.on) return;
  const spot = new DOMPoint(event.clientX, event.clientY).matrixTransform(event.currentTarget.getScreenCTM().inverse());
  pick.value = { on: false, place: inside([spot.x, -spot.y]) };
}

function keyed(event) {
  const way = KEYS[event.key];
  if (!pick.value?.on || (!way && event.key !== "Enter")) return;
  event.preventDefault();
  const [x, y] = pick.value.place ?? about.value.handover;
  pick.value = { on: event.key !== "Enter", place: inside(way ? [x + way[0], y + way[1]] : [x, y]) };
}

// The cell frame seen from above: x to the right, y up.
const at = ([x, y]) => `${x.toFixed(3)},${(-y).toFixed(3)}`;
const points = (list) => list.map(at).join(" ");

function frame(outline) {
  const xs = outline.map(([x]) => x);
  const ys = outline.map(([, y]) => -y);
  const left = Math.min(...xs) - MARGIN_M;
  const top = Math.min(...ys) - MARGIN_M;
  return [left, top, Math.max(...xs) + MARGIN_M - left, Math.max(...ys) + MARGIN_M - top].join(" ");
}

// Only what stands behind the reason that is told gets a colour.
const boundZone = computed(() => (cell.permit.value?.cause === "zone" ? cell.permit.value.culprit : ""));
const bindingHuman = computed(() => (cell.permit.value?.cause === "separation" ? cell.permit.value.human : 0));

const ZONE_VALUE = { slow: (zone) => percent(zone.ratio), limit: (zone) => speed(zone.limit) };

function zoneText(zone, muted) {
  const [low, high] = zone.band;
  const band = zone.band.length > 0 && t("plan.band", { low: number(low, 1), high: number(high, 1) });
  return [t(`zone.${zone.kind}`), ZONE_VALUE[zone.kind]?.(zone), band, muted && t("plan.muted")].filter(Boolean).join(" ");
}

// The words stand over a circle, in the middle of a box, which may be turned, and in a corner of a polygon.
function zonePlace({ circle, box, polygon }) {
  if (circle) return { class: "middle", x: circle[0], y: -circle[1] - circle[2] - 0.08 };
  if (box) return { class: "middle", x: box[0], y: -box[1] + 0.07 };
  const left = Math.min(...polygon.map(([x]) => x));
  const top = Math.max(...polygon.map(([, y]) => y));
  return { x: Math.max(left, Math.min(...about.value.outline.map(([ox]) => ox))) + 0.12, y: -top + 0.3 };
}

function Zone({ zone }) {
  const { circle } = zone;
  const muted = cell.permit.value?.muted?.includes(zone.name);
  return html`<g class=${`zone ${zone.kind} ${boundZone.value === zone.name ? "bound" : ""} ${muted ? "muted" : ""}`}>
    ${circle ? html`<circle cx=${circle[0]} cy=${-circle[1]} r=${circle[2]} />` : html`<polygon points=${points(zone.polygon)} />`}
    <text ...${zonePlace(zone)}>${zoneText(zone, muted)}</text>
  </g>`;
}

function Floor() {
  const { outline, zones, scanners, handover: [x, y] } = about.value;
  return html`<g>
    <polygon class="floor" points=${points(outline)} />
    ${[...zones].reverse().map((zone) => html`<${Zone} key=${zone.name} zone=${zone} />`)}
    <g class="handover"><circle cx=${x} cy=${-y} r="0.25" /><text x=${x + 0.34} y=${-y + 0.07}>${t("plan.handover")}</text></g>
    ${scanners.map((one) => html`<g class="scanner" key=${one.name} transform=${`translate(${one.x} ${-one.y}) rotate(${(-180 / Math.PI) * one.yaw})`}>
      <rect x="-0.08" y="-0.08" width="0.16" height="0.16" /><path d="M0.08 -0.08 0.2 -0.16V0.16L0.08 0.08Z" /></g>`)}
  </g>`;
}

function Person({ person }) {
  const { x, y, id, confirmed } = person;
  const [dx, dy] = [(person.vx ?? 0) * ARROW_S, -(person.vy ?? 0) * ARROW_S];
  const walks = Math.hypot(dx, dy) > 0.15;
  return html`<g class=${`person ${confirmed ? "" : "unsure"} ${bindingHuman.value === id ? "binding" : ""}`} transform=${`translate(${x} ${-y})`}>
    <circle class="reach" r=${Math.max(0.16, person.r ?? 0.3)} />
    <circle class="head" r="0.1" />
    ${walks && html`<line x2=${dx} y2=${dy} marker-end="url(#arrow)" />`}
    <text x="0.34" y="-0.26">${id}${confirmed ? "" : " ?"}</text>
  </g>`;
}

function People() {
  return html`<g>${(cell.humans.value ?? []).filter(({ x, y }) => x !== null && y !== null)
    .map((person) => html`<${Person} key=${person.id} person=${person} />`)}</g>`;
}

function Arm() {
  const arm = cell.arm.value;
  if (!arm) return null;
  const [base, tool] = [arm[0], arm.at(-1)];
  return html`<g class="arm">
    <circle class="base" cx=${base[0]} cy=${-base[1]} r="0.17" />
    <polyline points=${points(arm)} />
    ${arm.slice(1, -1).map(([x, y], i) => html`<circle class="joint" key=${i} cx=${x} cy=${-y} r="0.04" />`)}
    <circle class="tool" cx=${tool[0]} cy=${-tool[1]} r="0.07" />
  </g>`;
}

// The ring is as far from the binding link as a person must at least be: nobody's circle may touch it.
function Separation() {
  const [permit, from] = [cell.permit.value, cell.separation.value];
  const person = (cell.humans.value ?? []).find((one) => permit && one.id === permit.human);
  if (!from || !person || permit.distance === null || permit.required === null) return null;
  const [[ax, ay], bx, by] = [[from.x, -from.y], person.x, -person.y];
  const length = Math.hypot(bx - ax, by - ay) || 1;
  const edge = 1 - Math.min(1, (person.r ?? 0) / length);
  return html`<g class=${`separation ${permit.distance <= permit.required ? "near" : ""}`}>
    <circle cx=${ax} cy=${ay} r=${permit.required + from.r} />
    <line x1=${ax} y1=${ay} x2=${ax + edge * (bx - ax)} y2=${ay + edge * (by - ay)} />
    <text x=${(ax + bx) / 2} y=${(ay + by) / 2 - 0.2}>${metres(permit.distance)}</text>
  </g>`;
}

function Marks() {
  const notes = (cell.kaizen.value?.notes ?? []).filter((one) => one.phase === "open" && one.place_m);
  const place = pick.value?.place;
  return html`<g class="marks">${notes.map(({ id, place_m: [x, y] }) => html`<path key=${id} transform=${`translate(${x} ${-y})`} d="M0 0-0.1-0.2H0.1Z" />`)}
    ${place && html`<path class="new" transform=${`translate(${place[0]} ${-place[1]})`} d="M0 0-0.15-0.3H0.15Z" />`}</g>`;
}

export function Plan() {
  const picking = pick.value?.on ?? false;
  return html`<section class=${`card plan-card ${picking ? "picking" : ""} ${old.humans.value || old.motors.value ? "old" : ""}`}>
    <svg class="plan" viewBox=${frame(about.value.outline)} role="img" aria-label=${t("plan.title")} tabindex=${picking ? 0 : undefined} onClick=${tapped} onKeyDown=${keyed}>
      <defs>
        <marker id="arrow" viewBox="0 0 10 10" refX="6" refY="5" markerUnits="userSpaceOnUse" markerWidth="0.22" markerHeight="0.22" orient="auto">
          <path d="M0 0 10 5 0 10Z" /></marker>
        <pattern id="unsure" width="0.1" height="0.1" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="0.04" height="0.1" /></pattern>
      </defs>
      <${Floor} /><${Separation} /><${Arm} /><${People} /><${Marks} />
    </svg>
    ${old.humans.value && html`<p class="stale-note"><${Icon} name="caution" />${t("plan.humans_old")}</p>`}
    ${old.motors.value && html`<p class="stale-note"><${Icon} name="caution" />${t("plan.arm_old")}</p>`}
  </section>`;
}
