// Signing in: who this page belongs to, a pad for the PIN, and the code that lets a tablet in. It
// stands over the plan, not over the state, the question or the stop request. A PIN is sent once and not kept.

import { html, signal, useEffect, useRef } from "./html.js";
import { post } from "./api.js";
import { Languages } from "./controls.js";
import { armAct, Deliberate, doAct, leaveAct, useLifetime, Ways } from "./hold.js";
import { Icon } from "./icons.js";
import { about, mayNot, session } from "./state.js";
import { load, number, t } from "./texts.js";

const DIGITS = 6;
const SLOW_MS = 5000; // a PIN is made slow to try
const SEEN_MS = 10000;

// What is open: null, or {chosen, people, told, proof, done}. Without `proof` somebody signs in;
// with it the PINs of an act are collected and given to `done`. A supervisor may also open
// {tablets}, {held} (an act with its PIN, about to be held) and {invited} (the code for a tablet).
const panel = signal(null);
const typed = signal("");

const change = (more) => { panel.value = { ...panel.value, ...more }; };

export function close() {
  const { done } = panel.value ?? {};
  panel.value = null;
  typed.value = "";
  done?.(null);
}

async function listed() {
  try {
    return (await (await fetch("/api/people")).json()).people ?? [];
  } catch {
    return [];
  }
}

export async function signIn(told = "") {
  const { alias, locked, training } = session.value;
  typed.value = "";
  panel.value = { chosen: locked && !training ? alias : null, people: [], told, proof: null };
  const people = session.value.device ? await listed() : [];
  if (panel.value) change({ people });
}

// Returns the PINs that an act needs, null if they were not given: {pin, second, second_pin}.
export async function proofFor(two) {
  typed.value = "";
  const people = two ? await listed() : [];
  return new Promise((done) => {
    panel.value = { chosen: session.value.alias, people, told: "", proof: {}, two, done };
  });
}

async function give(pin) {
  const { chosen, proof, two, done, people } = panel.value;
  typed.value = "";
  if (proof === null) return enter(chosen, pin);
  const given = proof.pin ? { ...proof, second: chosen, second_pin: pin } : { pin };
  if (two && !given.second) {
    return change({ proof: given, chosen: null, people: people.filter((one) => one.alias !== chosen) });
  }
  panel.value = null;
  return done(given);
}

async function enter(alias, pin) {
  change({ told: "access.checking" });
  const reply = await post("/api/sign_in", { alias, pin }, SLOW_MS);
  if (!panel.value) return;
  if (!reply.accepted) return change({ told: `refusal.${reply.reason}`, values: { seconds: number(Math.ceil(reply.left_s ?? 0)) } });
  panel.value = null;
  if (reply.language) load(reply.language);
}

async function signOut() {
  await post("/api/sign_out");
  close();
}

export async function pair(code) {
  const reply = await post("/api/pair", { code }, SLOW_MS);
  return reply.accepted ? "" : `refusal.${reply.reason}`;
}

async function tablets(told = "") {
  let devices = [];
  try {
    devices = (await (await fetch("/api/devices")).json()).devices ?? [];
  } catch { /* then none are shown */ }
  panel.value = { tablets: devices, people: [], told, proof: null };
}

async function supervise(act, which) {
  const proof = await proofFor(false);
  if (proof === null) return;
  const armed = await armAct({ act, about: which });
  if (armed.challenge) panel.value = { held: { ...armed, ...proof }, people: [], told: "", proof: null };
  else tablets(`refusal.${armed.reason}`);
}

async function done(held, by) {
  change({ told: "access.checking" });
  const reply = await doAct(held, by, SLOW_MS);
  if (!reply.accepted) tablets(`refusal.${reply.reason}`);
  else if (reply.code) panel.value = { invited: reply, people: [], told: "", proof: null };
  else tablets();
}

function press(digit) {
  if (typed.value.length >= DIGITS) return;
  typed.value += digit;
  if (typed.value.length === DIGITS) give(typed.value);
}

function keyed(event) {
  if (panel.value === null) return undefined;
  if (event.key === "Escape") return close();
  if (!panel.value.chosen || event.target.matches("input")) return undefined;
  if (/^[0-9]$/.test(event.key)) press(event.key);
  else if (event.key === "Backspace") typed.value = typed.value.slice(0, -1);
  return undefined;
}

const Top = ({ title }) => html`<div class="top"><h2>${title}</h2><button class="close" onClick=${close}>${t("access.close")}</button></div>`;

function Pad() {
  const { chosen, proof } = panel.value;
  const digit = (one) => html`<button key=${one} onClick=${() => press(String(one))}>${number(one)}</button>`;
  const back = () => { typed.value = ""; if (proof === null) change({ chosen: null, told: "" }); else close(); };
  return html`<${Top} title=${t(proof === null ? "access.pin_of" : "access.pin_again", { alias: chosen })} />
    <p class="dots" role="img" aria-label=${t("access.typed", { count: number(typed.value.length), of: number(DIGITS) })}>
      ${Array.from({ length: DIGITS }, (_, i) => html`<i key=${i} class=${i < typed.value.length ? "on" : ""}></i>`)}</p>
    <div class="pad">
      ${[1, 2, 3].map(digit)}<button class="word" onClick=${() => { typed.value = typed.value.slice(0, -1); }}>${t("access.delete")}</button>
      ${[4, 5, 6].map(digit)}<button class="word" onClick=${back}>${t("access.back")}</button>
      ${[7, 8, 9, 0].map(digit)}
    </div>`;
}

