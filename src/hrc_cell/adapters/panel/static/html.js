// The one place that knows the vendored libraries.

import htm from "./vendor/htm.js";
import { h } from "./vendor/preact.js";

export { render } from "./vendor/preact.js";
export { useEffect, useRef, useState } from "./vendor/hooks.js";
export { batch, computed, signal } from "./vendor/signals.js";
export const html = htm.bind(h);
