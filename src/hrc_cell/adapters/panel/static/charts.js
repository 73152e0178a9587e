// Figures of the work: cycles, steps, waits and stops of a shift, a day or a week, by step and by shift
// and never by person. Loaded when the drawer is opened. A chart is a table whose rows carry a bar: what
// the bar shows stands beside it as a number, and shades and patterns say the same in black and white.

import { html, useEffect, useState } from "./html.js";
import { Icon } from "./icons.js";
import { cell } from "./state.js";
import { has, instant, number, own, t } from "./texts.js";

const RANGES = ["shift", "today", "week"];
const USES = ["works", "person", "for_person", "for_robot", "paused"];
const AGAIN_MS = 30000;

const two = (value) => String(value).padStart(2, "0");

// A time as minutes and seconds, a short one in tenths of a second; a dash where it is not told.
function lasted(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 60) return `${number(seconds, 1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${number(hours)}:${two(minutes)} h` : `${number(minutes)}:${two(whole % 60)} min`;
}

// Names of steps are those of the recipe that is shown now, or the words of their id.
function stepName({ recipe, step }) {
  if (!step) return t("figures.no_step");
  const task = cell.task.value;
  const known = task?.recipe === recipe && task.plan?.find((one) => one.id === step);
  return known ? own(known.text_key) : step.replaceAll("_", " ");
}

function causeName(cause) {
  if (has(`stopped.${cause}`)) return t(`stopped.${cause}`);
  return has(`cause.${cause}`) ? t(`cause.${cause}`, { culprit: "…" }) : cause.replaceAll("_", " ");
}

function Patterns() {
  return html`<svg class="patterns" aria-hidden="true"><defs>
    <pattern id="for-person" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="ground" width="8" height="8" /><rect width="3" height="8" /></pattern>
    <pattern id="for-robot" width="8" height="8" patternUnits="userSpaceOnUse"><rect class="ground" width="8" height="8" /><circle cx="4" cy="4" r="2.4" /></pattern>
  </defs></svg>`;
}

const Swatch = ({ use }) => html`<svg class="swatch" aria-hidden="true"><rect class=${`use ${use}`} width="100%" height="100%" /></svg>`;

// Pieces one after the other, each [class, part of the whole].
function Bar({ pieces }) {
  let end = 0;
  return html`<svg class="bar" aria-hidden="true"><rect class="rail" width="100%" height="100%" />
    ${pieces.map(([name, part]) => { const x = end; end += part; return html`<rect key=${name} class=${name} x=${`${100 * x}%`} width=${`${100 * part}%`} height="100%" />`; })}</svg>`;
}

// The time of nine in ten as a bar, and the median as a line across it.
function Range({ figure, most }) {
  const [median, p90] = [figure.median_s, figure.p90_s ?? figure.median_s];
  if (median === null || !most) return null;
  return html`<svg class="bar" aria-hidden="true"><rect class="rail" width="100%" height="100%" />
    <rect class="fill" width=${`${(100 * p90) / most}%`} height="100%" /><rect class="median" x=${`${(100 * median) / most}%`} width="4" height="100%" /></svg>`;
}

// The roles stand there because a phone lays the rows out another way.
function Table({ title, heads, rows }) {
  if (rows.length === 0) return null;
  return html`<table class="figures" role="table"><caption>${title}</caption>
    <thead role="rowgroup"><tr role="row">${heads.map((name, i) => html`<th key=${i} role="columnheader" scope="col">${name}</th>`)}</tr></thead>
    <tbody role="rowgroup">${rows.map(({ key, name, bar, cells }) => html`<tr key=${key} role="row"><th role="rowheader" scope="row">${name}${bar}</th>${cells.map((text, i) => html`<td key=${i} role="cell">${text}</td>`)}</tr>`)}</tbody></table>`;
}

const columns = () => [t("figures.count"), t("figures.median"), t("figures.nine_of_ten"), t("figures.unknown")];
const counted = ({ n, unknown, median_s: median, p90_s: p90 }) => [number(n), lasted(median), lasted(p90), number(unknown)];

function Cycles({ told }) {
  const all = { key: "all", name: t("figures.all"), figure: told.cycles };
  const shifts = told.shifts.length < 2 ? [] : told.shifts.map(({ from_s: from, cycles }) => ({ key: from, name: t("figures.since", { time: instant(from) }), figure: cycles }));
  const most = Math.max(...[all, ...shifts].map(({ figure }) => figure.p90_s ?? figure.median_s ?? 0));
  const rows = [all, ...shifts].map(({ key, name, figure }) => ({ key, name, bar: html`<${Range} figure=${figure} most=${most} />`, cells: counted(figure) }));
  return html`<${Table} title=${t("figures.cycles")} heads=${[t("figures.what"), ...columns()]} rows=${rows} />`;
}

