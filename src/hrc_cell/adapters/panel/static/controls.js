// What a person can always do: ask for a stop; and in a simulated cell, press the simulated box.

import { html, useState } from "./vendor/preact-htm.js";
import { device, post } from "./api.js";
import { t } from "./texts.js";

export function StopRequest() {
  const [told, setTold] = useState("");

  async function ask() {
    setTold(t("stop.sent"));
    const reply = await post("/api/stop_request", { device, operator: "" });
    setTold(t(reply.accepted ? "stop.received" : "stop.not_received"));
  }

  return html`<div class="stop">
    <button class="stop-request" onClick=${ask}>${t("stop.request")}</button>
    <p>${t("stop.caption")}</p>
    <p role="status" class="told">${told}</p>
  </div>`;
}

export function SimulatedBox({ inputs, permit }) {
  const [told, setTold] = useState("");
  if (!inputs || !inputs.simulated) return null;

  async function press(control, value) {
    const reply = await post("/api/press", { control, value });
    setTold(reply.accepted ? "" : t("box.not_pressed"));
  }

  const hint = permit && permit.state === "latched" && permit.reset_possible ? "reset"
    : permit && permit.state === "ready" ? "start" : "";
  const button = (control) => html`<button class=${`box-button ${hint === control ? "hint" : ""}`}
    onClick=${() => press(control, "press")}>${t(`box.${control}`)}</button>`;
  const toggle = (control) => html`<button class="box-button" aria-pressed=${inputs[control]}
    onClick=${() => press(control, inputs[control] ? "release" : "hold")}>
    ${t(`box.${control}`)}: ${t(inputs[control] ? "box.on" : "box.off")}</button>`;
  return html`<details class="card simbox" open>
    <summary>${t("box.title")}</summary>
    <p class="note">${t("box.note")}</p>
    <div class="box-buttons">
      ${button("reset")} ${button("start")} ${toggle("enabling_switch")} ${toggle("emergency_stop_input")}
      <label>${t("box.mode")} <select value=${inputs.mode} onChange=${(event) => press("mode", event.target.value)}>
        ${["manual", "collaborative", "automatic"].map((mode) => html`<option key=${mode} value=${mode}>${t(`mode.${mode}`)}</option>`)}
      </select></label>
    </div>
    <p class="told" role="status">${told}</p>
  </details>`;
}
