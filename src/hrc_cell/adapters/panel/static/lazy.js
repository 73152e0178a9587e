// Parts of the page that are loaded when somebody opens them: they cost the first load nothing.

import { html, signal, useState } from "./html.js";
import { t } from "./texts.js";

const space = signal(null); // the view in space, while it is open

function Opener({ open, title, onClick }) {
  return html`<button class="drawer" aria-expanded=${open} onClick=${onClick}><span class="chevron"></span>${title}</button>`;
}

function Drawer({ kind, title, load }) {
  const [inside, setInside] = useState(null);
  const open = inside !== null;
  const opened = () => load().then((part) => setInside(() => part), () => {});
  return html`<section class=${`card shift ${kind} ${open ? "open" : ""}`}>
    <${Opener} open=${open} title=${title} onClick=${() => (open ? setInside(null) : opened())} />
    ${open && html`<${inside} />`}
  </section>`;
}

export const Kaizen = () => html`<${Drawer} kind="kaizen" title=${t("kaizen.title")} load=${() => import("./kaizen.js").then(({ Notes }) => Notes)} />`;

export const Figures = () => html`<${Drawer} kind="of-work" title=${t("figures.title")} load=${() => import("./charts.js").then(({ Charts }) => Charts)} />`;

const close = () => { space.value = null; };

// Opens the view in space, which stands over the plan.
export function ToSpace() {
  const open = space.value !== null;
  const load = () => import("./space.js").then(({ Space }) => { space.value = Space; }, () => {});
  return html`<section class=${`card to-space ${open ? "open" : ""}`}>
    <${Opener} open=${open} title=${t("space.title")} onClick=${open ? close : load} /></section>`;
}

export function InSpace() {
  return space.value && html`<${space.value} close=${close} />`;
}
