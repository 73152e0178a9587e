// The handover of a shift: who goes writes it, who comes confirms each item and takes over by a hold.
// One that waits is shown to everybody until it is taken.

import { html, useEffect, useRef, useState } from "./html.js";
import { signIn } from "./access.js";
import { post, UNANSWERED } from "./api.js";
import { armAct, Deliberate, doAct, leaveAct, useLifetime } from "./hold.js";
import { Icon } from "./icons.js";
import { cell, mayNot, session } from "./state.js";
import { has, instant, own, t } from "./texts.js";

const SLOW_MS = 3000; // it is on disk before the reply
const LONG_MAX = 1000; // as the server takes it
const RED = "2";
const SIGNING = ["not_signed_in", "session_locked"];

const waiting = () => (cell.handover.value?.last?.phase === "written" ? cell.handover.value.last : null);

function words([topic, ...about]) {
  if (topic === "text") return about[0];
  if (topic === "call") {
    const [kind, urgency, phase] = about;
    return t("handover.call", { kind: t(`andon.${kind}`), phase: t(urgency === RED ? "andon.urgent" : `andon.${phase}`) });
  }
  if (topic === "held") return t("handover.held", { step: own(about[1]), reason: has(`reason.${about[0]}`) ? t(`reason.${about[0]}`) : about[0] });
  if (topic === "notes") return t("kaizen.count", { open: about[0] });
  return t("handover.nothing");
}

function why(reply) {
  if (reply.accepted) return reply.hint === "zawgyi" ? "typed.zawgyi" : "";
  return UNANSWERED.includes(reply.reason) || !has(`refusal.${reply.reason}`) ? "handover.unsure" : `refusal.${reply.reason}`;
}

// Returns whether somebody must sign in first, and begins that.
function mustSignIn(act) {
  const said = mayNot(act);
  if (SIGNING.includes(said)) signIn(`refusal.${said}`);
  return SIGNING.includes(said);
}

export function Handover() {
  const last = waiting();
  return last && html`<${Waiting} key=${last.id} last=${last} />`;
}

function Waiting({ last }) {
  const [told, setTold] = useState("");
  const [armed, setArmed] = useState(null);
  const { alias, training } = session.value;
  const mine = last.by === alias && !training;
  const read = last.reader === alias && alias ? last.read : [];
  const all = read.length === last.items.length;

  useLifetime(armed, () => drop("refusal.challenge_expired"));
  useEffect(() => { if (!all) setArmed(null); }, [all]);

  const send = async (path, body) => setTold(why(await post(path, { id: last.id, ...body }, SLOW_MS)));
  const confirm = (item) => mustSignIn("handover_read") || send("/api/handover/read", { item });

  async function arm() {
    if (mustSignIn("handover_take")) return;
    const reply = await armAct({ act: "handover_take", about: last.id }, SLOW_MS);
    setArmed(reply.challenge ? reply : null);
    setTold(reply.challenge ? "" : why(reply));
  }

  async function take(by) {
    setArmed(null);
    setTold(why(await doAct(armed, by, SLOW_MS)));
  }

  function drop(said) {
    leaveAct(armed);
    setArmed(null);
    setTold(said);
  }

  const labels = ["access.hold", "access.tap"].map((one) => html`<span class="ordinal">2</span>${t(one)}`);
  return html`<section class="card shift waits">
    <h2 role="status"><${Icon} name="act" />${t("handover.waits")}</h2>
    <p class="facts">${t("handover.by", { who: last.by, when: instant(last.written_s) })}</p>
    <ul class="items">${last.items.map((item, i) => html`<li key=${i} class=${read.includes(i) ? "read" : ""}>
      <p class=${item[0] === "text" ? "as-written" : ""}>${words(item)}</p>
      ${!mine && html`<button aria-pressed=${read.includes(i)} aria-label=${`${t("handover.read")} ${words(item)}`} onClick=${() => confirm(i)}>${read.includes(i) ? html`<${Icon} name="check" />` : t("handover.read")}</button>`}</li>`)}</ul>
    ${mine ? html`<p>${t("refusal.handover_own")}</p><button class="act other" onClick=${() => send("/api/handover/withdraw", {})}>${t("handover.withdraw")}</button>`
      : html`<div class="deliberate"><button class="act arm" disabled=${!all} aria-pressed=${armed !== null} onClick=${arm}><span class="ordinal">${armed ? html`<${Icon} name="check" />` : "1"}</span>${t("handover.take")}</button>
        <${Deliberate} armed=${armed} usable=${armed !== null} onDone=${take} onCancel=${() => armed && drop("answer.canceled")} labels=${labels} /></div>`}
    <p class="told" role="status">${told ? t(told) : !mine && !all ? t("refusal.handover_unread") : ""}</p>
  </section>`;
}

// To write one, and to read the last one once more.
export function ShiftBook() {
  const [open, setOpen] = useState(false);
  const [told, setTold] = useState("");
  const text = useRef(null);
  const last = cell.handover.value?.last;
  const damaged = cell.handover.value?.damaged ?? 0;

  async function write() {
    if (mustSignIn("handover_write")) return;
    const reply = await post("/api/handover/write", { text: text.current.value }, SLOW_MS);
    setTold(why(reply));
    if (reply.accepted && text.current) text.current.value = "";
  }

  return html`<section class=${`card shift ${open ? "open" : ""}`}>
    <button class="drawer" aria-expanded=${open} onClick=${() => setOpen(!open)}><span class="chevron"></span>${t("handover.title")}</button>
    ${open && html`<div class="shift-inside">
      ${last?.phase === "taken" && html`<p class="facts">${t("handover.taken", { who: last.taken_by, by: last.by, when: instant(last.taken_s) })}</p>
        <ul class="items">${last.items.map((item, i) => html`<li key=${i}><p class=${item[0] === "text" ? "as-written" : ""}>${words(item)}</p></li>`)}</ul>`}
      ${waiting() ? html`<p>${t("refusal.handover_waits")}</p>` : html`<label>${t("handover.write")}<textarea ref=${text} rows="4" maxlength=${LONG_MAX}></textarea></label>
        <p class="facts">${t("handover.itself")}</p>
        <ul class="items">${(cell.opened.value ?? []).map((item, i) => html`<li key=${i}><p>${words(item)}</p></li>`)}</ul>
        <button class="act other" onClick=${write}>${t("handover.give")}</button>`}
      <p class="told" role="status">${told && t(told)}</p>
    </div>`}
    ${damaged > 0 && html`<p class="facts"><${Icon} name="caution" />${t("handover.damaged")}</p>`}
  </section>`;
}
