// The WebSocket that brings the state. It is opened again when it ends or falls silent: a tablet
// that changed its Wi-Fi may keep a dead socket open for minutes. `onAgain` is called when it was opened
// and was not the first try: since then another server may be there.

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5000;

export function connect({ onAgain, onUpdate, onDoubt, silentMs }) {
  let retryMs = FIRST_RETRY_MS;
  let socket = null;
  let timer = null;
  let tries = 0;
  let heard = performance.now();

  function open() {
    clearTimeout(timer);
    heard = performance.now();
    const first = ++tries === 1;
    const mine = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
    socket = mine;
    mine.onopen = () => socket === mine && !first && onAgain();
    mine.onmessage = (event) => {
      if (socket !== mine) return;
      retryMs = FIRST_RETRY_MS;
      heard = performance.now();
      onUpdate(JSON.parse(event.data));
    };
    mine.onclose = () => socket === mine && again();
  }

  function again() {
    socket = null;
    clearTimeout(timer);
    timer = setTimeout(open, retryMs * (0.5 + Math.random()));
    retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
  }

  function drop() {
    const dead = socket;
    again();
    if (dead) dead.close();
  }

  function awake() {
    if (document.hidden) return;
    onDoubt();
    if (socket === null) {
      retryMs = FIRST_RETRY_MS;
      open();
    }
  }

  setInterval(() => { if (socket && performance.now() - heard > silentMs) drop(); }, 500);
  document.addEventListener("visibilitychange", awake);
  window.addEventListener("online", awake);
  open();
  return drop; // to come again, as another device may
}
