// Notes on how the work could be better: a text, perhaps a place on the plan and a photo. Loaded when
// the drawer is opened. A photo is drawn anew in the browser, small, and sent without what a camera adds.

import { html, useEffect, useRef, useState } from "./html.js";
import { signIn } from "./access.js";
import { post, UNANSWERED } from "./api.js";
import { Icon } from "./icons.js";
import { pick } from "./plan.js";
import { cell, mayNot } from "./state.js";
import { has, instant, metres, number, t } from "./texts.js";

const SLOW_MS = 3000; // it is on disk before the reply
const LONG_MAX = 1000; // as the server takes it
const SIDE_MAX_PX = 1600;
const QUALITY = 0.85;
const NOTES_SHOWN = 10;

function why(reply) {
  if (reply.accepted) return reply.hint === "zawgyi" ? "typed.zawgyi" : "";
  return UNANSWERED.includes(reply.reason) || !has(`refusal.${reply.reason}`) ? "kaizen.unsure" : `refusal.${reply.reason}`;
}

function mustSignIn(act) {
  const said = mayNot(act);
  if (said) signIn(`refusal.${said}`);
  return said !== "";
}

async function small(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, SIDE_MAX_PX / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(scale * picture.width));
  canvas.height = Math.max(1, Math.round(scale * picture.height));
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
}

async function sent(file) {
  try {
    const body = await small(file);
    const reply = await fetch("/api/kaizen/photo", { method: "POST", headers: { "Content-Type": "image/jpeg" }, body });
    return await reply.json();
  } catch {
    return { accepted: false, reason: "photo_kind" };
  }
}

function Write({ tell }) {
  const text = useRef(null);
  const [photo, setPhoto] = useState("");
  const place = pick.value?.place ?? null;

  async function choose(event) {
    const [file] = event.target.files;
    event.target.value = "";
    if (!file) return;
    tell("kaizen.sending");
    const reply = await sent(file);
    setPhoto(reply.photo ?? "");
    tell(why(reply));
  }

  async function write() {
    if (mustSignIn("kaizen_write")) return;
    const body = { text: text.current.value, place: place ? place.map((one) => one.toFixed(3)).join(",") : "", photo };
    const reply = await post("/api/kaizen/write", body, SLOW_MS);
    tell(why(reply));
    if (!reply.accepted) return;
    text.current.value = "";
    setPhoto("");
    pick.value = null;
  }

  useEffect(() => () => { pick.value = null; }, []);

  return html`<label>${t("kaizen.write")}<textarea ref=${text} rows="3" maxlength=${LONG_MAX}></textarea></label>
    <div class="note-acts">
      <button aria-pressed=${pick.value?.on ?? false} onClick=${() => { pick.value = { on: !pick.value?.on, place }; }}>${place ? `${metres(place[0])}, ${metres(place[1])}` : t("kaizen.place")}</button>
      <label class="file">${t(photo ? "kaizen.photo_there" : "kaizen.photo")}<input type="file" accept="image/jpeg,image/png,image/webp" onClick=${(event) => { if (mustSignIn("kaizen_write")) event.preventDefault(); }} onChange=${choose} /></label>
      <button onClick=${write}>${t("kaizen.give")}</button>
    </div>
    ${pick.value?.on && html`<p role="status">${t("kaizen.pick")}</p>`}`;
}

function Note({ note, tell }) {
  const [big, setBig] = useState(false);
  const open = note.phase === "open";
  const change = async () => {
    if (mustSignIn("kaizen_finish")) return;
    tell(why(await post(`/api/kaizen/${open ? "finish" : "reopen"}`, { id: note.id }, SLOW_MS)));
  };
  return html`<li class=${open ? "" : "read"}>
    <div><p class="as-written">${note.text}</p>
      <p class="facts">${t(open ? "kaizen.written" : "kaizen.done", { when: instant(open ? note.written_s : note.done_s) })}
        ${note.place_m && ` · ${metres(note.place_m[0])}, ${metres(note.place_m[1])}`}</p>
      ${note.photo && (big ? html`<img class="photo" src=${`/api/kaizen/photo/${note.photo}`} alt=${t("kaizen.photo_of", { text: note.text })} />`
        : html`<button onClick=${() => setBig(true)}>${t("kaizen.show")}</button>`)}</div>
    <button onClick=${change}>${open ? html`<${Icon} name="check" />${t("kaizen.finish")}` : t("kaizen.reopen")}</button></li>`;
}

export function Notes() {
  const [told, tell] = useState("");
  const [all, setAll] = useState(false);
  const { notes = [], damaged = 0 } = cell.kaizen.value ?? {};
  const shown = all ? notes : notes.slice(0, NOTES_SHOWN);
  return html`<div class="shift-inside">
    <${Write} tell=${tell} />
    <p class="told" role="status">${told && t(told)}</p>
    <p class="facts">${t("kaizen.count", { open: number(notes.filter((one) => one.phase === "open").length) })}</p>
    <ul class="items notes">${shown.map((note) => html`<${Note} key=${note.id} note=${note} tell=${tell} />`)}</ul>
    ${shown.length < notes.length && html`<div class="note-acts"><button onClick=${() => setAll(true)}>${t("kaizen.all")}</button></div>`}
    ${damaged > 0 && html`<p class="facts"><${Icon} name="caution" />${t("kaizen.damaged")}</p>`}
  </div>`;
}