function Steps({ told }) {
  const most = Math.max(...told.steps.map(({ lasted: figure }) => figure.total_s));
  const rows = told.steps.map((one) => ({
    key: `${one.recipe} ${one.step}`, name: stepName(one), cells: counted(one.lasted),
    bar: most > 0 && html`<${Bar} pieces=${USES.map((use) => [`use ${use}`, one.uses_s[use] / most])} />`,
  }));
  const legend = rows.length > 0 && html`<ul class="legend">${USES.map((use) => html`<li key=${use}><${Swatch} use=${use} />${t(`use.${use}`)}</li>`)}</ul>`;
  return html`<${Table} title=${t("figures.steps")} heads=${[t("figures.step"), ...columns()]} rows=${rows} />${legend}`;
}

// Only steps that waited; the sums of a shift below them.
function Waits({ told }) {
  const waited = (one) => one.uses_s.for_person + one.uses_s.for_robot;
  const steps = told.steps.filter((one) => waited(one) > 0);
  const most = Math.max(...steps.map(waited));
  const rows = steps.map((one) => ({
    key: `${one.recipe} ${one.step}`, name: stepName(one),
    bar: html`<${Bar} pieces=${["for_person", "for_robot"].map((use) => [`use ${use}`, one.uses_s[use] / most])} />`,
    cells: [lasted(one.uses_s.for_person), lasted(one.waits.for_person.median_s), lasted(one.uses_s.for_robot), lasted(one.waits.for_robot.median_s)],
  }));
  const shifts = told.shifts.length < 2 ? [] : told.shifts.map(({ from_s: from, waits_s: waits }) => ({
    key: from, name: t("figures.since", { time: instant(from) }), cells: [lasted(waits.for_person), "", lasted(waits.for_robot), ""],
  }));
  const heads = [t("figures.step"), t("use.for_person"), t("figures.median"), t("use.for_robot"), t("figures.median")];
  return html`<${Table} title=${t("figures.waits")} heads=${heads} rows=${rows.length > 0 ? [...rows, ...shifts] : []} />`;
}

function Stops({ told }) {
  const most = Math.max(...told.stops.map(({ count }) => count));
  const rows = told.stops.map(({ cause, count, steps, lasted: figure }) => ({
    key: cause,
    name: html`${causeName(cause)}<span class="where">${steps.map((one) => `${stepName(one)} (${number(one.count)})`).join(" · ")}</span>`,
    bar: html`<${Bar} pieces=${[["fill", count / most]]} />`, cells: [number(count), lasted(figure.median_s), lasted(figure.p90_s), number(figure.unknown)],
  }));
  const shifts = told.shifts.length < 2 ? [] : told.shifts.map(({ from_s: from, stops }) => ({ key: from, name: t("figures.since", { time: instant(from) }), cells: [number(stops), "", "", ""] }));
  return html`<${Table} title=${t("figures.stops")} heads=${[t("figures.cause"), ...columns()]} rows=${rows.length > 0 ? [...rows, ...shifts] : []} />`;
}

export function Charts() {
  const [range, setRange] = useState("shift");
  const [told, setTold] = useState(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let gone = false;
    const load = async () => {
      try {
        const reply = await fetch(`/api/figures/${range}`);
        if (!reply.ok) throw new Error(reply.statusText);
        const now = await reply.json();
        if (!gone) { setTold(now); setFailed(false); }
      } catch {
        if (!gone) setFailed(true);
      }
    };
    load();
    const again = setInterval(load, AGAIN_MS);
    return () => { gone = true; clearInterval(again); };
  }, [range]);

  const shown = told?.range === range ? told : null;
  const nothing = shown && shown.cycles.n + shown.cycles.unknown + shown.steps.length + shown.stops.length === 0;
  const short = shown && (shown.since_s === null || shown.since_s > shown.from_s);
  return html`<div class="shift-inside charts"><${Patterns} />
    <div class="note-acts" role="group" aria-label=${t("figures.range")}>${RANGES.map((one) => html`<button key=${one} aria-pressed=${one === range} onClick=${() => setRange(one)}>${t(`range.${one}`)}</button>`)}</div>
    <p class="note" role="status">${failed ? t("figures.failed") : shown ? t("figures.begun", { time: instant(shown.from_s) }) : t("figures.reading")}
      ${" "}${short && shown.since_s !== null && t("figures.begins", { time: instant(shown.since_s) })}</p>
    ${shown?.damaged > 0 && html`<p class="note"><${Icon} name="caution" />${t("figures.damaged", { count: number(shown.damaged) })}</p>`}
    ${nothing && html`<p>${t("figures.nothing")}</p>`}
    ${shown && !nothing && html`<${Cycles} told=${shown} /><${Steps} told=${shown} /><${Waits} told=${shown} /><${Stops} told=${shown} />
      <p class="note">${t("figures.few")} ${t("figures.not_by_person")}</p>`}
  </div>`;
}
