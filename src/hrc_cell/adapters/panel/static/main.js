// The operator page: one view, made anew from each snapshot of the cell.

import { html, render, useEffect, useState } from "./vendor/preact-htm.js";
import { ageOf, connect } from "./connection.js";
import { SimulatedBox, StopRequest } from "./controls.js";
import { Plan } from "./plan.js";
import { Question } from "./question.js";
import { Status, Task } from "./status.js";
import { anyUnreviewed, language, load, t } from "./texts.js";

const CLOCK_MS = 200;
const NOTHING = { id: "", args: {}, options: [], risk_class: 0 };

function Page({ about }) {
  const [seen, setSeen] = useState({ state: null, arrived: 0 });
  const [, tick] = useState(0);
  const [lang, setLang] = useState(language());

  useEffect(() => connect((state, arrived) => setSeen({ state, arrived })), []);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), CLOCK_MS);
    return () => clearInterval(timer);
  }, []);

  const state = seen.state;
  const age = ageOf(state, seen.arrived, performance.now());
  const { stale_s, lost_s, hold_s, languages } = about.panel;
  const stale = age > stale_s;
  const lost = age > lost_s;
  const mode = state && state.inputs ? state.inputs.mode : "unknown";

  async function choose(wanted) {
    if (await load(wanted)) setLang(wanted);
  }

  return html`<div class=${`page ${stale ? "stale" : ""}`} data-lang=${lang}>
    <header>
      <h1>${about.name}</h1>
      ${about.simulated && html`<span class="mark">${t("sim.mark")}</span>`}
      <span class="mode">${t("mode.label")}: ${t(`mode.${mode}`)}</span>
      <span class=${`age ${stale ? "old" : ""}`} role="status">
        ${stale ? t("data.old", { seconds: Number.isFinite(age) ? Math.round(age) : "–" }) : t("data.live")}</span>
      <nav>${languages.map((one) => html`<button key=${one} aria-pressed=${one === lang}
        onClick=${() => choose(one)}>${t(`language.${one}`)}</button>`)}</nav>
    </header>
    <main>
      <div class="left">
        ${state && html`<${Plan} about=${about} state=${state} />`}
      </div>
      <div class="right">
        <${Status} permit=${state && state.permit} />
        <${Question} question=${(state && state.task && state.task.question) || NOTHING}
          holdS=${hold_s} usable=${!stale} />
        <${Task} task=${state && state.task} />
        <${SimulatedBox} inputs=${state && state.inputs} permit=${state && state.permit} />
      </div>
    </main>
    <footer>
      <${StopRequest} />
      ${anyUnreviewed() && html`<p class="unreviewed">${t("language.unreviewed")}</p>`}
    </footer>
    ${stale && html`<div class="hatch" aria-hidden="true"></div>`}
    ${lost && html`<div class="lost" role="alert"><h2>${t("lost.title")}</h2><p>${t("lost.text")}</p>
      <${StopRequest} /></div>`}
  </div>`;
}

async function begin() {
  const about = await (await fetch("/api/about")).json();
  const kept = localStorage.getItem("language");
  await load(about.panel.languages.includes(kept) ? kept : about.panel.language);
  document.title = `${about.name} · hrc_cell`;
  render(html`<${Page} about=${about} />`, document.getElementById("page"));
}

begin();
