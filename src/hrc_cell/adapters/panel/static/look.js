// How the page looks on this tablet, kept there: light or dark, sizes for gloves, and how many of its
// own dots the screen has in a millimetre, where somebody measured that. Run before anything is
// painted, so that a dark page does not come up white. What is kept and makes no sense counts as
// nothing kept.

const KEPT = "look";
const DOTS_PER_MM = [0.5, 40]; // a wall of screens; the finest of phones
const dusk = matchMedia("(prefers-color-scheme: dark)");

export const THEMES = ["light", "dark", "automatic"];

export function look() {
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem(KEPT)) ?? {};
  } catch { /* then nothing is kept */ }
  const { theme, glove, dots_per_mm: dots } = kept;
  return {
    theme: THEMES.includes(theme) ? theme : THEMES[0],
    glove: glove === true,
    dots_per_mm: typeof dots === "number" && dots >= DOTS_PER_MM[0] && dots <= DOTS_PER_MM[1] ? dots : null,
  };
}

function apply() {
  const { theme, glove, dots_per_mm: dots } = look();
  const root = document.documentElement;
  root.dataset.theme = theme === "automatic" ? (dusk.matches ? "dark" : "light") : theme;
  root.toggleAttribute("data-glove", glove);
  // Enlarging the page in the browser changes the dots of a pixel, not those of a millimetre.
  if (dots === null) root.style.removeProperty("--mm");
  else root.style.setProperty("--mm", `${dots / devicePixelRatio}px`);
}

export function keep(more) {
  localStorage.setItem(KEPT, JSON.stringify({ ...look(), ...more }));
  apply();
}

apply();
dusk.addEventListener("change", apply);
addEventListener("resize", apply);
addEventListener("storage", apply); // another page of this tablet