function choose({ alias, pin }) {
  typed.value = "";
  if (pin) change({ chosen: alias, told: "" });
  else enter(alias, "");
}

function People() {
  const { people, proof } = panel.value;
  const { alias } = session.value;
  return html`<${Top} title=${t(proof === null ? "access.who" : "access.second")} />
    <div class="people">${people.map((one) => html`<button key=${one.alias} aria-pressed=${one.alias === alias} onClick=${() => choose(one)}>
      <b>${one.alias}</b><span>${t(`role.${one.role}`)}</span></button>`)}
      ${proof === null && mayNot("pair") === "needs_pin" && html`<button class="to-tablets" onClick=${() => tablets()}>${t("access.tablets")}</button>`}
      ${alias && proof === null && html`<button class="out" onClick=${signOut}>${t("access.sign_out")}</button>`}</div>
    ${people.length === 0 && html`<p>${t("access.nobody")}</p>`}${proof === null && html`<${Ways} />`}`;
}

function Tablets() {
  const { risk, least } = about.value.panel.acts.pair;
  return html`<${Top} title=${t("access.tablets")} />
    <div class="people"><button onClick=${() => supervise("pair", "")}>${t("access.pair")}</button>
      ${panel.value.tablets.map(({ device }) => html`<button key=${device} aria-pressed=${device === session.value.device} onClick=${() => supervise("unpair", device)}><b>${device}</b><span>${t("access.unpair")}</span></button>`)}</div>
    <p class="needs">${t("access.needs", { role: t(`role.${least}`), how: t(`risk.${"c" + risk}`) })}</p>`;
}

function Held() {
  const { held } = panel.value;
  const { act, about: which } = held.wish;
  const drop = (said) => { leaveAct(held); tablets(said); };
  useLifetime(held, () => drop("refusal.challenge_expired"));
  return html`<${Top} title=${`${t(act === "pair" ? "access.pair" : "access.unpair")} ${which}`} />
    <${Deliberate} armed=${held} usable=${true} onDone=${(by) => done(held, by)} onCancel=${() => drop("answer.canceled")} labels=${[t("access.hold"), t("access.tap")]} />`;
}

function Invited() {
  const { code, url, qr, lifetime_s } = panel.value.invited;
  const dark = qr.flatMap((row, y) => Array.from(row, (one, x) => (one === "1" ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  return html`<${Top} title=${t("access.pair")} />
    <p>${t("access.scan", { minutes: number(lifetime_s / 60) })}</p>
    <svg class="qr" viewBox=${`0 0 ${qr.length} ${qr.length}`} role="img" aria-label=${code}><path d=${dark} /></svg>
    <p class="code-shown"><b>${code}</b> <span>${url}</span></p>`;
}

function Code() {
  const input = useRef(null);
  async function send(event) {
    event.preventDefault();
    const why = await pair(input.current.value);
    if (why) change({ told: why });
    else location.reload();
  }
  return html`<${Top} title=${t("access.not_paired")} /><p>${t("access.how_to_pair")}</p>
    <form class="code" onSubmit=${send}><label>${t("access.code")} <input ref=${input} autocomplete="off" autocapitalize="characters" maxlength="12" /></label>
      <button>${t("access.let_in")}</button></form>`;
}

export function Doors() {
  const box = useRef(null);
  const open = panel.value !== null;
  useEffect(() => {
    if (!open) return undefined;
    const before = document.activeElement;
    box.current.focus();
    document.addEventListener("keydown", keyed); // also where a button that had the focus is gone
    return () => {
      document.removeEventListener("keydown", keyed);
      before?.focus?.();
    };
  }, [open]);
  if (!open) return null;
  const { chosen, told, values, tablets: listed_, held, invited } = panel.value;
  const inside = !session.value.device ? html`<${Code} />` : invited ? html`<${Invited} />` : held ? html`<${Held} />` : listed_ ? html`<${Tablets} />` : chosen ? html`<${Pad} />` : html`<${People} />`;
  return html`<section class="doors" role="dialog" aria-label=${t("access.title")} tabindex="-1" ref=${box}>
    ${inside}
    <p class="told" role="alert">${told && t(told, values)}</p>
    <${Languages} />
  </section>`;
}

// Who is signed in, as what, and whether the page is locked: always in sight, and the way to change it.
export function Who() {
  const { alias, role, training, locked } = session.value;
  const what = locked ? t("access.locked") : training ? t("access.by_itself", { role: t(`role.${role}`) }) : alias ? t(`role.${role}`) : t("access.sign_in");
  return html`<button class=${`who ${locked ? "locked" : ""} ${training ? "training" : ""}`} onClick=${() => signIn()}>
    <${Icon} name=${locked ? "locked" : "person"} /><span><b>${training ? t("access.training") : alias || t("role.viewer")}</b><span>${what}</span></span></button>`;
}

// Tells the server that somebody is here, so that the page is not locked under their hands.
let told_ms = -Infinity;
export function watchHands() {
  const seen = () => {
    const { alias, locked, training } = session.value;
    if (!alias || locked || training || performance.now() - told_ms < SEEN_MS) return;
    told_ms = performance.now();
    post("/api/seen");
  };
  document.addEventListener("pointerdown", seen, true);
  document.addEventListener("keydown", seen, true);
}
