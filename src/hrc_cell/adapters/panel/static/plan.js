// The floor from above: zones, scanners, people, the arm, and the separation that binds.

import { html } from "./vendor/preact-htm.js";
import { t, metres } from "./texts.js";

const MARGIN = 0.3;

// The cell frame seen from above: x to the right, y up.
const at = ([x, y]) => `${x.toFixed(3)},${(-y).toFixed(3)}`;
const points = (list) => list.map(at).join(" ");

function box(outline) {
  const xs = outline.map(([x]) => x);
  const ys = outline.map(([, y]) => -y);
  const left = Math.min(...xs) - MARGIN;
  const top = Math.min(...ys) - MARGIN;
  const width = Math.max(...xs) + MARGIN - left;
  return `${left} ${top} ${width} ${Math.max(...ys) + MARGIN - top}`;
}

function Zone({ zone, bound }) {
  const [x, y] = zone.polygon.reduce((a, b) => (b[1] > a[1] || (b[1] === a[1] && b[0] < a[0]) ? b : a));
  const note = zone.kind === "slow" ? `${Math.round(zone.ratio * 100)} %` : "0 %";
  return html`<g class=${`zone ${zone.kind} ${bound ? "bound" : ""}`}>
    <polygon points=${points(zone.polygon)} />
    <text x=${x + 0.1} y=${-y + 0.26}>${t(`zone.${zone.kind}`)} ${note}</text>
  </g>`;
}

function Person({ person, binding }) {
  const x = person.x;
  const y = -person.y;
  return html`<g class=${`person ${person.confirmed ? "" : "unsure"} ${binding ? "binding" : ""}`}>
    <circle class="reach" cx=${x} cy=${y} r=${Math.max(0.12, person.r ?? 0.3)} />
    <circle class="head" cx=${x} cy=${y} r="0.12" />
    <line x1=${x} y1=${y} x2=${x + (person.vx ?? 0)} y2=${y - (person.vy ?? 0)} />
    <text x=${x + 0.28} y=${y - 0.18}>${person.id}</text>
  </g>`;
}

function Separation({ permit, humans, arm }) {
  const person = humans.find((one) => one.id === permit.human);
  if (!person || !arm || permit.distance === null || permit.required === null) return null;
  const tool = arm.reduce((a, b) =>
    Math.hypot(b[0] - person.x, b[1] - person.y) < Math.hypot(a[0] - person.x, a[1] - person.y) ? b : a);
  const near = permit.distance <= permit.required;
  return html`<g class=${`separation ${near ? "near" : ""}`}>
    <circle cx=${tool[0]} cy=${-tool[1]} r=${permit.required} />
    <line x1=${tool[0]} y1=${-tool[1]} x2=${person.x} y2=${-person.y} />
    <text x=${(tool[0] + person.x) / 2} y=${-(tool[1] + person.y) / 2 - 0.12} text-anchor="middle">
      ${metres(permit.distance)} / ${metres(permit.required)}
    </text>
  </g>`;
}

export function Plan({ about, state }) {
  const humans = state.humans ?? [];
  const permit = state.permit;
  return html`<svg class="plan" viewBox=${box(about.outline)} role="img" aria-label=${t("plan.title")}>
    <polygon class="floor" points=${points(about.outline)} />
    ${[...about.zones].reverse().map((zone) => html`<${Zone} key=${zone.name} zone=${zone}
      bound=${permit && permit.zone === zone.name} />`)}
    <g class="handover"><circle cx=${about.handover[0]} cy=${-about.handover[1]} r="0.25" /></g>
    ${about.scanners.map((scanner) => html`<rect class="scanner" key=${scanner.name}
      x=${scanner.x - 0.07} y=${-scanner.y - 0.07} width="0.14" height="0.14" />`)}
    ${permit && html`<${Separation} permit=${permit} humans=${humans} arm=${state.arm} />`}
    ${state.arm && html`<g class="arm"><polyline points=${points(state.arm)} />
      <circle cx=${state.arm[0][0]} cy=${-state.arm[0][1]} r="0.12" />
      <circle class="tool" cx=${state.arm.at(-1)[0]} cy=${-state.arm.at(-1)[1]} r="0.06" /></g>`}
    ${humans.map((person) => html`<${Person} key=${person.id} person=${person}
      binding=${permit && permit.human === person.id && permit.state !== "free"} />`)}
  </svg>`;
}
