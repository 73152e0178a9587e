// How the page and the server speak with each other: acts of a person go as requests, of which nothing
// is queued and nothing is sent again by itself; the state comes over a WebSocket. That is opened again
// when it ends or falls silent: a tablet that changed its Wi-Fi may keep a dead socket for minutes.
// `onAgain` is called when it was opened and was not the first try: another server may be there by now.

const ACK_MS = 1000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5000;

// Reasons that do not say whether the cell has taken the act.
export const UNANSWERED = ["no_reply", "no_answer_from_cell"];

const random = (bytes) => Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (b) => b.toString(16).padStart(2, "0")).join("");

export const key = () => random(16);

// Returns the server's reply; {accepted: false, reason: "no_reply"} when none came in time.
export async function post(path, body = {}, withinMs = ACK_MS) {
  try {
    const reply = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(withinMs),
    });
    return await reply.json();
  } catch {
    return { accepted: false, reason: "no_reply" };
  }
}

let wanted = "";
let want = () => {};

// Has the server send a section that it sends only to pages that want it, until the function returned is called.
export function ask(name) {
  wanted = name;
  want();
  return () => { wanted = ""; want(); };
}

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
    mine.onopen = () => {
      if (wanted) want();
      if (socket === mine && !first) onAgain();
    };
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

  want = () => { if (socket?.readyState === WebSocket.OPEN) socket.send(wanted); };
  setInterval(() => { if (socket && performance.now() - heard > silentMs) drop(); }, 500);
  document.addEventListener("visibilitychange", awake);
  window.addEventListener("online", awake);
  open();
  return drop; // to come again, as another device may
}
