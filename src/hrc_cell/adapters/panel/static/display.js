// The drawer in which a person sets how the page looks on this tablet. Over the plan, never over state,
// question and stop request. Loaded when it is opened.

import { html, signal, useEffect, useRef, useState } from "./html.js";
import { Icon } from "./icons.js";
import { keep, look, THEMES } from "./look.js";
import { number, t } from "./texts.js";

// A bank card (ISO/IEC 7810 ID-1) is laid on the screen: along, or upright where the screen is narrow.
const ALONG_MM = 85.6;
const UPRIGHT_MM = 53.98;
const NARROW_PX = 600;
const PX_PER_MM = [1, 10];
const USUAL_PX_PER_MM = 160 / 25.4;
const RULER_PX = 90;
const ICONS = { light: "sun", dark: "moon", automatic: "display" };

const kept = signal(look());
const set = (more) => { keep(more); kept.value = look(); };

const across = () => document.documentElement.clientWidth;
const upright = () => across() < NARROW_PX;

function Ruler() {
  const [width, card_mm] = [across(), upright() ? UPRIGHT_MM : ALONG_MM];
  const [least, most] = PX_PER_MM.map((one) => Math.min(Math.round(one * card_mm), width - 8));
  const measured = kept.value.dots_per_mm;
  const [scale, setScale] = useState(measured === null ? USUAL_PX_PER_MM : measured / devicePixelRatio);
  const shown = Math.min(Math.max(Math.round(scale * card_mm), least), most);
  const setWide = (px) => setScale(Math.min(Math.max(px, least), most) / card_mm);
  const card = `M2 ${RULER_PX}V14Q2 2 14 2H${shown - 14}Q${shown - 2} 2 ${shown - 2} 14V${RULER_PX}`;
  return html`<div class="ruler"><svg width=${shown} viewBox=${`0 0 ${shown} ${RULER_PX}`} aria-hidden="true"><path d=${card} />
      <text x=${shown / 2} y="52">${`${number(card_mm, 1)} mm`}</text></svg></div>
    <div class="wider">
      <button aria-label=${t("display.narrower")} onClick=${() => setWide(shown - 1)}>−</button>
      <input type="range" min=${least} max=${most} value=${shown} aria-label=${t("display.width")} onInput=${(event) => setWide(Number(event.target.value))} />
      <button aria-label=${t("display.wider")} onClick=${() => setWide(shown + 1)}>+</button>
    </div>
    <div class="choices"><button class="measured" onClick=${() => set({ dots_per_mm: (shown * devicePixelRatio) / card_mm })}>${t("display.fits")}</button>
      ${measured !== null && html`<button class="forget" onClick=${() => set({ dots_per_mm: null })}>${t("display.forget")}</button>`}</div>
    <p class="told" role="status">${measured === null ? t("display.unmeasured") : t("display.measured", { dots: number(measured, 2) })}</p>`;
}

export function Drawer({ onClose }) {
  const box = useRef(null);
  const [measuring, setMeasuring] = useState(false);
  const [, turned] = useState(0);
  const { theme, glove } = kept.value;
  useEffect(() => {
    const turn = () => turned((times) => times + 1);
    addEventListener("resize", turn);
    return () => removeEventListener("resize", turn);
  }, []);
  useEffect(() => {
    const before = document.activeElement;
    box.current.focus();
    const keyed = (event) => { if (event.key === "Escape") onClose(); };
    document.addEventListener("keydown", keyed);
    return () => { document.removeEventListener("keydown", keyed); before?.focus?.(); };
  }, []);
  useEffect(() => box.current.focus(), [measuring]); // the control that had the focus is gone
  const title = t(measuring ? "display.measure" : "display.title");
  return html`<section class="doors display" role="dialog" aria-label=${title} tabindex="-1" ref=${box}>
    <div class="top"><div><h2>${title}</h2>${measuring && html`<p>${t(upright() ? "display.lay_upright" : "display.lay_along")}</p>`}</div>${measuring ? html`<button class="close" key="back" onClick=${() => setMeasuring(false)}>${t("access.back")}</button>` : html`<button class="close" key="close" onClick=${onClose}>${t("access.close")}</button>`}</div>
    ${measuring ? html`<${Ruler} />` : html`<div class="choices" role="group" aria-label=${t("display.theme")}>${THEMES.map((one) => html`<button key=${one} aria-pressed=${theme === one} onClick=${() => set({ theme: one })}>
      <${Icon} name=${ICONS[one]} />${t(`display.${one}`)}</button>`)}</div>
    <div class="choices"><button class="glove" aria-pressed=${glove} onClick=${() => set({ glove: !glove })}><${Icon} name=${glove ? "check" : "help"} />${t("display.glove")}</button>
      <button class="measure" onClick=${() => setMeasuring(true)}><${Icon} name="ruler" />${t("display.measure")}</button></div>`}
  </section>`;
}
