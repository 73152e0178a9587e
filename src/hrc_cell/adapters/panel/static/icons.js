// Shapes that say in black and white what the colours say.

import { html } from "./html.js";

const SHAPES = {
  none: html`<circle cx="12" cy="12" r="9" class="line" /><path d="M6 18 18 6" class="line" />`,
  latched: html`<rect x="4" y="4" width="16" height="16" />`,
  ready: html`<path d="M12 2 22 12 12 22 2 12Z" class="line" />`,
  standstill: html`<rect x="5" y="4" width="5" height="16" /><rect x="14" y="4" width="5" height="16" />`,
  reduced: html`<path d="M4 5h16l-8 7zM4 13h16l-8 7z" />`,
  free: html`<path d="M6 3 21 12 6 21Z" />`,
  caution: html`<path d="M12 3 22 20H2Z" class="line" /><path d="M12 9v5M12 16.5v1.5" class="line" />`,
  act: html`<circle cx="12" cy="12" r="10" /><path d="M12 6v8M12 17v1.5" class="cut" />`,
  unlinked: html`<path d="M2 12h5M17 12h5M9 8l6 8M15 8l-6 8" class="line" />`,
  linked: html`<circle cx="12" cy="12" r="6" />`,
  check: html`<path d="m4 13 5 6L20 5" class="line" />`,
  person: html`<circle cx="12" cy="6" r="4" /><path d="M4 22c0-7 3-10 8-10s8 3 8 10z" />`,
  pause_run: html`<rect x="5" y="4" width="5" height="16" /><rect x="14" y="4" width="5" height="16" />`,
  resume_run: html`<path d="M6 3 21 12 6 21Z" />`,
  repeat_step: html`<path d="M19 8a8 8 0 1 0 1 6M20 3v6h-6" class="line" />`,
  skip_step: html`<path d="M4 4 15 12 4 20Z" /><rect x="17" y="4" width="4" height="16" />`,
  cancel_run: html`<path d="M5 5 19 19M19 5 5 19" class="line" />`,
  passed: html`<path d="M5 12h14" class="line" />`,
  next: html`<circle cx="12" cy="12" r="8" class="line" />`,
  locked: html`<rect x="4" y="11" width="16" height="11" rx="2" /><path d="M8 11V7a4 4 0 0 1 8 0v4" class="line" />`,
  material: html`<path d="M3 8 12 3l9 5v9l-9 5-9-5zM3 8l9 5 9-5M12 13v9" class="line" />`,
  quality: html`<circle cx="10" cy="10" r="7" class="line" /><path d="m15 15 7 7M7 10l2 3 4-5" class="line" />`,
  machine: html`<path d="M21 6a6 6 0 0 1-8 7l-7 8-3-3 8-7a6 6 0 0 1 7-8l-3 4 2 2z" class="line" />`,
  help: html`<path d="M7 13V6a1.5 1.5 0 0 1 3 0V4a1.5 1.5 0 0 1 3 0v2a1.5 1.5 0 0 1 3 0v2a1.5 1.5 0 0 1 3 0v7a7 7 0 0 1-7 7c-4 0-5-3-8-8a1.5 1.5 0 0 1 3-1" class="line" />`,
  display: html`<rect x="2" y="4" width="20" height="13" rx="1" class="line" /><path d="M7 21h10" class="line" />`,
  sun: html`<circle cx="12" cy="12" r="4.5" /><path d="M12 1v3.5M12 19.5V23M1 12h3.5M19.5 12H23M4.5 4.5l2 2M17.5 17.5l2 2M19.5 4.5l-2 2M6.5 17.5l-2 2" class="line" />`,
  ruler: html`<path d="M2 8h20v9H2zM6 8v4M10 8v5M14 8v4M18 8v5" class="line" />`,
  moon: html`<path d="M20 14.5A9 9 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5Z" />`,
  hold: html`<circle cx="12" cy="12" r="10" class="line" /><path d="M9 8v8M15 8v8" class="line" />`,
  robot: html`<path d="M4 22h9M8 22V15l6-6 5 4" class="line" /><circle cx="8" cy="15" r="2" /><circle cx="14" cy="9" r="2" />`,
};

export const Icon = ({ name }) => html`<svg class=${`icon icon-${name}`} viewBox="0 0 24 24" aria-hidden="true">${SHAPES[name] ?? SHAPES.none}</svg>`;
