// The floor from above: zones, scanners, people, the arm, and the separation that binds.

import { html } from "./vendor/preact-htm.js";
import { t, metres } from "./texts.js";

const MARGIN = 0.3;

// The cell's x points up on the screen, y to the left: the person looks at the arm.
const at = ([x, y]) => `${(-y).toFixed(3)},${(-x).toFixed(3)}`;
const points = (list) => list.map(at).join(" ");

function box(outline) {
  const xs = outline.map(([, y]) => -y);
  const ys = outline.map(([x]) => -x);
  const left = Math.min(...xs) - MARGIN;
  const top = Math.min(...ys) - MARGIN;
  const width = Math.max(...xs) + MARGIN - left;
  return `${left} ${top} ${width} ${Math.max(...ys) + MARGIN - top}`;
}

function Zone({ zone, bound }) {
  const [x, y] = zone.polygon.reduce((a, b) => (b[0] > a[0] || (b[0] === a[0] && b[1] > a[1]) ? b : a));
  const note = zone.kind === "slow" ? `${Math.round(zone.ratio * 100)} %` : "0 %";
  return html`<g class=${`zone ${zone.kind} ${bound ? "bound" : ""}`}>
    <polygon points=${points(zone.polygon)} />
    <text x=${-y + 0.1} y=${-x + 0.26}>${t(`zone.${zone.kind}`)} ${note}</text>
  </g>`;
}

function Person({ person, binding }) {
  const x = -person.y;
  const y = -person.x;
  return html`<g class=${`person ${person.confirmed ? "" : "unsure"} ${binding ? "binding" : ""}`}>
    <circle class="reach" cx=${x} cy=${y} r=${Math.max(0.12, person.r ?? 0.3)} />
    <circle class="head" cx=${x} cy=${y} r="0.12" />
    <line x1=${x} y1=${y} x2=${x - (person.vy ?? 0)} y2=${y - (person.vx ?? 0)} />
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
    <circle cx=${-tool[1]} cy=${-tool[0]} r=${permit.required} />
    <line x1=${-tool[1]} y1=${-tool[0]} x2=${-person.y} y2=${-person.x} />
    <text x=${-(tool[1] + person.y) / 2 + 0.12} y=${-(tool[0] + person.x) / 2}>
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
    <g class="handover"><circle cx=${-about.handover[1]} cy=${-about.handover[0]} r="0.25" /></g>
    ${about.scanners.map((scanner) => html`<rect class="scanner" key=${scanner.name}
      x=${-scanner.y - 0.07} y=${-scanner.x - 0.07} width="0.14" height="0.14" />`)}
    ${permit && html`<${Separation} permit=${permit} humans=${humans} arm=${state.arm} />`}
    ${state.arm && html`<g class="arm"><polyline points=${points(state.arm)} />
      <circle cx=${-state.arm[0][1]} cy=${-state.arm[0][0]} r="0.12" />
      <circle class="tool" cx=${-state.arm.at(-1)[1]} cy=${-state.arm.at(-1)[0]} r="0.06" /></g>`}
    ${humans.map((person) => html`<${Person} key=${person.id} person=${person}
      binding=${permit && permit.human === person.id && permit.state !== "free"} />`)}
  </svg>`;
}
