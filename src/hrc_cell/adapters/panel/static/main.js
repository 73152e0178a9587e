// The operator page. It shows what the server says and nothing that it hopes for.

import { html, render, signal, useState } from "./html.js";
import { Call, Calls, Days } from "./andon.js";
import { close, Doors, pair, signIn, watchHands, Who } from "./access.js";
import { connect } from "./api.js";
import { Languages, SimulatedBox, StopRequest } from "./controls.js";
import { Handover, ShiftBook } from "./handover.js";
import { Icon } from "./icons.js";
import { Plan } from "./plan.js";
import { Question } from "./question.js";
import { about, ageInWords, cell, doubt, level, old, take, unreachable } from "./state.js";
import { Signature, Status } from "./status.js";
import { Instruction, LargePicture, RecipeProblems, Task } from "./task.js";
import { anyUnreviewed, kept, language, load, number, safe, t } from "./texts.js";
import { Why } from "./why.js";

const AGAIN_MS = 1000;

// What stands over the plan, loaded when it is opened; one at a time.
const space = signal(null);
const leaveSpace = () => { space.value = null; };
const drawer = signal(null);
const closeDisplay = () => { drawer.value = null; };
const openDisplay = () => { close(); leaveSpace(); import("./display.js").then(({ Drawer }) => { drawer.value = Drawer; }, () => {}); };

function ToDisplay() {
  const open = drawer.value !== null;
  return html`<button class="to-display" aria-expanded=${open} onClick=${open ? closeDisplay : openDisplay}><${Icon} name="display" />${t("display.title")}</button>`;
}
// On a phone the languages stand at the end of the page, else in its head.
const phone = matchMedia("(max-width: 560px)");
const small = signal(phone.matches);
phone.addEventListener("change", () => { small.value = phone.matches; });

function Header() {
  const mode = old.inputs.value ? "unknown" : cell.inputs.value?.mode ?? "unknown";
  const simulated = about.value.simulated || cell.inputs.value?.simulated;
  return html`<header>
    <h1>${about.value.name}</h1>
    ${simulated && html`<span class="mark">${t("sim.mark")}</span>`}
    <${Who} />
    <span class="mode">${t("mode.label")}: <b>${safe(() => t(`mode.${mode}`))}</b></span>
    <span class=${`age is-${level.value}`}><${Icon} name=${level.value === "live" ? "linked" : "unlinked"} />
      ${level.value === "live" ? t("data.live") : safe(age)}</span>
    ${!small.value && anyUnreviewed.value && html`<span class="unreviewed">${t("language.unreviewed")}</span>`}
    <${ToDisplay} />
    ${!small.value && html`<${Languages} told=${false} />`}
  </header>`;
}

function age() {
  return ageInWords.value === null ? t("data.none") : t("data.old", { seconds: number(ageInWords.value) });
}

function Overlay() {
  if (level.value === "live") return null;
  if (level.value === "stale") {
    return html`<div class="hatch"><p role="status"><${Icon} name="caution" />${safe(age)}</p></div>`;
  }
  return html`<div class="lost" role="alert"><${Icon} name="unlinked" />
    <h2>${safe(() => t("lost.title"))}</h2><p>${safe(() => t("lost.text"))}</p>
    <p class="detail">${safe(() => `${t(unreachable.value ? "lost.server" : "lost.monitor")} ${age()}`)}</p>
    <${StopRequest} />${!unreachable.value && html`<${Call} />`}<${Languages} /></div>`;
}

// Parts that are loaded when somebody opens them: they cost the first load nothing.

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

const Kaizen = () => html`<${Drawer} kind="kaizen" title=${t("kaizen.title")} load=${() => import("./kaizen.js").then(({ Notes }) => Notes)} />`;

const Figures = () => html`<${Drawer} kind="of-work" title=${t("figures.title")} load=${() => import("./charts.js").then(({ Charts }) => Charts)} />`;

// Opens the view in space, which stands over the plan.
function ToSpace() {
  const open = space.value !== null;
  const load = () => { close(); closeDisplay(); import("./space.js").then(({ Space }) => { space.value = Space; }, () => {}); };
  return html`<section class=${`card to-space ${open ? "open" : ""}`}>
    <${Opener} open=${open} title=${t("space.title")} onClick=${open ? leaveSpace : load} /></section>`;
}

function InSpace() {
  return space.value && html`<${space.value} close=${leaveSpace} />`;
}

function Page() {
  const lost = level.value === "lost";
  return html`<div class=${`page is-${level.value}`}>
    <div class="view" inert=${lost}>
      <${Header} />
      <main>
        <${Plan} /><${Instruction} />
        <div class="side"><${Status} /><${Question} /><${Handover} /><${Calls} /><${Task} /><${Why} /><${ToSpace} /><${RecipeProblems} /><${SimulatedBox} /><${ShiftBook} /><${Kaizen} /><${Figures} /><${Days} /><${Signature} /></div>
        <${Call} />
        <footer><${StopRequest} /><${ToDisplay} />${small.value && html`<${Languages} />`}</footer>
        <${InSpace} /><${LargePicture} />${drawer.value && html`<${drawer.value} onClose=${closeDisplay} />`}<${Doors} />
      </main>
    </div>
    <${Overlay} />
  </div>`;
}

// What stays while the server runs: the cell's own facts, and the texts. Returns whether all is known.
async function learn() {
  about.value = await (await fetch("/api/about")).json();
  document.title = `${about.value.name} · hrc_cell`;
  return load(known(language.value) || own());
}

const known = (one) => (about.value.panel.languages.includes(one) ? one : "");
const own = () => known(kept()) || about.value.panel.language; // of this tablet

// Whoever signs in is spoken to in their language; whoever leaves gives the tablet its own back.
let followed = " ";
function follow({ alias, language: theirs }) {
  const whose = `${alias} ${theirs}`;
  if (whose === followed) return;
  const wanted = known(theirs) || own();
  followed = whose;
  if (wanted === language.value) return;
  load(wanted).then((shown) => { if (!shown) setTimeout(() => { followed = null; }, AGAIN_MS); });
}

// Another server may answer after a silence, with other zones, or for another cell.
let learning = 0;
async function learnAnew() {
  const mine = ++learning;
  while (!(await learn().catch(() => false))) {
    await new Promise((done) => setTimeout(done, AGAIN_MS));
    if (mine !== learning) return;
  }
}

const PAIR = "#pair=";

async function begin() {
  try {
    const known = await learn();
    const told = location.hash.startsWith(PAIR) ? (await pair(location.hash.slice(PAIR.length))) || "access.paired" : "";
    if (told) history.replaceState(null, "", location.pathname);
    render(html`<${Page} />`, document.getElementById("page"));
    const comeAgain = connect({ onAgain: learnAnew, onUpdate: heard, onDoubt: doubt, silentMs: 1000 * about.value.panel.lost_s });
    watchHands();
    if (!known) learnAnew();
    if (told) signIn(told);

    // A cookie that the server gave after this socket was opened counts from the next one on.
    let again = false;
    function heard(update) {
      take(update);
      if (update.session) follow(update.session);
      if (again || !about.value.panel.training || update.session?.device !== "") return;
      again = true;
      fetch("/api/session").then(comeAgain, () => {});
    }
  } catch {
    setTimeout(begin, AGAIN_MS);
  }
}

begin();
